"""Prune: rows of jobs that ended long ago, their parts of manifests in the store, old months of the ledger.

A job keeps its own row with all its sums; what it delivered, the audio in the store, the cache and the daily
costs stay. It may be killed at any moment and run beside another one: what has begun is found again, and goes
on. A job of which the store refuses to let go waits for the next run.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from speeko_jobs.adapters import failpoints
from speeko_jobs.adapters.postgres import cache, metrics, retention
from speeko_jobs.errors import ConfigError, StoreError, UsageError
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.delivery.manifest_parts import clear_parts

DAY_SECONDS = 86_400.0
MIN_SECONDS = 3_600.0  # longer than any task: whoever may still write a job's files has ended
WORK_SECONDS = 45.0  # of a task, as in the settings: it comes again
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RetentionOptions:
    """Jobs that ended so long ago, all or a tenant's. `work_seconds`: begin nothing after so long."""

    older_seconds: float
    tenant: str | None = None
    dry_run: bool = False
    work_seconds: float = float("inf")


@dataclass(slots=True)
class Pruned:
    """What went (or would go). `calls`: of the ledger, besides whole months. `stuck`: jobs whose parts the
    store did not give up. `is_whole`: nothing that is due was left for another time."""

    jobs: int = 0
    rows: int = 0
    months: list[str] = field(default_factory=list)
    calls: int = 0
    stuck: list[int] = field(default_factory=list)
    is_whole: bool = True


def prune(context: Context, orders: RetentionOptions) -> Pruned:
    """Delete what is due, in transactions of a bounded size. Raises ServerError; all is in order then."""
    if orders.older_seconds < MIN_SECONDS:
        raise UsageError("--older-than takes at least 1h: tasks of a job may run for a while after its end")
    database = context.database
    if not orders.dry_run:
        cache.count_hits(database)  # a use that is not counted by now never would be
    due = retention.due(database, orders.older_seconds, orders.tenant, count=orders.dry_run)
    if orders.dry_run:
        months = retention.old_months(database, orders.older_seconds, [one.job for one in due])
        return Pruned(len(due), sum(one.rows for one in due), months)
    until = time.monotonic() + orders.work_seconds
    done = Pruned()

    def is_over() -> bool:
        return time.monotonic() > until

    begun = retention.begun(database)
    for job in [*begun, *(one.job for one in due)]:
        if is_over():
            done.is_whole = False
            break
        if job not in begun and not retention.begin(database, job):
            continue
        failpoints.point("after_prune_begin")
        _empty(context, job, done, is_over)
    _clear_ledger(context, orders.older_seconds, done, is_over)
    metrics.note_periodic_task(database, metrics.PRUNE, done.jobs)
    return done


def keep_days(context: Context) -> Pruned | None:
    """Prune as the settings ask for it; None where they do not."""
    days = context.settings.keep_jobs_days
    if not days:
        return None
    done = prune(context, RetentionOptions(days * DAY_SECONDS, work_seconds=WORK_SECONDS))
    log.info("pruned %d jobs, %d rows, %d months of the ledger", done.jobs, done.rows, len(done.months))
    return done


def _empty(context: Context, job: int, done: Pruned, is_over: Callable[[], bool]) -> None:
    """Take out the parts, rows and chunks of a job that is being pruned; goes on where it was left."""
    database = context.database
    begun = database.run(lambda t: retention.hold(t, job))
    if begun is None:
        return
    is_stuck = False
    try:
        clear_parts(context, begun.store or context.settings.store_url, job)
    except (StoreError, ConfigError) as error:
        is_stuck = True
        log.warning("manifest parts of job %d are kept for now: %s", job, error)
    first: int | None = 0  # rows before chunks: why some failed is found by their chunks
    while first is not None:
        if is_over():
            done.is_whole = False
            return
        rows, first = retention.drop_rows(database, job, first)
        done.rows += rows
        failpoints.point("in_prune")
    while retention.drop_chunks(database, job):
        failpoints.point("in_prune")
    if is_stuck:
        done.stuck.append(job)
        return
    retention.end(database, job)
    done.jobs += 1


def _clear_ledger(context: Context, older_seconds: float, done: Pruned, is_over: Callable[[], bool]) -> None:
    for month in retention.old_months(context.database, older_seconds):
        if retention.drop_month(context.database, month):
            done.months.append(month)
        else:
            done.is_whole = False
            log.warning("%s stays for now: somebody reads or writes the ledger", month)
    done.calls = retention.clear_ledger(context.database, older_seconds, is_over)
