"""Pause and cancel in the middle: nothing new begins, what was paid is kept, and nobody else has to wait."""

from __future__ import annotations

import csv

import pytest

from speeko_jobs.core.model.states import JobState
from speeko_jobs.flow.lifecycle import control
from tests.fixtures.faulty import MakeSpine
from tests.fixtures.ledger import check_ledger
from tests.fixtures.spine import DELIVERING, SYNTHESIZING, Spine, texts, write_catalog
from tests.wait import wait_until

ROWS = texts(300)


@pytest.fixture
def spine(make_spine: MakeSpine) -> Spine:
    """Two processes and slow calls that are all billed. Nobody sweeps unless a test does."""
    made = make_spine(
        provider={"latency_ms": 150, "ignore_idempotency": True, "fsync": False}, max_concurrency=16
    )
    made.start_workers(SYNTHESIZING, DELIVERING)
    return made


def submit(spine: Spine, output: str = "out", rows: int = len(ROWS)) -> int:
    """With calls so slow that the test does something while there are many left; `hurry` ends that."""
    spine.provider.script([{"match": "*", "times": -1, "delay_seconds": 0.4}])
    return spine.submit(write_catalog(spine.folder / f"{output}.csv", texts(rows)), output=output)


def hurry(spine: Spine) -> None:
    spine.provider.script([])


def now(spine: Spine) -> float:
    return float(spine.sql("SELECT extract(epoch FROM clock_timestamp())")[0][0])


def last_claim(spine: Spine, job: int) -> float:
    query = f"SELECT extract(epoch FROM max(at)) FROM speeko.attempt WHERE job_id = {job}"
    return float(spine.sql(query)[0][0])


def quiet(spine: Spine, job: int) -> None:
    """Wait until no call of a job is open."""
    open_calls = f"SELECT 1 FROM speeko.attempt WHERE state = 'sending' AND job_id = {job}"
    wait_until(lambda: not spine.sql(open_calls), "the last calls")


def test_nothing_is_claimed_after_a_pause_and_a_resume_finishes(spine: Spine) -> None:
    job = submit(spine)
    spine.wait_for_calls(80)
    control.pause(spine.context, job)
    paused, claimed = now(spine), spine.sql("SELECT count(*) FROM speeko.attempt")[0][0]
    quiet(spine, job)
    calls = spine.provider.calls
    assert last_claim(spine, job) <= paused + 1  # in truth not even then: a claim looks at the job's state
    assert calls <= claimed < 300
    assert spine.job(job).reserved_micros == 0
    hurry(spine)
    control.resume(spine.context, job)
    assert spine.wait(job, sweeping=True)["delivered"] == 300
    assert check_ledger(spine)["stored"] == spine.provider.calls == 300


def test_a_cancelled_job_delivers_what_was_paid_and_lists_the_rest(spine: Spine) -> None:
    job = submit(spine)
    spine.wait_for_calls(80)
    control.cancel(spine.context, job)
    cancelled = now(spine)
    hurry(spine)
    spine.until(lambda: (spine.folder / "out" / "summary.json").exists(), "its files")
    paid = spine.provider.calls
    ended = spine.job(job)
    assert last_claim(spine, job) <= cancelled + 1
    assert (ended.state, ended.delivered, ended.failed) == (JobState.CANCELLED, paid, 300 - paid)
    assert ended.spent_micros == spine.provider.micros
    assert len(list((spine.folder / "out").glob("*.mp3"))) == paid
    with (spine.folder / "out" / "failed.csv").open(newline="") as file:
        failed = list(csv.DictReader(file))
    assert len(failed) == 300 - paid
    assert {row["error"] for row in failed} == {"cancelled before it was bought"}

    again = spine.submit(spine.folder / "out" / "failed.csv", output="rest")
    assert spine.wait(again, sweeping=True)["delivered"] == 300 - paid
    assert spine.provider.calls == 300
    assert check_ledger(spine)["stored"] == 300


def test_another_job_goes_on_at_once_with_what_a_paused_one_leaves(spine: Spine) -> None:
    """Both want the same texts, the first some more of its own, and no sweep helps."""
    first = submit(spine, rows=900)
    spine.wait_for_calls(40)
    second = submit(spine, output="second")
    spine.wait_for_calls(80)
    control.pause(spine.context, first)
    hurry(spine)
    summary = spine.wait(second)
    assert summary["delivered"] == 300
    assert spine.job(first).state is JobState.PAUSED
    control.resume(spine.context, first)
    assert spine.wait(first, sweeping=True)["delivered"] == 900
    assert spine.provider.calls == 900
    assert check_ledger(spine)["stored"] == 900
