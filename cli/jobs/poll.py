"""Follow a job to its end or pause: look at it a few times a second and show how it goes."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from speeko_cli.output.console import note
from speeko_cli.output.throughput import ThroughputGauge
from speeko_jobs.core.model.states import FINISHED, JobState
from speeko_jobs.embedded import server_restart
from speeko_jobs.errors import ServerError
from speeko_jobs.flow.reporting import job_queries
from speeko_jobs.flow.reporting.top_reasons import TopReasons

if TYPE_CHECKING:
    from speeko_cli.output.progress_display import Display
    from speeko_jobs.flow.context import Context
    from speeko_jobs.flow.reporting.job_queries import JobProgress

LOOK_SECONDS = 0.25
FIRST_LOOK_SECONDS = 0.03  # a job of known rows ends in a moment; waits grow to LOOK_SECONDS
COUNT_SECONDS = 1.0
AWAY_SECONDS = 60.0  # a database that is away for longer is an error
STILL = FINISHED | {JobState.PAUSED}


def follow(context: Context, job: int, display: Display, on_idle: Callable[[float], None]) -> JobProgress:
    """Show a job until it is finished or paused. `on_idle` gets how many seconds nothing has moved.

    Raises JobError when there is no such job, ServerError when Postgres stays away for a minute.
    """
    gauge, counts = ThroughputGauge(), dict[str, int]()
    moved = answered = time.monotonic()
    count_due = 0.0
    before: tuple[object, ...] = ()
    away, waits, pause = False, "", FIRST_LOOK_SECONDS
    top, reasons = "", TopReasons()
    while True:
        server_restart.check()
        try:
            progress = job_queries.progress(context, job)
            now = time.monotonic()
            if now >= count_due or progress.state in STILL:
                counts, count_due = job_queries.row_counts(context, job), now + COUNT_SECONDS
                seen = job_queries.waits(context, [job]).get(job)
                waits = "" if seen is None else seen.line()
                top = reasons.of(context, {job: progress}).get(job, "")
        except ServerError as error:
            now = time.monotonic()
            if now - answered > AWAY_SECONDS:
                raise
            if not away:
                note(f"speeko: {error}: trying again for a minute")
            away = True
            time.sleep(LOOK_SECONDS)
            continue
        answered, away = now, False
        figures = (progress.state, progress.served, progress.calls, progress.in_flight)
        if figures != before:
            before, moved = figures, now
        shown = dataclasses.replace(progress, waits=waits, top_reason=top)
        display.show(now, shown, gauge.take(now, progress), counts)
        if progress.state in STILL:
            return progress
        on_idle(now - moved)
        time.sleep(pause)
        pause = min(pause * 1.3, LOOK_SECONDS)
