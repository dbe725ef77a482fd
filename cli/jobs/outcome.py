"""Report how a followed job ended: its summary, what to do next, and the exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from speeko_cli.output.console import emit, note
from speeko_cli.output.job_summary import print_summary
from speeko_cli.runtime.error_reporting import ERROR, OK, PAUSED, WITH_ERRORS
from speeko_cli.runtime.invocation import Invocation
from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.reporting.job_figures import reason_words, state_words
from speeko_jobs.core.reporting.next_steps import next_steps

if TYPE_CHECKING:
    from speeko_jobs.flow.context import Context

CODES = {
    JobState.DONE: OK,
    JobState.DONE_WITH_ERRORS: WITH_ERRORS,
    JobState.PAUSED: PAUSED,
    JobState.CANCELLED: ERROR,
}


def report_outcome(context: Context, job: int, call: Invocation) -> int:
    """Print the summary (the content of summary.json with --json) and return the exit code."""
    from speeko_jobs.flow.delivery import finalize
    from speeko_jobs.flow.reporting import job_queries

    summary = finalize.summarize(context, job)
    if call.json:
        emit(summary)
    else:
        print_summary(summary, job_queries.show(context, job).spec, retry=command_for("retry", job, call))
    if call.notify:
        from speeko_cli.jobs.notify_command import notify

        notify(call.notify, summary)
    state = JobState(summary["state"])
    if state is JobState.PAUSED:
        reason = summary["reason"]
        detail = reason_words(reason)
        note(f"speeko: job {job} is {state_words(state, reason)}{f': {detail}' if detail else ''}")
        for step in next_steps(summary, resume=go_on(job, call)):
            note(f"speeko: {step}")
    return CODES.get(state, OK)


def go_on(job: int, call: Invocation) -> str:
    """Return the command that resumes a job, from the same home and settings."""
    return command_for("resume", job, call)


def command_for(verb: str, job: int, call: Invocation) -> str:
    """Return the command that applies `verb` to a job, from the same home and settings."""
    import shlex

    words = ["speeko", verb, str(job)]
    if call.home:
        words += ["--home", call.home]
    if call.config:
        words += ["--config", call.config]
    return shlex.join(words)
