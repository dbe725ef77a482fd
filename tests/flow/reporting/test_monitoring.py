"""What the board tells of jobs that went the whole way is what their own files say."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from speeko_jobs.adapters.postgres import fleet_status, job_details, job_listing, jobs, reports
from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.policies.failure_grouping import CANCELLED
from speeko_jobs.flow.delivery import finalize
from speeko_jobs.flow.lifecycle import control, crash_recovery, retention
from speeko_jobs.flow.reporting import costs
from tests.fixtures.inprocess import InProcess

ROWS = [(f"r{n}", f"Text number {n % 30} of this catalog.") for n in range(40)] + [("bad", "---")]
RUDE = {"match": "number 7 ", "times": -1, "status": 400, "body": "no"}


@pytest.fixture
def flow(flow: InProcess) -> InProcess:
    """With several chunks a job."""
    return flow.again(chunk_rows=8)


def run(flow: InProcess, rows: list[tuple[str, str]], output: Path, **spec: Any) -> int:
    flow.output = output
    job, _ = flow.submit(flow.catalog(rows), spec)
    flow.drive(job)
    return job


def failed_rows(flow: InProcess) -> list[job_details.FailedRow]:
    """Those of the manifest. What was refused has no key."""
    return [
        job_details.FailedRow(line["row"], line["id"], line["error"], not line["key"])
        for line in flow.manifest()
        if line["error"] is not None
    ]


def check(flow: InProcess, job: int) -> None:
    """Everything that is told of a job that has ended."""
    database = flow.context.database
    line, told, summary = job_listing.job(database, job), jobs.show(database, job), flow.summary()
    for name in ("rows", "delivered", "unchanged", "failed", "refused", "calls", "state"):
        assert getattr(line, name) == getattr(told, name) == summary[name]
    assert line.spent_micros == told.spent_micros
    found = job_details.failed(database, job)
    assert found == failed_rows(flow)
    assert len(found) == line.failed + line.refused
    assert [row for row in (job_details.failed(database, job, n, 1) for n in range(line.rows)) if row]
    (by_planner,) = flow.books.execute(
        "SELECT coalesce(sum((unchanged->>'unchanged')::int), 0)::int FROM speeko.chunk WHERE job_id = %s",
        [job],
    )[0]
    assert sum(m.rows for m in job_details.course(database, job)) == line.served - by_planner
    audible = 0
    for one in flow.manifest():
        heard = job_details.row(database, job, one["row"])
        audible += heard is not None
        if one["error"] is not None:
            assert heard is None
        elif heard is not None:
            assert (heard.row_id, heard.path, heard.voice, heard.chars) == (
                one["id"], one["path"], one["voice"], one["chars"],
            )  # fmt: skip
        else:
            assert one["source"] == "unchanged"
    samples = job_details.playable_rows(database, job)
    assert samples == [job_details.row(database, job, one.row_no) for one in samples]
    assert min(2, audible) <= len(samples) <= min(5, audible)


def test_looks_agree_with_the_files(one_day: None, flow: InProcess) -> None:
    flow.provider.script([RUDE])
    job = run(flow, ROWS, flow.folder / "out")
    check(flow, job)
    database = flow.context.database
    assert job_details.chunks(database, job).states["delivered"] == len(flow.chunks(job, "delivered")) > 4
    now, told = fleet_status.now(database), costs.look(database, today_only=True)
    assert (now.spent_today_micros, now.saved_today_micros) == (
        told.total.spent_micros,
        told.total.saved_micros,
    )
    assert now.spent_today_micros == flow.provider.micros
    (account,) = job_details.accounts_of(database, job)
    pulses = fleet_status.account_samples(database, [account], now.at - timedelta(minutes=1), now.at)
    assert pulses
    assert max(p.limit for p in pulses) <= flow.settings.max_concurrency
    # another night, of which most is unchanged
    again = run(flow, [*ROWS[:20], ("new", "A new text."), *ROWS[20:]], flow.output)
    check(flow, again)
    assert job_listing.job(database, again).unchanged > 30


def test_rows_that_the_planner_found_unchanged_take_no_time(flow: InProcess) -> None:
    rows = [(f"r{n}", f"Text number {n % 10} of this catalog.") for n in range(300)]
    run(flow, rows, flow.folder / "out")
    again = run(flow, [*rows[:250], ("new", "A new text."), *rows[250:], ("bad", "---")], flow.output)
    check(flow, again)
    database = flow.context.database
    assert 0 < sum(m.rows for m in job_details.course(database, again)) < 200


@pytest.mark.parametrize("spec", [{"segments": "sentence"}, {"deliver": False}, {"deliver_as": "wav"}])
def test_looks_agree_however_it_is_delivered(flow: InProcess, spec: dict[str, Any]) -> None:
    rows = [(f"r{n}", f"One sentence. Text number {n} of this catalog.") for n in range(20)] + [
        ("bad", "---")
    ]
    flow.provider.script([RUDE])
    job = run(flow, rows, flow.folder / "out", **spec)
    if spec.get("deliver", True):
        check(flow, job)
    found = job_details.failed(flow.context.database, job)
    assert [(row.row_id, row.refused) for row in found] == [("r7", False), ("bad", True)]
    assert len(job_details.playable_rows(flow.context.database, job)) == 5


def test_what_was_cancelled_is_told(flow: InProcess) -> None:
    flow.output = flow.folder / "out"
    job, _ = flow.submit(flow.catalog(ROWS))
    control.cancel(flow.context, job)
    database = flow.context.database
    flow.books.execute("UPDATE speeko.chunk SET state = 'ready', ready_at = clock_timestamp(), missing = 0")
    flow.deliver(job)
    finalize.finalize(flow.context, job)
    assert jobs.show(database, job).state is JobState.CANCELLED
    found = job_details.failed(database, job)
    assert found == failed_rows(flow)
    assert {row.reason for row in found if not row.refused} == {CANCELLED}
    assert len(found) == len(ROWS)


def test_a_row_whose_audio_was_unusable_is_not_told_as_never_bought(flow: InProcess) -> None:
    """Cancelled between a call that was paid for and the next one; another row was never called."""
    flow.output = flow.folder / "out"
    slow = {"match": "bad", "times": -1, "garbage": "short", "delay_seconds": 1.0}
    flow.provider.script([slow, {"match": "late", "times": -1, "status": 503}])
    rows = [(f"b{n}", f"This is the bad text, and number {n}.") for n in range(3)] + [("l", "A late one.")]
    job, _ = flow.submit(flow.catalog(rows))
    brief = flow.again(work_seconds=0.5)
    while flow.provider.calls < 3:
        for no in flow.chunks(job, "planned", "synthesizing"):
            brief.synthesize(job, no)
    control.cancel(flow.context, job)
    database = flow.context.database
    paid = reports.paid(database, job)
    assert (paid.kept, paid.unusable, paid.unusable_micros) == (0, flow.provider.calls, flow.provider.micros)
    flow.books.execute("UPDATE speeko.chunk SET state = 'ready', ready_at = clock_timestamp(), missing = 0")
    flow.deliver(job)
    finalize.finalize(flow.context, job)
    found = job_details.failed(database, job)
    assert found == failed_rows(flow)
    told = [row.reason for row in found]
    assert all("cancelled after a call that brought no usable audio" in reason for reason in told[:3])
    assert "before it was bought" not in "".join(told[:3])
    failures = flow.summary()["failures"]
    assert [entry["rows"] for entry in failures] == [3, 1]


def test_reasons_that_differ_in_a_figure_are_one_in_summary_and_status(flow: InProcess) -> None:
    flow.output = flow.folder / "out"
    flow.provider.script([{"match": "bad", "times": -1, "garbage": "short"}])
    rows = [
        (f"g{n}", f"This is text {n}, and a good one.") for n in range(40)
    ]  # so that it is no matter of all
    rows += [(f"r{n}", f"This is a bad text{'.' * n}") for n in (1, 2)]
    job, _ = flow.submit(flow.catalog(rows))
    flow.drive(job)
    flow.check()
    assert len({row.reason for row in job_details.failed(flow.context.database, job)}) > 1
    for summary in (flow.summary(), finalize.summarize(flow.context, job)):
        assert [entry["rows"] for entry in summary["failures"]] == [2]


def test_a_pruned_job_is_told_without_its_rows(flow: InProcess) -> None:
    flow.provider.script([RUDE])
    job = run(flow, ROWS, flow.folder / "out")
    database = flow.context.database
    before, states = job_listing.job(database, job), job_details.chunks(database, job).states
    flow.books.execute("UPDATE speeko.job SET finished_at = clock_timestamp() - interval '2 days'")
    retention.prune(flow.context, retention.RetentionOptions(86_400.0))
    line = job_listing.job(database, job)
    assert line.pruned_at is not None
    told: dict[str, Any] = {"pruned_at": None, "finished_at": before.finished_at, "seconds": before.seconds}
    assert dataclasses.replace(line, **told) == before
    assert job_details.chunks(database, job) == job_details.ChunkPage(states, [])
    looks = (
        job_details.failed(database, job),
        job_details.playable_rows(database, job),
        job_details.course(database, job),
    )
    assert looks == ([], [], [])
    assert job_details.row(database, job, 1) is None
    assert [one.id for one in job_listing.jobs(database).lines] == [job]


def test_the_sweeper_forgets_old_pulses(flow: InProcess) -> None:
    job = run(flow, ROWS[:3], flow.folder / "out")
    database = flow.context.database
    pulses = flow.books.one("SELECT count(*) FROM speeko.pulse")
    flow.books.execute(
        "INSERT INTO speeko.pulse SELECT account, at - n * interval '1 day', 1, 1, 1 "
        "FROM speeko.pulse CROSS JOIN generate_series(8, 12) n"
    )
    crash_recovery.sweep(flow.context)
    assert flow.books.one("SELECT count(*) FROM speeko.pulse") == pulses > 0
    assert job_details.accounts_of(database, job)
