"""`speeko pause`: stop a job so that it can go on."""

from __future__ import annotations

import click

from cli.call import Call
from cli.options import Verb, common, job_argument


@click.command("pause", cls=Verb)
@job_argument
@common
@click.pass_obj
def command(call: Call, /, job: int) -> int:
    """Stop a job after the calls in flight; `resume` goes on."""
    from cli.ending import go_on
    from cli.moving import move
    from speeko_jobs.core.states import JobState

    return move(
        call,
        job,
        JobState.PAUSED,
        reason="paused by hand",
        expected=[JobState.RUNNING],
        told=f"job {job} is paused: go on with: {go_on(job, call)}",
    )
