"""Redis and Postgres that die, freeze or come back empty in the middle of a job."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from speeko_jobs.embedded.servers import EmbeddedServers, running
from tests.e2e.conftest import MakeSpine
from tests.fixtures.ledger import check_ledger, check_served
from tests.fixtures.spine import DELIVERING, SYNTHESIZING, Spine, texts, write_catalog
from tests.wait import wait_until

ROWS = texts(240)
SPOKEN = {str(number): text for number, text in enumerate(ROWS, start=1)}
STRICT = {"latency_ms": 150, "ignore_idempotency": True, "fsync": False}


@pytest.fixture
def slow(make_spine: MakeSpine) -> Spine:
    spine = make_spine(provider=STRICT, max_concurrency=16, lease_seconds=30.0, work_seconds=1.0)
    spine.start_workers(SYNTHESIZING, DELIVERING)
    return spine


def submit(spine: Spine) -> int:
    job = spine.submit(write_catalog(spine.folder / "catalog.csv", ROWS))
    spine.wait_for_calls(60)
    return job


def test_redis_is_killed_and_comes_back_empty(slow: Spine) -> None:
    job = submit(slow)
    slow.redis.kill("SIGKILL")
    slow.redis.start()
    slow.redis.ready()

    summary = slow.wait(job, sweeping=True)

    check_served(slow, summary, SPOKEN)
    assert check_ledger(slow)["unknown"] == 0
    assert slow.provider.calls == len(ROWS)
    assert all(node.container.status == "running" for node in slow.nodes)
    again = slow.wait(slow.submit(slow.folder / "catalog.csv", output="again"), sweeping=True)
    assert again["calls"] == 0


def test_redis_freezes_for_some_seconds(slow: Spine) -> None:
    job = submit(slow)
    os.kill(slow.redis.process.pid, signal.SIGSTOP)
    frozen = time.monotonic()
    try:
        wait_until(lambda: time.monotonic() - frozen > 4, "the time of the freeze")
    finally:
        os.kill(slow.redis.process.pid, signal.SIGCONT)

    summary = slow.wait(job, sweeping=True)

    check_served(slow, summary, SPOKEN)
    assert check_ledger(slow)["unknown"] == 0
    assert slow.provider.calls == len(ROWS)


def test_a_catalog_is_submitted_while_redis_is_away(slow: Spine) -> None:
    slow.redis.kill("SIGKILL")
    job = slow.submit(write_catalog(slow.folder / "catalog.csv", ROWS[:50]))
    assert slow.job(job).chunks == 13
    slow.redis.start()
    slow.redis.ready()
    summary = slow.wait(job, sweeping=True)
    assert summary["calls"] == 50
    check_ledger(slow)


@pytest.fixture
def own_stack() -> Iterator[tuple[Path, str]]:
    """A home with a Postgres of the test's own, and its URL."""
    parent = Path(tempfile.mkdtemp(prefix="speeko-test-"))
    with EmbeddedServers(parent / "home", redis=False) as urls:
        yield parent / "home", urls.database_url
    shutil.rmtree(parent)


def test_postgres_is_stopped_at_once_and_comes_back(
    make_spine: MakeSpine, own_stack: tuple[Path, str]
) -> None:
    home, url = own_stack
    spine = make_spine(
        database_url=url, provider=STRICT, max_concurrency=16, lease_seconds=3.0, work_seconds=5.0
    )
    spine.start_workers(SYNTHESIZING, DELIVERING)
    job = submit(spine)

    os.kill(running(home)["postgres"], signal.SIGQUIT)  # pg_ctl's immediate stop
    wait_until(lambda: "postgres" not in running(home), "its end")
    with EmbeddedServers(home, redis=False):
        summary = spine.wait(job, sweeping=True)
        check_served(spine, summary, SPOKEN)
        states = check_ledger(spine)
    assert states["unknown"] <= 48
    assert spine.provider.calls <= len(ROWS) + states["unknown"]
