"""`speeko jobs`: list the newest jobs, and delete the rows of old ones from the database."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from speeko_cli.options.option_builder import Verb, option
from speeko_cli.options.param_types import Span
from speeko_cli.options.shared import common, limit_option, of_tenant_option
from speeko_cli.options.verb_group import VerbTable, is_alone
from speeko_cli.output.console import busy, console, emit, say
from speeko_cli.runtime.error_reporting import OK, WITH_ERRORS
from speeko_cli.runtime.invocation import Invocation
from speeko_jobs.core.model.money import usd
from speeko_jobs.core.output import formatting
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.core.reporting.job_figures import progress, progress_words, state_words

if TYPE_CHECKING:
    from speeko_jobs.flow.lifecycle.retention import Pruned
    from speeko_jobs.flow.reporting.job_queries import Job, ObservedWait


@click.group("jobs", cls=VerbTable, invoke_without_command=True)
@limit_option
@of_tenant_option
@common
@click.pass_context
def command(ctx: click.Context, /, limit: int, of_tenant: str | None) -> int:
    """List the newest jobs."""
    return _list(ctx.obj, limit, of_tenant) if is_alone(ctx) else OK


@command.command("list", cls=Verb)
@limit_option
@of_tenant_option
@common
@click.pass_obj
def list_all(call: Invocation, /, limit: int, of_tenant: str | None) -> int:
    """List the newest jobs."""
    return _list(call, limit, of_tenant)


@command.command("prune", cls=Verb)
@option(
    "--older-than",
    "ended_before",
    type=Span(),
    required=True,
    metavar="TIME",
    help="minimum time since the end of a job, such as 30d",
)
@of_tenant_option
@option("--dry-run", is_flag=True, help="show what would be deleted without deleting it")
@common
@click.pass_obj
def prune(call: Invocation, /, ended_before: float, of_tenant: str | None, dry_run: bool) -> int:
    """Delete the rows of old jobs and old months of the ledger from the database.

    Jobs stay listed with all their figures; files, manifests, audio, the cache and daily costs are kept.
    `results` and `retry` of these jobs, and `costs reconcile` of these months, no longer work. The setting
    keep_jobs_days does this automatically. Exit code 3: something could not be deleted yet.
    """
    from speeko_cli.runtime.services import open_existing
    from speeko_jobs.flow.lifecycle import retention as flow

    orders = flow.RetentionOptions(ended_before, of_tenant, dry_run)
    with open_existing(call.settings()) as context, busy("deleting old rows"):
        done = flow.prune(context, orders)
    if call.json:
        emit(dataclasses.asdict(done) | {"dry_run": dry_run})
    else:
        _tell(done, dry_run)
    return OK if done.is_whole and not done.stuck else WITH_ERRORS


def _tell(done: Pruned, dry_run: bool) -> None:
    what = f"{formatting.count(done.rows, 'row')} of {formatting.count(done.jobs, 'job')}"
    if done.months:
        months = ", ".join(month.removeprefix("attempt_").replace("_", "-") for month in done.months)
        what += f"; the ledger of {months}"
    if done.calls:
        what += f"; {formatting.count(done.calls, 'call')} of the ledger"
    say(f"{'would be deleted' if dry_run else 'deleted'}: {what}")
    for job in done.stuck:
        say(f"job {job}: its parts could not be deleted from the store; the next prune tries again")
    if not done.is_whole:
        say("some rows were kept because the ledger was in use: run `speeko jobs prune` again")


def _list(call: Invocation, limit: int, of_tenant: str | None) -> int:
    from speeko_cli.runtime.services import open_existing
    from speeko_jobs.core.model.states import FINISHED
    from speeko_jobs.flow.reporting import job_queries
    from speeko_jobs.flow.reporting.top_reasons import TopReasons

    with open_existing(call.settings()) as context:
        found = job_queries.newest(context, limit, of_tenant)
        waits = job_queries.waits(context, [job.id for job in found if job.state not in FINISHED])
        reasons = TopReasons().of(context, {job.id: job for job in found})
    if call.json:
        emit(
            [
                _record(job) | {"top_reason": reasons.get(job.id, ""), "waiting": _wait(waits.get(job.id))}
                for job in found
            ]
        )
    elif found:
        _print(found)
        for job in found:
            if (seen := waits.get(job.id)) is not None and seen.waiting is not None:
                say(f"job {job.id} {printable(seen.line())}")
            if job.id in reasons:
                rows = formatting.count(job.failed + job.refused, "row")
                say(f"job {job.id}: {rows} without audio, mostly: {printable(reasons[job.id])}")
    else:
        say("there are no jobs yet: `speeko run` makes one")
    return OK


def _wait(seen: ObservedWait | None) -> dict[str, Any] | None:
    """Return what a job waits for, as `status --json` has it; None where it gets on or has ended."""
    return None if seen is None else seen.to_json()


def _record(job: Job) -> dict[str, Any]:
    left_out = job.plan.get("left_out", 0)
    return {
        "job": job.id,
        "state": job.state.value,
        "state_text": state_words(job.state, job.reason),
        "reason": job.reason,
        "tenant": job.tenant,
        "rows": job.rows + left_out,
        "served": job.served + left_out,
        "left_out": left_out,
        "with_audio": job.with_audio,
        "progress": round(progress(job), 4),
        "failed": job.failed,
        "refused": job.refused,
        "calls": job.calls,
        "cost_usd": usd(job.spent_micros),
        "possible_usd": usd(job.possible_micros),
        "wasted_usd": usd(job.wasted_micros),
        "max_waste_usd": None if job.waste_cap_micros is None else usd(job.waste_cap_micros),
        "budget_usd": None if job.budget_micros is None else usd(job.budget_micros),
        "priority": job.priority,
        "created_at": job.created_at.isoformat(),
        "seconds": round(job.seconds, 3),
        "output": job.destination,
        "pruned_at": None if job.pruned_at is None else job.pruned_at.isoformat(),
    }


def _print(found: list[Job]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    sums = [
        (name, of)
        for name, of in (("wasted", "wasted_micros"), ("possible", "possible_micros"))
        if any(getattr(job, of) for job in found)
    ]
    for name in ("job", "state", "rows", "with audio", "done", "cost", *(name for name, _ in sums)):
        table.add_column(name, justify="left" if name == "state" else "right", no_wrap=True)
    table.add_column("started", no_wrap=True)
    table.add_column("output", no_wrap=True, overflow="ellipsis", ratio=1)
    for job in found:
        table.add_row(
            str(job.id),
            state_words(job.state, job.reason),
            f"{job.rows:,}",
            f"{job.with_audio:,}",
            progress_words(progress(job)) if job.rows else "",
            formatting.table_micros(job.spent_micros),
            *(formatting.table_micros(getattr(job, of)) for _, of in sums),
            f"{job.created_at.astimezone():%Y-%m-%d %H:%M}",
            printable(job.destination),
        )
    console().print(table)
