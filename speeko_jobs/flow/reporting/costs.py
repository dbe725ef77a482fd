"""What was spent, saved and wasted in some days, by one thing or another, and what the month will come to.

Reads only. Amounts come out of the days' figures and the ledger as they were booked: no price of today
touches them. What the audio store costs is reckoned by the list price of object stores.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from speeko_jobs.adapters.postgres import costs
from speeko_jobs.adapters.postgres.costs import DateRange, LedgerToday
from speeko_jobs.adapters.postgres.database import Database, Transaction
from speeko_jobs.core.billing.cost_breakdown import CostFigures, added, kept_micros
from speeko_jobs.core.billing.forecast import FULL_DAYS, Forecast, days_left, forecast
from speeko_jobs.core.providers.profiles import PROFILES
from speeko_jobs.errors import UsageError

DAY_SECONDS = 86_400


class By(StrEnum):
    """What the lines of a table are."""

    VOICE = "voice"
    DAY = "day"
    JOB = "job"
    TENANT = "tenant"
    PROVIDER = "provider"
    SOURCE = "source"


@dataclass(frozen=True, slots=True)
class Storage:
    """The audio that is kept, and what that costs in micro-dollars in the days asked for, and in this month
    to its end. What was evicted meanwhile is not in it."""

    texts: int
    bytes: int
    micros: int
    month_micros: int


@dataclass(frozen=True, slots=True)
class CostReport:
    """Lines by name, dearest first (days in order), and their sum. `no_job`, by job only: what no job
    that is still there accounts for."""

    by: By
    window: DateRange
    now: LedgerToday
    lines: dict[str, CostFigures]
    no_job: CostFigures | None
    total: CostFigures
    storage: Storage
    routing_saved_micros: int
    forecast: Forecast | None

    @property
    def total_micros(self) -> int:
        """Speech, overhead of the calls, and storage."""
        return self.total.spent_micros + self.storage.micros


def look(
    database: Database,
    by: By = By.VOICE,
    *,
    since: date | None = None,
    until: date | None = None,
    tenant: str | None = None,
    today_only: bool = False,
    storage: Storage | None = None,
) -> CostReport:
    """The costs of some days in UTC, both included: without `since` from the month's first on, without
    `until` to now. `storage`, where it is known, is not looked up: that reads all that is kept.

    Raises UsageError when the days end before they begin.
    """

    def work(t: Transaction) -> CostReport:
        now = costs.begin(t, tenant)
        last = now.today if until is None or today_only else until
        first = last.replace(day=1) if since is None else since
        if today_only:
            first = last
        if first > last:
            raise UsageError(f"--since {first} is after --until {last}")
        return _look(t, by, DateRange(first, last, tenant), now, storage)

    return database.run(work)


def _look(t: Transaction, by: By, window: DateRange, now: LedgerToday, storage: Storage | None) -> CostReport:
    overheads = {name: profile.call_micros for name, profile in PROFILES.items()}
    total = added(costs.parts(t, "", window), overheads).get("", CostFigures())
    lines = added(costs.parts(t, by, window), overheads)
    rest = None
    if by is By.JOB:
        rest = total
        for figures in lines.values():
            rest = rest.plus(figures, -1)
    if by is not By.DAY:
        lines = dict(sorted(lines.items(), key=lambda line: (-line[1].spent_micros, -line[1].saved_micros)))
    return CostReport(
        by,
        window,
        now,
        lines,
        rest if rest != CostFigures() else None,
        total,
        storage or _storage(t, window, now),
        costs.routed_micros(t, window),
        _forecast(t, window, now, overheads),
    )


def _storage(t: Transaction, window: DateRange, now: LedgerToday) -> Storage:
    kept = costs.kept(t, window)
    rest_seconds = days_left(now.today) * DAY_SECONDS
    month_micros = kept_micros(kept.month_byte_seconds + kept.bytes * rest_seconds)
    return Storage(kept.texts, kept.bytes, kept_micros(kept.byte_seconds), month_micros)


def _forecast(
    t: Transaction, window: DateRange, now: LedgerToday, overheads: dict[str, int]
) -> Forecast | None:
    begin = min(now.today.replace(day=1), now.today - timedelta(FULL_DAYS))
    days = added(costs.parts(t, By.DAY, DateRange(begin, now.today, window.tenant)), overheads)
    spent = {date.fromisoformat(day): figures.spent_micros for day, figures in days.items()}
    return forecast(spent, now.today, now.first)
