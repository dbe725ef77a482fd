"""`speeko resume`: go on with a job that was paused, or whose workers have left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.call import Call
from cli.console import emit, say
from cli.options import Verb, common, job_argument, option, workers_option
from speeko_jobs.errors import JobError

if TYPE_CHECKING:
    from speeko_jobs.flow.context import Context


@click.command("resume", cls=Verb)
@job_argument
@option("--no-wait", is_flag=True, help="leave it to workers that run elsewhere")
@workers_option
@common
@click.pass_obj
def command(call: Call, /, job: int, no_wait: bool, **options: Any) -> int:
    """Let a paused job go on, with workers if none run.

    Waits for its end as `run` does. Nothing that was bought is bought again.
    """
    from cli.crew import Crew
    from cli.request import check_provider
    from cli.seeing import see_through
    from cli.standing import standing
    from cli.watching import tell_if_nobody_works
    from speeko_jobs.adapters.postgres import jobs

    settings = call.settings(options)
    with standing(settings) as (context, alone):
        found = jobs.show(context.database, job)
        if no_wait:
            _go_on(context, job)
            tell_if_nobody_works(context, job, call)
            if call.json:
                emit({"job": job, "state": jobs.progress(context.database, job).state.value})
            else:
                say(f"job {job} goes on: watch it with: speeko watch {job}")
            return 0
        with Crew(context, alone=alone) as crew:
            if crew.is_own:
                check_provider(found.spec, settings)
            _go_on(context, job)
            return see_through(context, job, crew, call)


def _go_on(context: Context, job: int) -> None:
    """Set the job running, if it is not, and send what is due. Raises JobError where it has ended."""
    from speeko_jobs.adapters.postgres import jobs
    from speeko_jobs.core.states import JobState
    from speeko_jobs.flow.dispatch import dispatch
    from speeko_jobs.flow.sweep import sweep

    context.database.run(lambda t: jobs.set_state(t, job, JobState.RUNNING, expected=[JobState.PAUSED]))
    state = jobs.progress(context.database, job).state
    if state not in (JobState.RUNNING, JobState.FINALIZING):
        raise JobError(f"job {job} is {state.value}: there is nothing to go on with")
    dispatch(context, job)
    sweep(context)  # whatever was in the hands of workers that have left
