"""The days' costs, and the ledger by job: sums for reading, all of one moment. Statements: sql/costs.sql."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.core.billing.cost_breakdown import CostPart

BY_JOB = "job"


@dataclass(frozen=True, slots=True)
class DateRange:
    """Days in UTC, both included, of one tenant or (None) of all."""

    since: date
    until: date
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class LedgerToday:
    """The day in UTC by the database's clock, the first of all days with a charged call, and what is open."""

    today: date
    first: date | None
    open_calls: int
    reserved_micros: int


@dataclass(frozen=True, slots=True)
class KeptAudio:
    """The audio that is kept now, and bytes × seconds of it: in a window, and in this month by UTC so far."""

    texts: int
    bytes: int
    byte_seconds: Decimal
    month_byte_seconds: Decimal


def begin(t: Transaction, tenant: str | None) -> LedgerToday:
    """How it stands; whatever is read in this transaction afterwards is of the same moment."""
    t.run("costs_snapshot")
    t.rows("cache_patience")
    found = t.row("costs_now", {"tenant": tenant})
    assert found is not None
    return LedgerToday(*found)


def parts(t: Transaction, by: str, window: DateRange) -> list[CostPart]:
    """The figures of these days by `by` (voice, day, job, tenant, provider, source; "": all in one).

    By job they are out of the ledger and of the chunks that were delivered then: what belongs to no job that
    is still there is not among them.
    """
    if by == BY_JOB:
        return [CostPart(*row) for row in t.rows("costs_jobs", _values(window))]
    return [CostPart(*row) for row in t.rows("costs_parts", {"by": by, **_values(window)})]


def kept(t: Transaction, window: DateRange) -> KeptAudio:
    """With a tenant: what its own jobs bought."""
    found = t.row("costs_kept", _values(window))
    assert found is not None
    return KeptAudio(*found)


def routed_micros(t: Transaction, window: DateRange) -> int:
    """What the choice of voices saved at list price, as planned."""
    found = t.row("costs_routed", _values(window))
    assert found is not None
    return int(found[0])


def _values(window: DateRange) -> dict[str, object]:
    return {"since": window.since, "until": window.until, "tenant": window.tenant}
