"""`speeko results`: print the manifest lines of the finished rows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from speeko_cli.options.option_builder import Verb, option
from speeko_cli.options.shared import common, job_argument, of_tenant_option
from speeko_cli.output.console import as_json, write_bytes
from speeko_cli.runtime.invocation import Invocation

if TYPE_CHECKING:
    from speeko_jobs.flow.context import Context

LOOK_SECONDS = 1.0


@click.command("results", cls=Verb)
@job_argument
@of_tenant_option
@option("--follow", is_flag=True, help="continue until the job ends")
@common
@click.pass_obj
def command(call: Invocation, /, job: int, of_tenant: str | None, follow: bool) -> int:
    """Print the finished rows of a job as JSON lines.

    Rows are printed when their chunk is finished: in the catalog's order within a chunk, and chunks in the
    order in which they finish.
    """
    from speeko_cli.runtime.services import open_existing
    from speeko_cli.runtime.tenant_check import check_tenant

    with open_existing(call.settings()) as context:
        check_tenant(context, job, of_tenant)
        parts = _parts(context, job, follow)
        if call.json:
            _print_document(context, job, parts)
        else:
            for part in parts:
                write_bytes(part)
    return 0


def _parts(context: Context, job: int, follow: bool) -> Iterator[bytes]:
    """Yield the lines of each finished chunk, once."""
    from speeko_cli.jobs.poll import STILL
    from speeko_jobs.flow.delivery import finalize
    from speeko_jobs.flow.reporting import job_queries

    seen: set[int] = set()
    whole = 0  # every chunk up to this one was printed
    while True:
        state = job_queries.progress(context, job).state  # before the look: what comes later is still seen
        for no, lines in finalize.results(context, job, whole):
            if no not in seen:
                seen.add(no)
                yield lines
            while whole + 1 in seen:
                whole += 1
                seen.discard(whole)
        if not follow or state in STILL:
            return
        time.sleep(LOOK_SECONDS)


def _print_document(context: Context, job: int, parts: Iterator[bytes]) -> None:
    """Write all rows as one JSON document, while they arrive."""
    from speeko_jobs.flow.reporting import job_queries

    write_bytes(f'{{"job": {job}, "rows": ['.encode())
    mark = b"\n"
    for part in parts:
        for line in part.splitlines():
            write_bytes(mark + line)
            mark = b",\n"
    state = job_queries.progress(context, job).state
    write_bytes(f'\n], "state": {as_json(state.value)}}}\n'.encode())
