"""What a watcher remembers over its looks: paces, and who has gone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from speeko_cli.monitoring.fleet_state import (
    FORGET_SECONDS,
    MAX_GONE,
    MAX_JOBS,
    STILL,
    FleetState,
    NodeStatus,
)
from speeko_cli.output.throughput import Throughput, overall
from speeko_jobs.adapters.postgres.fleet_status import EngineStatus
from speeko_jobs.adapters.postgres.job_listing import JobLine
from speeko_jobs.core.model.states import JobState

THEN = datetime(2026, 11, 1, 2, 0, tzinfo=UTC)
PLAN = {"calls": 2_000, "cost_micros": 3_000_000, "list_micros": 4_500_000}
LINE = JobLine(
    id=12, tenant="shop", state=JobState.RUNNING, reason="", priority=0, files=["catalog.csv"],
    destination="/out", provider="speeko", plan=PLAN, budget_micros=None, reserved_micros=0, spent_micros=0,
    possible_micros=0, calls=0, possible_calls=0, rows=3_000, skipped=0, delivered=0, unchanged=0, failed=0,
    refused=0, chunks=3, chunks_open=3, in_flight=0, schedule=None, created_at=THEN, released_at=THEN,
    finished_at=None, pruned_at=None, seconds=0.0,
)  # fmt: skip
ENGINE = EngineStatus(
    id=1, host="here", pid=100, started_at=THEN, lease_seconds=30.0, held=8, busy=5, wants=9, chunks=2,
    jobs=[12],
)  # fmt: skip


def at(seconds: float) -> JobLine:
    """The job so long after its release: 20 rows and 10 calls a second, and 500 rows that were there."""
    return replace(LINE, seconds=seconds, delivered=int(20 * seconds), unchanged=500, calls=int(10 * seconds))


def pace(board: FleetState, now: float, line: JobLine) -> Throughput:
    (seen,) = board.take_jobs(now, [line])
    assert seen.line is line
    return seen.pace


def engines(
    board: FleetState, now: float, *some: EngineStatus
) -> tuple[list[int], list[tuple[int, bool, float]]]:
    """The living, and who has gone: its number, whether it died, and when."""
    found = board.take_engines(now, some)
    return [one.engine.id for one in found.living], [(g.engine.id, g.died, g.at_seconds) for g in found.gone]


# jobs


def test_the_first_look_tells_the_mean_since_the_release() -> None:
    assert pace(FleetState(), 1_000.0, at(100)) == Throughput(20.0, 10.0, 100.0)  # 1,000 calls are left
    assert overall(at(0.5), 0.5) == STILL
    assert overall(at(2.0), 2.0) == Throughput(20.0, 10.0, None)  # too early to tell when it ends
    assert overall(replace(LINE, calls=2_000, delivered=3_000), 60.0).eta_seconds == 0.0


def test_what_happens_now_takes_over_from_the_mean() -> None:
    board = FleetState()
    fast = [replace(at(100), delivered=2_000 + 50 * n, calls=1_000 + 50 * n) for n in range(16)]
    told = [pace(board, 1_000.0 + n, line) for n, line in enumerate(fast)]
    assert told[1].rows == pytest.approx(20.5)
    assert (told[15].rows, told[15].calls) == (50.0, 50.0)
    assert told[15].eta_seconds == pytest.approx((2_000 - 1_750) / 50)


def test_a_job_that_stands_still_has_no_pace_and_its_mean_tells_nothing_afterwards() -> None:
    board = FleetState()
    pace(board, 1_000.0, at(100))
    for state in (JobState.PAUSED, JobState.FINALIZING, JobState.DONE, JobState.PLANNING, JobState.CANCELLED):
        assert pace(board, 1_001.0, replace(at(101), state=state)) == STILL
    pace(board, 1_002.0, replace(at(101), state=JobState.PAUSED))
    assert pace(board, 1_003.0, replace(at(101), seconds=9_000)) == STILL
    assert pace(board, 1_005.0, replace(at(102), seconds=9_002)).rows == pytest.approx(10.0)


def test_looks_in_any_mix_are_one_job() -> None:
    board, other = FleetState(), replace(LINE, id=13)
    for second in range(21):
        now = 1_000.0 + second
        first, _ = board.take_jobs(now, [at(second), other])
        assert pace(board, now + 0.1, at(second)) == first.pace  # too soon to be news
        assert pace(board, now - 5.0, at(second)) == first.pace  # a slow reading comes late
    assert first.pace.rows == pytest.approx(20.0)


def test_what_nobody_looks_at_is_forgotten() -> None:
    board = FleetState()
    pace(board, 0.0, at(100))
    for second in range(20):
        pace(board, second, at(100))
    assert pace(board, 20.0, at(100)).rows == 0.0
    assert pace(board, 200.0, at(100)) == overall(at(100), 100)
    assert pace(board, 20.0, at(100)) == overall(at(100), 100)  # a clock that was put back
    board.take_jobs(300.0, [replace(LINE, id=n) for n in range(3 * MAX_JOBS)])
    assert len(board._going) == MAX_JOBS
    board.take_jobs(400.0, [])
    assert not board._going


# engines


def test_an_engine_that_dies_is_known_from_the_moment_its_lease_ran_out() -> None:
    board, other = FleetState(), replace(ENGINE, id=2, pid=101)
    assert engines(board, 1_000.0, ENGINE, other) == ([1, 2], [])
    (silent, _) = board.take_engines(1_010.0, [replace(ENGINE, lease_seconds=20.0), other]).living
    assert silent.silent_seconds == 10.0
    died = [(1, True, 1_030.0)]
    dead = replace(ENGINE, lease_seconds=-0.5)
    assert engines(board, 1_030.5, dead, other) == ([2], died)
    assert engines(board, 1_031.5, replace(dead, lease_seconds=-1.4), other) == ([2], died)
    assert engines(board, 1_040.0, other) == ([2], died)  # buried
    again = replace(ENGINE, id=3)  # its process' number is taken again: it died all the same
    assert engines(board, 1_041.0, other, again) == ([2, 3], died)
    assert engines(board, 1_042.0, other) == ([2], [*left(3, 1_042.0), *died])
    assert engines(board, 1_030.0 + FORGET_SECONDS, other) == ([2], [*left(3, 1_042.0), *died])
    assert engines(board, 1_031.0 + FORGET_SECONDS, other) == ([2], left(3, 1_042.0))


def left(number: int, at_seconds: float) -> list[tuple[int, bool, float]]:
    return [(number, False, at_seconds)]


def test_a_dead_one_that_nobody_buries_stays() -> None:
    board = FleetState()
    dead = replace(ENGINE, lease_seconds=-2 * FORGET_SECONDS)
    for now in (5_000.0, 5_001.0):
        assert engines(board, now, dead) == ([], [(1, True, 5_000.0 - 2 * FORGET_SECONDS)])
    assert engines(board, 5_002.0) == ([], [])


def test_one_that_was_only_late_lives_again() -> None:
    board = FleetState()
    assert engines(board, 1.0, replace(ENGINE, lease_seconds=-1.0)) == ([], [(1, True, 0.0)])
    assert engines(board, 2.0, ENGINE) == ([1], [])


def test_one_that_leaves_has_left_until_its_process_works_again() -> None:
    board, other = FleetState(), replace(ENGINE, id=2, pid=101)
    engines(board, 1.0, ENGINE, other)
    assert engines(board, 2.0, other) == ([2], left(1, 2.0))
    assert engines(board, 3.0, other, replace(ENGINE, id=3)) == ([2, 3], [])
    assert engines(board, 4.0, other) == ([2], left(3, 4.0))
    assert engines(board, 4.0 + FORGET_SECONDS + 1, other) == ([2], [])


def test_what_happened_while_nobody_looked_is_not_guessed() -> None:
    board = FleetState()
    engines(board, 1.0, ENGINE)
    assert engines(board, 100.0) == ([], [])
    engines(board, 200.0, ENGINE)
    engines(board, 229.0, replace(ENGINE, lease_seconds=1.0))
    assert engines(board, 231.0) == ([], [(1, True, 230.0)])  # silent for long, and buried at once


def test_of_many_that_have_gone_the_last_ones_are_kept() -> None:
    board = FleetState()
    engines(board, 1.0, *(replace(ENGINE, id=n, pid=n) for n in range(2 * MAX_GONE)))
    assert len(engines(board, 2.0)[1]) == MAX_GONE


# nodes


def test_a_node_is_missed_after_two_pings() -> None:
    board = FleetState()
    assert board.take_nodes(1.0, ["b", "a"]) == [NodeStatus("a", True, 1.0), NodeStatus("b", True, 1.0)]
    assert board.take_nodes(2.0, ["a"]) == [NodeStatus("a", True, 2.0), NodeStatus("b", True, 1.0)]
    assert board.take_nodes(3.0, None)[1] == NodeStatus("b", True, 1.0)  # the broker is away: nobody's fault
    assert board.take_nodes(4.0, ["a"])[1] == NodeStatus("b", False, 1.0)
    assert board.take_nodes(5.0, ["b"]) == [NodeStatus("a", True, 4.0), NodeStatus("b", True, 5.0)]
    late = 5.0 + FORGET_SECONDS
    assert board.take_nodes(late, ["c"]) == [NodeStatus("b", True, 5.0), NodeStatus("c", True, late)]
    assert [node.name for node in board.take_nodes(late + 1, [])] == ["c"]


def test_threads_may_share_it() -> None:
    board = FleetState()

    def feed(kind: int) -> int:
        for now in range(300):
            some = [replace(ENGINE, id=n + kind, pid=n) for n in range(now % 7)]
            board.take_engines(float(now), some)
            board.take_jobs(float(now), [replace(at(now), id=n) for n in range(now % 5)])
            board.take_nodes(float(now), ["a", "b"][: now % 3])
        return kind

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(feed, range(4))) == [0, 1, 2, 3]
