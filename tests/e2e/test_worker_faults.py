"""Workers that die, are stopped or are restarted in the middle of a job; no text is paid for twice unsaid."""

from __future__ import annotations

import contextlib
import os
import signal

import psutil
import pytest

from speeko_jobs.core.model.states import JobState
from speeko_workers.supervisor import CeleryNode, Supervisor
from tests.e2e.conftest import MakeSpine
from tests.e2e.submitters import Submitter
from tests.fixtures.ledger import check_ledger, check_served
from tests.fixtures.spine import DELIVERING, SYNTHESIZING, Spine, texts, write_catalog
from tests.wait import wait_until

LIMIT = 16
LOST = 3 * LIMIT  # one engine: in flight, claimed ahead, and answered but not yet booked
ROWS = texts(240)
SPOKEN = {str(number): text for number, text in enumerate(ROWS, start=1)}


@pytest.fixture
def slow(make_spine: MakeSpine) -> Spine:
    """Slow calls, a provider that bills every one of them, and leases that lapse soon."""
    return slow_calls(make_spine, lease_seconds=3.0)


@pytest.fixture
def patient(make_spine: MakeSpine) -> Spine:
    """The same with leases that outlast any pause: for deaths after which no call may be in doubt."""
    return slow_calls(make_spine, lease_seconds=30.0)


def slow_calls(make_spine: MakeSpine, *, lease_seconds: float) -> Spine:
    provider = {"latency_ms": 150, "ignore_idempotency": True, "fsync": False}
    return make_spine(provider=provider, max_concurrency=LIMIT, lease_seconds=lease_seconds)


def submit(spine: Spine) -> int:
    """A job of 240 texts that has made its first 60 calls."""
    job = spine.submit(write_catalog(spine.folder / "catalog.csv", ROWS))
    spine.wait_for_calls(60)
    return job


def check_end(spine: Spine, job: int, most_unknown: int) -> None:
    summary = spine.wait(job, sweeping=True)
    check_served(spine, summary, SPOKEN)
    states = check_ledger(spine)

    assert states["unknown"] <= most_unknown
    assert summary["unknown"]["calls"] == states["unknown"]
    assert spine.provider.calls <= len(ROWS) + most_unknown


def test_a_process_is_killed_in_the_middle(slow: Spine) -> None:
    slow.start_workers(SYNTHESIZING, DELIVERING)
    job = submit(slow)
    node = slow.nodes[0].container
    victim = node.children()[0]

    os.kill(victim, signal.SIGKILL)

    check_end(slow, job, LOST)
    assert node.status == "running"
    wait_until(lambda: len(node.children()) == 2 and victim not in node.children(), "a new process")


def test_all_workers_are_killed_and_others_go_on(slow: Spine) -> None:
    slow.start_workers(SYNTHESIZING, DELIVERING)
    job = submit(slow)
    for node in slow.nodes:
        node.kill("SIGKILL")
    assert slow.job(job).state is JobState.RUNNING

    slow.start_workers(
        CeleryNode("second", SYNTHESIZING.queues, 2), CeleryNode("second-d", DELIVERING.queues, 1)
    )

    check_end(slow, job, LOST)


def test_the_delivering_node_is_killed(patient: Spine) -> None:
    patient.start_workers(SYNTHESIZING, DELIVERING)
    job = submit(patient)
    patient.nodes[1].kill("SIGKILL")
    patient.start_workers(CeleryNode("second-d", DELIVERING.queues, 1))
    check_end(patient, job, 0)


def frozen_between_transactions(spine: Spine, pid: int) -> bool:
    """Freeze a process, and thaw it again if that left a transaction open, which holds up all others."""
    os.kill(pid, signal.SIGSTOP)
    idle = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
    for _ in range(20):  # those of the other processes end by themselves
        if not spine.sql(f"{idle} AND state_change < clock_timestamp() - interval '10 ms'"):
            return True
    os.kill(pid, signal.SIGCONT)
    return False


def test_a_frozen_process_is_taken_for_dead_and_begins_nothing_when_it_wakes(slow: Spine) -> None:
    slow.start_workers(SYNTHESIZING, DELIVERING)
    job = submit(slow)
    victim = slow.nodes[0].container.children()[0]
    wait_until(lambda: frozen_between_transactions(slow, victim), "a moment without a transaction")
    lost = "SELECT 1 FROM speeko.attempt WHERE state = 'unknown'"
    try:
        slow.until(lambda: slow.sql(lost), "its calls to be given up")
    finally:
        os.kill(victim, signal.SIGCONT)
    check_end(slow, job, LOST)


def test_a_warm_stop_ends_well_and_leaves_no_doubt(patient: Spine) -> None:
    spine = patient
    spine.start_workers(SYNTHESIZING, DELIVERING)
    spine.provider.script([{"match": "*", "times": -1, "delay_seconds": 0.3}])
    job = submit(spine)

    assert spine.nodes[0].container.kill("SIGTERM") == 0

    assert spine.sql("SELECT 1 FROM speeko.attempt WHERE state IN ('sending', 'unknown')") == []
    assert spine.job(job).state is JobState.RUNNING
    assert spine.provider.calls < len(ROWS)
    spine.provider.script([])
    spine.start_workers(CeleryNode("second", SYNTHESIZING.queues, 2))
    check_end(spine, job, 0)
    assert spine.provider.calls == len(ROWS)


def test_the_supervisor_restarts_a_node_that_was_killed(slow: Spine) -> None:
    with Supervisor(slow.settings, [SYNTHESIZING, DELIVERING]) as supervisor:
        supervisor.wait_ready()
        job = submit(slow)
        first = supervisor.pids()["synthesize"]
        children = [child.pid for child in psutil.Process(first).children()]
        for pid in (first, *children):
            with contextlib.suppress(ProcessLookupError):  # children may end with the first
                os.kill(pid, signal.SIGKILL)

        wait_until(lambda: supervisor.pids().get("synthesize", first) != first, "a new node")

        check_end(slow, job, LOST)
        pids = supervisor.pids()
    assert not any(psutil.pid_exists(pid) for pid in pids.values())


def test_a_submitter_is_killed_while_it_loads(slow: Spine) -> None:
    slow.start_workers(SYNTHESIZING, DELIVERING)
    catalog = write_catalog(slow.folder / "large.csv", texts(300_000))
    submitter = Submitter(slow, catalog, "out")
    submitter.go()
    count = "SELECT count(*) FROM speeko.item"
    wait_until(lambda: slow.sql(count)[0][0] > 8_000, "the first rows")
    submitter.kill()
    loaded = slow.sql(count)[0][0]
    assert 0 < loaded < 300_000
    job = slow.sql("SELECT max(id) FROM speeko.job")[0][0]
    slow.until(lambda: True, "a sweep")
    assert slow.job(job).state is JobState.PLANNING  # it may yet be alive, for all that anybody knows

    slow.sql("UPDATE speeko.job SET submitter_until = clock_timestamp()")
    slow.until(lambda: slow.job(job).state is JobState.CANCELLED, "the plan to be stopped")

    assert slow.sql(count) == [(0,)]
    assert slow.sql("SELECT 1 FROM speeko.chunk") == []
    assert slow.provider.calls == 0
    again = slow.wait(slow.submit(write_catalog(slow.folder / "small.csv", texts(50))), sweeping=True)
    assert again["calls"] == 50
    check_ledger(slow)
