"""Run a synthesis engine for one Celery task, on as many chunks as it has permits for.

The message that woke it names one chunk; while it has permits to spare it takes the next ones itself, so
that the end of one chunk overlaps the start of another. It never waits for a text that another
engine buys: the engine that settles a text wakes the chunks that need it. All on one event loop; what blocks
(Postgres, Redis, the store) runs in a few threads.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import deque
from collections.abc import Callable, Collection
from typing import Any, TypeVar

from speeko_jobs.adapters import failpoints
from speeko_jobs.adapters.postgres import chunks, claims, permits, settlements
from speeko_jobs.adapters.postgres.chunks import Chunk, JobContext
from speeko_jobs.adapters.postgres.claims import Claim
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.adapters.postgres.settlements import SettlementResult
from speeko_jobs.adapters.providers.provider import Provider
from speeko_jobs.core.model.pause_reasons import PauseKind, stored_reason
from speeko_jobs.core.model.speech import Failure, ProviderError
from speeko_jobs.core.model.states import JobState, UtteranceState
from speeko_jobs.core.policies import waste_breaker
from speeko_jobs.core.policies.fair_queue import FairQueue, PurchaseRequest
from speeko_jobs.errors import ServerError, SpeekoError
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.delivery import chunk_delivery
from speeko_jobs.flow.dispatch import dispatch
from speeko_jobs.flow.synthesis import (
    chunk_intake,
    outage_recovery,
    resource_reserve,
    settlement,
    spool,
)
from speeko_jobs.flow.synthesis.answer_buffer import AnswerBuffer
from speeko_jobs.flow.synthesis.answer_validation import Answer
from speeko_jobs.flow.synthesis.call_budget import account_of
from speeko_jobs.flow.synthesis.caller import Caller
from speeko_jobs.flow.synthesis.engine_threads import EngineThreads
from speeko_jobs.flow.synthesis.job_pause import pause
from speeko_jobs.flow.synthesis.lease import Lease
from speeko_jobs.flow.synthesis.settler import Settler, SettleRetries
from speeko_jobs.flow.synthesis.single_flight import BackgroundTasks, SingleFlight
from speeko_jobs.settings import Settings

T = TypeVar("T")

CLAIM_AT_ONCE = 128
WAKE_SECONDS = 0.01
POISON_TRIES = 2  # a text that twice met the end of its process is called alone: it may be the cause
SETTLE_TRIES = 7  # about 12 s in all
BACKLOG = 128  # calls open or not yet settled, beyond which none is made: a death, or bad audio, loses them
BACKLOG_TIMES = 3  # of the calls that are allowed, where that is more
RETRY_SECONDS = 1.0  # until a retry for which there was no room asks again
RESERVED_SECONDS = 0.5  # until it is seen whether calls that are open leave room under a cap
MAX_JOBS = 16  # at a time in one engine
log = logging.getLogger(__name__)


class Engine:
    """One engine, for as long as one task may last."""

    def __init__(
        self,
        context: Context,
        provider: Provider,
        first: JobContext,
        is_stopping: Callable[[], bool],
        mine: Settings,
    ) -> None:
        self.context, self.first = context, first
        self.is_stopping = is_stopping
        self.profile = provider.profile
        self.account_name = mine.account
        self.ceiling = first.spec.max_concurrency
        if self.profile.name == "espeak":
            self.ceiling = min(self.ceiling, 2 * (os.cpu_count() or 1))
        self.orders: dict[int, JobContext] = {first.job: first}
        self.threads = EngineThreads()
        self._in_thread = self.threads.run
        self.changed = asyncio.Event()
        self.tasks = BackgroundTasks(self.changed.set, self._task_failed)
        self.taking, self.claiming = SingleFlight(), SingleFlight()
        self.chunks: dict[tuple[int, int], Chunk] = {}
        self.backlog = FairQueue()
        self.lease = Lease(
            context,
            account_of(self.profile, mine),
            self._demand,
            is_on_trial=not self.profile.is_deterministic,
            run=self._in_thread,
        )
        budget = self.lease.budget
        self.settler = Settler(
            context,
            SettleRetries(SETTLE_TRIES),
            limits=lambda good: budget.tries(good=good),
            run=self._in_thread,
        )
        self.answers = AnswerBuffer(
            context, self.settler, self.tasks, self._on_settled, self._give_up, run=self._in_thread
        )
        self.caller = Caller(
            context, provider, self.lease, self.tasks, self.settler.delay, run=self._in_thread
        )
        self.look_around = False  # for other jobs, since the last heartbeat
        self.finished: set[int] = set()  # jobs of which chunks were delivered here since the last heartbeat
        self.under_way: dict[int, tuple[int, int]] = {}  # attempt → the chunk that it is for
        self.claimed: deque[tuple[int, Claim]] = deque()
        self.poison_claims: deque[tuple[int, Claim]] = deque()
        self.alone = False  # a poison text is under way, and nothing else
        self.ends = 0.0
        self.exhausted = self.broken = self.waking = False

    async def run(self, no: int) -> int:
        """Work on chunk `no` of the first job, and on others while there is room. Return the calls made."""
        self.ends = time.monotonic() + self.context.settings.work_seconds
        try:
            self.threads.start()
        except ServerError as error:
            reason = stored_reason(PauseKind.WORKER, str(error))
            await asyncio.to_thread(pause, self.context, self.first.job, reason)
            self.threads.close()
            return 0
        self.lease.budget.most = resource_reserve.max_calls()
        chunk = await self._in_thread(self.context.database.run, lambda t: self._enter(t, no))
        if chunk is None:
            self.threads.close()
            return 0
        try:
            await self._prepare()
            self.lease.start_heartbeat(self._on_beat, self._after_beat)
            try:
                await self._begin(chunk)
                await self._work()
            finally:
                await self.lease.stop_heartbeat()
        finally:
            await self._leave()
        return self.caller.calls

    # the life of the engine

    def _enter(self, t: Transaction, no: int) -> Chunk | None:
        """Open a lease and take the named chunk, or the next free one. Return None if there is none."""
        self.lease.open(t)
        chunk = chunks.take(t, self.first.job, no, self.lease.holder)
        chunk = chunk or chunks.take_next(t, self.profile.name, self.account_name, self.lease.holder)
        if chunk is None:
            self.lease.close(t)
        return chunk

    async def _prepare(self) -> None:
        spec = self.first.spec
        rates = spec.calls_per_minute, spec.chars_per_minute
        await self._in_thread(
            self.context.database.run,
            lambda t: permits.open_account(t, self.lease.account, self.ceiling, *rates),
        )
        await self.caller.load_speech_rates()
        await self.lease.renew_now()
        self._check_lease()

    def _demand(self) -> tuple[int, int]:
        """Return how many calls could be made now, and how many are in flight."""
        if not self.lease.budget.allowed and not self.caller.calls:
            # at the start nothing is known yet; a chunk's worth is likely
            return self.ceiling, self.caller.in_flight
        wants = self.caller.in_flight + len(self.claimed) + len(self.poison_claims) + len(self.backlog)
        return wants, self.caller.in_flight

    async def _on_beat(self) -> None:
        self._check_lease()
        await self._handle_pauses()
        await self._release_idle()
        await self._enqueue_chunks()

    def _after_beat(self) -> None:
        self._check_lease()
        self.look_around, self.exhausted = True, False
        self.changed.set()

    def _check_lease(self) -> None:
        if self.lease.is_lost:
            self._give_up("its lease has expired")
        elif not self.lease.is_valid:
            self._give_up("its lease ran out")

    async def _handle_pauses(self) -> None:
        """Give back what was claimed for jobs that do not run any more. Without room to spool none does."""
        if not await self._in_thread(spool.room, self.context):
            for job in self.orders:
                await self._in_thread(pause, self.context, job, spool.no_room(self.context))
        if self.lease.budget.trouble_seconds >= min(o.spec.give_up_seconds for o in self.orders.values()):
            await self._in_thread(outage_recovery.give_up, self.context)
        for job in {job for job, _ in (*self.claimed, *self.poison_claims)} | self.backlog.jobs():
            orders = await self._in_thread(chunks.job_context, self.context.database, job)
            if orders is None or orders.state is not JobState.RUNNING:
                await self._drop(job, "the job was stopped before the call")

    async def _release_idle(self) -> None:
        """Leave chunks for which nothing is to be done here: other engines buy what they wait for."""
        if not (self.claiming.is_free and self.taking.is_free):
            return  # what they are about is on neither list just now
        idle = set(self.chunks) - self.backlog.chunks() - set(self.under_way.values())
        if idle:
            left = [self.chunks.pop(chunk) for chunk in idle]
            await self._in_thread(
                self.context.database.run, lambda t: chunks.release(t, self.lease.holder, left)
            )
            await self._wake_waiters([], sorted(idle))

    async def _enqueue_chunks(self) -> None:
        """Let more chunks of the jobs that get on into the broker, for engines that have nothing to do."""
        finished, self.finished = self.finished, set()
        for job in sorted(finished):
            await self._in_thread(dispatch, self.context, job)

    async def _wake_waiters(self, free: list[bytes], left: list[tuple[int, int]]) -> None:
        """Re-enqueue chunks that wait for the released keys, and released chunks."""
        due = await self._in_thread(settlements.wake_waiters, self.context.database, free, left)
        await self._in_thread(self.context.queue.synthesize, due)

    async def _drop(self, job: int, reason: str) -> None:
        """Do no more for a job. What it leaves unbought may be needed by others."""
        free = [want.key for want in self.backlog.drop(job)]
        mine = [claim for owner, claim in (*self.claimed, *self.poison_claims) if owner == job]
        self.claimed = deque(pair for pair in self.claimed if pair[0] != job)
        self.poison_claims = deque(pair for pair in self.poison_claims if pair[0] != job)
        await self._give_back(job, mine, reason)
        await self._wake_waiters(free + [claim.key for claim in mine], [])

    async def _give_back(self, job: int, unsent: list[Claim], reason: str) -> None:
        if unsent:
            outcomes = [settlement.unsent(job, claim, reason) for claim in unsent]
            await self._in_thread(self.context.database.run, lambda t: settlements.settle(t, outcomes))
            for claim in unsent:
                self.under_way.pop(claim.attempt, None)

    async def _shed(self) -> None:
        """Give back what is claimed and cannot be sent now; it is claimed again when calls succeed."""
        shed, self.claimed = list(self.claimed), deque[tuple[int, Claim]]()
        for job in {job for job, _ in shed}:
            mine = [claim for owner, claim in shed if owner == job]
            await self._give_back(job, mine, "given back before the call: the provider fails")
            for claim in mine:
                self._later(
                    job, PurchaseRequest(claim.key, claim.row_no, claim.chunk_no), self.settler.delay()
                )

    def _give_up(self, why: str) -> None:
        """Begin nothing more. What is in flight is still settled: late audio is kept."""
        if not self.broken:
            log.warning("this engine (lease holder %d) stops: %s", self.lease.holder, why)
        self.broken = True

    async def _leave(self) -> None:
        """Give everything back; what cannot be given back now is reaped when the lease expires."""
        left = list(self.chunks.values())
        unsent = [claim.key for _, claim in (*self.claimed, *self.poison_claims)]
        by_job: dict[int, list[Claim]] = {}
        for job, claim in (*self.claimed, *self.poison_claims):
            by_job.setdefault(job, []).append(claim)
        try:
            for job, mine in by_job.items():
                await self._give_back(job, mine, "given back before the call")

            def leave(t: Any) -> None:
                chunks.release(t, self.lease.holder, left)
                self.lease.close(t, is_unsettled=bool(self.settler.unsettled))

            await self._in_thread(self.context.database.run, leave)
            await self._enqueue_chunks()
            await self._wake_waiters(unsent, [(chunk.job, chunk.no) for chunk in left])
        except SpeekoError as error:
            log.warning("the lease of holder %d is left to expire: %s", self.lease.holder, error)
        self.threads.close()

    # the work

    async def _work(self) -> None:
        while True:
            self.changed.clear()
            now = time.monotonic()
            self.backlog.wake(now)
            self.answers.flush(now)
            open_for_more = not (self.broken or self.is_stopping()) and now < self.ends
            self._send_claimed(now)
            if self.lease.budget.failing and len(self.claimed) > 1:
                self.tasks.spawn(self._shed())
            if open_for_more and self._wants_chunk():
                self.tasks.spawn(self.taking.run(self._take_next()))
            elif open_for_more and self._looks_around():
                self.tasks.spawn(self.taking.run(self._take_next(self.backlog.jobs())))
            if open_for_more and self.claiming.is_free and (batch := self._claim_size()):
                self.tasks.spawn(self.claiming.run(self._claim(batch)))
            if self._is_idle(open_for_more):
                break
            timeout = 0.25
            if (due := self.answers.seconds_until_due(time.monotonic())) is not None:
                timeout = max(due, 0.001)
            elif (wake := self.backlog.next_wake()) is not None:
                timeout = min(max(wake - now, 0.01), timeout)
            try:
                async with asyncio.timeout(timeout):
                    await self.changed.wait()
            except TimeoutError:
                pass
        await self.tasks.join()

    def _is_idle(self, open_for_more: bool) -> bool:
        if self.caller.in_flight or not self.answers.is_empty:
            return False
        if self.claiming.running or self.taking.running:
            return False
        if not open_for_more:
            return True
        return not (self.claimed or self.poison_claims or self.backlog)

    def _task_failed(self, error: BaseException) -> None:
        expected = isinstance(error, SpeekoError)
        log.error("%s: %s", type(error).__name__, error, exc_info=None if expected else error)
        self._give_up("a step of it failed")

    # chunks

    def _wants_chunk(self) -> bool:
        if not self.taking.is_free or self.exhausted or self.lease.budget.failing:
            return False
        return self.backlog.ready() < 2 * self.lease.budget.allowed

    def _looks_around(self) -> bool:
        """Whether to look for another job that waits; so none waits for the end of a large chunk."""
        if not self.taking.is_free or not self.look_around or self.lease.budget.failing:
            return False
        self.look_around = False
        return 0 < len(self.backlog.jobs()) < MAX_JOBS

    async def _take_next(self, besides: Collection[int] = ()) -> None:
        """Take the chunk that is next in line; or, `besides` what is here, of jobs no less urgent."""
        least = self.backlog.top_priority() if besides else None
        chunk = await self._in_thread(
            self.context.database.run,
            lambda t: chunks.take_next(
                t, self.profile.name, self.account_name, self.lease.holder, sorted(besides), least
            ),
        )
        if chunk is not None:
            await self._begin(chunk)
        elif not besides:
            self.exhausted = True

    async def _begin(self, chunk: Chunk) -> None:
        if chunk.job not in self.orders:
            orders = await self._in_thread(chunks.job_context, self.context.database, chunk.job)
            assert orders is not None
            self.orders[chunk.job] = orders
        orders = self.orders[chunk.job]
        started = await self._in_thread(chunk_intake.start, self.context, orders, chunk)
        if started is None:
            run = self.context.database.run
            await self._in_thread(run, lambda t: chunks.release(t, self.lease.holder, [chunk]))
            return
        if not started.wants:
            await self._deliver(orders, started)
            return
        self.chunks[chunk.job, chunk.no] = chunk
        self.backlog.open(chunk.job, orders.priority, orders.tenant, orders.weight)
        self.backlog.add(chunk.job, started.wants)

    async def _deliver(self, orders: JobContext, started: chunk_intake.Started) -> None:
        """Everything of a chunk is known: pass it on to be delivered, or deliver it here where that is little
        work, or where those who deliver have enough to do."""
        chunk, context = started.chunk, self.context
        if not chunk_delivery.is_light(context, orders, started.rows):
            window = context.settings.window
            if await self._in_thread(context.database.run, lambda t: chunks.ready(t, chunk, window)):
                await self._ready([(chunk.job, chunk.no)])
                return
        finished = await self._in_thread(
            chunk_delivery.deliver_chunk,
            context,
            orders,
            chunk,
            started.rows,
            started.known,
            self.lease.holder,
        )
        self.exhausted = False
        if finished is not None:
            await self._in_thread(chunk_delivery.go_on, context, chunk.job, finished)
        self.finished.add(chunk.job)

    async def _ready(self, ready: list[tuple[int, int]]) -> None:
        """These chunks have all their audio: on to delivery, and the next ones into the broker."""
        for chunk in ready:
            self.chunks.pop(chunk, None)
        if ready:
            await self._in_thread(self.context.queue.deliver, ready)
            for job in {job for job, _ in ready}:
                await self._in_thread(dispatch, self.context, job)

    # claims

    def _claim_size(self) -> int:
        """How many keys to claim now: what may be sent at once, and a few more to bridge the next claim."""
        if self.answers.waiting > BACKLOG or self.poison_claims or self.alone or not self.backlog.ready():
            return 0
        claimed = len(self.claimed) + len(self.poison_claims)
        allowed = self.lease.budget.allowed
        if self.lease.budget.failing:
            return int(not claimed and allowed > self.caller.in_flight)
        spare = allowed - self.caller.in_flight + max(2, allowed * 3 // 4) - claimed
        enough = max(1, min(CLAIM_AT_ONCE, allowed) // 2)
        return min(spare, CLAIM_AT_ONCE) if spare >= enough else 0

    async def _claim(self, size: int) -> None:
        turn = self.backlog.take(size)
        if turn is None:
            return
        job, asked = turn
        self.look_around |= job not in self.backlog.jobs()  # its next chunk, while others are served
        got = await self._in_thread(self.context.database.run, lambda t: self._claims(t, job, asked))
        failpoints.point("after_claim")
        spec = self.orders[job].spec
        to_call = got
        if any(claim.may_be_stored for claim in got):
            to_call, found = await self._in_thread(settlement.recover, self.context, job, spec, got)
            await self._ready(found.ready)
        self.under_way |= {claim.attempt: (job, claim.chunk_no) for claim in to_call}
        self.lease.budget.retries -= sum(claim.again for claim in to_call)
        poison_claims = [c for c in to_call if c.tries >= POISON_TRIES and not c.again]
        self.claimed.extend((job, claim) for claim in to_call if claim not in poison_claims)
        self.poison_claims.extend((job, claim) for claim in poison_claims[:1])
        # one at a time: what else is claimed when the process dies has lost a try, too
        await self._give_back(job, poison_claims[1:], "given back before the call: it is called alone")
        for claim in poison_claims[1:]:
            self._later(job, PurchaseRequest(claim.key, claim.row_no, claim.chunk_no), 0.1)
        if len(got) < len(asked):
            mine = {claim.key for claim in got}
            await self._look_at_left(job, [want for want in asked if want.key not in mine])

    def _claims(self, t: Transaction, job: int, asked: list[PurchaseRequest]) -> list[Claim]:
        retries = max(self.lease.budget.retries, 0)
        got = claims.claim(
            t, job, self.lease.holder, asked, retries, self.lease.account, on_trial=self.lease.is_on_trial
        )
        failpoints.point("before_claim")
        return got

    async def _look_at_left(self, job: int, not_mine: list[PurchaseRequest]) -> None:
        """Keys that others have are theirs; what is free but was locked is tried again; a cap pauses."""
        keys = [want.key for want in not_mine]
        left = await self._in_thread(
            claims.explain_unclaimed, self.context.database, job, keys, self.lease.account
        )
        if left.job_state is not JobState.RUNNING:
            await self._drop(job, "the job was stopped before the call")
            return
        if left.stopped:
            reason = waste_breaker.earlier_reason(left.stopped, job) if left.is_earlier else left.stopped
            await self._in_thread(pause, self.context, job, reason)
            await self._drop(job, "the job was paused before the call")
            return
        free = set(left.free)
        if left.over and not left.reserved:
            reason = f"budget: the next text would pass {left.over}"
            await self._in_thread(pause, self.context, job, reason)
            await self._drop(job, "the budget is used up")
            return
        for want in not_mine:
            if want.key in free:
                wait = RETRY_SECONDS if want.key in left.retries else 0.1
                self._later(job, want, max(wait, RESERVED_SECONDS) if left.over else wait)

    def _later(self, job: int, want: PurchaseRequest, seconds: float) -> None:
        self.backlog.add_later(job, want, time.monotonic() + seconds)

    # calls

    def _send_claimed(self, now: float) -> None:
        if self.broken:
            return
        most = max(BACKLOG, BACKLOG_TIMES * self.lease.budget.allowed)
        while (self.claimed or self.poison_claims) and self.caller.in_flight + len(self.answers) < most:
            busy = self.caller.in_flight or not self.answers.is_empty
            if self.alone or (not self.claimed and busy):
                return
            if not self.lease.may_begin(now, self.caller.in_flight):
                return
            self.alone = not self.claimed
            job, claim = (self.claimed or self.poison_claims).popleft()
            self.caller.begin(claim)
            self.tasks.spawn(self._call(job, claim), self._call_ended)

    def _call_ended(self) -> None:
        """The next call begins at once; all else can wait until a few have ended."""
        self._send_claimed(time.monotonic())
        if not self.waking:
            self.waking = True
            asyncio.get_running_loop().call_later(WAKE_SECONDS, self._wake)

    def _wake(self) -> None:
        self.waking = False
        self.changed.set()

    async def _call(self, job: int, claim: Claim) -> None:
        self.answers.add(await self.caller.call(job, self.orders[job].spec, claim))

    async def _on_settled(self, batch: list[Answer], settled: SettlementResult) -> None:
        """Handle what a settled batch changed: chunks that are ready, texts to try again, paused jobs."""
        try:
            await self._ready(settled.ready)
            for answer in batch:
                error, claim = answer.result, answer.claim
                if isinstance(error, ProviderError) and error.failure is Failure.ACCOUNT:
                    reason = stored_reason(PauseKind.ACCOUNT, error.reason)
                    await self._in_thread(pause, self.context, answer.job, reason)
                    await self._drop(answer.job, "the job was paused before the call")
                if settled.states.get(claim.key) is UtteranceState.MISSING:
                    want = PurchaseRequest(claim.key, claim.row_no, claim.chunk_no)
                    self._later(answer.job, want, self.settler.delay())
                self.under_way.pop(claim.attempt, None)
            for job in settled.paused:
                await self._drop(job, "the job was paused before the call")
        finally:
            self.alone = False
