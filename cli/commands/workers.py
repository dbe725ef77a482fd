"""`speeko workers`: which workers run, where, of which version, and on which accounts they call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.call import Call
from cli.console import console, emit, note, say
from cli.options import Verb, common
from speeko_jobs.core import figures
from speeko_jobs.core.inert import printable

if TYPE_CHECKING:
    from speeko_jobs.adapters.postgres.workers import Worker


@click.command("workers", cls=Verb)
@common
@click.pass_obj
def command(call: Call, /) -> int:
    """List the workers that run, with version and accounts.

    An account is shown with its URL and a fingerprint of its key. A worker that was killed is listed as lost
    for an hour.
    """
    from cli.standing import known
    from speeko_jobs.adapters.postgres import workers
    from speeko_jobs.flow import versions

    with known(call.settings()) as context:
        found = workers.registered(context.database)
        running = [worker for worker in found if worker.is_running]
        if others := versions.warning(versions.differing(running, context.queue.workers_alive())):
            note(f"speeko: {others}")
    if call.json:
        emit([document(worker) for worker in found])
    elif found:
        _print(found)
    else:
        say("no worker runs: `speeko up` or `speeko worker` starts some")
    return 0


def document(worker: Worker) -> dict[str, Any]:
    """Return a worker as --json shows it."""
    return {
        "host": worker.host,
        "pid": worker.pid,
        "state": worker.state,
        "version": worker.version,
        "queues": list(worker.queues),
        "processes": worker.processes,
        "accounts": {
            name: {"provider": one.provider, "url": one.url, "key": one.fingerprint}
            for name, one in worker.accounts.items()
        },
        "home": worker.home,
        "started_at": worker.started_at.isoformat(),
        "seen_seconds": round(worker.seen_seconds, 3),
    }


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
            figures.duration(max(up, 0.0)), ", ".join(worker.queues), printable(shown_accounts(worker)),
        )  # fmt: skip
    console().print(table)
