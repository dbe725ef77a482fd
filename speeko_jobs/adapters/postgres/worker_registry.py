"""The registry of workers: where each runs, its version, and the accounts that it serves.

A worker counts as running while its row is fresh by the database's clock. A worker of a release before the
registry has no row. No key is in it. Statements are in sql/worker_registry.sql.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from speeko_jobs.adapters.postgres.database import Database, Transaction
from speeko_jobs.core.providers.accounts import Described

SYNTHESIZE = "synthesize"


@dataclass(frozen=True, slots=True)
class Worker:
    """One supervisor with its processes. `seen_seconds`: how long it still counts as running; below 0 it is
    lost. `is_stopping`: it takes no new work and finishes what it has begun."""

    id: int
    host: str
    pid: int
    home: str
    version: str
    queues: tuple[str, ...]
    processes: int
    accounts: Mapping[str, Described]
    is_stopping: bool
    started_at: datetime
    seen_seconds: float

    @property
    def is_running(self) -> bool:
        return self.seen_seconds > 0

    @property
    def synthesizes(self) -> bool:
        return SYNTHESIZE in self.queues

    @property
    def state(self) -> str:
        """Return running, stopping or lost."""
        if not self.is_running:
            return "lost"
        return "stopping" if self.is_stopping else "running"


@dataclass(frozen=True, slots=True)
class WorkerEntry:
    """What a worker tells of itself when it begins."""

    host: str
    pid: int
    home: str
    version: str
    queues: Sequence[str]
    processes: int
    accounts: Mapping[str, Described]


def enter(t: Transaction, entry: WorkerEntry, seconds: float) -> int:
    """Register a worker that counts as running for `seconds`; its number."""
    accounts = {name: dataclasses.asdict(one) for name, one in entry.accounts.items()}
    values: dict[str, Any] = {
        "host": entry.host, "pid": entry.pid, "home": entry.home, "version": entry.version,
        "queues": list(entry.queues), "processes": entry.processes, "accounts": json.dumps(accounts),
        "seconds": seconds,
    }  # fmt: skip
    found = t.row("worker_enter", values)
    assert found is not None
    return int(found[0])


def seen(t: Transaction, worker: int, seconds: float, *, is_stopping: bool) -> bool:
    """Renew a worker's row; False where it was forgotten."""
    values = {"worker": worker, "seconds": seconds, "is_stopping": is_stopping}
    return t.row("worker_seen", values) is not None


def leave(t: Transaction, worker: int) -> None:
    """Delete the row of a worker that ends."""
    t.run("worker_leave", {"worker": worker})


def forget(t: Transaction, seconds: float) -> int:
    """Delete the rows of workers that have been lost for so long; how many."""
    return t.run("workers_forget", {"seconds": seconds})


def registered(database: Database) -> list[Worker]:
    """Return every worker in the registry, lost ones too. Raises ServerError."""
    return [_worker(row) for row in database.rows("workers_show")]


def running(database: Database) -> list[Worker]:
    """Return the workers that count as running. Raises ServerError."""
    return [worker for worker in registered(database) if worker.is_running]


def with_lease(database: Database) -> list[tuple[str, int]]:
    """Return host and process of every engine whose lease runs, of whatever version."""
    return [(host, pid) for host, pid in database.rows("workers_with_lease")]


def _worker(row: tuple[Any, ...]) -> Worker:
    id, host, pid, home, version, queues, processes, accounts, *rest = row
    told = {name: Described(**one) for name, one in accounts.items()}
    return Worker(id, host, pid, home, version, tuple(queues), processes, told, *rest)
