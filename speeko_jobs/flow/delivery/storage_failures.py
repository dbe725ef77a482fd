"""Pause jobs whose destination or audio store refuses: a full disk, a link, missing rights, no bucket.

Invariant: a job that cannot be delivered is paused with the reason and waits for `resume`; nothing more is
bought for it meanwhile, and what is bought is kept. Sends nothing again: sweepers do.
"""

from __future__ import annotations

import logging

from speeko_jobs.adapters.audio_store import RUN_AGAIN, MissingObject
from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.model.pause_reasons import PauseKind, kind_of, stored_reason
from speeko_jobs.core.model.states import JobState
from speeko_jobs.errors import StoreError
from speeko_jobs.flow.context import Context

log = logging.getLogger(__name__)
STOPPABLE = (JobState.RUNNING, JobState.FINALIZING)


def is_of_destination(context: Context, spec: JobSpec, error: StoreError) -> bool:
    """Return whether it is the job's destination that refuses, not its audio store."""
    if not spec.deliver or isinstance(error, MissingObject):
        return False
    places = {context.destination_of(spec).url}
    if spec.archive:
        from speeko_jobs.flow.delivery import archive_output

        places.add(archive_output.place_of(context, spec)[0].url)
    return error.url in places - {context.store_of(spec.store).url}


def pause_refused(context: Context, job: int, spec: JobSpec, error: StoreError) -> None:
    """Pause a running or finalizing job whose destination or store refuses, with that as the reason."""
    kind = PauseKind.DESTINATION if is_of_destination(context, spec, error) else PauseKind.STORE
    # a job that is paused is not run again, it is resumed
    reason = stored_reason(kind, str(error).replace(RUN_AGAIN, f"then `speeko resume {job}`"))
    if context.database.run(lambda t: jobs.set_state(t, job, JobState.PAUSED, reason, expected=STOPPABLE)):
        log.warning("job %d is paused: %s", job, reason)
    else:
        log.warning("job %d: %s", job, error)


def waits_for_destination(state: JobState, reason: str) -> bool:
    """Return whether the job is paused because its destination refuses: delivering waits for `resume`."""
    return state is JobState.PAUSED and kind_of(reason) is PauseKind.DESTINATION
