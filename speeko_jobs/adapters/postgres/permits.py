"""Permits: the one limit of an account, leased by engines and tuned by what they see.

Statements are in sql/permits.sql. Everything happens under the lock of the account's row, once a second
an engine; the decisions are core.permits and core.pacing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from speeko_jobs.adapters.postgres.database import Database, Transaction
from speeko_jobs.core import pacing, permits
from speeko_jobs.core.pacing import WINDOW_SECONDS, Limit, Window

NOTHING = Window(0, 0, saturated=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an engine tells when it leases: what it could use, what it has open, what it saw since."""

    wants: int
    busy: int
    seen: Window = NOTHING
    calls_back: int = 0  # of the last minute's share, not used
    chars_back: int = 0


@dataclass(frozen=True, slots=True)
class Lease:
    """How much an engine may do until it asks again.

    `calls` and `chars` are its share of the rates a minute, -1 where there is no such rate.
    """

    allowed: int
    limit: int
    blocked_seconds: float
    calls: int = -1
    chars: int = -1


@dataclass(frozen=True, slots=True)
class Account:
    """One account as it stands. Seconds ago it moved; seconds it is blocked from now."""

    name: str
    limit: int
    ceiling: int
    why: str
    moved_seconds: float
    blocked_seconds: float
    calls_a_minute: int
    chars_a_minute: int


@dataclass(frozen=True, slots=True)
class Holder:
    """An engine that holds permits."""

    account: str
    host: str
    pid: int
    held: int
    busy: int
    wants: int


def open_account(
    t: Transaction, account: str, ceiling: int, calls_a_minute: int = 0, chars_a_minute: int = 0
) -> None:
    """Make the account known with this ceiling and these rates (0: no such rate)."""
    values = {"account": account, "ceiling": ceiling, "calls": calls_a_minute, "chars": chars_a_minute}
    t.run("account_open", values)


def lease(t: Transaction, account: str, claimant: int, asked: Asked, seconds: float) -> Lease:
    """Tune the limit by what was seen, and lease permits for `seconds`."""
    values: dict[str, Any] = {"account": account, "claimant": claimant}
    row = t.row("account_lock", values)
    assert row is not None, account
    before = Limit(row[0], row[1], row[2], -row[5], row[3], row[4])
    blocked, window_age = row[6], row[7]
    window = Window(
        row[8] + asked.seen.ended,
        row[9] + asked.seen.throttled,
        row[10] or asked.seen.saturated,
        asked.seen.allowed_by_server,
    )
    over = window_age >= WINDOW_SECONDS
    after = pacing.tune(0.0, before, window) if over or window.allowed_by_server else before
    if over:
        window = NOTHING
    calls, calls_left = _share(row[11], row[13] + asked.calls_back, row[15])
    chars, chars_left = _share(row[12], row[14] + asked.chars_back, row[15])
    allowed = permits.grant(
        after.limit, asked.wants, [(h, w) for h, w in t.rows("permits_of_others", values)]
    )
    t.run(
        "account_put",
        {
            "account": account,
            "limit": after.limit,
            "too_high": after.too_high,
            "hold_seconds": after.hold_seconds,
            "why": after.why,
            "moved": after != before,
            "window_over": over,
            "ended": window.ended,
            "throttled": window.throttled,
            "saturated": window.saturated,
            "calls_left": calls_left,
            "chars_left": chars_left,
        },
    )
    taken = {"held": max(allowed, asked.busy), "busy": asked.busy, "wants": asked.wants, "seconds": seconds}
    t.run("permit_take", values | taken)
    return Lease(allowed, after.limit, blocked, calls, chars)


def _share(a_minute: int, left: float, since_seconds: float) -> tuple[int, float]:
    """(what may be used now, what is left for the next that ask) of a rate a minute.

    The bucket holds two seconds' worth, so that a pause is not followed by a burst; who asks takes half of
    what is there, so that the next finds something.
    """
    if not a_minute:
        return -1, 0.0
    filled = min(left + a_minute / 60 * since_seconds, max(a_minute / 30, 1.0))
    share = int(filled + 1) // 2 if filled >= 1 else 0
    return share, filled - share


def block(t: Transaction, account: str, seconds: float, why: str) -> None:
    """Hold the whole fleet's calls on this account."""
    t.run("account_block", {"account": account, "seconds": seconds, "why": why})


def accounts(database: Database) -> list[Account]:
    """Every account there is."""
    return [Account(*row) for row in database.rows("accounts_show")]


def holders(database: Database) -> list[Holder]:
    """Who holds permits now."""
    return [Holder(*row) for row in database.rows("permits_show")]
