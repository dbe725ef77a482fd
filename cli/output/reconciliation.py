"""What `speeko costs reconcile` tells: the findings by kind, the first of each, and a CSV of all."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from speeko_cli.output.console import say
from speeko_jobs.core.billing.invoice_matching import DIFFERENCES, Finding, ReconciledEntry
from speeko_jobs.core.model.money import usd
from speeko_jobs.core.output import formatting
from speeko_jobs.core.output.sanitize import spreadsheet_safe

if TYPE_CHECKING:
    from speeko_jobs.flow.reporting.reconciliation import Reconciliation

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


@contextlib.contextmanager
def writer(path: str) -> Iterator[Any]:
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


def _record(found: ReconciledEntry) -> dict[str, Any]:
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


def document(result: Reconciliation, shown: list[ReconciledEntry]) -> dict[str, Any]:
    return {
        "agrees": result.agrees,
        "columns": result.columns,
        "bill": {"rows": result.lines, "usd": usd(result.billed_micros)},
        "ledger": {"calls": result.calls},
        "findings": {f.value: {"calls": result.counts[f], "usd": usd(result.micros[f])} for f in SAID},
        "first": [_record(found) for found in shown],
    }


def show(result: Reconciliation, shown: list[ReconciledEntry]) -> None:
    say(f"the bill: {formatting.count(result.lines, 'row')}, {formatting.micros(result.billed_micros)}")
    say()
    for finding, words in SAID.items():
        n = result.counts[finding]
        if n or finding is Finding.AGREED:
            say(f"{n:>9,}  {words}: {formatting.micros(result.micros[finding])}")
        for found in shown:
            if found.finding is finding:
                say(f"{'':>11}{_told(found)}")
        if finding is not Finding.AGREED and n > SHOWN:
            say(f"{'':>11}and {n - SHOWN:,} more")
    say()
    differences = sum(result.counts[finding] for finding in DIFFERENCES)
    say("they agree" if result.agrees else f"{formatting.count(differences, 'difference')} in all")


def _told(found: ReconciledEntry) -> str:
    line, call = found.billed, found.booked
    parts = [f"bill row {line.line}"] if line else []
    if line and line.micros >= 0 and (call is None or line.micros != call.micros):
        parts.append(formatting.micros(line.micros))
    if call:
        parts.append(f"job {call.job}, row {call.row}, {formatting.micros(call.micros)}")
    key = (call or line).key[:12] if (call or line) else ""  # type: ignore[union-attr]
    return ", ".join([*parts, *([f"key {key}…"] if key else [])])
