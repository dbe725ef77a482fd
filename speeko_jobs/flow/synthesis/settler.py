"""Settle answers: store and book them with retries, or save what was paid for in the spool.

While the spool holds paid answers the lease's row must stay, so that their calls stay open until the replay.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from speeko_jobs.adapters.backoff import Backoff, retry_async
from speeko_jobs.adapters.postgres.settlements import SettlementResult
from speeko_jobs.core.model.speech import Speech
from speeko_jobs.core.policies.outage_detection import FIRST_TRY_LIMITS, TryLimits
from speeko_jobs.errors import ServerError, SpeekoError
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.synthesis import settlement, spool
from speeko_jobs.flow.synthesis.answer_outcome import Answer
from speeko_jobs.flow.synthesis.engine_threads import RunInThread

KEEP_TRIES = 12  # about a minute: paid answers that neither database, store nor spool take stay in memory
MAX_DELAY_SECONDS = 30.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SettleRetries:
    """How often a batch is tried while a server is away, and the first wait; each further one is doubled."""

    tries: int
    first_seconds: float = 0.2
    is_logged: bool = True


class Settler:
    """Settle answers. `unsettled` counts those that the spool holds; `fails` the batches without audio."""

    def __init__(
        self,
        context: Context,
        retries: SettleRetries,
        *,
        limits: Callable[[bool], TryLimits] = lambda _: FIRST_TRY_LIMITS,
        run: RunInThread = asyncio.to_thread,
    ) -> None:
        """`limits` answers after how many tries a text fails, given whether this batch brought audio."""
        self.unsettled = self.fails = 0
        self._context, self._retries, self._limits, self._run = context, retries, limits, run

    async def settle(self, batch: Sequence[Answer]) -> SettlementResult:
        """Store and book a batch. Raises ServerError after the last try, StoreError at once."""
        good = any(isinstance(answer.result, Speech) for answer in batch)

        async def settle_once() -> SettlementResult:
            try:
                return await self._run(settlement.settle, self._context, batch, self._limits(good))
            except ServerError as error:
                if self._retries.is_logged:
                    log.warning("%s (%d calls wait to be booked)", error, len(batch))
                raise

        backoff = Backoff(self._retries.tries, self._retries.first_seconds, has_jitter=False)
        settled = await retry_async(settle_once, backoff, ServerError)
        self.fails = 0 if good else self.fails + 1
        return settled

    async def spool(self, batch: Sequence[Answer]) -> int:
        """Save the paid answers of a batch in the spool; return how many. Raises OSError where its disk
        refuses."""
        self.unsettled += len(batch)
        return await self._run(spool.save, self._context, batch)

    async def keep(self, batch: Sequence[Answer]) -> SettlementResult | None:
        """Save paid answers in the spool and return None. While its disk refuses, hold them in memory and try
        to settle them again; return that result."""
        self.unsettled += len(batch)
        for tried in range(KEEP_TRIES):
            try:
                await self._run(spool.save, self._context, batch)
            except OSError as error:
                log.error("%s: %d paid answers are held in memory", error, len(batch))
            else:
                return None
            await asyncio.sleep(min(0.2 * 2**tried, 10.0))
            with contextlib.suppress(SpeekoError):
                settled = await self._run(settlement.settle, self._context, batch)
                self.unsettled -= len(batch)
                return settled
        log.critical("%d paid answers are lost: neither the store nor the spool takes them", len(batch))
        return None

    def delay(self) -> float:
        """Return the seconds until a failed text is tried again: full jitter, over a bound that doubles with
        every few batches in a row that brought no audio."""
        return random.uniform(0.05, min(MAX_DELAY_SECONDS, 0.5 * 2 ** min(self.fails // 4, 6)))  # noqa: S311
