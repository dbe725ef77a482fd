"""The fast path from one call's end to the next call, against a real provider."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import pytest

from speeko_jobs.adapters.postgres.leases import DIED
from speeko_jobs.adapters.postgres.settlements import SettlementResult
from speeko_jobs.adapters.providers.provider import open_provider
from speeko_jobs.flow.synthesis import call_dispatcher
from speeko_jobs.flow.synthesis.answer_buffer import AnswerBuffer
from speeko_jobs.flow.synthesis.answer_outcome import Answer
from speeko_jobs.flow.synthesis.background_tasks import BackgroundTasks
from speeko_jobs.flow.synthesis.call_dispatcher import CallDispatcher
from speeko_jobs.flow.synthesis.caller import Caller
from speeko_jobs.flow.synthesis.claim_queue import ClaimQueue
from speeko_jobs.flow.synthesis.settler import Settler, SettleRetries
from tests.fixtures.claimed import context_of, lease_of, submitted, wants_of
from tests.fixtures.inprocess import InProcess


class _Desk:
    """An engine's parts without the engine: nothing claims, and nothing wakes up by itself."""

    def __init__(self, flow: InProcess, job: int) -> None:
        self.failures: list[str] = []
        self.changed = asyncio.Event()
        context = context_of(flow, job)
        self.tasks = BackgroundTasks(self.changed.set, lambda error: self.failures.append(repr(error)))
        self.lease = lease_of(flow)
        self.queue = ClaimQueue(flow.context, self.lease, self._on_ready)
        self.queue.add(context, wants_of(flow, job))
        self.settler = Settler(flow.context, SettleRetries(1))
        self.answers = AnswerBuffer(
            flow.context, self.settler, self.tasks, self._on_settled, self.failures.append
        )
        self.provider = open_provider(context.spec.profile, flow.settings)
        self.caller = Caller(flow.context, self.provider, self.lease, self.tasks, self.settler.delay)
        self.calls = CallDispatcher(
            self.lease, self.queue, self.caller, self.answers, self.tasks, self.changed
        )

    async def _on_ready(self, ready: Sequence[tuple[int, int]]) -> None: ...

    async def _on_settled(self, batch: list[Answer], settled: SettlementResult) -> None:
        assert len(settled.records) == len(batch)
        self.queue.end_alone()

    async def claim(self) -> None:
        turn = self.queue.take(0)
        assert turn is not None
        await self.queue.claim(*turn)

    async def ended(self, calls: int) -> None:
        """Wait until so many calls have ended; only the wake-up is waited for."""
        while self.caller.calls < calls or self.caller.in_flight:
            await self.changed.wait()
            self.changed.clear()


def at(
    flow: InProcess, texts: int, work: Callable[[_Desk], Awaitable[None]], *, singly: bool = False
) -> None:
    """Do `work` with the claims of a job's texts; `singly`: with the first one, as while calls fail."""
    job = submitted(flow, texts)

    async def run() -> None:
        desk = _Desk(flow, job)
        try:
            desk.lease.budget.failing = singly
            await desk.claim()
            desk.lease.budget.failing = False
            await work(desk)
            await desk.tasks.join()
        finally:
            await desk.provider.aclose()
        assert not desk.failures

    asyncio.run(asyncio.wait_for(run(), 60))


def test_the_end_of_a_call_begins_the_next(flow: InProcess) -> None:
    async def work(desk: _Desk) -> None:
        desk.lease.budget.allowed = 2  # of five that are claimed
        desk.calls.send_claimed(time.monotonic())
        assert (desk.caller.in_flight, desk.queue.claimed) == (2, 3)
        await desk.ended(5)
        assert len(desk.answers) == 5

    at(flow, 5, work)
    assert flow.provider.calls == 5


def test_makes_no_call_beyond_the_answers_that_wait(flow: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_dispatcher, "BACKLOG", 3)
    monkeypatch.setattr(call_dispatcher, "BACKLOG_TIMES", 0)

    async def work(desk: _Desk) -> None:
        desk.calls.send_claimed(time.monotonic())
        await desk.ended(3)
        assert (len(desk.answers), desk.queue.claimed) == (3, 2)
        assert not desk.calls.has_backlog
        desk.answers.flush(float("inf"))
        await desk.tasks.join()
        desk.calls.send_claimed(time.monotonic())
        await desk.ended(5)

    at(flow, 5, work)
    assert flow.provider.calls == 5


def test_claims_no_more_while_too_many_answers_wait(flow: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(desk: _Desk) -> None:
        desk.calls.send_claimed(time.monotonic())
        await desk.ended(3)
        assert not desk.calls.has_backlog
        monkeypatch.setattr(call_dispatcher, "BACKLOG", 2)
        assert desk.calls.has_backlog

    at(flow, 3, work)


def test_begins_no_call_after_a_stop_and_ends_those_in_flight(flow: InProcess) -> None:
    async def work(desk: _Desk) -> None:
        desk.lease.budget.allowed = 1
        desk.calls.send_claimed(time.monotonic())
        desk.calls.stop()
        await desk.ended(1)
        desk.calls.send_claimed(time.monotonic())
        assert (desk.caller.in_flight, len(desk.answers), desk.queue.claimed) == (0, 1, 2)

    at(flow, 3, work)
    assert flow.provider.calls == 1


def test_begins_no_call_without_a_valid_lease(flow: InProcess) -> None:
    async def work(desk: _Desk) -> None:
        desk.lease.is_lost = True
        desk.calls.send_claimed(time.monotonic())
        assert not desk.caller.in_flight

    at(flow, 1, work)
    assert flow.provider.calls == 0


def test_a_poison_text_waits_until_all_else_is_settled(flow: InProcess) -> None:
    async def work(desk: _Desk) -> None:
        desk.calls.send_claimed(time.monotonic())
        await asyncio.to_thread(
            flow.books.execute,
            "UPDATE speeko.utterance SET tries = 2, reason = %s WHERE state = 'missing'",
            [DIED],
        )
        await desk.claim()
        assert desk.queue.claimed == 1
        await desk.ended(1)
        desk.calls.send_claimed(time.monotonic())
        assert not desk.caller.in_flight  # the answer before is not settled
        desk.answers.flush(float("inf"))
        await desk.tasks.join()
        desk.calls.send_claimed(time.monotonic())
        assert desk.caller.in_flight == 1
        await desk.ended(2)

    at(flow, 2, work, singly=True)
    assert flow.provider.calls == 2
