"""Sweep: send again whatever is due and in nobody's hands. Any worker, any number of times.

Messages can be lost, engines die, submitters are killed. All that is due is found in Postgres.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from speeko_jobs.adapters.celery_queue import DELIVER, SYNTHESIZE
from speeko_jobs.adapters.postgres import claims, hooks, jobs, metrics, permits, retention, says, sweeps
from speeko_jobs.flow import outage, spool
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.dispatch import dispatch
from speeko_jobs.flow.unchanged import clear_parts

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Swept:
    """How much was replayed from the spool, and what was sent again."""

    replayed: int
    lying: sweeps.Lying


def sweep(context: Context) -> Swept:
    """Replay spooled audio, bury dead engines, and send what is due."""
    database, queue = context.database, context.queue
    retention.open_months(database)
    replayed = spool.replay(context)
    queue.deliver(claims.bury_dead(database, context.settings.lease_seconds))
    database.run(says.bury)
    permits.forget_pulses(database)
    queue.deliver(database.run(claims.settle_cancelled))
    outage.give_up(context)
    outage.resume(context)
    lying = sweeps.look(database)
    for job in lying.abandoned:
        spec = jobs.show(database, job).spec
        if database.run(lambda t, job=job: jobs.drop(t, job)):  # type: ignore[misc]
            clear_parts(context, spec.store, job)
            log.warning("job %d is forgotten: its submitter went away before the plan was whole", job)
    # what waits in the broker will wake a worker, and an awake engine takes chunks itself: no message twice
    probes = outage.probes(context)
    queue.synthesize([*probes, *lying.synthesize][queue.waiting(SYNTHESIZE) :])
    queue.deliver(lying.deliver[queue.waiting(DELIVER) :])
    for job in lying.finalize:
        queue.finalize(job)
    if hooks.any_due(database):
        queue.hooks()
    dispatch(context)
    metrics.note_chore(database, metrics.SWEEP, len(lying.synthesize) + len(lying.deliver))
    return Swept(replayed, lying)
