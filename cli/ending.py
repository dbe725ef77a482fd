"""How a job that was followed ends for the user: its summary, how to go on, and the exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.call import Call
from cli.console import emit, note
from cli.failures import ERROR, OK, PAUSED, WITH_ERRORS
from cli.report import print_summary
from speeko_jobs.core.states import JobState

if TYPE_CHECKING:
    from speeko_jobs.flow.context import Context

CODES = {
    JobState.DONE: OK,
    JobState.DONE_WITH_ERRORS: WITH_ERRORS,
    JobState.PAUSED: PAUSED,
    JobState.CANCELLED: ERROR,
}


def tell_end(context: Context, job: int, call: Call) -> int:
    """Print the summary (the content of summary.json with --json) and answer the exit code."""
    from speeko_jobs.adapters.postgres import jobs
    from speeko_jobs.flow import finalize

    summary = finalize.summarize(context, job)
    if call.json:
        emit(summary)
    else:
        print_summary(summary, jobs.show(context.database, job).spec)
    if call.notify:
        from cli.notify import notify

        notify(call.notify, summary)
    state = JobState(summary["state"])
    if state is JobState.PAUSED:
        note(f"speeko: job {job} is paused: {summary['reason'] or 'no reason was given'}")
        more = " --budget USD" if "the job's budget" in summary["reason"] else ""
        note(f"speeko: go on with: {go_on(job, call)}{more}")
    return CODES.get(state, OK)


def go_on(job: int, call: Call) -> str:
    """The command that goes on with a job, from the same home and settings."""
    import shlex

    words = ["speeko", "resume", str(job)]
    if call.home:
        words += ["--home", call.home]
    if call.config:
        words += ["--config", call.config]
    return shlex.join(words)
