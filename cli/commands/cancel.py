"""`speeko cancel`: end a job for good."""

from __future__ import annotations

import click

from cli.call import Call
from cli.options import Verb, common, job_argument


@click.command("cancel", cls=Verb)
@job_argument
@common
@click.pass_obj
def command(call: Call, /, job: int) -> int:
    """End a job; what is paid is kept.

    Audio that was bought stays in the store: the next job that needs it does not buy it again.
    """
    from cli.moving import move
    from speeko_jobs.core.states import JobState

    return move(
        call,
        job,
        JobState.CANCELLED,
        reason="",
        expected=[JobState.PLANNING, JobState.RUNNING, JobState.PAUSED],
        told=f"job {job} is cancelled; what was paid is kept",
    )
