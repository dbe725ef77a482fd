"""Texts that an engine has to buy, and its claims on those that are called next.

Texts wait in a fair queue; `claim` turns a batch of them into claims. A poison text, which twice met the end
of its process, is called alone. A claim that is given back before its call costs nothing. Calls nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence

from speeko_jobs.adapters import failpoints
from speeko_jobs.adapters.postgres import claims, settlements
from speeko_jobs.adapters.postgres.chunks import JobContext
from speeko_jobs.adapters.postgres.claims import Claim
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.policies import waste_breaker
from speeko_jobs.core.policies.fair_queue import FairQueue, PurchaseRequest
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.dispatch import wake_waiters
from speeko_jobs.flow.synthesis import settlement
from speeko_jobs.flow.synthesis.engine_threads import RunInThread
from speeko_jobs.flow.synthesis.job_pause import pause
from speeko_jobs.flow.synthesis.lease import Lease

MAX_CLAIMS = 128  # in one transaction
POISON_TRIES = 2  # a text that twice met the end of its process is called alone: it may be the cause
LOCKED_SECONDS = 0.1  # until a text that was locked for a moment is claimed again
RETRY_SECONDS = 1.0  # until a retry for which there was no room asks again
RESERVED_SECONDS = 0.5  # until it is seen whether calls that are open leave room under a cap

OnReady = Callable[[Sequence[tuple[int, int]]], Awaitable[None]]


def request_of(claim: Claim) -> PurchaseRequest:
    """Return the request that this claim came from."""
    return PurchaseRequest(claim.key, claim.row_no, claim.chunk_no)


class ClaimQueue:
    """Wants and claims of one lease. `on_ready` gets the chunks that need no call after all."""

    def __init__(
        self, context: Context, lease: Lease, on_ready: OnReady, *, run: RunInThread = asyncio.to_thread
    ) -> None:
        self._context, self._lease, self._on_ready, self._run = context, lease, on_ready, run
        self._wants = FairQueue()
        self._specs: dict[int, JobSpec] = {}
        self._claimed: deque[tuple[int, Claim]] = deque()
        self._poison: deque[tuple[int, Claim]] = deque()
        self._in_use: dict[int, tuple[int, int]] = {}  # attempt → the chunk that it is for
        self._is_alone = False  # a poison text is being called, and nothing else

    # what there is

    def __len__(self) -> int:
        """Return how many texts are to be called, claimed or not."""
        return self.claimed + len(self._wants)

    @property
    def claimed(self) -> int:
        """Return how many claims wait for their call."""
        return len(self._claimed) + len(self._poison)

    @property
    def ready(self) -> int:
        """Return how many texts can be claimed now."""
        return self._wants.ready()

    def jobs(self) -> set[int]:
        """Return the jobs that have a claim here or want one."""
        return {job for job, _ in (*self._claimed, *self._poison)} | self._wants.jobs()

    def jobs_to_claim_for(self) -> set[int]:
        """Return the jobs that want a claim, now or later."""
        return self._wants.jobs()

    def top_priority(self) -> int | None:
        """Return the highest priority of a job that wants a claim now; None when there is none."""
        return self._wants.top_priority()

    def chunks(self) -> set[tuple[int, int]]:
        """Return the (job, chunk) of which a text waits, is claimed or is being called."""
        return self._wants.chunks() | set(self._in_use.values())

    def spec(self, job: int) -> JobSpec:
        """Return the spec of a job that was added."""
        return self._specs[job]

    # texts

    def add(self, job: JobContext, wants: Iterable[PurchaseRequest]) -> None:
        """Queue texts of a chunk."""
        self._specs[job.job] = job.spec
        self._wants.open(job.job, job.priority, job.tenant, job.weight)
        self._wants.add(job.job, wants)

    def retry_later(self, job: int, want: PurchaseRequest, seconds: float) -> None:
        """Queue a text again so many seconds from now."""
        self._wants.add_later(job, want, time.monotonic() + seconds)

    def wake(self, now: float) -> float | None:
        """Queue what has waited long enough; return when the next is due, None where nothing waits."""
        self._wants.wake(now)
        return self._wants.next_wake()

    # claims

    def room(self, in_flight: int) -> int:
        """Return how many keys to claim now: what may be sent at once, and a few to bridge the next claim."""
        if self._poison or self._is_alone or not self._wants.ready():
            return 0
        budget = self._lease.budget
        if budget.failing:
            return int(not self.claimed and budget.allowed > in_flight)
        spare = budget.allowed - in_flight + max(2, budget.allowed * 3 // 4) - self.claimed
        enough = max(1, min(MAX_CLAIMS, budget.allowed) // 2)
        return min(spare, MAX_CLAIMS) if spare >= enough else 0

    def take(self, in_flight: int) -> tuple[int, list[PurchaseRequest]] | None:
        """Take texts of the job whose turn it is, to claim them. Return None where there is no room or no
        text."""
        size = self.room(in_flight)
        return self._wants.take(size) if size else None

    async def claim(self, job: int, asked: list[PurchaseRequest]) -> None:
        """Claim texts that were taken. Those that cannot be claimed wait, or are another engine's."""
        got = await self._run(self._context.database.run, lambda t: self._claim(t, job, asked))
        failpoints.point("after_claim")
        to_call = got
        if any(claim.may_be_stored for claim in got):
            to_call, found = await self._run(settlement.recover, self._context, job, self._specs[job], got)
            await self._on_ready(found.ready)
        self._in_use |= {claim.attempt: (job, claim.chunk_no) for claim in to_call}
        self._lease.budget.retries -= sum(claim.again for claim in to_call)
        poison = [claim for claim in to_call if claim.tries >= POISON_TRIES and not claim.again]
        self._claimed.extend((job, claim) for claim in to_call if claim not in poison)
        self._poison.extend((job, claim) for claim in poison[:1])
        # one at a time: what else is claimed when the process dies has lost a try, too
        await self._give_back(job, poison[1:], "given back before the call: it is called alone")
        for claim in poison[1:]:
            self.retry_later(job, request_of(claim), LOCKED_SECONDS)
        if len(got) < len(asked):
            mine = {claim.key for claim in got}
            await self._explain(job, [want for want in asked if want.key not in mine])

    def has_next(self, *, is_quiet: bool) -> bool:
        """Return whether a claim may be called now. `is_quiet`: no call is open and no answer unsettled."""
        if self._is_alone:
            return False
        return bool(self._claimed) or (is_quiet and bool(self._poison))

    def pop(self) -> tuple[int, Claim]:
        """Return the next claim to call, with its job. After a poison text nothing until `end_alone`."""
        self._is_alone = not self._claimed
        return (self._claimed or self._poison).popleft()

    def end_alone(self) -> None:
        """Let other texts go on beside or after a poison text: its answer is settled."""
        self._is_alone = False

    def settled(self, claim: Claim) -> None:
        """Forget a claim whose answer is settled."""
        self._in_use.pop(claim.attempt, None)

    # back to others

    async def release(self, job: int, reason: str) -> None:
        """Do no more for a job. Wake the chunks of other jobs that need what it leaves unbought."""
        keys = [want.key for want in self._wants.drop(job)]
        mine = [claim for owner, claim in (*self._claimed, *self._poison) if owner == job]
        self._claimed = deque(pair for pair in self._claimed if pair[0] != job)
        self._poison = deque(pair for pair in self._poison if pair[0] != job)
        await self._give_back(job, mine, reason)
        await self._run(wake_waiters, self._context, keys + [claim.key for claim in mine])

    @property
    def sheds(self) -> bool:
        """Return whether more is claimed than can be sent while most calls fail."""
        return self._lease.budget.failing and len(self._claimed) > 1

    async def shed(self, delay: Callable[[], float]) -> None:
        """Give back what is claimed and cannot be sent now; it is claimed again when calls succeed."""
        shed, self._claimed = list(self._claimed), deque[tuple[int, Claim]]()
        for job in {job for job, _ in shed}:
            mine = [claim for owner, claim in shed if owner == job]
            await self._give_back(job, mine, "given back before the call: the provider fails")
            for claim in mine:
                self.retry_later(job, request_of(claim), delay())

    def unsent_keys(self) -> list[bytes]:
        """Return the keys that are claimed and were not sent."""
        return [claim.key for _, claim in (*self._claimed, *self._poison)]

    async def give_back_all(self) -> None:
        """Give back all claims that were not sent."""
        by_job: dict[int, list[Claim]] = {}
        for job, claim in (*self._claimed, *self._poison):
            by_job.setdefault(job, []).append(claim)
        for job, mine in by_job.items():
            await self._give_back(job, mine, "given back before the call")

    async def _give_back(self, job: int, unsent: list[Claim], reason: str) -> None:
        if unsent:
            outcomes = [settlement.unsent(job, claim, reason) for claim in unsent]
            await self._run(self._context.database.run, lambda t: settlements.settle(t, outcomes))
            for claim in unsent:
                self.settled(claim)

    def _claim(self, t: Transaction, job: int, asked: list[PurchaseRequest]) -> list[Claim]:
        lease = self._lease
        retries = max(lease.budget.retries, 0)
        got = claims.claim(t, job, lease.holder, asked, retries, lease.account, on_trial=lease.is_on_trial)
        failpoints.point("before_claim")
        return got

    async def _explain(self, job: int, not_mine: list[PurchaseRequest]) -> None:
        """Leave keys that others have to them, try again what was free but locked, pause at a cap."""
        keys = [want.key for want in not_mine]
        left = await self._run(
            claims.explain_unclaimed, self._context.database, job, keys, self._lease.account
        )
        if left.job_state is not JobState.RUNNING:
            await self.release(job, "the job was stopped before the call")
            return
        if left.stopped:
            reason = waste_breaker.earlier_reason(left.stopped, job) if left.is_earlier else left.stopped
            await self._run(pause, self._context, job, reason)
            await self.release(job, "the job was paused before the call")
            return
        if left.over and not left.reserved:
            reason = f"budget: the next text would pass {left.over}"
            await self._run(pause, self._context, job, reason)
            await self.release(job, "the budget is used up")
            return
        free = set(left.free)
        for want in not_mine:
            if want.key in free:
                wait = RETRY_SECONDS if want.key in left.retries else LOCKED_SECONDS
                self.retry_later(job, want, max(wait, RESERVED_SECONDS) if left.over else wait)
