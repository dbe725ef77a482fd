"""Claim texts to buy, and explain those that could not be claimed. Statements are in sql/claims.sql.

Locks of the money protocol are always taken in one order: tenants, jobs, lease holders, utterances by key,
attempts, windows, chunks. Only runs of refusals and quarantines, which are rare, lock utterances after
windows; Postgres breaks a deadlock and the transaction is run again. ARCHITECTURE.md says what each
transaction promises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from speeko_jobs.adapters.postgres import breaker_windows, tenant_caps
from speeko_jobs.adapters.postgres.database import Database, Transaction
from speeko_jobs.adapters.postgres.leases import DIED
from speeko_jobs.core.model.cache_key import idempotency_key
from speeko_jobs.core.model.states import JobState, UtteranceState
from speeko_jobs.core.policies import waste_breaker
from speeko_jobs.core.policies.fair_queue import PurchaseRequest
from speeko_jobs.core.policies.outage_detection import NO_END


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
    cap = tenant_caps.cap_for_claim(t, job)
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
        cap = tenant_caps.cap(t, job)
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
