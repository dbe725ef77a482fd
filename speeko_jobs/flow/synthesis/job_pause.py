"""Pause a running job for a reason that a person, or the provider's return, ends."""

from __future__ import annotations

import logging

from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.core.model.states import JobState
from speeko_jobs.flow.context import Context

log = logging.getLogger(__name__)


def pause(context: Context, job: int, reason: str) -> None:
    """Stop a job with a reason that a person can act on; in-flight calls complete, and their audio is
    stored."""
    context.database.run(
        lambda t: jobs.set_state(t, job, JobState.PAUSED, reason, expected=[JobState.RUNNING])
    )
    log.warning("job %d is paused: %s", job, reason)
