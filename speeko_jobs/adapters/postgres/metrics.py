"""Sums over everything, for monitoring: one look is one transaction of a few statements.

Counters come from what never goes (the daily costs, refusals, periodic tasks), so they outlive workers,
restarts and pruning. Statements are in sql/metrics.sql.
"""

from __future__ import annotations

from dataclasses import dataclass

from speeko_jobs.adapters.postgres import wait_facts as waiting
from speeko_jobs.adapters.postgres.database import Database, Transaction
from speeko_jobs.core.reporting.wait_reasons import WaitKind

SWEEP, EVICT, PRUNE = "sweep", "evict", "prune"
MAX_JOBS = 1_000  # open jobs that are looked at
PERIODIC_TASKS = (SWEEP, EVICT, PRUNE)


@dataclass(frozen=True, slots=True)
class JobMetrics:
    """Jobs of a tenant in one state, and their rows by their end. `waiting`: rows of jobs that go on."""

    tenant: str
    state: str
    jobs: int
    delivered: int
    unchanged: int
    failed: int
    refused: int
    waiting: int
    reserved_micros: int


@dataclass(frozen=True, slots=True)
class CostMetrics:
    """What was booked of a tenant, provider and source: calls of a call's source, else rows."""

    tenant: str
    provider: str
    source: str
    requests: int
    chars: int
    micros: int
    saved_micros: int


@dataclass(frozen=True, slots=True)
class RefusalMetrics:
    """Calls that a provider refused with a status; 0 is a connection that it refused."""

    provider: str
    status: int
    calls: int


@dataclass(frozen=True, slots=True)
class AccountMetrics:
    """One account: its limit, for how long nothing is sent, calls that are open and that could be."""

    name: str
    limit: int
    ceiling: int
    blocked_seconds: float
    open_calls: int
    wanted_calls: int
    trouble_seconds: float  # for how long nothing but failures has come; 0: it answers


@dataclass(frozen=True, slots=True)
class ChunkMetrics:
    """Chunks of running jobs in one state, and since when the oldest is in it (None: not queued yet)."""

    state: str
    chunks: int
    oldest_seconds: float | None


@dataclass(frozen=True, slots=True)
class PeriodicTask:
    """A periodic task: when it ended last, how often it did, how much it has done in all."""

    name: str
    ago_seconds: float
    runs: int
    done: int


@dataclass(frozen=True, slots=True)
class MetricsSnapshot:
    """Everything of one look."""

    jobs: list[JobMetrics]
    costs: list[CostMetrics]
    refusals: list[RefusalMetrics]
    accounts: list[AccountMetrics]
    chunks: list[ChunkMetrics]
    idle_chunks: int
    engines: int
    dead_engines: int
    chores: list[PeriodicTask]
    database_bytes: int
    waiting: dict[tuple[str, ...], float]  # open jobs by what they wait for


def look(database: Database) -> MetricsSnapshot:
    """Read all figures. Raises ServerError where Postgres is away or too slow, SchemaError."""

    def work(t: Transaction) -> MetricsSnapshot:
        t.run("metrics_patience")
        idle, engines, size = t.row("metrics_idle"), t.row("metrics_engines"), t.row("metrics_bytes")
        assert idle
        assert engines
        assert size
        return MetricsSnapshot(
            [JobMetrics(*row) for row in t.rows("metrics_jobs")],
            [CostMetrics(*row) for row in t.rows("metrics_costs")],
            [RefusalMetrics(*row) for row in t.rows("metrics_refusals")],
            [AccountMetrics(*row) for row in t.rows("metrics_accounts")],
            [ChunkMetrics(*row) for row in t.rows("metrics_chunks")],
            idle[0],
            engines[0],
            engines[1],
            [PeriodicTask(*row) for row in t.rows("metrics_chores")],
            size[0],
            _waiting(t),
        )

    return database.run(work)


def _waiting(t: Transaction) -> dict[tuple[str, ...], float]:
    """Return how many of the open jobs wait, by what for."""
    open_jobs = [row[0] for row in t.rows("board_running", {"tenant": None, "limit": MAX_JOBS})]
    out: dict[tuple[str, ...], float] = {(kind.value,): 0.0 for kind in WaitKind}
    for seen in waiting.look(t, open_jobs).values():
        if seen.waiting is not None:
            out[(seen.waiting.kind.value,)] += 1
    return out


def note_periodic_task(database: Database, name: str, done: int = 0) -> None:
    """Note that a periodic task has ended, and how much it has done."""
    database.run(lambda t: t.run("chore_ended", {"name": name, "done": done}))
