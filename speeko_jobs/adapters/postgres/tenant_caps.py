"""Tenants: their caps in money and their weight in the queue. Statements are in sql/tenant_caps.sql.

Days and months are UTC's. Without a row a tenant has no cap and weight 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from speeko_jobs.adapters.postgres.database import Database, Transaction

NO_CAP = 2**62


@dataclass(frozen=True, slots=True)
class Cap:
    """What a tenant may still spend, in micro-dollars, which of its caps says so ("" for none), and what
    is reserved for calls that are open."""

    room_micros: int
    why: str = ""
    reserved_micros: int = 0


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant's caps in micro-dollars (None: no cap), its weight, and what it has spent and reserved."""

    name: str
    weight: float
    daily_micros: int | None
    monthly_micros: int | None
    spent_today_micros: int
    spent_month_micros: int
    reserved_micros: int


def cap(t: Transaction, job: int) -> Cap:
    """The room under the caps of a job's tenant. Its row stays locked to the end of the transaction, so
    that claims of one capped tenant queue up and none passes the cap."""
    return _room(t, t.row("tenant_lock", {"job": job}))


def cap_for_claim(t: Transaction, job: int) -> Cap:
    """Return the room under the caps of a job's tenant, as `cap` does; lock the job after the tenant.

    Both locks are one round trip.
    """
    return _room(t, t.row("claim_lock", {"job": job}))


def _room(t: Transaction, caps_row: tuple[Any, ...] | None) -> Cap:
    """Return the room under locked caps: name, daily cap, monthly cap. None, or a name of None, is no cap."""
    if caps_row is None or caps_row[0] is None:
        return Cap(NO_CAP)
    name, daily, monthly = caps_row
    spent = t.row("tenant_spent", {"tenant": name})
    assert spent is not None
    today, month, reserved = spent
    caps = []
    if daily is not None:
        caps.append(Cap(daily - today - reserved, f"the daily cap of tenant {name!r}", reserved))
    if monthly is not None:
        caps.append(Cap(monthly - month - reserved, f"the monthly cap of tenant {name!r}", reserved))
    return min(caps, key=lambda c: c.room_micros)


def put(
    t: Transaction,
    name: str,
    *,
    daily_micros: int | None = None,
    monthly_micros: int | None = None,
    keep_daily: bool = True,
    keep_monthly: bool = True,
    weight: float | None = None,
) -> None:
    """Set a tenant's caps and weight; `keep_...` leaves a cap as it is (None then means nothing)."""
    t.run(
        "tenant_put",
        {
            "tenant": name,
            "weight": weight,
            "daily": daily_micros,
            "monthly": monthly_micros,
            "keep_daily": keep_daily,
            "keep_monthly": keep_monthly,
        },
    )


def show(database: Database) -> list[Tenant]:
    """Every tenant that has a cap or a weight."""

    def work(t: Transaction) -> list[Tenant]:
        found = []
        for name, weight, daily, monthly in t.rows("tenants_show"):
            spent = t.row("tenant_spent", {"tenant": name})
            assert spent is not None
            found.append(Tenant(name, weight, daily, monthly, *spent))
        return found

    return database.run(work)
