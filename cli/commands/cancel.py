"""`speeko cancel`: end a job for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cli.call import Call
from cli.options import Verb, common, job_argument, of_tenant_option

if TYPE_CHECKING:
    from speeko_jobs.flow.context import Context


@click.command("cancel", cls=Verb)
@job_argument
@of_tenant_option
@common
@click.pass_obj
def command(call: Call, /, job: int, of_tenant: str | None) -> int:
    """End a job; what is paid is kept.

    Audio that was bought stays in the store: the next job that needs it does not buy it again.
    """
    from cli.moving import move
    from speeko_jobs.core.states import JobState

    told = f"job {job} is cancelled; what was paid is kept"
    return move(call, job, JobState.CANCELLED, lambda context: _cancel(context, job), told, of_tenant)


def _cancel(context: Context, job: int) -> None:
    from speeko_jobs.adapters.postgres import jobs
    from speeko_jobs.core.states import JobState
    from speeko_jobs.flow import control

    planned = context.database.run(
        lambda t: jobs.set_state(t, job, JobState.CANCELLED, "by the user", expected=[JobState.PLANNING])
    )
    if not planned:
        control.cancel(context, job)
