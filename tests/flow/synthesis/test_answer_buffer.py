"""The buffer between calls and settlements: when a batch goes, and what a failed one means."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.adapters.postgres.settlements import SettlementResult
from speeko_jobs.core.model.states import JobState
from speeko_jobs.flow.synthesis import answer_buffer, settlement, spool
from speeko_jobs.flow.synthesis.answer_buffer import SETTLE_AFTER_SECONDS, AnswerBuffer
from speeko_jobs.flow.synthesis.answer_outcome import Answer
from speeko_jobs.flow.synthesis.background_tasks import BackgroundTasks
from speeko_jobs.flow.synthesis.settler import Settler, SettleRetries
from tests.fixtures.claimed import bought, lose_store
from tests.fixtures.inprocess import InProcess


class _Desk:
    """A buffer, and what it reported."""

    def __init__(self, flow: InProcess) -> None:
        self.settled: list[int] = []
        self.failures: list[str] = []
        self.tasks = BackgroundTasks(lambda: None, lambda error: self.failures.append(str(error)))
        self.settler = Settler(flow.context, SettleRetries(1))
        self.buffer = AnswerBuffer(
            flow.context, self.settler, self.tasks, self._on_settled, self.failures.append
        )

    async def _on_settled(self, batch: list[Answer], settled: SettlementResult) -> None:
        assert len(self.buffer) >= len(batch)  # they count until this has ended
        assert {answer.claim.key for answer in batch} == set(settled.records)
        self.settled.append(len(batch))


def at(flow: InProcess, work: Callable[[_Desk], Awaitable[None]]) -> _Desk:
    async def run() -> _Desk:
        desk = _Desk(flow)
        await work(desk)
        await desk.tasks.join()
        return desk

    return asyncio.run(asyncio.wait_for(run(), 60))


def test_settles_a_batch_once_its_first_answer_is_old_enough(flow: InProcess) -> None:
    _, answers = bought(flow, 2)

    async def work(desk: _Desk) -> None:
        assert desk.buffer.seconds_until_due(0.0) is None
        before = time.monotonic()
        for answer in answers:
            desk.buffer.add(answer)
        due_in = desk.buffer.seconds_until_due(before)
        assert due_in is not None
        assert due_in >= SETTLE_AFTER_SECONDS
        desk.buffer.flush(before)
        assert (desk.buffer.waiting, desk.buffer.is_empty) == (2, False)
        desk.buffer.flush(before + due_in)
        assert (desk.buffer.waiting, len(desk.buffer), desk.buffer.is_empty) == (0, 2, False)

    desk = at(flow, work)
    assert desk.settled == [2]
    assert (len(desk.buffer), desk.buffer.is_empty) == (0, True)


def test_settles_a_full_batch_at_once(flow: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_buffer, "SETTLE_AT_ONCE", 2)
    _, answers = bought(flow, 2)

    async def work(desk: _Desk) -> None:
        for answer in answers:
            desk.buffer.add(answer)
        desk.buffer.flush(float("-inf"))

    assert at(flow, work).settled == [2]


def test_settles_two_batches_at_a_time(flow: InProcess) -> None:
    _, answers = bought(flow, 3)

    async def work(desk: _Desk) -> None:
        for answer in answers:
            desk.buffer.add(answer)
            desk.buffer.flush(float("inf"))
        assert (desk.buffer.waiting, len(desk.buffer)) == (1, 3)
        await desk.tasks.join()
        desk.buffer.flush(float("inf"))

    assert at(flow, work).settled == [1, 1, 1]


def test_a_store_that_is_away_pauses_the_job_and_stops_the_calls(
    flow: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settlement, "STORE_TRIES", 1)
    job, answers = bought(flow, 2)
    lose_store(flow)

    async def work(desk: _Desk) -> None:
        for answer in answers:
            desk.buffer.add(answer)
        desk.buffer.flush(float("inf"))

    desk = at(flow, work)
    assert desk.failures == ["2 paid answers go to the spool"]
    assert desk.settled == []
    assert desk.buffer.is_empty
    assert desk.settler.unsettled == len(list(spool.folder(flow.context).glob("*.audio"))) == 2
    found = jobs.show(flow.context.database, job)
    assert found.state is JobState.PAUSED
    assert found.reason.startswith("store: ")


def test_what_cannot_be_settled_at_all_is_spooled(flow: InProcess, caplog: pytest.LogCaptureFixture) -> None:
    _, answers = bought(flow, 1)
    flow.books.execute("ALTER TABLE speeko.attempt RENAME TO mislaid")

    async def work(desk: _Desk) -> None:
        desk.buffer.add(answers[0])
        desk.buffer.flush(float("inf"))

    try:
        desk = at(flow, work)
    finally:
        flow.books.execute("ALTER TABLE speeko.mislaid RENAME TO attempt")
    assert desk.failures == ["1 paid answers go to the spool"]
    assert spool.replay(flow.context) == 1
