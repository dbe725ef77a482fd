"""Read jobs for a screen or a command: their figures, how far they are, what they wait for.

Reads only. Each function is one query, and raises ServerError when Postgres does not answer. The commands
read through this room, so that no screen depends on a table.
"""

from __future__ import annotations

from collections.abc import Sequence

from speeko_jobs.adapters.postgres import jobs, reports, wait_facts
from speeko_jobs.adapters.postgres.jobs import Job, JobProgress
from speeko_jobs.adapters.postgres.reports import Paid
from speeko_jobs.adapters.postgres.wait_facts import ObservedWait
from speeko_jobs.flow.context import Context

__all__ = [
    "Job",
    "JobProgress",
    "ObservedWait",
    "Paid",
    "failures",
    "newest",
    "paid",
    "progress",
    "row_counts",
    "show",
    "waits",
]


def show(context: Context, job: int) -> Job:
    """Return one job. Raises JobError when there is none of that number."""
    return jobs.show(context.database, job)


def newest(context: Context, limit: int = 20, tenant: str | None = None) -> list[Job]:
    """Return the newest jobs, newest first: those of one tenant, or all."""
    return jobs.newest(context.database, limit, tenant)


def progress(context: Context, job: int) -> JobProgress:
    """Return a job's figures while it runs. Raises JobError when there is none of that number."""
    return jobs.progress(context.database, job)


def row_counts(context: Context, job: int) -> dict[str, int]:
    """Return the sums over the delivered chunks: rows by source, characters, seconds, bytes, list price."""
    return jobs.counts(context.database, job)


def failures(context: Context, job: int) -> list[tuple[str, int]]:
    """Return why rows failed or were refused, with their number, most frequent first."""
    return jobs.failures(context.database, job)


def waits(context: Context, numbers: Sequence[int]) -> dict[int, ObservedWait]:
    """Return for each of these jobs that exists what it waits for."""
    return wait_facts.look(context.database, numbers)


def paid(context: Context, job: int) -> Paid:
    """Return what a job has paid for so far. The calls of a pruned job count no more."""
    return reports.paid(context.database, job)
