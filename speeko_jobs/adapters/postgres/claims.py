"""The money protocol's transactions: claim, settle, reap expired leases. Statements are in sql/claims.sql.

Locks are always taken in one order: tenants, jobs, lease holders, utterances by key, attempts, windows,
chunks. Only runs of refusals and quarantines, which are rare, lock utterances after windows; Postgres breaks
a deadlock and the transaction is run again. ARCHITECTURE.md says what each transaction promises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from speeko_jobs.adapters.postgres import breaker_windows, tenants
from speeko_jobs.adapters.postgres.breaker_windows import (
    AnswerJudgement,
    RefusedText,
    StoredText,
    WindowVoice,
)
from speeko_jobs.adapters.postgres.database import Database, Transaction
from speeko_jobs.core.model.cache_key import idempotency_key
from speeko_jobs.core.model.speech import Record
from speeko_jobs.core.model.states import AttemptState, JobState, UtteranceState
from speeko_jobs.core.policies import waste_breaker
from speeko_jobs.core.policies.fair_queue import PurchaseRequest
from speeko_jobs.core.policies.outage_detection import FIRST_TRY_LIMITS, MAX_TRIES, NO_END, TryLimits

DIED = "the worker died during the call"


@dataclass(frozen=True, slots=True)
class Claim:
    """A key that is ours to buy: the intent to call is on record and its cost reserved."""

    attempt: int
    at: datetime
    key: bytes
    text: str
    voice: str
    language: str
    model: str
    format: str
    chars: int
    cost_micros: int
    row_no: int
    chunk_no: int
    tries: int = 0  # calls of this text whose end nobody knows, or that brought bad audio
    again: bool = False  # the last of them failed at the provider: this one is a retry
    fence: int = 1  # the fencing token: how often it was claimed, this time included
    idempotency_no: int = 0  # how often its audio was no use: each time its calls get another key

    @property
    def idempotency_key(self) -> bytes:
        """Return the key that its calls carry (see core.model.cache_key)."""
        return idempotency_key(self.key, self.idempotency_no)

    @property
    def may_be_stored(self) -> bool:
        """Whether an engine may have stored its audio and died before it was booked."""
        return self.fence > 1


@dataclass(frozen=True, slots=True)
class UnclaimedKeys:
    """Why keys were not claimed, and how the job stands."""

    free: list[bytes]  # nobody has them: locked for a moment, or a retry has to wait
    over: str  # the cap that the cheapest of them would pass; "" for none
    job_state: JobState
    retries: frozenset[bytes] = frozenset()  # of the free ones
    reserved: bool = False  # calls are open under that cap: some of its money may come back
    stopped: str = ""  # the stored reason why nothing is bought of their voice; "" where nothing stops it
    is_earlier: bool = False  # it was stopped before the job was submitted


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


def open_lease(t: Transaction, host: str, pid: int, lease_seconds: float) -> int:
    """Open a lease for this process; return the id of the lease holder."""
    found = t.row("claimant_enter", {"host": host, "pid": pid, "seconds": lease_seconds})
    assert found is not None
    return int(found[0])


def renew_lease(t: Transaction, holder: int, lease_seconds: float) -> bool:
    """Renew the lease. Return False where it has expired and was reaped."""
    return t.row("claimant_renew", {"claimant": holder, "seconds": lease_seconds}) is not None


def close_lease(t: Transaction, holder: int) -> None:
    t.run("claimant_leave", {"claimant": holder})


def claim(
    t: Transaction,
    job: int,
    holder: int,
    wants: Sequence[PurchaseRequest],
    retries: int = NO_END,
    account: str = "",
    *,
    on_trial: bool = True,
    is_probe: bool = False,
) -> list[Claim]:
    """Claim those of `wants` that nobody has, as far as the budget goes, and at most so many whose last call
    failed at the provider. Few or none is no error. `is_probe`: also for a job that an outage has paused.

    Of a voice that `account` has not proven, few calls are open at a time unless `on_trial` is false; of one
    that is stopped, none.
    """
    cap = tenants.cap_for_claim(t, job)
    rows = t.rows(
        "claim",
        {
            "job": job,
            "claimant": holder,
            "cap": cap.room_micros,
            "retries": retries,
            "probe": is_probe,
            "died": DIED,
            "keys": [w.key for w in wants],
            "rows": [w.row_no for w in wants],
            "chunks": [w.chunk_no for w in wants],
            "account": account,
            "judged_from": waste_breaker.JUDGED_FROM,
            "trial_calls": waste_breaker.TRIAL_CALLS if account and on_trial else None,
        },
    )
    return [Claim(*row) for row in rows]


def unresolved_calls(database: Database, claimed: Sequence[Claim]) -> dict[bytes, tuple[int, Claim]]:
    """The last call of each text whose end nobody knows, where there is one: key → (its job, that claim)."""
    now = {claim.key: claim for claim in claimed}
    out = {}
    for key, attempt, at, job, row, chunk, chars, cost, fence in database.rows(
        "claims_lost", {"keys": list(now)}
    ):
        before = replace(
            now[key],
            attempt=attempt,
            at=at,
            row_no=row,
            chunk_no=chunk,
            chars=chars,
            cost_micros=cost,
            fence=fence,
        )
        out[key] = (job, before)
    return out


def explain_unclaimed(
    database: Database, job: int, keys: Sequence[bytes], account: str = ""
) -> UnclaimedKeys:
    """Look at keys that could not be claimed. A job that was made well after their voice was stopped begins
    a new trial of it by that."""

    def work(t: Transaction) -> UnclaimedKeys:
        cap = tenants.cap(t, job)
        rows = t.rows("claim_left", {"job": job, "keys": list(keys), "died": DIED, "account": account})
        if not rows:
            return UnclaimedKeys([], "", JobState.RUNNING)
        _, _, state, _, _, room, reserved, waste_room, _, waste_cap, wasted, _ = rows[0]
        free = [row for row in rows if row[1] == UtteranceState.MISSING]
        stopped, is_earlier = next(((row[8], row[11]) for row in free if row[8]), ("", False))
        if stopped and breaker_windows.try_again(t, account, job, keys):
            stopped, is_earlier = "", False
        cheapest = min((row[3] for row in free), default=0)
        over = "the job's budget" if cheapest > room else cap.why if cheapest > cap.room_micros else ""
        is_reserved = bool(reserved if cheapest > room else cap.reserved_micros)
        if not over and cheapest > waste_room:
            over, is_reserved = "the waste cap", bool(reserved)
            if not reserved:
                stopped = stopped or _waste_reason(t, account, keys, waste_cap, wasted, cheapest)
        return UnclaimedKeys(
            [row[0] for row in free],
            over,
            JobState(state),
            frozenset(row[0] for row in free if row[4]),
            is_reserved,
            stopped,
            is_earlier,
        )

    return database.run(work)


def _waste_reason(
    t: Transaction, account: str, keys: Sequence[bytes], cap_micros: int, wasted_micros: int, next_micros: int
) -> str:
    samples = breaker_windows.samples(t, account, keys)
    return waste_breaker.cap_reason(cap_micros, wasted_micros, next_micros, samples)


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
    return breaker_windows.note_refused(t, refused, succeeded, {o.attempt for o in outcomes})


def _judged(outcomes: Sequence[Outcome], written: dict[int, tuple[int, int]]) -> list[AnswerJudgement]:
    """The paid answers that were booked now, or that may have been paid and held no audio."""
    return [
        AnswerJudgement(o.voice, o.job, written[o.attempt][1], written[o.attempt][0], not o.wasted, o.reason)
        for o in outcomes
        if o.voice is not None
        and o.attempt in written
        and (o.wasted or o.state in (AttemptState.STORED, AttemptState.BAD))
    ]


def reap_expired(database: Database, grace_seconds: float = 0.0) -> list[tuple[int, int]]:
    """Reap expired leases; mark their open attempts `unknown`.

    Within `grace_seconds` of the server's start no lease is reaped. Return the chunks that are ready
    because one of their texts has now failed for good. Accounts that they were probing may be probed at once.
    """
    probed: list[str] = []

    def work(t: Transaction) -> list[tuple[int, int]]:
        dead = [row[0] for row in t.rows("dead_claimants", {"grace": grace_seconds})]
        if not dead:
            return []
        values: dict[str, Any] = {"claimants": dead, "max_tries": MAX_TRIES, "died": DIED}
        t.rows("settle_lock_jobs", {"jobs": [row[0] for row in t.rows("dead_jobs", values)]})
        values["claimants"] = [row[0] for row in t.rows("dead_expired", values)]
        probed[:] = [row[0] for row in t.rows("dead_probers", values)]
        t.rows("lost_keys_lock", values)
        return wake(t, [row[0] for row in t.rows("dead_bury", values)])

    ready = database.run(work)
    if probed:  # by itself: a probe locks its account before its job
        database.run(lambda t: t.run("outage_probe_now", {"accounts": probed}))
    return ready


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


def settle_cancelled(t: Transaction) -> list[tuple[int, int]]:
    """The chunks of cancelled jobs that are left, once no call of theirs is open: (job, chunk), now ready."""
    return sorted((job, no) for job, no in t.rows("cancelled_settle"))


@dataclass(frozen=True, slots=True)
class SpeechRate:
    """How one voice of a provider speaks a language and how fast it answers, over all its calls."""

    model: str
    voice: str
    language: str
    calls: int
    chars: int
    millis: int
    latency_millis: int


def add_speech_rates(t: Transaction, provider: str, speech_rates: Sequence[SpeechRate]) -> None:
    """Learn from settled calls."""
    if speech_rates:
        t.run(
            "pace_add",
            {
                "provider": provider,
                "models": [p.model for p in speech_rates],
                "voices": [p.voice for p in speech_rates],
                "languages": [p.language for p in speech_rates],
                "calls": [p.calls for p in speech_rates],
                "chars": [p.chars for p in speech_rates],
                "millis": [p.millis for p in speech_rates],
                "latencies": [p.latency_millis for p in speech_rates],
            },
        )


def speech_rates(database: Database, provider: str, least_calls: int) -> list[SpeechRate]:
    """What is known of a provider's voices that have spoken at least so often."""
    return [
        SpeechRate(*row) for row in database.rows("pace_show", {"provider": provider, "calls": least_calls})
    ]
