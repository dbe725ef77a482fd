"""Begin the calls of an engine: as many as its lease allows, each as soon as one before it has ended.

This is the measured fast path. The next call begins in the callback of the one that ended; the engine's loop
wakes 10 ms later, for all calls that have ended until then.
"""

from __future__ import annotations

import asyncio
import time

from speeko_jobs.adapters.postgres.claims import Claim
from speeko_jobs.flow.synthesis.answer_buffer import AnswerBuffer
from speeko_jobs.flow.synthesis.background_tasks import BackgroundTasks
from speeko_jobs.flow.synthesis.caller import Caller
from speeko_jobs.flow.synthesis.claim_queue import ClaimQueue
from speeko_jobs.flow.synthesis.lease import Lease

WAKE_SECONDS = 0.01
BACKLOG = 128  # calls open or not yet settled, beyond which none is made: a death, or bad audio, loses them
BACKLOG_TIMES = 3  # of the calls that are allowed, where that is more


class CallDispatcher:
    """Take claims from the queue to the caller, and answers to the buffer."""

    def __init__(
        self,
        lease: Lease,
        queue: ClaimQueue,
        caller: Caller,
        answers: AnswerBuffer,
        tasks: BackgroundTasks,
        changed: asyncio.Event,
    ) -> None:
        """`changed` wakes the engine's loop."""
        self._lease, self._queue, self._caller, self._answers = lease, queue, caller, answers
        self._tasks, self._changed = tasks, changed
        self._is_stopped = self._is_waking = False

    @property
    def has_backlog(self) -> bool:
        """Return whether so many answers wait that no more texts should be claimed."""
        return self._answers.waiting > BACKLOG

    def stop(self) -> None:
        """Begin no more calls."""
        self._is_stopped = True

    def send_claimed(self, now: float) -> None:
        """Begin calls for claims, as far as the lease and the answers that are not settled yet allow."""
        if self._is_stopped:
            return
        caller, queue, answers = self._caller, self._queue, self._answers
        most = max(BACKLOG, BACKLOG_TIMES * self._lease.budget.allowed)
        while caller.in_flight + len(answers) < most:
            if not queue.has_next(is_quiet=not caller.in_flight and answers.is_empty):
                return
            if not self._lease.may_begin(now, caller.in_flight):
                return
            job, claim = queue.pop()
            caller.begin(claim)
            self._tasks.spawn(self._call(job, claim), self._call_ended)

    async def _call(self, job: int, claim: Claim) -> None:
        self._answers.add(await self._caller.call(job, self._queue.spec(job), claim))

    def _call_ended(self) -> None:
        """Begin the next call at once; all else can wait until a few have ended."""
        self.send_claimed(time.monotonic())
        if not self._is_waking:
            self._is_waking = True
            asyncio.get_running_loop().call_later(WAKE_SECONDS, self._wake)

    def _wake(self) -> None:
        self._is_waking = False
        self._changed.set()
