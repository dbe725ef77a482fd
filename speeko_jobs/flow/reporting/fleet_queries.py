"""Read the state of the fleet: engines, call limits of accounts and their holders, registered workers.

Reads only. Each function is one query, and raises ServerError when Postgres does not answer.
"""

from __future__ import annotations

from speeko_jobs.adapters.postgres import fleet_status, permits, worker_registry
from speeko_jobs.adapters.postgres.fleet_status import EngineStatus, FleetSnapshot
from speeko_jobs.adapters.postgres.permits import AccountLimits, PermitHolder
from speeko_jobs.adapters.postgres.worker_registry import Worker
from speeko_jobs.flow.context import Context

__all__ = [
    "AccountLimits",
    "EngineStatus",
    "FleetSnapshot",
    "PermitHolder",
    "Worker",
    "account_limits",
    "engines",
    "permit_holders",
    "registered_workers",
    "running_workers",
    "snapshot",
    "workers_answer",
]

LATE_ANSWER_SECONDS = 3.0


def snapshot(context: Context, tenant: str | None = None) -> FleetSnapshot:
    """Return the totals of this moment; with a tenant its jobs, money and schedules."""
    return fleet_status.now(context.database, tenant)


def engines(context: Context) -> list[EngineStatus]:
    """Return every process that makes calls, and those whose lease expired and is not reaped yet."""
    return fleet_status.engines(context.database)


def account_limits(context: Context) -> list[AccountLimits]:
    """Return the limit of calls of each account, and why it is so high."""
    return permits.accounts(context.database)


def permit_holders(context: Context) -> list[PermitHolder]:
    """Return the engines that hold permits, with the account of each."""
    return permits.holders(context.database)


def registered_workers(context: Context) -> list[Worker]:
    """Return every worker in the registry, lost ones too."""
    return worker_registry.registered(context.database)


def running_workers(context: Context) -> list[Worker]:
    """Return the workers that count as running."""
    return worker_registry.running(context.database)


def workers_answer(context: Context) -> bool:
    """Return whether a worker answers. Where one is registered as running it gets some seconds for it: half a
    second is too short on a loaded machine."""
    queue = context.queue
    return bool(
        queue.workers_alive() or (running_workers(context) and queue.workers_alive(LATE_ANSWER_SECONDS))
    )
