"""The chunks that an engine holds, and what is to be done for their jobs.

Takes chunks from Postgres, looks their texts up, passes on what is ready to be delivered, and leaves chunks
for which nothing is to be done here. Claims nothing and calls nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from speeko_jobs.adapters.postgres import chunks
from speeko_jobs.adapters.postgres.chunks import Chunk, JobContext
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.core.policies.fair_queue import PurchaseRequest
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.delivery import chunk_delivery
from speeko_jobs.flow.dispatch import dispatch, wake_waiters
from speeko_jobs.flow.synthesis import chunk_intake
from speeko_jobs.flow.synthesis.engine_threads import RunInThread
from speeko_jobs.flow.synthesis.lease import Lease

MAX_JOBS = 16  # at a time in one engine

Wants = tuple[JobContext, Sequence[PurchaseRequest]]


class ChunkTracker:
    """The chunks of one lease. `look_around`: whether another job may be looked for at the next chance."""

    def __init__(
        self,
        context: Context,
        lease: Lease,
        first: JobContext,
        account_name: str,
        *,
        run: RunInThread = asyncio.to_thread,
    ) -> None:
        self.look_around = False
        self._context, self._lease, self._run = context, lease, run
        self._first, self._account_name = first, account_name
        self._jobs = {first.job: first}
        self._held: dict[tuple[int, int], Chunk] = {}
        self._delivered: set[int] = set()  # jobs of which chunks were delivered here since the last heartbeat
        self._is_exhausted = False  # there was no next chunk since the last heartbeat

    @property
    def jobs(self) -> Collection[JobContext]:
        """Return every job of which this engine took a chunk."""
        return self._jobs.values()

    # what to take

    def wants_chunk(self, ready: int) -> bool:
        """Return whether to take one more chunk, while `ready` texts can be claimed."""
        budget = self._lease.budget
        return not self._is_exhausted and not budget.failing and ready < 2 * budget.allowed

    def looks_around(self, jobs: int) -> bool:
        """Return, once a heartbeat, whether to look for another job beside `jobs` that have texts here: so
        none waits for the end of a large chunk."""
        if not self.look_around or self._lease.budget.failing:
            return False
        self.look_around = False
        return 0 < jobs < MAX_JOBS

    def note_heartbeat(self) -> None:
        """Look again for chunks and for other jobs."""
        self.look_around, self._is_exhausted = True, False

    # taking

    def take_first(self, t: Transaction, no: int) -> Chunk | None:
        """Take the named chunk of the first job, or the next free one. Return None if there is none."""
        chunk = chunks.take(t, self._first.job, no, self._lease.holder)
        return chunk or self._take_next(t, (), None)

    async def take_next(
        self, besides: Collection[int] = (), least_priority: int | None = None
    ) -> Wants | None:
        """Take and begin the next free chunk, of no job in `besides` and of at least this priority.

        Return the texts to buy; None where there is no chunk, or where it needs none.
        """
        chunk = await self._run(
            self._context.database.run, lambda t: self._take_next(t, besides, least_priority)
        )
        if chunk is not None:
            return await self.begin(chunk)
        if not besides:
            self._is_exhausted = True
        return None

    async def begin(self, chunk: Chunk) -> Wants | None:
        """Look up the texts of a chunk that was taken. Return those to buy; None where there are none: then
        the chunk is passed on, or its job is paused."""
        job = self._jobs.get(chunk.job)
        if job is None:
            job = await self._run(chunks.job_context, self._context.database, chunk.job)
            assert job is not None
            self._jobs[chunk.job] = job
        started = await self._run(chunk_intake.start, self._context, job, chunk)
        if started is None:
            await self._release([chunk])
            return None
        if not started.wants:
            await self._deliver(job, started)
            return None
        self._held[chunk.job, chunk.no] = chunk
        return job, started.wants

    def _take_next(self, t: Transaction, besides: Collection[int], least: int | None) -> Chunk | None:
        name = self._first.spec.profile.name
        return chunks.take_next(t, name, self._account_name, self._lease.holder, sorted(besides), least)

    # passing on

    async def mark_ready(self, ready: Sequence[tuple[int, int]]) -> None:
        """Pass on chunks that have all their audio: to delivery, and the next of their jobs to the broker."""
        for chunk in ready:
            self._held.pop(chunk, None)
        if ready:
            await self._run(self._context.queue.deliver, ready)
            for job in {job for job, _ in ready}:
                await self._run(dispatch, self._context, job)

    async def enqueue_next(self) -> None:
        """Enqueue more chunks of the jobs that were delivered from here, for engines that are idle."""
        delivered, self._delivered = self._delivered, set()
        for job in sorted(delivered):
            await self._run(dispatch, self._context, job)

    async def release_idle(self, in_use: Collection[tuple[int, int]]) -> None:
        """Leave the chunks that are not in use: other engines buy what they wait for."""
        idle = self._held.keys() - set(in_use)
        if idle:
            await self._release([self._held.pop(chunk) for chunk in idle])
            await self._run(wake_waiters, self._context, [], sorted(idle))

    def release_all(self, t: Transaction) -> list[tuple[int, int]]:
        """Leave every chunk, in the transaction that closes the lease; return which these are."""
        chunks.release(t, self._lease.holder, list(self._held.values()))
        return list(self._held)

    async def _release(self, left: list[Chunk]) -> None:
        holder = self._lease.holder
        await self._run(self._context.database.run, lambda t: chunks.release(t, holder, left))

    async def _deliver(self, job: JobContext, started: chunk_intake.Started) -> None:
        """Pass on a chunk of which everything is known; deliver it here where that is little work, or where
        the delivering workers have enough to do."""
        chunk, context = started.chunk, self._context
        if not chunk_delivery.is_light(context, job, started.rows):
            window = context.settings.window
            if await self._run(context.database.run, lambda t: chunks.ready(t, chunk, window)):
                await self.mark_ready([(chunk.job, chunk.no)])
                return
        finished = await self._run(
            chunk_delivery.deliver_chunk,
            context,
            job,
            chunk,
            started.rows,
            started.known,
            self._lease.holder,
        )
        self._is_exhausted = False
        if finished is not None:
            await self._run(chunk_delivery.go_on, context, chunk.job, finished)
        self._delivered.add(chunk.job)
