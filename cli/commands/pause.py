"""`speeko pause`: stop a job so that it can go on."""

from __future__ import annotations

import click

from cli.call import Call
from cli.options import Verb, common, job_argument, of_tenant_option


@click.command("pause", cls=Verb)
@job_argument
@of_tenant_option
@common
@click.pass_obj
def command(call: Call, /, job: int, of_tenant: str | None) -> int:
    """Stop a job after the calls in flight; `resume` goes on."""
    from cli.ending import go_on
    from cli.moving import move
    from speeko_jobs.core.states import JobState
    from speeko_jobs.flow import control

    told = f"job {job} is paused: go on with: {go_on(job, call)}"
    return move(call, job, JobState.PAUSED, lambda context: control.pause(context, job), told, of_tenant)
