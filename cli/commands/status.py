"""`speeko status`: one job as it stands."""

from __future__ import annotations

import click

from speeko_cli.options.option_builder import Verb
from speeko_cli.options.shared import common, of_tenant_option
from speeko_cli.output.console import emit, note
from speeko_cli.runtime.invocation import Invocation
from speeko_jobs.errors import JobError


@click.command("status", cls=Verb)
@click.argument("job", type=click.IntRange(1, 2**63 - 1), required=False, metavar="[JOB]")
@of_tenant_option
@common
@click.pass_obj
def command(call: Invocation, /, job: int | None, of_tenant: str | None) -> int:
    """Show a job, by default the newest."""
    from speeko_cli.output.job_summary import print_summary
    from speeko_cli.runtime.lingering import note_lingering
    from speeko_cli.runtime.services import open_existing
    from speeko_cli.runtime.tenant_check import check_tenant
    from speeko_jobs.flow.delivery import finalize
    from speeko_jobs.flow.lifecycle import version_check
    from speeko_jobs.flow.reporting import fleet_queries, job_queries

    settings = call.settings()
    with open_existing(settings) as context:
        if job:
            check_tenant(context, job, of_tenant)
        found = [job_queries.show(context, job)] if job else job_queries.newest(context, 1, of_tenant)
        if not found:
            raise JobError("there are no jobs yet: `speeko run` makes one")
        running = fleet_queries.running_workers(context)
        if others := version_check.warning(version_check.differing(running)):
            note(f"speeko: {others}")
        summary = finalize.status(context, found[0].id)
        if call.json:
            emit(summary)
        else:
            print_summary(summary, found[0].spec)
        note_lingering(settings)
    return 0
