"""How a job that was followed ends for the user: its summary, how to go on, and the exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from speeko_cli.output.console import emit, note
from speeko_cli.output.job_summary import print_summary
from speeko_cli.runtime.error_reporting import ERROR, OK, PAUSED, WITH_ERRORS
from speeko_cli.runtime.invocation import Invocation
from speeko_jobs.core.model.pause_reasons import REMEDIES, kind_of, needs_option, resumes_by_itself
from speeko_jobs.core.model.states import JobState

if TYPE_CHECKING:
    from speeko_jobs.flow.context import Context

CODES = {
    JobState.DONE: OK,
    JobState.DONE_WITH_ERRORS: WITH_ERRORS,
    JobState.PAUSED: PAUSED,
    JobState.CANCELLED: ERROR,
}


def report_outcome(context: Context, job: int, call: Invocation) -> int:
    """Print the summary (the content of summary.json with --json) and answer the exit code."""
    from speeko_jobs.flow.delivery import finalize
    from speeko_jobs.flow.reporting import job_queries

    summary = finalize.summarize(context, job)
    if call.json:
        emit(summary)
    else:
        print_summary(summary, job_queries.show(context, job).spec)
    if call.notify:
        from speeko_cli.jobs.notify_command import notify

        notify(call.notify, summary)
    state = JobState(summary["state"])
    if state is JobState.PAUSED:
        reason = summary["reason"]
        note(f"speeko: job {job} is paused: {reason or 'no reason was given'}")
        note(f"speeko: {_how_on(job, reason, call)}")
    return CODES.get(state, OK)


def _how_on(job: int, reason: str, call: Invocation) -> str:
    """What ends the pause."""
    remedy, command = REMEDIES[kind_of(reason)], go_on(job, call)
    if resumes_by_itself(kind_of(reason)):
        return (
            "it resumes by itself when the provider answers again, while workers run (`speeko up`);"
            f" go on at once with: {command}"
        )
    if remedy.options and needs_option(reason):
        command += f" {remedy.options}"
    return f"{remedy.first}, then go on with: {command}" if remedy.first else f"go on with: {command}"


def go_on(job: int, call: Invocation) -> str:
    """The command that goes on with a job, from the same home and settings."""
    import shlex

    words = ["speeko", "resume", str(job)]
    if call.home:
        words += ["--home", call.home]
    if call.config:
        words += ["--config", call.config]
    return shlex.join(words)
