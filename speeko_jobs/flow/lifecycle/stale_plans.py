"""Cancel jobs whose submitter was killed while it planned them. Each command that looks at jobs does so."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from speeko_jobs.adapters.postgres import jobs, sweep_lookups
from speeko_jobs.core.model.states import PLANNING_STOPPED
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.delivery.manifest_parts import clear_parts

log = logging.getLogger(__name__)


def stop_stale_plans(context: Context) -> None:
    """Cancel the jobs whose submitter is gone before the plan was whole: they would be shown as `planning`
    until a worker sweeps."""
    stop_plans(context, sweep_lookups.abandoned(context.database))


def stop_plans(context: Context, found: Sequence[int]) -> None:
    """Cancel these jobs unless their submitter lives after all."""
    for job in found:
        spec = jobs.show(context.database, job).spec
        if context.database.run(lambda t, job=job: jobs.stop_planning(t, job, PLANNING_STOPPED)):  # type: ignore[misc]
            clear_parts(context, spec.store, job)
            log.warning("job %d: %s", job, PLANNING_STOPPED)
