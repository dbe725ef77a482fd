"""`speeko pause`: pause a job."""

from __future__ import annotations

import click

from speeko_cli.options.option_builder import Verb
from speeko_cli.options.shared import common, job_argument, of_tenant_option
from speeko_cli.runtime.invocation import Invocation


@click.command("pause", cls=Verb)
@job_argument
@of_tenant_option
@common
@click.pass_obj
def command(call: Invocation, /, job: int, of_tenant: str | None) -> int:
    """Pause a job after the calls in flight."""
    from speeko_cli.jobs.outcome import go_on
    from speeko_cli.jobs.transition import change_state
    from speeko_jobs.core.model.states import JobState
    from speeko_jobs.flow.lifecycle import control

    told = f"job {job} is paused: go on with: {go_on(job, call)}"
    return change_state(
        call, job, JobState.PAUSED, lambda context: control.pause(context, job), told, of_tenant
    )
