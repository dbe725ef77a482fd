"""Run a synthesis engine for one Celery task, on as many chunks as it has permits for.

The lease says how many calls may be open; the tracker feeds texts to the queue, and the queue feeds claims to
the caller. Answers are buffered and settled; each result goes back to tracker and queue. The engine never
waits for a text that another engine buys: the engine that settles a text wakes the chunks that need it.
All on one event loop; what blocks (Postgres, Redis, the store) runs in a few threads.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Collection
from enum import Enum

from speeko_jobs.adapters.postgres import chunks, permits
from speeko_jobs.adapters.postgres.chunks import Chunk, JobContext
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.adapters.postgres.settlements import SettlementResult
from speeko_jobs.adapters.providers.provider import Provider
from speeko_jobs.core.model.pause_reasons import PauseKind, stored_reason
from speeko_jobs.core.model.speech import Failure, ProviderError
from speeko_jobs.core.model.states import JobState, UtteranceState
from speeko_jobs.errors import ServerError, SpeekoError
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.dispatch import wake_waiters
from speeko_jobs.flow.synthesis import outage_recovery, resource_reserve, spool
from speeko_jobs.flow.synthesis.answer_buffer import AnswerBuffer
from speeko_jobs.flow.synthesis.answer_outcome import Answer
from speeko_jobs.flow.synthesis.background_tasks import BackgroundTasks, SingleFlight
from speeko_jobs.flow.synthesis.call_budget import account_of
from speeko_jobs.flow.synthesis.call_dispatcher import CallDispatcher
from speeko_jobs.flow.synthesis.caller import Caller
from speeko_jobs.flow.synthesis.chunk_tracker import ChunkTracker, Wants
from speeko_jobs.flow.synthesis.claim_queue import ClaimQueue, request_of
from speeko_jobs.flow.synthesis.engine_threads import EngineThreads
from speeko_jobs.flow.synthesis.job_pause import pause
from speeko_jobs.flow.synthesis.lease import Lease
from speeko_jobs.flow.synthesis.settler import Settler, SettleRetries
from speeko_jobs.settings import Settings

SETTLE_TRIES = 7  # about 12 s in all
PAUSED = "the job was paused before the call"
STOPPED = "the job was stopped before the call"
log = logging.getLogger(__name__)


class EngineState(Enum):
    """What an engine may begin. It goes down this list only."""

    RUNNING = "running"
    DRAINING = "draining"  # its time is over, or its process stops: what is claimed is called, no more
    FAILED = "failed"  # its lease is lost, or a step failed: no call begins, what is in flight is settled


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
        """`first` is the job that the message named; `mine` are the settings of the account to call on."""
        self._context, self._first, self._is_stopping = context, first, is_stopping
        self._state = EngineState.RUNNING
        self._ceiling = first.spec.max_concurrency
        if provider.profile.name == "espeak":
            self._ceiling = min(self._ceiling, 2 * (os.cpu_count() or 1))
        self._ends = 0.0
        self._changed = asyncio.Event()
        self._taking, self._claiming = SingleFlight(), SingleFlight()
        self._threads = EngineThreads()
        self._run = run = self._threads.run
        self._tasks = BackgroundTasks(self._changed.set, self._task_failed)
        self._lease = Lease(
            context,
            account_of(provider.profile, mine),
            self._demand,
            is_on_trial=not provider.profile.is_deterministic,
            run=run,
        )
        self._tracker = ChunkTracker(context, self._lease, first, mine.account, run=run)
        self._queue = ClaimQueue(context, self._lease, self._tracker.mark_ready, run=run)
        budget = self._lease.budget
        self._settler = Settler(
            context, SettleRetries(SETTLE_TRIES), limits=lambda good: budget.tries(good=good), run=run
        )
        self._answers = AnswerBuffer(
            context, self._settler, self._tasks, self._on_settled, self._fail, run=run
        )
        self._caller = Caller(context, provider, self._lease, self._tasks, self._settler.delay, run=run)
        self._calls = CallDispatcher(
            self._lease, self._queue, self._caller, self._answers, self._tasks, self._changed
        )

    async def run(self, no: int) -> int:
        """Work on chunk `no` of the first job, and on others while there is room. Return the calls made."""
        self._ends = time.monotonic() + self._context.settings.work_seconds
        try:
            chunk = await self._open(no)
            if chunk is None:
                return 0
            try:
                await self._prepare()
                self._lease.start_heartbeat(self._on_beat, self._after_beat)
                try:
                    await self._begin(chunk)
                    await self._work()
                finally:
                    await self._lease.stop_heartbeat()
            finally:
                await self._close()
        finally:
            self._threads.close()
        return self._caller.calls

    # from its lease to the end of it

    async def _open(self, no: int) -> Chunk | None:
        """Open a lease and take a chunk. Return None where there is none, or where this process lacks
        threads: then nothing was begun."""
        try:
            self._threads.start()
        except ServerError as error:
            reason = stored_reason(PauseKind.WORKER, str(error))
            await asyncio.to_thread(pause, self._context, self._first.job, reason)
            return None
        self._lease.budget.most = resource_reserve.max_calls()

        def take(t: Transaction) -> Chunk | None:
            self._lease.open(t)
            chunk = self._tracker.take_first(t, no)
            if chunk is None:
                self._lease.close(t)
            return chunk

        return await self._run(self._context.database.run, take)

    async def _prepare(self) -> None:
        spec, account = self._first.spec, self._lease.account
        rates = spec.calls_per_minute, spec.chars_per_minute
        await self._run(
            self._context.database.run, lambda t: permits.open_account(t, account, self._ceiling, *rates)
        )
        await self._caller.load_speech_rates()
        await self._lease.renew_now()
        self._check_lease()

    def _demand(self) -> tuple[int, int]:
        """Return how many calls could be made now, and how many are in flight."""
        busy = self._caller.in_flight
        if not self._lease.budget.allowed and not self._caller.calls:
            return self._ceiling, busy  # at the start nothing is known yet; a chunk's worth is likely
        return busy + len(self._queue), busy

    async def _on_beat(self) -> None:
        self._check_lease()
        await self._handle_pauses()
        if self._claiming.is_free and self._taking.is_free:  # else their chunks are not known to be in use
            await self._tracker.release_idle(self._queue.chunks())
        await self._tracker.enqueue_next()

    def _after_beat(self) -> None:
        self._check_lease()
        self._tracker.note_heartbeat()
        self._changed.set()

    def _check_lease(self) -> None:
        if self._lease.is_lost:
            self._fail("its lease has expired")
        elif not self._lease.is_valid:
            self._fail("its lease ran out")

    async def _handle_pauses(self) -> None:
        """Give back what was claimed for jobs that do not run any more. Without room to spool none does."""
        context, jobs = self._context, list(self._tracker.jobs)
        if not await self._run(spool.room, context):
            for job in jobs:
                await self._run(pause, context, job.job, spool.no_room(context))
        if self._lease.budget.trouble_seconds >= min(job.spec.give_up_seconds for job in jobs):
            await self._run(outage_recovery.give_up, context)
        for no in self._queue.jobs():
            now = await self._run(chunks.job_context, context.database, no)
            if now is None or now.state is not JobState.RUNNING:
                await self._queue.release(no, STOPPED)

    def _fail(self, why: str) -> None:
        """Begin nothing more. What is in flight is still settled: late audio is kept."""
        if self._state is not EngineState.FAILED:
            log.warning("this engine (lease holder %d) stops: %s", self._lease.holder, why)
        self._state = EngineState.FAILED
        self._calls.stop()

    def _task_failed(self, error: BaseException) -> None:
        expected = isinstance(error, SpeekoError)
        log.error("%s: %s", type(error).__name__, error, exc_info=None if expected else error)
        self._fail("a step of it failed")

    async def _close(self) -> None:
        """Give everything back; what cannot be given back now is reaped when the lease expires."""
        unsent = self._queue.unsent_keys()

        def close(t: Transaction) -> list[tuple[int, int]]:
            left = self._tracker.release_all(t)
            self._lease.close(t, is_unsettled=bool(self._settler.unsettled))
            return left

        try:
            await self._queue.give_back_all()
            left = await self._run(self._context.database.run, close)
            await self._tracker.enqueue_next()
            await self._run(wake_waiters, self._context, unsent, left)
        except SpeekoError as error:
            log.warning("the lease of holder %d is left to expire: %s", self._lease.holder, error)

    # the work

    async def _work(self) -> None:
        while True:
            self._changed.clear()
            now = time.monotonic()
            next_wake = self._queue.wake(now)
            self._answers.flush(now)
            if self._state is EngineState.RUNNING and (self._is_stopping() or now >= self._ends):
                self._state = EngineState.DRAINING
            self._calls.send_claimed(now)
            if self._queue.sheds:
                self._tasks.spawn(self._queue.shed(self._settler.delay))
            if self._state is EngineState.RUNNING:
                self._look_for_chunks()
                self._claim()
            if self._is_idle():
                break
            timeout = 0.25
            if (due := self._answers.seconds_until_due(time.monotonic())) is not None:
                timeout = max(due, 0.001)
            elif next_wake is not None:
                timeout = min(max(next_wake - now, 0.01), timeout)
            try:
                async with asyncio.timeout(timeout):
                    await self._changed.wait()
            except TimeoutError:
                pass
        await self._tasks.join()

    def _is_idle(self) -> bool:
        if self._caller.in_flight or not self._answers.is_empty:
            return False
        if self._claiming.running or self._taking.running:
            return False
        return self._state is not EngineState.RUNNING or not len(self._queue)

    def _look_for_chunks(self) -> None:
        if not self._taking.is_free:
            return
        if self._tracker.wants_chunk(self._queue.ready):
            self._tasks.spawn(self._taking.run(self._take(())))
        elif self._tracker.looks_around(len(jobs := self._queue.jobs_to_claim_for())):
            self._tasks.spawn(self._taking.run(self._take(jobs)))

    async def _take(self, besides: Collection[int]) -> None:
        """Take the chunk that is next in line; or, `besides` what is here, of jobs no less urgent."""
        least = self._queue.top_priority() if besides else None
        self._add(await self._tracker.take_next(besides, least))

    async def _begin(self, chunk: Chunk) -> None:
        self._add(await self._tracker.begin(chunk))

    def _add(self, wants: Wants | None) -> None:
        if wants is not None:
            self._queue.add(*wants)

    def _claim(self) -> None:
        if not self._claiming.is_free or self._calls.has_backlog:
            return
        turn = self._queue.take(self._caller.in_flight)
        if turn is not None:
            # its next chunk, while others are served
            self._tracker.look_around |= turn[0] not in self._queue.jobs_to_claim_for()
            self._tasks.spawn(self._claiming.run(self._queue.claim(*turn)))

    async def _on_settled(self, batch: list[Answer], settled: SettlementResult) -> None:
        """Pass on what a settled batch changed: chunks that are ready, texts to try again, paused jobs."""
        try:
            await self._tracker.mark_ready(settled.ready)
            for answer in batch:
                error, claim = answer.result, answer.claim
                if isinstance(error, ProviderError) and error.failure is Failure.ACCOUNT:
                    reason = stored_reason(PauseKind.ACCOUNT, error.reason)
                    await self._run(pause, self._context, answer.job, reason)
                    await self._queue.release(answer.job, PAUSED)
                if settled.states.get(claim.key) is UtteranceState.MISSING:
                    self._queue.retry_later(answer.job, request_of(claim), self._settler.delay())
                self._queue.settled(claim)
            for job in settled.paused:
                await self._queue.release(job, PAUSED)
        finally:
            self._queue.end_alone()
