"""Whether a job was released by a submit that was interrupted: the commit may have been just done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.core.states import JobState

if TYPE_CHECKING:
    from speeko_jobs.core.spec import JobSpec
    from speeko_jobs.flow.context import Context

LOOKED_AT = 20


def watermark(context: Context) -> int:
    """The newest job's number; 0 when there is none."""
    return max((job.id for job in jobs.newest(context.database, 1)), default=0)


def released_since(context: Context, mark: int, spec: JobSpec) -> int | None:
    """A job of this very spec that runs and was not there at `mark`."""
    fresh = (job for job in jobs.newest(context.database, LOOKED_AT) if job.id > mark)
    return next((job.id for job in fresh if job.spec == spec and job.state is JobState.RUNNING), None)
