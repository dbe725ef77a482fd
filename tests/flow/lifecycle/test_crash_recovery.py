"""What is lying about is sent again: messages lost, engines dead, submitters gone."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.core.model.states import PLANNING_STOPPED, JobState
from speeko_jobs.errors import JobError
from speeko_jobs.flow.delivery import finalize
from speeko_jobs.flow.lifecycle.crash_recovery import sweep
from speeko_jobs.flow.planning import planner
from tests.fixtures.books import stored, together
from tests.fixtures.inprocess import InProcess
from tests.wait import wait_until

TEXTS = [(f"r{n}", f"This is text {n}.") for n in range(60)]
CHUNKS = range(1, 16)

GRACE = "SELECT clock_timestamp() > pg_postmaster_start_time() + interval '3 seconds'"


@pytest.fixture
def flow(flow: InProcess) -> Iterator[InProcess]:
    """Under short leases, and past the lease after the server's start in which no lease is reaped."""
    opened = flow.again(lease_seconds=3.0)
    wait_until(lambda: opened.books.one(GRACE), "a server that has been up for a lease")
    yield opened
    opened.close()


def sent(flow: InProcess, queue: str) -> list[list[Any]]:
    """The arguments of the messages in a queue, oldest first, which are then forgotten."""
    with redis.Redis.from_url(flow.settings.redis_url) as raw:
        found: Any = raw.lrange(f"speeko:{queue}", 0, -1)
        raw.delete(f"speeko:{queue}")
    return [json.loads(base64.b64decode(json.loads(message)["body"]))[0] for message in reversed(found)]


def age(flow: InProcess) -> None:
    """Let a minute pass for everything that was queued or ready."""
    for column in ("queued_at", "ready_at", "started_at"):
        flow.books.execute(f"UPDATE speeko.chunk SET {column} = {column} - interval '1 minute'")


def test_a_submitted_job_is_in_the_broker_and_a_sweep_adds_nothing(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog(TEXTS))
    assert sent(flow, "synthesize") == [[job, no] for no in CHUNKS]
    sweep(flow.context)
    assert sent(flow, "synthesize") == []


def test_lost_messages_are_sent_again(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog(TEXTS))
    sent(flow, "synthesize")
    age(flow)
    sweep(flow.context)
    assert sent(flow, "synthesize") == [[job, no] for no in CHUNKS]


def test_at_most_a_window_is_in_the_broker(flow: InProcess) -> None:
    narrow = flow.again(window=2, chunk_rows=5)
    job, _ = narrow.submit(narrow.catalog(TEXTS))
    assert sent(flow, "synthesize") == [[job, 1], [job, 2]]
    sweep(narrow.context)
    assert sent(flow, "synthesize") == []
    narrow.close()


def test_ready_chunks_are_sent_again(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog(TEXTS))
    flow.synthesize(job)
    assert sorted(sent(flow, "deliver")) == [[job, no] for no in CHUNKS]
    sweep(flow.context)
    assert sent(flow, "deliver") == []
    age(flow)
    sweep(flow.context)
    assert sorted(sent(flow, "deliver")) == [[job, no] for no in CHUNKS]


def test_a_finalizer_is_sent_by_the_last_chunk_and_again_until_it_is_done(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog(TEXTS))
    flow.synthesize(job)
    flow.deliver(job)
    assert sent(flow, "control") == [[job]]
    sweep(flow.context)
    assert sent(flow, "control") == [[job]]
    finalize.finalize(flow.context, job)
    sweep(flow.context)
    assert sent(flow, "control") == []


def test_a_dead_engines_chunks_are_sent_again(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog(TEXTS))
    sent(flow, "synthesize")
    engine = flow.books.engine()
    wants = flow.books.start(job, 1, engine)
    flow.books.claim(job, engine, wants[:3])
    sweep(flow.context)
    assert sent(flow, "synthesize") == []  # it lives
    flow.books.expire(engine)
    sweep(flow.context)
    assert sent(flow, "synthesize") == [[job, 1]]
    flow.drive(job)
    summary = flow.summary()
    assert (summary["delivered"], summary["calls"], summary["unknown"]["calls"]) == (60, 60, 3)


def test_an_engine_that_died_before_it_enrolled(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog(TEXTS))
    sent(flow, "synthesize")
    engine = flow.books.engine()
    flow.books.take(job, 2, engine)
    flow.books.expire(engine)
    sweep(flow.context)
    assert sent(flow, "synthesize") == [[job, 2]]


def test_an_engine_that_died_between_settling_and_sending(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog(TEXTS[:3]))
    engine = flow.books.engine()
    got = flow.books.claim(job, engine, flow.books.start(job, 1, engine))
    assert flow.books.settle(*[stored(job, claim) for claim in got]).ready == [(job, 1)]
    age(flow)
    sweep(flow.context)
    assert sent(flow, "deliver") == [[job, 1]]


def test_a_poison_text_fails_after_three_deaths_and_its_chunk_goes_on(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog([("a", "poison")]))
    for _ in range(3):
        engine = flow.books.engine()
        assert len(flow.books.claim(job, engine, flow.books.start(job, 1, engine))) == 1
        flow.books.expire(engine)
        sent(flow, "deliver")
        sweep(flow.context)
    assert sent(flow, "deliver") == [[job, 1]]
    assert flow.drive(job).state is JobState.DONE_WITH_ERRORS
    assert "died" in flow.table("failed.csv")[0]["error"]
    assert flow.summary()["unknown"]["calls"] == 3


def test_a_job_whose_submitter_was_killed_while_loading_is_forgotten(flow: InProcess) -> None:
    spec, database = flow.spec(), flow.context.database
    orders = flow.orders(flow.catalog(TEXTS))

    def create(t: Any) -> tuple[int, int]:
        where = jobs.destination(t, spec.output, "mark")
        return jobs.create(t, spec, tenant="shop", destination_id=where), where

    job, where = database.run(create)
    planner.load(flow.context, spec, orders, job, where)  # and here it is killed
    assert flow.books.one("SELECT count(*) FROM speeko.item") == 60
    sweep(flow.context)
    assert jobs.show(database, job).state is JobState.PLANNING
    assert flow.synthesize(job) == 0
    assert sent(flow, "synthesize") == []
    flow.books.execute("UPDATE speeko.job SET submitter_until = clock_timestamp() - interval '1 second'")
    sweep(flow.context)
    found = jobs.show(database, job)
    assert (found.state, found.reason) == (JobState.CANCELLED, PLANNING_STOPPED)
    assert "submit it again" in found.reason
    assert flow.books.one("SELECT count(*) FROM speeko.item") == 0
    # a submitter that was only slow is told, and what it brought since then goes with it
    planner.load(flow.context, spec, orders, job, where)
    with pytest.raises(JobError, match="was abandoned"):
        database.run(lambda t: jobs.release(t, job, rows=60, skipped=0, chunk_rows=25, plan={}, files=[]))
    assert not database.run(lambda t: jobs.drop(t, job))
    assert flow.books.one("SELECT count(*) FROM speeko.item") == 0


def test_sweepers_at_once_do_no_harm(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog(TEXTS))
    engine = flow.books.engine()
    flow.books.claim(job, engine, flow.books.start(job, 1, engine))
    flow.books.expire(engine)
    age(flow)
    together([lambda: sweep(flow.context)] * 4)
    flow.drive(job)
    flow.check()
    assert flow.summary()["delivered"] == 60


def test_without_a_broker_a_sweep_still_buries(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog(TEXTS))
    lost = flow.again(redis_url="redis://127.0.0.1:1/0")
    engine = flow.books.engine()
    flow.books.claim(job, engine, flow.books.start(job, 1, engine))
    flow.books.expire(engine)
    sweep(lost.context)
    assert flow.books.one("SELECT count(*) FROM speeko.utterance WHERE state = 'claimed'") == 0
    lost.close()
