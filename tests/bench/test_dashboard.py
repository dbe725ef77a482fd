"""How quick the dashboard stays beside a job of a million rows and thousands of jobs, and what viewers cost.

SPEEKO_BENCH_SHOWN_ROWS (1000000), SPEEKO_BENCH_SHOWN_JOBS (5000), SPEEKO_BENCH_VIEWERS (50). The job is
bought by real workers while the pages are read. Transactions are those of the whole database while the job
is paused, less those that there are without a viewer.
"""

from __future__ import annotations

import contextlib
import statistics
import threading
import time

import pytest
import requests

from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.core.model.states import JobState
from tests.bench.bought import write_lines
from tests.bench.processes import at_work
from tests.bench.programs import planned
from tests.bench.table import show, size
from tests.bench.test_warm_rate import Cells
from tests.e2e.conftest import MakeSpine
from tests.fixtures.spine import Spine
from tests.fixtures.stage import Dashboard, hear, listening

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1_800)]
ANSWERS, MOVES, WINDOW_SECONDS = 30, 5, 5.0
COMMITS = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"


def add_ended(spine: Spine, job: int, count: int) -> None:
    """So many jobs more, like this one, that have ended."""
    spine.sql(
        "INSERT INTO speeko.job (tenant, state, spec, files, plan, destination_id, submitter_until, rows,"
        " delivered, released_at, finished_at, finalized, uncounted_row)"
        " SELECT 'shop-' || n % 20, 'done', spec, files, plan, destination_id, submitter_until, 1000, 1000,"
        " clock_timestamp() - interval '1 h', clock_timestamp(), true, NULL"
        f" FROM speeko.job, generate_series(1, {count}) n WHERE id = {job}"
    )
    spine.sql("INSERT INTO speeko.job_words SELECT id, id::text FROM speeko.job ON CONFLICT DO NOTHING")
    spine.sql("VACUUM ANALYZE")


def answers(url: str) -> list[float]:
    """Milliseconds of some answers, each with a reading of its own: the one before is half a second old."""
    out = []
    with requests.Session() as session:
        for _ in range(ANSWERS):
            threading.Event().wait(0.55)
            began = time.monotonic()
            answer = session.get(url, timeout=60)
            out.append(1e3 * (time.monotonic() - began))
            assert answer.status_code == 200, answer.text[:500]
    return out


def behind(spine: Spine, url: str, job: int) -> list[float]:
    """Milliseconds from a change in the database to the viewer's hearing of it."""
    database, out = Database(spine.settings.database_url), []
    with contextlib.closing(database), listening(url, f"/jobs/{job}") as said:
        next(said)
        for turn in range(2 * MOVES):
            before, after = (JobState.RUNNING, JobState.PAUSED)[:: 1 if turn % 2 == 0 else -1]
            assert database.run(
                lambda t, a=after, b=before: jobs.set_state(t, job, a, "bench", expected=[b])  # type: ignore[misc]
            )
            began = time.monotonic()
            hear(said, f"Job {job} is {after}")
            out.append(1e3 * (time.monotonic() - began))
    return out


def commits_a_second(spine: Spine, url: str, path: str, viewers: int) -> float:
    """Transactions of the database while so many look at a page."""
    with contextlib.ExitStack() as stack:
        for _ in range(viewers):
            next(stack.enter_context(listening(url, path)))
        before, began = spine.sql(COMMITS)[0][0], time.monotonic()
        threading.Event().wait(WINDOW_SECONDS)
        return float(spine.sql(COMMITS)[0][0] - before) / (time.monotonic() - began)


def test_pages_beside_a_large_job(make_spine: MakeSpine) -> None:
    rows, ended = size("SHOWN_ROWS", 1_000_000), size("SHOWN_JOBS", 5_000)
    spine = make_spine(provider={"latency_ms": 150, "audio_bytes": 3_000, "fsync": False}, max_concurrency=32)
    job = planned(spine, "submit", write_lines(spine.folder / "catalog.csv", rows))["job"]
    add_ended(spine, job, ended)
    dashboard = Dashboard(spine.settings, spine.folder)
    table: list[Cells] = []
    try:
        with at_work(spine):
            spine.wait_for_calls(200)
            for path in (
                "/",
                f"/?words={job}",
                f"/jobs/{job}",
                "/costs",
                "/workers",
                "/api/jobs",
                f"/api/jobs/{job}",
            ):
                took = answers(dashboard.url + path)
                table.append([path, statistics.median(took), max(took), "≤ 300"])
            lags = behind(spine, dashboard.url, job)
            table.append(["a pause, pushed", statistics.median(lags), max(lags), "≤ 1,000"])
            spine.sql(f"UPDATE speeko.job SET state = 'paused' WHERE id = {job}")
        many = size("VIEWERS", 50)
        path = f"/jobs/{job}"
        idle, one, all_ = [commits_a_second(spine, dashboard.url, path, n) for n in (0, 1, many)]
    finally:
        assert dashboard.kill("SIGTERM") == 0
    title = f"The dashboard beside a running job of {rows:,} rows and {ended:,} ended ones"
    show(title, ["ms", "median", "slowest", "target"], table)
    show(
        "Viewers of that job's page",
        ["", "transactions a second"],
        [["no viewer", idle], ["one", one - idle], [f"{many}", all_ - idle]],
    )
