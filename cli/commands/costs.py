"""`speeko costs`: what the ledger says, beside what the provider says."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import figures
from cli.call import Call
from cli.console import busy, emit, note, say
from cli.failures import OK, WITH_ERRORS
from cli.options import Verb, column, common, option, provider_option
from speeko_jobs.core.inert import spreadsheet_safe
from speeko_jobs.core.money import usd
from speeko_jobs.core.reconciling import DIFFERENCES, Finding, Found

if TYPE_CHECKING:
    from speeko_jobs.flow.reconcile import Reconciliation

SHOWN = 10
SAID = {
    Finding.AGREED: "billed as booked",
    Finding.UNKNOWN_BILLED: "of unknown outcome, billed after all",
    Finding.UNKNOWN_NOT_BILLED: "of unknown outcome, not billed",
    Finding.ONLY_BILLED: "billed, but not in the ledger",
    Finding.ONLY_IN_LEDGER: "in the ledger, but not billed",
    Finding.OTHER_AMOUNT: "billed with another amount",
    Finding.REFUSED_BILLED: "billed, though the provider had refused them",
}
REPORT = ("finding", "bill_row", "key", "voice", "chars", "billed_usd", "booked_usd", "job", "row", "state")


@click.group("costs")
def command() -> None:
    """Compare what was booked with what a provider charged."""


@command.command("reconcile", cls=Verb)
@option("--bill", required=True, metavar="FILE", help="the provider's usage export: CSV, JSONL, XLSX")
@option("--key", default="", metavar="COLUMN", help="the bill's column of the idempotency key")
@option("--chars", default="", metavar="COLUMN", help="the bill's column of characters")
@option("--cost", default="", metavar="COLUMN", help="the bill's column of dollars, cents or micros")
@column("--voice-column", "column of a voice for each row")
@option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY", help="first day of the bill (UTC)")
@option("--until", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY", help="last day of the bill (UTC)")
@option("--report", default="", metavar="FILE", help="write all findings into this CSV")
@provider_option
@common
@click.pass_obj
def reconcile(call: Call, /, bill: str, report: str, **options: Any) -> int:
    """Hold a provider's bill against the ledger, call by call.

    Calls are matched by the idempotency key where a line has one, else by voice, characters and cost. Give
    the days that the bill covers. Exit code 0: they agree; 3: they do not.
    """
    from cli.standing import known
    from speeko_jobs.flow import reconcile as flow

    orders = flow.Orders(
        bill,
        options["key"],
        options["voice_column"],
        options["chars"],
        options["cost"],
        options["provider"] or "",
        _day(options["since"]),
        _day(options["until"], after=1),
    )
    shown: list[Found] = []
    with known(call.settings(options)) as context, _writer(report) as write, busy(f"reading {bill}"):

        def on_found(found: Found) -> None:
            write(found)
            if sum(one.finding is found.finding for one in shown) < SHOWN:
                shown.append(found)

        result = flow.reconcile(context.database, orders, on_found)
    if call.json:
        emit(_document(result, shown))
    else:
        note(f"{bill}: {result.columns}")
        _print(result, shown)
        if report:
            say(f"all findings are in {report}")
    return OK if result.agrees else WITH_ERRORS


def _day(day: datetime | None, after: int = 0) -> datetime | None:
    return None if day is None else day.replace(tzinfo=UTC) + timedelta(days=after)


@contextlib.contextmanager
def _writer(path: str) -> Iterator[Any]:
    """What takes findings: the report's file, or nothing."""
    if not path:
        yield lambda _: None
        return
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, REPORT)
        out.writeheader()
        yield lambda found: out.writerow({k: _cell(v) for k, v in _record(found).items()})


def _cell(value: Any) -> Any:
    return spreadsheet_safe(value) if isinstance(value, str) else value


def _record(found: Found) -> dict[str, Any]:
    line, call = found.billed, found.booked
    side: Any = call or line
    return {
        "finding": found.finding.value,
        "bill_row": line.line if line else None,
        "key": side.key,
        "voice": side.voice,
        "chars": side.chars if side.chars >= 0 else None,
        "billed_usd": usd(line.micros) if line and line.micros >= 0 else None,
        "booked_usd": usd(call.micros) if call else None,
        "job": call.job if call else None,
        "row": call.row if call else None,
        "state": call.state.value if call else None,
    }


def _document(result: Reconciliation, shown: list[Found]) -> dict[str, Any]:
    return {
        "agrees": result.agrees,
        "columns": result.columns,
        "bill": {"rows": result.lines, "usd": usd(result.billed_micros)},
        "ledger": {"calls": result.calls},
        "findings": {f.value: {"calls": result.counts[f], "usd": usd(result.micros[f])} for f in SAID},
        "first": [_record(found) for found in shown],
    }


def _print(result: Reconciliation, shown: list[Found]) -> None:
    say(f"the bill: {figures.count(result.lines, 'row')}, {figures.micros(result.billed_micros)}")
    say()
    for finding, words in SAID.items():
        n = result.counts[finding]
        if n or finding is Finding.AGREED:
            say(f"{n:>9,}  {words}: {figures.micros(result.micros[finding])}")
        for found in shown:
            if found.finding is finding:
                say(f"{'':>11}{_told(found)}")
        if finding is not Finding.AGREED and n > SHOWN:
            say(f"{'':>11}and {n - SHOWN:,} more")
    say()
    differences = sum(result.counts[finding] for finding in DIFFERENCES)
    say("they agree" if result.agrees else f"{figures.count(differences, 'difference')} in all")


def _told(found: Found) -> str:
    line, call = found.billed, found.booked
    parts = [f"bill row {line.line}"] if line else []
    if line and line.micros >= 0 and (call is None or line.micros != call.micros):
        parts.append(figures.micros(line.micros))
    if call:
        parts.append(f"job {call.job}, row {call.row}, {figures.micros(call.micros)}")
    key = (call or line).key[:12] if (call or line) else ""  # type: ignore[union-attr]
    return ", ".join([*parts, *([f"key {key}…"] if key else [])])
