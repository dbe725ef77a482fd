"""Seeing a job through with workers of this command. Ctrl-C leaves it paused, and says how to go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from speeko_cli.jobs.outcome import go_on, report_outcome
from speeko_cli.jobs.poll import follow
from speeko_cli.output.console import note
from speeko_cli.output.progress_display import display
from speeko_cli.runtime.error_reporting import INTERRUPTED, Interrupted
from speeko_jobs.core.model.states import FINISHED, JobState
from speeko_jobs.errors import SpeekoError
from speeko_jobs.flow.lifecycle import control, webhooks

if TYPE_CHECKING:
    from speeko_cli.runtime.invocation import Invocation
    from speeko_cli.runtime.local_workers import LocalWorkers
    from speeko_jobs.flow.context import Context


def follow_with_workers(
    context: Context,
    job: int,
    crew: LocalWorkers,
    call: Invocation,
    tell: Callable[[Context, int, Invocation], int] = report_outcome,
) -> int:
    """Follow a job with workers at hand, and `tell` its end. Ctrl-C pauses it first."""
    shown = display(job)
    try:
        try:
            state = follow(context, job, shown, crew.look).state
        finally:
            shown.close()
        if state is JobState.PAUSED:
            crew.drain(job)
            crew.stop()  # what is in flight still counts
        if crew.has_our_settings or state is JobState.PAUSED:
            webhooks.send_due(context, job)  # before workers leave; a failure becomes a note
        return tell(context, job, call)
    except KeyboardInterrupt:
        note(f"speeko: job {job} stops after the calls in flight (Ctrl-C again leaves at once)")
        words = interrupt(context, job, call)
        crew.drain(job)
        crew.stop()
        if call.json:
            tell(context, job, call)
            note(f"speeko: {words}")
            return INTERRUPTED
        raise Interrupted(words) from None
    except SpeekoError:
        note(f"speeko: job {job} is kept: go on with: {go_on(job, call)}")
        raise


def interrupt(context: Context, job: int, call: Invocation) -> str:
    """Pause a job that was interrupted; what to tell of it."""
    state = control.interrupt(context, job)
    if state in FINISHED:
        return f"job {job} is {state} already: see `speeko status {job}`"
    if state is JobState.FINALIZING:
        return f"job {job} has all its audio, its manifest is missing: finish with: {go_on(job, call)}"
    return f"job {job} is paused: go on with: {go_on(job, call)}"
