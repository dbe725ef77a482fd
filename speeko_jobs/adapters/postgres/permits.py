"""Permits: the one limit of an account, leased by engines and tuned by what they see.

Statements are in sql/permits.sql. Everything happens under the lock of the account's row, once a second
an engine; the decisions are core.policies.permit_shares and core.policies.adaptive_limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from speeko_jobs.adapters.postgres.database import Database, Transaction
from speeko_jobs.core.policies import (
    adaptive_limit,
    outage_detection,
    permit_shares,
    waste_breaker,
)
from speeko_jobs.core.policies.adaptive_limit import NOTHING, CallLimit, CallWindow
from speeko_jobs.core.policies.outage_detection import PLENTY, UNKNOWN_HEALTH, Health

SAMPLE_SECONDS = 5  # an account's calls are noted once in each such slot
SAMPLE_DAYS = 7
SAMPLES_AT_ONCE = 1_000  # of an account, that are deleted together


@dataclass(frozen=True, slots=True)
class LeaseRequest:
    """What an engine tells when it leases: what it could use, what it has open, what it saw since."""

    wants: int
    busy: int
    seen: CallWindow = NOTHING
    calls_back: int = 0  # of the last minute's share, not used
    chars_back: int = 0
    retries_back: int = 0
    kind: str = ""  # of the last failure that it saw (TroubleKind)
    why: str = ""


@dataclass(frozen=True, slots=True)
class PermitLease:
    """How much an engine may do until it asks again.

    `calls` and `chars` are its share of the rates a minute, -1 where there is no such rate; `retries` of
    the retry budget. `failing_seconds`: for how long (most) calls to this account have failed; 0.0: they
    have not. `health`: whether the account answers at all.
    """

    allowed: int
    limit: int
    blocked_seconds: float
    calls: int = -1
    chars: int = -1
    retries: int = 0
    failing_seconds: float = 0.0
    health: Health = UNKNOWN_HEALTH


@dataclass(frozen=True, slots=True)
class AccountLimits:
    """One account as it stands. Seconds ago it moved; seconds it is blocked from now."""

    name: str
    limit: int
    ceiling: int
    why: str
    moved_seconds: float
    blocked_seconds: float
    calls_a_minute: int
    chars_a_minute: int
    trouble_seconds: float | None = None  # for how long nothing but failures has come; None: it answers
    trouble_kind: str = ""
    trouble_why: str = ""
    good_run: int = 0
    retries_left: float = 0.0


@dataclass(frozen=True, slots=True)
class PermitHolder:
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
    t.run(
        "account_open",
        {
            "account": account,
            "ceiling": ceiling,
            "start": adaptive_limit.START,
            "calls": calls_a_minute,
            "chars": chars_a_minute,
        },
    )


def lease(
    t: Transaction, account: str, holder: int, asked: LeaseRequest, seconds: float, *, on_trial: bool = False
) -> PermitLease:
    """Tune the limit by what was seen, and lease permits for `seconds`.

    `on_trial`: an account of which few answers were judged is leased few, whatever its limit.
    """
    values: dict[str, Any] = {"account": account, "claimant": holder}
    row = t.row("account_lock", values)
    assert row is not None, account
    before, blocked = _limit(*row[:14]), row[14]
    health = outage_detection.update_health(Health(*row[22:]), asked.seen, asked.kind, asked.why)
    after = adaptive_limit.tune(0.0, before, asked.seen)
    calls_a_minute, chars_a_minute, calls_left, chars_left, retries_left, since, answers = row[15:22]
    calls, calls_left = _share(calls_a_minute, calls_left + asked.calls_back, since)
    chars, chars_left = _share(chars_a_minute, chars_left + asked.chars_back, since)
    retries_left = adaptive_limit.retries_left(retries_left + asked.retries_back, since, asked.seen.ended)
    retries, retries_left = _half(retries_left)
    if health.lifts_rations:
        retries, retries_left = PLENTY, max(retries_left, adaptive_limit.MAX_RETRIES)
    others = [(held, wants) for held, wants in t.rows("permits_of_others", values)]
    is_new = on_trial and answers < waste_breaker.JUDGED_FROM
    most = min(after.limit, waste_breaker.TRIAL_CALLS) if is_new else after.limit
    allowed = permit_shares.grant(most, asked.wants, others)
    t.run(
        "account_put",
        {
            "account": account,
            "limit": after.limit,
            "too_high": after.too_high,
            "hold_seconds": after.hold_seconds,
            "probing": after.probing,
            "why": after.why,
            "moved": after.moved_at != before.moved_at,
            "window_moved": after.window_at != before.window_at,
            "window_in": after.window_at,
            "ended": after.window.ended,
            "throttled": after.window.throttled,
            "failed": after.window.failed,
            "saturated": after.window.saturated,
            "failing": after.failing_since is not None,
            "pause": after.pause_seconds,
            "calls_left": calls_left,
            "chars_left": chars_left,
            "retries_left": retries_left,
            "good": bool(asked.seen.good),
            "good_run": health.good_run,
            "trouble": health.since is not None,
            "noted": bool(asked.kind) and health.since is not None,
            "texts": health.texts,
            "kind": health.kind,
            "trouble_why": health.why,
        },
    )
    taken = {"held": max(allowed, asked.busy), "busy": asked.busy, "wants": asked.wants, "seconds": seconds}
    noted = {"limit": after.limit, "slot": SAMPLE_SECONDS}
    t.run("permit_take", values | taken | noted)
    failing = 0.0 if after.failing_since is None else max(-after.failing_since, 0.001)
    blocked = max(blocked, after.pause_seconds)
    return PermitLease(allowed, after.limit, blocked, calls, chars, retries, failing, health)


def _limit(
    limit: int,
    ceiling: int,
    too_high: int,
    hold_seconds: float,
    probing: bool,
    why: str,
    moved_ago: float,
    window_ago: float,
    failing_for: float | None,
    ended: int,
    throttled: int,
    failed: int,
    saturated: bool,
    quiet: bool,
) -> CallLimit:
    """A row of account_lock as a Limit whose clock is 0.0 now."""
    return CallLimit(
        limit,
        ceiling,
        too_high,
        -moved_ago,
        hold_seconds,
        probing,
        why,
        CallWindow(ended, throttled, failed, saturated),
        -window_ago,
        quiet,
        None if failing_for is None else -failing_for,
    )


def _share(a_minute: int, left: float, since_seconds: float) -> tuple[int, float]:
    """(what may be used now, what is left for the next that ask) of a rate a minute.

    The bucket holds two seconds' worth, so that a pause is not followed by a burst.
    """
    if not a_minute:
        return -1, 0.0
    return _half(min(left + a_minute / 60 * since_seconds, max(a_minute / 30, 1.0)))


def _half(there: float) -> tuple[int, float]:
    """(what an engine takes, what stays): about half, so that the next that asks finds something."""
    share = int(there + 1) // 2 if there >= 1 else 0
    return share, there - share


def give_back(t: Transaction, account: str, asked: LeaseRequest) -> None:
    """An engine leaves: what it has not used of its shares is there for others, what it saw counts with the
    next look. Its permits go with it."""
    t.run(
        "account_back",
        {
            "account": account,
            "ended": asked.seen.ended,
            "throttled": asked.seen.throttled,
            "failed": asked.seen.failed,
            "saturated": asked.seen.saturated,
            "calls": asked.calls_back,
            "chars": asked.chars_back,
            "retries": asked.retries_back,
            "good": asked.seen.good,
            "answered": asked.seen.answered,
            "texts": asked.seen.new_failed,
            "kind": asked.kind,
            "why": asked.why,
        },
    )


def block(t: Transaction, account: str, seconds: float, why: str) -> None:
    """Hold the whole fleet's calls on this account."""
    t.run("account_block", {"account": account, "seconds": seconds, "why": why})


def accounts(database: Database) -> list[AccountLimits]:
    """Every account there is."""
    return [AccountLimits(*row) for row in database.rows("accounts_show")]


def holders(database: Database) -> list[PermitHolder]:
    """Who holds permits now."""
    return [PermitHolder(*row) for row in database.rows("permits_show")]


def forget_account_samples(database: Database) -> int:
    """Delete some of what was noted of accounts more than SAMPLE_DAYS ago; how much."""
    return database.run(lambda t: t.run("pulses_forget", {"days": SAMPLE_DAYS, "most": SAMPLES_AT_ONCE}))
