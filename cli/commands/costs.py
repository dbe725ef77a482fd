"""`speeko costs`: spent, saved and wasted money, and the comparison of a bill with the ledger."""

from __future__ import annotations

import contextlib
import itertools
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from speeko_cli.options.option_builder import Verb, choice, column, option
from speeko_cli.options.shared import common, of_tenant_option
from speeko_cli.options.speech import provider_option
from speeko_cli.options.verb_group import VerbTable, is_alone
from speeko_cli.output.console import busy, emit, note, say
from speeko_cli.runtime.error_reporting import OK, WITH_ERRORS
from speeko_cli.runtime.invocation import Invocation
from speeko_jobs.errors import UsageError

if TYPE_CHECKING:
    from speeko_jobs.core.billing.invoice_matching import ReconciledEntry
    from speeko_jobs.flow.reporting.costs import Storage

REFRESH_SECONDS, STORAGE_EACH = 1.0, 60
DAY = click.DateTime(["%Y-%m-%d"])
by_option: Callable[[Any], Any] = choice(
    "--by", ("voice", "day", "job", "tenant", "provider", "source"), "what to group by", section="Options"
)
since_option: Callable[[Any], Any] = option(
    "--since", type=DAY, metavar="DAY", help="first day (UTC), such as 2026-11-01"
)
until_option: Callable[[Any], Any] = option("--until", type=DAY, metavar="DAY", help="last day (UTC)")
csv_option: Callable[[Any], Any] = option("--csv", "as_csv", is_flag=True, help="print CSV to stdout")


@click.group("costs", cls=VerbTable, invoke_without_command=True)
@by_option
@since_option
@until_option
@of_tenant_option
@csv_option
@common
@click.pass_context
def command(ctx: click.Context, /, by: str, as_csv: bool, of_tenant: str | None, **days: Any) -> int:
    """Show spent, saved and wasted money by voice, day, job or tenant.

    The default period is the current month. Days are in UTC; a call counts on the day on which its outcome
    became known. "Saved" is the price of audio that already existed: cached texts, rows with the same text,
    texts that another job bought, sentences bought before. "Possible" is the possible extra charge of calls
    with unknown outcome.
    """
    if not is_alone(ctx):
        return OK
    since, until = (None if day is None else day.date() for day in (days["since"], days["until"]))
    return _print(ctx.obj, by, as_csv, since=since, until=until, tenant=of_tenant)


@command.command("today", cls=Verb)
@by_option
@of_tenant_option
@csv_option
@option("--watch", is_flag=True, help="refresh every second until Ctrl-C")
@common
@click.pass_obj
def today(call: Invocation, /, by: str, of_tenant: str | None, as_csv: bool, watch: bool) -> int:
    """Show today's costs (UTC), including calls in flight."""
    if not watch:
        return _print(call, by, as_csv, tenant=of_tenant, today_only=True)
    if as_csv or call.json or not sys.stdout.isatty():
        raise UsageError("--watch needs a terminal, without --csv and --json")
    from rich.live import Live

    from speeko_cli.output.console import console
    from speeko_cli.output.costs import picture
    from speeko_cli.runtime.services import open_existing
    from speeko_jobs.flow.reporting.costs import By, look

    with (
        open_existing(call.settings()) as context,
        contextlib.suppress(KeyboardInterrupt),
        Live(console=console(), auto_refresh=False, redirect_stdout=False) as live,
    ):
        kept: Storage | None = None
        for number in itertools.count(1):
            found = look(context.database, By(by), tenant=of_tenant, today_only=True, storage=kept)
            kept = found.storage if number % STORAGE_EACH else None
            live.update(picture(found, live.console.width), refresh=True)
            time.sleep(REFRESH_SECONDS)
    return OK


def _print(
    call: Invocation,
    by: str,
    as_csv: bool,
    *,
    since: date | None = None,
    until: date | None = None,
    tenant: str | None = None,
    today_only: bool = False,
) -> int:
    from speeko_cli.output import costs
    from speeko_cli.runtime.services import open_existing
    from speeko_jobs.flow.reporting.costs import By, look

    if as_csv and call.json:
        raise UsageError("give --csv or --json, not both")
    with open_existing(call.settings()) as context, busy("adding up"):
        found = look(context.database, By(by), since=since, until=until, tenant=tenant, today_only=today_only)
    if call.json:
        emit(costs.document(found))
    elif as_csv:
        costs.write_csv(found)
    else:
        costs.show(found, live=today_only)
    return OK


@command.command("reconcile", cls=Verb)
@option(
    "--bill",
    required=True,
    metavar="FILE",
    files=True,
    help="usage export of the provider: CSV, JSONL or XLSX",
)
@option("--key", default="", metavar="COLUMN", help="column of the bill with the idempotency key")
@option("--chars", default="", metavar="COLUMN", help="column of the bill with the characters")
@option(
    "--cost", default="", metavar="COLUMN", help="column of the bill with dollars, cents or micro-dollars"
)
@column("--voice-column", "column with the voice of each row")
@since_option
@until_option
@option(
    "--output",
    "report",
    aliases=("--report",),
    default="",
    metavar="FILE",
    files=True,
    help="CSV file for all findings [default: none]",
)
@provider_option
@common
@click.pass_obj
def reconcile(call: Invocation, /, bill: str, report: str, **options: Any) -> int:
    """Compare a provider's bill with the ledger, call by call.

    Calls are matched by the idempotency key if a line has one, else by voice, characters and cost. Give the
    period of the bill by --since and --until. Exit code 0: they agree; 3: they differ.
    """
    from speeko_cli.output.reconciliation import SHOWN, document, show, writer
    from speeko_cli.runtime.services import open_existing
    from speeko_jobs.flow.reporting import reconciliation as flow

    orders = flow.ReconcileOptions(
        bill,
        options["key"],
        options["voice_column"],
        options["chars"],
        options["cost"],
        options["provider"] or "",
        _day(options["since"]),
        _day(options["until"], after=1),
    )
    shown: list[ReconciledEntry] = []
    with open_existing(call.settings(options)) as context, writer(report) as write, busy(f"reading {bill}"):

        def on_found(found: ReconciledEntry) -> None:
            write(found)
            if sum(one.finding is found.finding for one in shown) < SHOWN:
                shown.append(found)

        result = flow.reconcile(context.database, orders, on_found)
    if call.json:
        emit(document(result, shown))
    else:
        note(f"{bill}: {result.columns}")
        show(result, shown)
        if report:
            say(f"all findings: {report}")
    return OK if result.agrees else WITH_ERRORS


def _day(day: datetime | None, after: int = 0) -> datetime | None:
    return None if day is None else day.replace(tzinfo=UTC) + timedelta(days=after)
