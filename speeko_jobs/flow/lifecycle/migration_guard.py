"""Hold a database back from migrations that the workers of another version must not run beside.

Invariant: a migration that says WORKERS_STAND_STILL runs while no worker answers or holds a lease. An
embedded database is migrated by the first command of a new version; there every migration waits until no
process holds the workers' lock of the home.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from speeko_jobs import private_files
from speeko_jobs.adapters.celery_queue.queue import Queue
from speeko_jobs.adapters.postgres import migrate, worker_registry
from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.errors import SchemaError

ANSWER_SECONDS = 1.0
SHOWN_WORKERS = 5


def revision(database: Database) -> str:
    """Return the revision that the database is at; "" where it has none of our tables."""
    return migrate.current(database)


def upgrade(database: Database, queue_url: str, home: Path | None = None) -> str:
    """Bring the database to this version's schema; the revision now.

    `home`: of an embedded database. Raises SchemaError while workers of another version are at work.
    """
    pending, at_work = migrate.pending(database), list[str]()
    if pending and home is not None:
        if private_files.is_locked(home / private_files.WORKERS_LOCK):
            at_work = [f"`speeko up`, `speeko worker` or `speeko run` in {home}"]
    elif migrate.stands_still(pending):
        at_work = alive(database, queue_url)
    if at_work:
        raise SchemaError(_refusal(migrate.current(database), at_work))
    return migrate.upgrade(database)


def alive(database: Database, queue_url: str) -> list[str]:
    """Return the engines with a lease, by host and process, and the workers that answer at the broker."""
    found = [f"{host} (pid {pid})" for host, pid in worker_registry.with_lease(database)]
    if queue_url:
        queue = Queue(queue_url)
        try:
            found += queue.workers_alive(ANSWER_SECONDS)
        finally:
            queue.close()
    return found


def _refusal(current: str, at_work: Sequence[str]) -> str:
    more = f" and {len(at_work) - SHOWN_WORKERS} more" if len(at_work) > SHOWN_WORKERS else ""
    shown = ", ".join(at_work[:SHOWN_WORKERS])
    return (
        f"the database is at schema {current} and is to be upgraded to {migrate.head()}, but workers of"
        f" another version are at work: {shown}{more}: stop them, then run this again"
    )
