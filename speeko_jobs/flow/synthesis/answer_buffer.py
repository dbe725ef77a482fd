"""Buffer answers, and settle them in batches while the next calls are in flight.

A batch goes when it is full or a tenth of a second old. Where neither database nor store take it, it goes to
the spool; where its disk refuses, too, it is held in memory and tried again. Decides nothing about jobs.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable

from speeko_jobs.adapters.postgres.settlements import SettlementResult
from speeko_jobs.errors import ServerError, StoreError
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.synthesis.answer_outcome import Answer
from speeko_jobs.flow.synthesis.background_tasks import BackgroundTasks, SingleFlight
from speeko_jobs.flow.synthesis.engine_threads import RunInThread
from speeko_jobs.flow.synthesis.job_pause import pause
from speeko_jobs.flow.synthesis.settler import Settler

SETTLE_AT_ONCE = 64
MAX_BATCH = 128
SETTLE_AFTER_SECONDS = 0.1
BATCHES = 2  # that are settled at a time
log = logging.getLogger(__name__)

OnSettled = Callable[[list[Answer], SettlementResult], Awaitable[None]]


class AnswerBuffer:
    """Answers from their call to their settlement. `on_failure` gets the reason to make no more calls."""

    def __init__(
        self,
        context: Context,
        settler: Settler,
        tasks: BackgroundTasks,
        on_settled: OnSettled,
        on_failure: Callable[[str], None],
        *,
        run: RunInThread = asyncio.to_thread,
    ) -> None:
        self._context, self._settler, self._tasks, self._run = context, settler, tasks, run
        self._on_settled, self._on_failure = on_settled, on_failure
        self._waiting: list[Answer] = []
        self._settling = SingleFlight(BATCHES)
        self._settling_answers = 0
        self._due_at = 0.0

    @property
    def waiting(self) -> int:
        """Return how many answers wait for their batch."""
        return len(self._waiting)

    @property
    def is_empty(self) -> bool:
        """Return whether no answer waits and no batch is being settled."""
        return not self._waiting and not self._settling.running

    def __len__(self) -> int:
        """Return how many answers are not settled yet."""
        return len(self._waiting) + self._settling_answers

    def add(self, answer: Answer) -> None:
        """Take an answer; the first of a batch sets the time when the batch is due."""
        if not self._waiting:
            self._due_at = time.monotonic() + SETTLE_AFTER_SECONDS
        self._waiting.append(answer)

    def seconds_until_due(self, now: float) -> float | None:
        """Return how long the batch that waits may still wait; None where there is none."""
        return self._due_at - now if self._waiting else None

    def flush(self, now: float) -> None:
        """Begin to settle the batch that waits, if it is full or due and not too many are being settled."""
        is_due = len(self._waiting) >= SETTLE_AT_ONCE or now >= self._due_at
        if self._waiting and is_due and self._settling.is_free:
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            self._settling_answers += len(batch)
            self._tasks.spawn(self._settling.run(self._settle(batch)))

    async def _settle(self, batch: list[Answer]) -> None:
        try:
            settled = await self._settle_or_spool(batch)
            if settled is not None:
                await self._on_settled(batch, settled)
        finally:
            self._settling_answers -= len(batch)

    async def _settle_or_spool(self, batch: list[Answer]) -> SettlementResult | None:
        """Return the result; None where the spool, or nothing, holds the batch now."""
        try:
            return await self._settler.settle(batch)
        except ServerError:
            pass  # logged at each try
        except StoreError as error:
            log.warning("%s (%d calls wait to be stored)", error, len(batch))
            with contextlib.suppress(ServerError):
                for job in {answer.job for answer in batch}:
                    await self._run(pause, self._context, job, f"store: {error}")
        except Exception:
            log.exception("%d calls cannot be settled", len(batch))
        self._on_failure(f"{len(batch)} paid answers go to the spool")
        return await self._settler.keep(batch)
