"""`speeko workers`: which workers run, where, of which version, and on which accounts they call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from speeko_cli.options.option_builder import Verb
from speeko_cli.options.shared import common
from speeko_cli.options.verb_group import VerbTable, is_alone
from speeko_cli.output.console import console, emit, note, say
from speeko_cli.output.workers import document
from speeko_cli.runtime.invocation import Invocation
from speeko_jobs.core.output import formatting
from speeko_jobs.core.output.sanitize import printable

if TYPE_CHECKING:
    from speeko_jobs.flow.reporting.fleet_queries import Worker


@click.group("workers", cls=VerbTable, invoke_without_command=True)
@common
@click.pass_context
def command(ctx: click.Context, /) -> int:
    """List the running workers, with version and accounts.

    Each account is shown with its URL and a fingerprint of its key. A killed worker is listed as lost for an
    hour.
    """
    return _list(ctx.obj) if is_alone(ctx) else 0


@command.command("list", cls=Verb)
@common
@click.pass_obj
def list_all(call: Invocation, /) -> int:
    """List the running workers, with version and accounts."""
    return _list(call)


def _list(call: Invocation) -> int:
    from speeko_cli.runtime.lingering import note_lingering
    from speeko_cli.runtime.services import open_existing
    from speeko_jobs.flow.lifecycle import version_check
    from speeko_jobs.flow.reporting import fleet_queries

    settings = call.settings()
    with open_existing(settings) as context:
        found = fleet_queries.registered_workers(context)
        running = [worker for worker in found if worker.is_running]
        if others := version_check.warning(version_check.differing(running, context.queue.workers_alive())):
            note(f"speeko: {others}")
    if call.json:
        emit([document(worker) for worker in found])
    elif found:
        _print(found)
    else:
        say("no worker runs: `speeko up` or `speeko worker` starts some")
    note_lingering(settings)
    return 0


def shown_accounts(worker: Worker) -> str:
    """Return the accounts of a worker in a few words; espeak, which every worker has, comes by its name."""
    return ", ".join(
        f"{name} at {one.shown}" if one.url else name for name, one in sorted(worker.accounts.items())
    )


def _print(found: list[Worker]) -> None:
    from datetime import UTC, datetime

    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("host", "pid", "state", "version", "up"):
        table.add_column(name, justify="right" if name in ("pid", "up") else "left", no_wrap=True)
    table.add_column("queues", overflow="fold")
    table.add_column("accounts", overflow="fold", ratio=1)
    for worker in found:
        up = (datetime.now(UTC) - worker.started_at).total_seconds()
        table.add_row(
            printable(worker.host), str(worker.pid), worker.state, worker.version,
            formatting.duration(max(up, 0.0)), ", ".join(worker.queues), printable(shown_accounts(worker)),
        )  # fmt: skip
    console().print(table)
