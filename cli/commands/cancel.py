"""`speeko cancel`: cancel a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from speeko_cli.options.option_builder import Verb
from speeko_cli.options.shared import common, job_argument, of_tenant_option
from speeko_cli.runtime.invocation import Invocation

if TYPE_CHECKING:
    from speeko_jobs.flow.context import Context


@click.command("cancel", cls=Verb)
@job_argument
@of_tenant_option
@common
@click.pass_obj
def command(call: Invocation, /, job: int, of_tenant: str | None) -> int:
    """Cancel a job; purchased audio is kept.

    Purchased audio stays in the store, so that the next job that needs it does not buy it again. Audio that
    failed validation is not kept, although it was charged. Calls in flight are finished.
    """
    from speeko_cli.jobs.transition import change_state
    from speeko_jobs.core.model.states import JobState

    return change_state(
        call,
        job,
        JobState.CANCELLED,
        lambda context: _cancel(context, job),
        lambda context: f"job {job} is cancelled: {_brought(context, job)}",
        of_tenant,
    )


def _brought(context: Context, job: int) -> str:
    """Return in words what the calls of the job bought so far."""
    from speeko_jobs.core.output.formatting import count, micros
    from speeko_jobs.flow.reporting import job_queries

    paid = job_queries.paid(context, job)
    parts = []
    if paid.kept:
        parts.append(f"the audio of {count(paid.kept, 'text')} ({micros(paid.kept_micros)}) is kept")
    if paid.unusable:
        what = count(paid.unusable, "call")
        parts.append(f"the unusable audio of {what} ({micros(paid.unusable_micros)}) is not")
    if paid.unknown:
        what = count(paid.unknown, "call")
        parts.append(f"whether {what} ({micros(paid.unknown_micros)}) were charged is not known")
    return ", ".join(parts) or "nothing was bought"


def _cancel(context: Context, job: int) -> None:
    from speeko_jobs.flow.lifecycle import control

    if not control.cancel_planning(context, job):
        control.cancel(context, job)
