"""What may go: rows of jobs that ended long ago, and months of the ledger. Statements: sql/retention.sql.

A pruned job keeps its own row. What its chunks, rows and calls had counted moves there and to job_cost in the
transactions that delete them, so its sums are the same before, while and after that. Uses of keys are
counted as hits before (adapters.postgres.cache): a job with some to count is not due.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from speeko_jobs.adapters.postgres.database import Database, Transaction

MONTHS_AHEAD = 2
CHUNKS_AT_ONCE = 2_000
ROWS_AT_ONCE = 20_000  # numbers of rows, of which some may have no item
MAX_REASONS = 100  # that a job remembers; `status` shows ten
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PrunableJob:
    """A job that may be pruned, and how many rows of it the database has (0 where nobody asked)."""

    job: int
    rows: int


@dataclass(frozen=True, slots=True)
class PruningJob:
    """A job that is being pruned: whether rows of it had failed, and its store ("": that of the settings)."""

    has_failed: bool
    store: str


def open_months(database: Database) -> int:
    """Make the ledger's partitions of this month and the coming ones, where they are missing; how many.

    0 also where somebody holds the ledger: calls of a month without one lie in the partition for others.
    """
    found = database.row("ledger_open", {"ahead": MONTHS_AHEAD})
    assert found is not None
    return int(found[0])


def due(
    database: Database, older_seconds: float, tenant: str | None = None, *, count: bool = False
) -> list[PrunableJob]:
    """Jobs that ended so long ago, all or a tenant's. With `count` it is a look only: with their numbers of
    rows, and those of which uses are still to be counted."""
    values = {"seconds": older_seconds, "tenant": tenant, "count": count}
    return [PrunableJob(*row) for row in database.rows("prune_due", values)]


def begin(database: Database, job: int) -> bool:
    """The job's rows may go from now on; False where it was begun again, or pruned, meanwhile."""
    return database.row("prune_begin", {"job": job}) is not None


def begun(database: Database) -> list[int]:
    """Jobs of which something is left to go."""
    return [row[0] for row in database.rows("prune_begun")]


def hold(t: Transaction, job: int) -> PruningJob | None:
    """Lock a job that is being pruned; None where nothing of it is left."""
    row = t.row("prune_hold", {"job": job})
    return None if row is None else PruningJob(row[0], row[1] or "")


def drop_chunks(database: Database, job: int) -> int:
    """Delete some chunks of a job that is being pruned; how many, 0 once there are none."""

    def work(t: Transaction) -> int:
        if hold(t, job) is None:
            return 0
        row = t.row("prune_chunks", {"job": job, "most": CHUNKS_AT_ONCE})
        return int(row[0]) if row else 0

    return database.run(work)


def drop_rows(database: Database, job: int, first: int) -> tuple[int, int | None]:
    """Delete a range of rows from number `first` on: how many were there, and the next number that is."""

    def work(t: Transaction) -> tuple[int, int | None]:
        held = hold(t, job)
        if held is None:
            return 0, None
        values = {
            "job": job,
            "first": first,
            "end": first + ROWS_AT_ONCE,
            "has_failed": held.has_failed,
            "most_reasons": MAX_REASONS,
        }
        row = t.row("prune_rows", values)
        assert row is not None
        return row[0], row[1]

    return database.run(work)


def end(database: Database, job: int) -> None:
    """Nothing is left of the job but its own row."""
    database.run(lambda t: t.run("prune_end", {"job": job}))


def is_pruned(database: Database, job: int) -> bool:
    """Whether the job's rows are gone, or going."""
    return database.row("prune_asked", {"job": job}) is not None


def old_months(database: Database, older_seconds: float, besides: Sequence[int] = ()) -> list[str]:
    """Months of the ledger ("attempt_2026_01") that ended so long ago, and of which every call is of a job
    that is pruned, or is one of `besides`."""
    values = {"seconds": older_seconds, "besides": list(besides)}
    return [row[0] for row in database.rows("ledger_old", values)]


def drop_month(database: Database, name: str) -> bool:
    """A month of the ledger goes; False where somebody held the ledger for too long."""

    def work(t: Transaction) -> bool:
        t.rows("ledger_patience")
        found = t.row("ledger_drop", {"name": name})
        return found is not None and bool(found[0])

    return database.run(work)


def clear_ledger(database: Database, older_seconds: float, is_over: Callable[[], bool]) -> int:
    """Delete calls of such months that lie in no partition of their own, until it is over; how many."""
    at, last, total = _BEGINNING, 0, 0
    while not is_over():
        values = {"at": at, "id": last, "seconds": older_seconds, "most": ROWS_AT_ONCE}
        row = database.row("ledger_clear", values)
        if row is None:
            return total
        at, last = row[0], row[1]
        total += row[2]
    return total
