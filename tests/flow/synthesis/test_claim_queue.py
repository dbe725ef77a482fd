"""Texts and claims of one engine, on a real database."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine, Sequence
from typing import Any

import pytest

from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.adapters.postgres.leases import DIED
from speeko_jobs.core.catalog.file_names import audio_path
from speeko_jobs.core.model.speech import Speech
from speeko_jobs.core.model.states import JobState
from speeko_jobs.flow.lifecycle import control
from speeko_jobs.flow.synthesis.claim_queue import MAX_CLAIMS, ClaimQueue
from speeko_jobs.flow.synthesis.lease import Lease
from tests.fixtures.claimed import bought, claimed, context_of, lease_of, reap, submitted, wants_of
from tests.fixtures.inprocess import InProcess

REASON = "no call was made"


class _Desk:
    """A queue of one job's texts."""

    def __init__(self, flow: InProcess, job: int, lease: Lease | None = None) -> None:
        self.flow, self.job = flow, job
        self.lease = lease or lease_of(flow)
        self.ready: list[tuple[int, int]] = []
        self.queue = ClaimQueue(flow.context, self.lease, self._on_ready)
        self.queue.add(context_of(flow, job), wants_of(flow, job))

    async def _on_ready(self, ready: Sequence[tuple[int, int]]) -> None:
        self.ready += ready

    def claim(self) -> None:
        turn = self.queue.take(0)
        assert turn is not None
        run(self.queue.claim(*turn))


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 60))


def attempts(flow: InProcess) -> list[tuple[str, str]]:
    return [
        (state, reason)
        for state, reason in flow.books.execute("SELECT state, reason FROM speeko.attempt ORDER BY id")
    ]


def missing(flow: InProcess) -> int:
    return int(flow.books.one("SELECT count(*) FROM speeko.utterance WHERE state = 'missing'"))


def test_turns_texts_into_claims_and_serves_them_in_order(flow: InProcess) -> None:
    job = submitted(flow, 3)
    desk = _Desk(flow, job)
    assert (len(desk.queue), desk.queue.claimed, desk.queue.ready) == (3, 0, 3)
    assert not desk.queue.has_next(is_quiet=True)
    desk.claim()
    assert (len(desk.queue), desk.queue.claimed, desk.queue.ready) == (3, 3, 0)
    assert [state for state, _ in attempts(flow)] == ["sending"] * 3
    served = []
    while desk.queue.has_next(is_quiet=False):
        owner, claim = desk.queue.pop()
        assert owner == job
        served.append(claim.row_no)
    assert sorted(served) == [1, 2, 3]
    assert desk.queue.chunks() == {(job, 1)}  # until they are settled


def test_takes_what_may_be_sent_and_a_few_more(flow: InProcess) -> None:
    desk = _Desk(flow, submitted(flow, 3))
    desk.lease.budget.allowed = 32
    assert desk.queue.room(0) == 32 + 24
    assert desk.queue.room(32) == 24
    assert desk.queue.room(45) == 0  # less than half of what is allowed: not worth a transaction
    desk.lease.budget.allowed = 1000
    assert desk.queue.room(0) == MAX_CLAIMS
    desk.lease.budget.allowed, desk.lease.budget.failing = 1, True
    assert desk.queue.room(0) == 1
    assert desk.queue.room(1) == 0
    assert desk.queue.take(1) is None


def test_leaves_texts_that_another_holder_claimed(flow: InProcess) -> None:
    job = submitted(flow, 3)
    other = lease_of(flow)
    (theirs,) = claimed(flow, job, other.holder, 1)
    desk = _Desk(flow, job)
    desk.claim()
    assert desk.queue.claimed == len(desk.queue) == 2
    assert theirs.key not in desk.queue.unsent_keys()


def test_books_what_lies_in_the_store_already(flow: InProcess) -> None:
    """The engine before died between store and ledger: its audio is booked, and no call is made for it."""
    job, answers = bought(flow, 2)
    stored = answers[0]
    assert isinstance(stored.result, Speech)
    store = flow.context.store_of(stored.spec.store)
    store.put_many([(audio_path(stored.claim.key, stored.claim.format), stored.result.audio)])
    (holder,) = {h for (h,) in flow.books.execute("SELECT claimant_id FROM speeko.attempt")}
    reap(flow, holder)
    desk = _Desk(flow, job)
    desk.claim()
    assert desk.queue.unsent_keys() == [answers[1].claim.key]
    assert [state for state, _ in attempts(flow)] == ["stored", "unknown", "refused", "sending"]


def test_pauses_the_job_at_its_budget_and_leaves_the_texts(flow: InProcess) -> None:
    job = submitted(flow, 2)
    flow.books.execute("UPDATE speeko.job SET budget_micros = 1")
    desk = _Desk(flow, job)
    desk.claim()
    found = jobs.show(flow.context.database, job)
    assert (found.state, found.reason) == (
        JobState.PAUSED,
        "budget: the next text would pass the job's budget",
    )
    assert (len(desk.queue), missing(flow), attempts(flow)) == (0, 2, [])


def test_drops_the_texts_of_a_job_that_was_stopped(flow: InProcess) -> None:
    job = submitted(flow, 2)
    desk = _Desk(flow, job)
    control.pause(flow.context, job)
    desk.claim()
    assert (len(desk.queue), desk.queue.jobs()) == (0, set())


def test_calls_a_poison_text_alone(flow: InProcess) -> None:
    job = submitted(flow, 2)
    flow.books.execute("UPDATE speeko.utterance SET tries = 2, reason = %s", [DIED])
    desk = _Desk(flow, job)
    desk.claim()
    queue = desk.queue
    assert queue.claimed == 1
    assert [state for state, _ in attempts(flow)].count("refused") == 1  # the other one waits
    assert queue.room(0) == 0
    assert not queue.has_next(is_quiet=False)
    assert queue.has_next(is_quiet=True)
    queue.pop()
    queue.wake(math.inf)
    assert queue.ready == 1
    assert queue.room(0) == 0
    assert not queue.has_next(is_quiet=True)
    queue.end_alone()
    assert queue.room(0) > 0


def test_gives_back_what_it_has_of_a_job(flow: InProcess) -> None:
    first, second = submitted(flow, 2, "a"), submitted(flow, 1, "b")
    desk = _Desk(flow, first)
    desk.claim()
    desk.queue.add(context_of(flow, second), wants_of(flow, second))
    run(desk.queue.release(first, REASON))
    assert attempts(flow) == [("refused", REASON)] * 2
    assert (desk.queue.claimed, desk.queue.jobs()) == (0, {second})
    assert missing(flow) == 3
    assert desk.queue.chunks() == {(second, 1)}
    assert flow.books.one("SELECT sum(reserved_micros) FROM speeko.job") == 0


def test_gives_back_all_claims_at_the_end(flow: InProcess) -> None:
    desk = _Desk(flow, submitted(flow, 2))
    desk.claim()
    keys = desk.queue.unsent_keys()
    run(desk.queue.give_back_all())
    assert len(keys) == missing(flow) == 2
    assert attempts(flow) == [("refused", "given back before the call")] * 2


def test_sheds_claims_while_most_calls_fail_and_claims_them_again(flow: InProcess) -> None:
    desk = _Desk(flow, submitted(flow, 2))
    desk.claim()
    assert not desk.queue.sheds
    desk.lease.budget.failing = True
    assert desk.queue.sheds
    run(desk.queue.shed(lambda: 1000.0))
    assert (desk.queue.claimed, desk.queue.ready, len(desk.queue)) == (0, 0, 2)
    assert attempts(flow) == [("refused", "given back before the call: the provider fails")] * 2
    assert desk.queue.wake(0.0) is not None
    assert desk.queue.wake(math.inf) is None
    assert desk.queue.ready == 2


@pytest.mark.parametrize("left", [0, 3])
def test_counts_retries_against_the_budget(flow: InProcess, left: int) -> None:
    """Texts whose last call failed at the provider are claimed as far as there are retries."""
    job = submitted(flow, 5)
    flow.books.execute("UPDATE speeko.utterance SET tries = 1, reason = 'status 500'")
    desk = _Desk(flow, job)
    desk.lease.budget.retries = left
    desk.claim()
    assert desk.queue.claimed == left
    assert desk.lease.budget.retries == 0
    assert len(desk.queue) == 5  # the others ask again
    assert desk.queue.ready == 0
