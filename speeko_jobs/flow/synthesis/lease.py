"""The lease of one engine or command: its row, its heartbeat, and the call budget that it renews.

A lease says that its holder lives; the claims of a holder whose lease has expired are reaped. Each renewal
leases permits anew, in the same transaction. Knows no text and sends no call. Lives on one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import time
from collections.abc import Awaitable, Callable

from speeko_jobs.adapters.postgres import leases, permits
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.adapters.postgres.permits import LeaseRequest, PermitLease
from speeko_jobs.errors import SpeekoError
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.synthesis.call_budget import CallBudget
from speeko_jobs.flow.synthesis.engine_threads import RunInThread

PERMIT_SECONDS = 10.0
BEAT_SECONDS = 1.0
STARVED_BEAT_SECONDS = 0.2  # while others hold all permits: they give some back at their next beat
log = logging.getLogger(__name__)

Demand = Callable[[], tuple[int, int]]


class LeaseRow:
    """The row of a lease. `holder` is its id, 0 until it is open."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.holder = 0

    def open(self, t: Transaction) -> None:
        """Write the row. What it is for can be taken in the same transaction."""
        self.holder = leases.open_lease(t, socket.gethostname(), os.getpid(), self.seconds)

    def renew(self, t: Transaction) -> bool:
        """Extend the lease from now on. Return False where the row was reaped meanwhile."""
        return leases.renew_lease(t, self.holder, self.seconds)

    def close(self, t: Transaction) -> None:
        """Delete the row."""
        leases.close_lease(t, self.holder)


class Lease(LeaseRow):
    """A lease that is renewed with permits. `budget` is what its holder may call."""

    def __init__(
        self,
        context: Context,
        account: str,
        demand: Demand,
        *,
        is_on_trial: bool = True,
        run: RunInThread = asyncio.to_thread,
        also: Callable[[Transaction], None] | None = None,
    ) -> None:
        """`demand` answers how many calls its holder could use, and how many are in flight.

        `is_on_trial`: until the account has proven itself few calls are open. `also` joins each renewal.
        """
        super().__init__(context.settings.lease_seconds)
        self.account, self.is_on_trial = account, is_on_trial
        self.budget = CallBudget()
        self.is_lost = False
        self._database, self._run = context.database, run
        self._demand, self._also = demand, also
        # not close to the lease's end: the next heartbeat comes first
        self._margin_seconds = min(context.settings.request_timeout_seconds, self.seconds / 3)
        self._renew_soon = asyncio.Event()
        self._heartbeat: asyncio.Task[None] | None = None
        self._has_permits = False
        self._given_back: LeaseRequest | None = None

    @property
    def is_valid(self) -> bool:
        """Return whether the holder still counts as living."""
        return not self.is_lost and time.monotonic() <= self.budget.alive_until

    def open(self, t: Transaction) -> None:
        """Write the row; the holder counts as living from now on."""
        opened = time.monotonic()
        super().open(t)
        self.budget.alive_until = opened + self.seconds

    def may_begin(self, now: float, in_flight: int) -> bool:
        """Return whether one more call may begin."""
        return not self.is_lost and self.budget.may_begin(now, in_flight, self._margin_seconds)

    async def renew_now(self) -> None:
        """Renew the lease and its permits. A row that was reaped meanwhile makes it lost."""
        started = time.monotonic()
        wants, busy = self._demand()
        asked = self.budget.asked(min(wants, self.budget.most), busy)
        leased = await self._run(self._database.run, lambda t: self._renew(t, asked))
        if leased is None:
            self.is_lost = True
            return
        self._has_permits = True
        self.budget.leased(leased, started + self.seconds, started + PERMIT_SECONDS)

    def renew_soon(self) -> None:
        """Have the heartbeat renew at once."""
        self._renew_soon.set()

    def start_heartbeat(
        self,
        on_beat: Callable[[], Awaitable[None]] | None = None,
        after_beat: Callable[[], None] = lambda: None,
    ) -> None:
        """Renew about once a second; then await `on_beat`. An error of either is logged, not raised.

        `after_beat` is called at the end of each beat, whatever failed in it.
        """
        self._heartbeat = asyncio.create_task(self._beat(on_beat, after_beat))

    async def stop_heartbeat(self) -> None:
        """End the heartbeat; harmless where there is none."""
        if self._heartbeat is not None:
            self._heartbeat.cancel()
            await asyncio.gather(self._heartbeat, return_exceptions=True)

    def close(self, t: Transaction, *, is_unsettled: bool = False) -> None:
        """Delete the row; permits and unused shares go back.

        `is_unsettled`: the row stays until it expires, so that its open calls wait for the spool's replay.
        """
        if self._has_permits:
            # taken from the budget once, even if the transaction runs again
            self._given_back = self._given_back or self.budget.asked(0, 0)
            permits.give_back(t, self.account, self._given_back)
        if not is_unsettled:
            super().close(t)

    def _renew(self, t: Transaction, asked: LeaseRequest) -> PermitLease | None:
        if self._also is not None:
            self._also(t)
        if not self.renew(t):
            return None
        return permits.lease(t, self.account, self.holder, asked, PERMIT_SECONDS, on_trial=self.is_on_trial)

    async def _beat(
        self, on_beat: Callable[[], Awaitable[None]] | None, after_beat: Callable[[], None]
    ) -> None:
        while True:
            starved = not self.budget.allowed and not self.budget.failing
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STARVED_BEAT_SECONDS if starved else BEAT_SECONDS):
                    await self._renew_soon.wait()
            self._renew_soon.clear()
            try:
                await self.renew_now()
                if on_beat is not None:
                    await on_beat()
            except Exception as error:
                log.warning(
                    "no heartbeat: %s", error, exc_info=None if isinstance(error, SpeekoError) else error
                )
            after_beat()
