"""Watching a job that others work on. Ctrl-C ends the watching, never the job."""

from __future__ import annotations

import shlex
import time
from typing import TYPE_CHECKING

from speeko_cli.jobs.outcome import go_on, report_outcome
from speeko_cli.jobs.poll import follow
from speeko_cli.output.console import note
from speeko_cli.output.progress_display import display
from speeko_cli.runtime.error_reporting import Interrupted, TimedOut
from speeko_jobs.flow import accounts
from speeko_jobs.flow.reporting import fleet_queries, job_queries

if TYPE_CHECKING:
    from speeko_cli.runtime.invocation import Invocation
    from speeko_jobs.flow.context import Context

IDLE_SECONDS = 10.0


def follow_to_end(
    context: Context, job: int, call: Invocation, *, quiet: bool, timeout_seconds: float | None = None
) -> int:
    """Follow a job to its end or pause and tell it; the exit code. Raises TimedOut when it takes longer."""
    shown = display(job, quiet=quiet)
    told = False
    started = time.monotonic()

    def on_idle(seconds: float) -> None:
        nonlocal told
        if seconds > IDLE_SECONDS and not told:
            told = True
            warn_without_workers(context, job, call)
        if timeout_seconds is not None and time.monotonic() - started >= timeout_seconds:
            raise TimedOut(f"job {job} has not ended in {timeout_seconds:g} s; it continues")

    job_queries.progress(context, job)  # an unknown job is told before anything is shown
    try:
        try:
            follow(context, job, shown, on_idle)
        finally:
            shown.close()
    except KeyboardInterrupt:
        raise Interrupted(f"job {job} continues; watch it with: speeko watch {job}") from None
    return report_outcome(context, job, call)


def warn_without_workers(context: Context, job: int, call: Invocation) -> None:
    """Say on stderr that no worker runs, and how to start one."""
    if not fleet_queries.workers_answer(context):
        home = f" --home {shlex.quote(call.home)}" if call.home else ""
        note(
            f"speeko: no worker runs, so job {job} waits: start workers with `speeko up{home}` or "
            f"`speeko worker{home}`, or finish it here with: {go_on(job, call)}"
        )
    elif unserved := accounts.no_worker_serves(context.database, job_queries.show(context, job).spec):
        note(f"speeko: {unserved}, so job {job} waits: start a worker that holds it, or {go_on(job, call)}")
