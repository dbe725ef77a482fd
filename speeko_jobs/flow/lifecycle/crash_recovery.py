"""Sweep: re-enqueue what is due and held by no engine. Any worker, any number of times.

Messages can be lost, engines die, submitters are killed. All that is due is found in Postgres.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from speeko_jobs.adapters.celery_queue.queue import DELIVER, SYNTHESIZE
from speeko_jobs.adapters.postgres import (
    adhoc_jobs,
    job_control,
    leases,
    metrics,
    permits,
    retention,
    sweep_lookups,
    webhooks,
)
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.dispatch import dispatch
from speeko_jobs.flow.lifecycle.stale_plans import stop_plans
from speeko_jobs.flow.synthesis import outage_recovery, spool

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Swept:
    """How much was replayed from the spool, and what was sent again."""

    replayed: int
    lying: sweep_lookups.Leftovers


def sweep(context: Context) -> Swept:
    """Replay spooled audio, reap expired leases, and send what is due."""
    database, queue = context.database, context.queue
    retention.open_months(database)
    replayed = spool.replay(context)
    queue.deliver(leases.reap_expired(database, context.settings.lease_seconds))
    database.run(adhoc_jobs.reap)
    permits.forget_account_samples(database)
    queue.deliver(database.run(job_control.settle_cancelled))
    outage_recovery.give_up(context)
    outage_recovery.resume(context)
    lying = sweep_lookups.look(database)
    stop_plans(context, lying.abandoned)
    # what waits in the broker will wake a worker, and an awake engine takes chunks itself: no message twice
    probes = outage_recovery.probes(context)
    queue.synthesize([*probes, *lying.synthesize][queue.waiting(SYNTHESIZE) :])
    queue.deliver(lying.deliver[queue.waiting(DELIVER) :])
    for job in lying.finalize:
        queue.finalize(job)
    if webhooks.any_due(database):
        queue.hooks()
    dispatch(context)
    metrics.note_periodic_task(database, metrics.SWEEP, len(lying.synthesize) + len(lying.deliver))
    return Swept(replayed, lying)
