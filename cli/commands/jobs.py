"""`speeko jobs`: the newest jobs, a line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli import figures
from cli.call import Call
from cli.console import console, emit, say
from cli.options import Verb, common, option
from speeko_jobs.core.inert import printable
from speeko_jobs.core.money import usd

if TYPE_CHECKING:
    from speeko_jobs.adapters.postgres.jobs import Job


@click.command("jobs", cls=Verb)
@option(
    "--limit", type=click.IntRange(1, 10_000), default=20, metavar="N", help="how many at most [default: 20]"
)
@common
@click.pass_obj
def command(call: Call, /, limit: int) -> int:
    """List the newest jobs."""
    from cli.standing import known
    from speeko_jobs.adapters.postgres import jobs

    with known(call.settings()) as context:
        found = jobs.newest(context.database, limit)
    if call.json:
        emit([_record(job) for job in found])
    elif found:
        _print(found)
    else:
        say("there are no jobs yet: `speeko run` makes one")
    return 0


def _record(job: Job) -> dict[str, Any]:
    return {
        "job": job.id,
        "state": job.state.value,
        "reason": job.reason,
        "tenant": job.tenant,
        "rows": job.rows,
        "served": job.served,
        "failed": job.failed,
        "refused": job.refused,
        "calls": job.calls,
        "cost_usd": usd(job.spent_micros),
        "possible_usd": usd(job.possible_micros),
        "budget_usd": None if job.budget_micros is None else usd(job.budget_micros),
        "priority": job.priority,
        "created_at": job.created_at.isoformat(),
        "seconds": round(job.seconds, 3),
        "output": job.destination,
    }


def _print(found: list[Job]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("job", "state", "rows", "served", "cost"):
        table.add_column(name, justify="left" if name == "state" else "right", no_wrap=True)
    table.add_column("started", no_wrap=True)
    table.add_column("output", no_wrap=True, overflow="ellipsis", ratio=1)
    for job in found:
        table.add_row(
            str(job.id),
            job.state.value,
            f"{job.rows:,}",
            figures.percent(job.served, job.rows) if job.rows else "",
            figures.micros(job.spent_micros),
            f"{job.created_at.astimezone():%Y-%m-%d %H:%M}",
            printable(job.destination),
        )
    console().print(table)
