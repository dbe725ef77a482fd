"""Permits: the one limit of an account, leased by engines. Statements are in sql/permits.sql."""

from __future__ import annotations

from dataclasses import dataclass

from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.core import permits


@dataclass(frozen=True, slots=True)
class Lease:
    """How many calls an engine may have open until it asks again, and how long all must wait first."""

    allowed: int
    limit: int
    blocked_seconds: float


def open_account(t: Transaction, account: str, ceiling: int) -> None:
    """Make the account known with this ceiling."""
    t.run("account_open", {"account": account, "ceiling": ceiling})


def lease(t: Transaction, account: str, claimant: int, *, wants: int, busy: int, seconds: float) -> Lease:
    """Lease permits for `seconds`. The account's row lock makes the sum hold over the fleet."""
    values = {"account": account, "claimant": claimant}
    row = t.row("account_lock", values)
    assert row is not None, account
    limit, blocked = row
    allowed = permits.grant(limit, wants, [(h, w) for h, w in t.rows("permits_of_others", values)])
    t.run(
        "permit_take",
        {**values, "held": max(allowed, busy), "busy": busy, "wants": wants, "seconds": seconds},
    )
    return Lease(allowed, limit, blocked)


def block(t: Transaction, account: str, seconds: float, why: str) -> None:
    """Hold the whole fleet's calls on this account."""
    t.run("account_block", {"account": account, "seconds": seconds, "why": why})
