"""Chunks of one engine, on a real database: taking, delivering and leaving them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from speeko_jobs.adapters.postgres.chunks import Chunk
from speeko_jobs.flow import accounts
from speeko_jobs.flow.synthesis.chunk_tracker import MAX_JOBS, ChunkTracker, Wants
from speeko_jobs.flow.synthesis.lease import Lease
from tests.fixtures.claimed import context_of, lease_of, submitted, wants_of
from tests.fixtures.inprocess import InProcess


class _Desk:
    """A tracker whose message named a job."""

    def __init__(self, flow: InProcess, job: int, lease: Lease | None = None) -> None:
        self.flow, self.job = flow, job
        self.lease = lease or lease_of(flow)
        first = context_of(flow, job)
        mine = accounts.settings_for(flow.settings, first.spec)
        assert mine is not None
        self.tracker = ChunkTracker(flow.context, self.lease, first, mine.account)

    def take_first(self, no: int = 1) -> Chunk | None:
        return self.flow.context.database.run(lambda t: self.tracker.take_first(t, no))

    def begin(self) -> Wants | None:
        chunk = self.take_first()
        assert chunk is not None
        return run(self.tracker.begin(chunk))


def run(work: Coroutine[Any, Any, Wants | None]) -> Wants | None:
    return asyncio.run(asyncio.wait_for(work, 60))


def chunks(flow: InProcess, job: int) -> list[tuple[Any, ...]]:
    return list(
        flow.books.execute(
            "SELECT no, state, claimant_id FROM speeko.chunk WHERE job_id = %s ORDER BY no", [job]
        )
    )


def test_takes_the_chunk_that_was_named(flow: InProcess) -> None:
    flow = flow.again(chunk_rows=1)
    job = submitted(flow, 2)
    desk = _Desk(flow, job)
    chunk = desk.take_first(2)
    assert chunk is not None
    assert (chunk.job, chunk.no) == (job, 2)
    assert chunks(flow, job) == [(1, "planned", None), (2, "synthesizing", desk.lease.holder)]


def test_takes_the_next_one_where_another_engine_has_the_named(flow: InProcess) -> None:
    flow = flow.again(chunk_rows=1)
    job = submitted(flow, 2)
    assert _Desk(flow, job).take_first(1) is not None
    desk = _Desk(flow, job)
    chunk = desk.take_first(1)
    assert chunk is not None
    assert chunk.no == 2
    assert _Desk(flow, job).take_first(1) is None


def test_knows_what_a_chunk_needs(flow: InProcess) -> None:
    job = submitted(flow, 3)
    wants = _Desk(flow, job).begin()
    assert wants is not None
    context, texts = wants
    assert context.job == job
    assert sorted(texts, key=lambda want: want.row_no) == wants_of(flow, job)


def test_delivers_a_chunk_whose_audio_is_there(flow: InProcess) -> None:
    flow.drive(submitted(flow, 2))
    job = submitted(flow, 2, output=str(flow.folder / "again"))
    desk = _Desk(flow, job)
    assert desk.begin() is None
    assert chunks(flow, job)[0][:2] == (1, "delivered")
    assert flow.provider.calls == 2


def test_looks_for_chunks_again_after_a_heartbeat(flow: InProcess) -> None:
    job = submitted(flow, 1)
    desk = _Desk(flow, job)
    desk.begin()
    assert desk.tracker.wants_chunk(0)
    assert run(desk.tracker.take_next()) is None
    assert not desk.tracker.wants_chunk(0)
    desk.tracker.note_heartbeat()
    assert desk.tracker.wants_chunk(0)


def test_takes_chunks_of_other_jobs(flow: InProcess) -> None:
    flow = flow.again(chunk_rows=1)
    first, second = submitted(flow, 2, "a"), submitted(flow, 1, "b")
    desk = _Desk(flow, first)
    desk.begin()
    wants = run(desk.tracker.take_next(besides={first}))
    assert wants is not None
    assert wants[0].job == second
    assert {context.job for context in desk.tracker.jobs} == {first, second}
    assert run(desk.tracker.take_next(besides={first, second})) is None
    assert desk.tracker.wants_chunk(0)  # there may be more of these two
    assert run(desk.tracker.take_next((), 1_000_000)) is None


def test_wants_chunks_only_while_calls_succeed_and_texts_run_short(flow: InProcess) -> None:
    desk = _Desk(flow, submitted(flow, 1), lease_of(flow, allowed=4))
    assert desk.tracker.wants_chunk(7)
    assert not desk.tracker.wants_chunk(8)
    desk.lease.budget.failing = True
    assert not desk.tracker.wants_chunk(0)


def test_looks_around_once_a_heartbeat(flow: InProcess) -> None:
    desk = _Desk(flow, submitted(flow, 1))
    assert not desk.tracker.looks_around(1)
    for jobs, looks in ((1, True), (0, False), (MAX_JOBS, False)):
        desk.tracker.note_heartbeat()
        assert desk.tracker.looks_around(jobs) is looks
        assert not desk.tracker.looks_around(1)


def test_leaves_chunks_that_are_not_in_use(flow: InProcess) -> None:
    flow = flow.again(chunk_rows=1)
    job = submitted(flow, 2)
    desk = _Desk(flow, job)
    desk.begin()
    assert run(desk.tracker.take_next()) is not None
    asyncio.run(desk.tracker.release_idle({(job, 2)}))
    assert [holder for _, _, holder in chunks(flow, job)] == [None, desk.lease.holder]
    left = flow.context.database.run(desk.tracker.release_all)
    assert left == [(job, 2)]
    assert [holder for _, _, holder in chunks(flow, job)] == [None, None]


def test_holds_no_chunk_that_is_ready(flow: InProcess) -> None:
    job = submitted(flow, 1)
    desk = _Desk(flow, job)
    desk.begin()
    asyncio.run(desk.tracker.mark_ready([(job, 1)]))
    assert flow.context.database.run(desk.tracker.release_all) == []


def test_enqueues_more_chunks_of_the_jobs_that_were_delivered_here(flow: InProcess) -> None:
    flow = flow.again(chunk_rows=1)
    flow.drive(submitted(flow, 3))
    job = submitted(flow, 3, output=str(flow.folder / "again"))
    flow.books.execute(
        "UPDATE speeko.chunk SET queued_at = NULL WHERE job_id = %s AND state = 'planned'", [job]
    )
    desk = _Desk(flow, job)
    asyncio.run(desk.tracker.enqueue_next())
    unqueued = "SELECT count(*) FROM speeko.chunk WHERE job_id = %s AND queued_at IS NULL"
    assert flow.books.one(unqueued, [job]) == 3
    desk.begin()
    asyncio.run(desk.tracker.enqueue_next())
    assert flow.books.one(unqueued, [job]) == 0
