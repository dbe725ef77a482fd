"""Settle calls: book and judge their outcomes, and wake the chunks that waited for them.

Statements are in sql/settlements.sql; claims.py says in which order locks are taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from speeko_jobs.adapters.postgres import breaker_windows
from speeko_jobs.adapters.postgres.breaker_windows import (
    AnswerJudgement,
    RefusedText,
    StoredText,
    WindowVoice,
)
from speeko_jobs.adapters.postgres.database import Database, Transaction
from speeko_jobs.core.model.speech import Record
from speeko_jobs.core.model.states import AttemptState, UtteranceState
from speeko_jobs.core.policies.outage_detection import FIRST_TRY_LIMITS, TryLimits


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt. `final`: the text will never do, no more tries."""

    job: int
    attempt: int
    at: datetime
    key: bytes
    state: AttemptState
    reason: str = ""
    status: int = 0
    latency_millis: int = 0
    audio_bytes: int = 0
    millis: int = 0
    sha256: bytes = b""
    final: bool = False
    voice: WindowVoice | None = None  # whose window it counts in; None: in none
    wasted: bool = False  # paid, or perhaps paid, for nothing
    converted: bool = False  # it came in another container than was asked for
    unique: bool = False  # no two texts that differ may have this audio
    row_no: int = 0


@dataclass(frozen=True, slots=True)
class SettlementResult:
    """What a settlement changed: keys by their new state, and the chunks that are ready because of it.

    `paused`: jobs that it paused, with the reason. `quarantined`: keys whose audio is not theirs; they are
    missing now, whatever Redis says.
    """

    states: dict[bytes, UtteranceState]
    records: dict[bytes, Record]
    ready: list[tuple[int, int]]
    paused: dict[int, str] = field(default_factory=dict)
    quarantined: list[bytes] = field(default_factory=list)


def settle(
    t: Transaction, outcomes: Sequence[Outcome], tries: TryLimits = FIRST_TRY_LIMITS
) -> SettlementResult:
    """Book what became of some calls, judge them, and stop what wastes money. Keys must be distinct.
    Harmless when it is repeated.

    `tries`: after how many a text fails for good.
    """
    keys = [o.key for o in outcomes]
    t.rows("settle_lock_jobs", {"jobs": sorted({o.job for o in outcomes})})
    t.rows("settle_lock_keys", {"keys": keys})
    paused, spared = _judge_refusals(t, outcomes)
    rows = t.rows(
        "settle",
        {
            "attempts": [o.attempt for o in outcomes],
            "ats": [o.at for o in outcomes],
            "keys": keys,
            "outcomes": [o.state.value for o in outcomes],
            "bytes": [o.audio_bytes for o in outcomes],
            "millis": [o.millis for o in outcomes],
            "hashes": [o.sha256 for o in outcomes],
            "statuses": [o.status for o in outcomes],
            "reasons": [o.reason for o in outcomes],
            "latencies": [o.latency_millis for o in outcomes],
            "finals": [o.final and o.key not in spared for o in outcomes],
            "wasted": [o.wasted for o in outcomes],
            "converted": [o.converted for o in outcomes],
            "max_tries": tries.paid,
            "max_bad": tries.bad,
        },
    )
    kept = [row for row in rows if row[1] is not None]
    states = {row[0]: UtteranceState(row[1]) for row in kept}
    records = {row[0]: Record(*row[2:8]) for row in kept if row[1] == UtteranceState.DONE}
    paused |= breaker_windows.note(t, _judged(outcomes, {row[8]: (row[7], row[9]) for row in rows}))
    sounds = [
        StoredText(o.voice, o.job, o.key, o.sha256)
        for o in outcomes
        if o.voice is not None and o.unique and o.sha256 and o.key in records
    ]
    stopped, quarantined = breaker_windows.quarantine(t, sounds)
    for key in quarantined:
        records.pop(key, None)
        if key in states:
            states[key] = UtteranceState.MISSING
    over = [key for key, state in states.items() if state in (UtteranceState.DONE, UtteranceState.FAILED)]
    return SettlementResult(states, records, wake(t, over), paused | stopped, quarantined)


def _judge_refusals(t: Transaction, outcomes: Sequence[Outcome]) -> tuple[dict[int, str], set[bytes]]:
    refused = [
        RefusedText(o.voice, o.job, o.row_no, o.key, o.reason, o.attempt)
        for o in outcomes
        if o.voice is not None and o.state is AttemptState.REFUSED and o.final and o.status
    ]
    succeeded = {o.voice for o in outcomes if o.voice is not None and o.state is AttemptState.STORED}
    useless = {o.attempt for o in outcomes if o.state is not AttemptState.STORED}
    return breaker_windows.note_refused(t, refused, succeeded, useless)


def _judged(outcomes: Sequence[Outcome], written: dict[int, tuple[int, int]]) -> list[AnswerJudgement]:
    """The paid answers that were booked now, or that may have been paid and held no audio."""
    return [
        AnswerJudgement(o.voice, o.job, written[o.attempt][1], written[o.attempt][0], not o.wasted, o.reason)
        for o in outcomes
        if o.voice is not None
        and o.attempt in written
        and (o.wasted or o.state in (AttemptState.STORED, AttemptState.BAD))
    ]


def wake(t: Transaction, keys: Sequence[bytes]) -> list[tuple[int, int]]:
    """End the wait for these keys. Return the chunks that are ready now."""
    if not keys:
        return []
    return sorted((job, no) for job, no in t.rows("settle_wake", {"keys": list(keys)}))


def wake_waiters(
    database: Database, keys: Sequence[bytes], left: Sequence[tuple[int, int]] = ()
) -> list[tuple[int, int]]:
    """Find the chunks to re-enqueue, now that these keys are free and no engine holds the chunks in `left`.

    Return (job, chunk) of running jobs that no engine works on and of which some text can be bought.
    """
    if not keys and not left:
        return []
    values = {"keys": list(keys), "jobs": [job for job, _ in left], "nos": [no for _, no in left]}
    return sorted((job, no) for job, no in database.rows("hand_over", values))
