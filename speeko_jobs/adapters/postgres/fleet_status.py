"""Read how the fleet stands: engines, samples of accounts, and the totals of all jobs.

Reads only, cheap enough for twice a second. Statements are in sql/fleet_status.sql.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.adapters.postgres.permits import SAMPLE_SECONDS

MOMENTS = 300  # of an account
OVERDUE_SECONDS = 60.0  # nobody has looked at a schedule that is due


@dataclass(frozen=True, slots=True)
class AccountSample:
    """A sample of an account: its limit, calls open, calls that engines could have had open."""

    account: str
    at: datetime
    limit: int
    busy: int
    wants: int


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """A process that makes calls. `lease_seconds` is what is left of its lease: below 0 the
    lease has expired. `jobs`: the jobs whose chunks it has."""

    id: int
    host: str
    pid: int
    started_at: datetime
    lease_seconds: float
    held: int
    busy: int
    wants: int
    chunks: int
    jobs: list[int]


@dataclass(frozen=True, slots=True)
class FleetSnapshot:
    """The line above every page. `limit`: of the accounts that engines hold permits of; `spent_today_micros`
    with the overhead of calls, without what may have been charged besides; days are UTC's."""

    at: datetime
    running: int
    paused: int
    waiting_rows: int
    in_flight: int
    limit: int
    engines: int
    dead_engines: int
    spent_today_micros: int
    saved_today_micros: int
    reserved_micros: int
    overdue_schedules: int


def account_samples(
    database: Database, accounts: Sequence[str], since: datetime, until: datetime
) -> list[AccountSample]:
    """How accounts went, oldest first, at most a few hundred moments each: of a stretch of time `at` is its
    begin, `busy` and `wants` the most, `limit` the last. There is none while no engine was at work. Raises
    ServerError."""
    slots = (until - since).total_seconds() / SAMPLE_SECONDS / MOMENTS
    each = timedelta(seconds=max(math.ceil(slots), 1) * SAMPLE_SECONDS)
    values = {"accounts": list(accounts), "since": since, "until": until, "each": each}
    return [AccountSample(*row) for row in database.rows("board_pulses", values)]


def engines(database: Database) -> list[EngineStatus]:
    """Return each process that holds a lease, expired leases that are not reaped yet included. A command that
    says one text is one, without chunks. Raises ServerError."""
    return [EngineStatus(*row) for row in database.rows("board_engines")]


def now(database: Database, tenant: str | None = None) -> FleetSnapshot:
    """The line above every page, cheap enough for twice a second; with a tenant its jobs, money and
    schedules, and calls and engines of all. Raises ServerError."""
    found = database.row("board_now", {"tenant": tenant, "overdue": OVERDUE_SECONDS})
    assert found is not None
    return FleetSnapshot(*found)
