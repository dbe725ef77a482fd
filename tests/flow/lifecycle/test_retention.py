"""Rows of old jobs go and nothing else changes: sums, hits, the cache, files; killed half way it goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from speeko_jobs.adapters.postgres import jobs, retention
from speeko_jobs.errors import JobError, UsageError
from speeko_jobs.flow.delivery import finalize
from speeko_jobs.flow.lifecycle import control
from speeko_jobs.flow.lifecycle import retention as prune
from speeko_jobs.flow.lifecycle.retention import RetentionOptions
from speeko_jobs.flow.reporting import costs
from tests.adapters.postgres.test_retention import open_month
from tests.fixtures.books import together
from tests.fixtures.inprocess import InProcess

ROWS = [(f"r{n}", f"Text number {n % 30} of this catalog.") for n in range(40)] + [("bad", "---")]
DAY = 86_400.0
KEPT = ("item", "chunk", "need")
# prunes as `speeko jobs prune` does; its settings come over stdin
PRUNE = (
    "import sys, json; from speeko_jobs import runtime; from speeko_jobs.settings import Settings; "
    "from speeko_jobs.adapters.postgres import retention; "
    "from speeko_jobs.flow.lifecycle import retention as prune; "
    "retention.CHUNKS_AT_ONCE = int(sys.argv[1]); retention.ROWS_AT_ONCE = 8 * int(sys.argv[1]); "
    "context = runtime.open_context(Settings(**json.load(sys.stdin))); "
    "prune.prune(context, prune.RetentionOptions(86400.0))"
)


@pytest.fixture
def flow(flow: InProcess) -> Iterator[InProcess]:
    """With several chunks a job."""
    made = flow.again(chunk_rows=8)
    yield made
    made.close()


def age(flow: InProcess, job: int, days: float) -> None:
    """Let a job have ended so long ago."""
    query = "UPDATE speeko.job SET finished_at = clock_timestamp() - make_interval(secs => %s) WHERE id = %s"
    flow.books.execute(query, [days * DAY, job])


def left(flow: InProcess, job: int) -> dict[str, int]:
    """Rows of a job by table."""
    return {
        name: flow.books.one(f"SELECT count(*) FROM speeko.{name} WHERE job_id = %s", [job]) for name in KEPT
    }


def parts(flow: InProcess, job: int) -> list[str]:
    return sorted(flow.context.store_of(flow.settings.store_url).list(f"jobs/{job}"))


def run(flow: InProcess, name: str = "out", **spec: Any) -> int:
    """A job with rows of every end: bought, duplicate, failed and refused."""
    flow.provider.script([{"match": "number 7 ", "status": 400, "body": "no"}])
    orders = {"output": str(flow.folder / name)} | spec
    job, _ = flow.submit(flow.catalog(ROWS), orders)
    flow.drive(job)
    return job


def told(flow: InProcess, job: int) -> dict[str, Any]:
    """Everything that stays of a job, as users see it."""
    summary = finalize.summarize(flow.context, job)
    by_job = costs.look(flow.context.database, costs.By.JOB, since=date(2000, 1, 1))
    assert by_job.no_job is None
    return {k: v for k, v in summary.items() if k != "seconds"} | {"costs": by_job.lines[str(job)]}


def prune_now(flow: InProcess, **orders: Any) -> prune.Pruned:
    return prune.prune(flow.context, RetentionOptions(DAY, **orders))


def test_a_pruned_job_tells_the_same_and_holds_no_rows(flow: InProcess) -> None:
    job, young = run(flow), run(flow, "other")
    age(flow, job, 2)
    out, other = flow.output, flow.folder / "other"
    before = told(flow, job)
    assert before["failed"], before["refused"]
    assert len(before["failures"]) == 2
    files = {p: p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}
    assert (out / "manifest.jsonl") in files
    audio = sorted(flow.context.store_of(flow.settings.store_url).list("audio"))
    daily = flow.books.execute("SELECT * FROM speeko.cost_daily ORDER BY 1, 2, 3, 4, 5")
    assert min(left(flow, job)[name] for name in ("item", "chunk")) > 1
    assert parts(flow, job)

    would = prune_now(flow, dry_run=True)
    assert (would.jobs, would.rows) == (1, left(flow, job)["item"])
    assert told(flow, job) == before
    done = prune_now(flow)
    assert (done.jobs, done.rows, done.stuck, done.is_whole) == (1, would.rows, [], True)

    assert left(flow, job) == dict.fromkeys(KEPT, 0)
    assert parts(flow, job) == []
    assert told(flow, job) == before
    assert {p: p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()} == files
    assert sorted(flow.context.store_of(flow.settings.store_url).list("audio")) == audio
    assert flow.books.execute("SELECT * FROM speeko.cost_daily ORDER BY 1, 2, 3, 4, 5") == daily
    listed = {one.id: one for one in jobs.newest(flow.context.database)}
    assert listed[job].pruned_at is not None
    assert listed[young].pruned_at is None
    assert parts(flow, young)
    assert left(flow, young)["item"] > 1
    assert (other / "manifest.jsonl").exists()
    again = prune_now(flow)
    assert (again.jobs, again.rows) == (0, 0)
    flow.check()


def test_costs_by_job_outlive_the_ledger(flow: InProcess) -> None:
    job, young = run(flow), run(flow, "other")
    age(flow, job, 200)
    before = [told(flow, one) for one in (job, young)]
    assert before[0]["costs"].spent_micros > 0
    (past,) = flow.books.execute("SELECT clock_timestamp() - interval '150 days'")[0]
    month = open_month(flow.books, past)
    move = "UPDATE speeko.attempt SET at = %s WHERE job_id = %s AND id %% 2 = %s"
    flow.books.execute(move, [past, job, 0])  # half of its calls in a month of their own, half in none
    flow.books.execute(move, [past - timedelta(days=150), job, 1])
    assert [told(flow, one) for one in (job, young)] == before
    done = prune_now(flow)
    assert done.months == [month]
    assert done.calls > 1
    assert flow.books.one("SELECT count(*) FROM speeko.attempt WHERE job_id = %s", [job]) == 0
    assert [told(flow, one) for one in (job, young)] == before


def test_hits_are_counted_before_their_rows_go(flow: InProcess) -> None:
    first, second = run(flow), run(flow, "other")
    age(flow, first, 2)
    age(flow, second, 2)
    assert flow.books.one("SELECT coalesce(sum(hits), 0)::bigint FROM speeko.utterance") == 0
    served = sum(
        told(flow, job)["sources"][name] for job in (first, second) for name in ("duplicate", "cache")
    )
    prune_now(flow)
    assert flow.books.one("SELECT sum(hits)::bigint FROM speeko.utterance") == served


def test_nothing_is_bought_or_written_again_after_a_prune(flow: InProcess) -> None:
    age(flow, run(flow), 2)
    prune_now(flow)
    calls = flow.provider.calls
    job = run(flow)
    summary = told(flow, job)
    assert summary["unchanged"] == len(ROWS) - 1 - 2  # but for two rows of the text that fails
    assert flow.provider.calls == calls
    flow.check()


def test_what_needs_the_rows_says_that_they_are_gone(flow: InProcess) -> None:
    job = run(flow)
    age(flow, job, 2)
    prune_now(flow)
    manifest = (flow.output / "manifest.jsonl").read_bytes()
    for call in (
        lambda: list(finalize.results(flow.context, job)),
        lambda: finalize.finalize(flow.context, job),
        lambda: control.retry(flow.context, job),
    ):
        with pytest.raises(JobError, match=f"the rows of job {job} were pruned: ") as caught:
            call()
        assert "\n" not in str(caught.value)
    assert (flow.output / "manifest.jsonl").read_bytes() == manifest
    assert jobs.show(flow.context.database, job).state == "done_with_errors"


def test_only_ended_jobs_of_that_tenant_go(flow: InProcess) -> None:
    ended, going = run(flow), flow.submit(flow.catalog(ROWS), {"output": str(flow.folder / "2")})[0]
    age(flow, ended, 2)
    age(flow, going, 400)
    assert prune_now(flow, tenant="other", dry_run=True).jobs == 0
    assert prune_now(flow, tenant="").jobs == 0  # a variable that is not set must not mean everybody
    assert prune_now(flow, tenant="shop").jobs == 1
    assert left(flow, going)["item"] > 1
    flow.drive(going)
    flow.check()


def test_young_jobs_are_never_pruned(flow: InProcess) -> None:
    with pytest.raises(UsageError, match="at least 1h"):
        prune.prune(flow.context, RetentionOptions(3_599))


def test_a_retry_that_was_first_keeps_its_rows(flow: InProcess) -> None:
    job = run(flow)
    age(flow, job, 2)
    flow.provider.script([])
    (due,) = retention.due(flow.context.database, DAY) or [None]  # type: ignore[list-item]
    assert due is None  # its uses are not counted yet
    flow.books.execute("UPDATE speeko.job SET uncounted_row = NULL")
    assert [one.job for one in retention.due(flow.context.database, DAY)] == [job]
    control.retry(flow.context, job)
    assert not retention.begin(flow.context.database, job)
    flow.drive(job)
    assert told(flow, job)["failed"] == 0
    flow.check()


@pytest.mark.parametrize(
    ("place", "at_once", "without_rows"),
    [("after_prune_begin", 100, False), ("in_prune:2", 2, False), ("in_prune:5", 2, True)],
    ids=["begun", "rows", "chunks"],
)
def test_killed_half_way_the_next_goes_on(
    flow: InProcess, place: str, at_once: int, without_rows: bool
) -> None:
    job = run(flow)
    age(flow, job, 2)
    before = told(flow, job)
    settings = {name: getattr(flow.settings, name) for name in ("home", "database_url", "redis_url")}
    died = subprocess.run(
        [sys.executable, "-c", PRUNE, str(at_once)],
        input=json.dumps(settings),
        text=True,
        env=os.environ | {"SPEEKO_CRASH": place},
    )
    assert died.returncode == -signal.SIGKILL
    assert left(flow, job)["chunk"] > 0
    assert (left(flow, job)["item"] == 0) == without_rows
    assert told(flow, job) == before  # the sums hold at every moment
    with pytest.raises(JobError, match="pruned"):
        control.retry(flow.context, job)
    assert prune_now(flow).jobs == 1
    assert left(flow, job) == dict.fromkeys(KEPT, 0)
    assert told(flow, job) == before


def test_several_at_once(flow: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "CHUNKS_AT_ONCE", 1)
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 3)
    made = [run(flow, f"out-{n}") for n in range(3)]
    before = [told(flow, job) for job in made]
    for job in made:
        age(flow, job, 2)
    flow.books.execute("UPDATE speeko.job SET uncounted_row = NULL")
    rows = sum(left(flow, job)["item"] for job in made)
    done = together([lambda: prune_now(flow) for _ in range(4)])
    assert sum(one.rows for one in done) == rows
    assert [told(flow, job) for job in made] == before
    assert sum(sum(left(flow, job).values()) for job in made) == 0


def test_a_store_that_refuses_keeps_nobody_else(flow: InProcess) -> None:
    stuck, job = run(flow, "stuck"), run(flow)
    for one in (stuck, job):
        age(flow, one, 2)
    before = told(flow, stuck)
    move = "UPDATE speeko.job SET spec = jsonb_set(spec, '{store}', to_jsonb(%s::text)) WHERE id = %s"
    flow.books.execute(move, ["ftp://gone", stuck])
    done = prune_now(flow)
    assert (done.jobs, done.stuck) == (1, [stuck])
    assert told(flow, stuck) == before
    flow.books.execute(move, [flow.settings.store_url, stuck])
    assert prune_now(flow).jobs == 1
    assert parts(flow, stuck) == []
    assert retention.begun(flow.context.database) == []


def test_the_settings_ask_for_it(flow: InProcess) -> None:
    job = run(flow)
    age(flow, job, 31)
    assert prune.keep_days(flow.context) is None
    with_days = flow.again(keep_jobs_days=30)
    done = prune.keep_days(with_days.context)
    with_days.close()
    assert done is not None
    assert done.jobs == 1


def test_time_runs_out_and_the_next_goes_on(flow: InProcess) -> None:
    job = run(flow)
    age(flow, job, 2)
    before = told(flow, job)
    done = prune_now(flow, work_seconds=-1.0)
    assert (done.jobs, done.is_whole) == (0, False)
    assert told(flow, job) == before
    assert prune_now(flow).jobs == 1
