"""Background tasks, and the bound on each kind of them."""

from __future__ import annotations

import asyncio

import pytest

from speeko_jobs.flow.synthesis.background_tasks import BackgroundTasks, SingleFlight


class _Watched:
    """Background tasks, with a list of what they reported."""

    def __init__(self) -> None:
        self.reports: list[str] = []
        self.tasks = BackgroundTasks(
            lambda: self.reports.append("end"), lambda error: self.reports.append(f"error: {error}")
        )


def test_counts_a_run_from_the_moment_it_is_made() -> None:
    async def work() -> list[bool]:
        flight, gate = SingleFlight(), asyncio.Event()
        seen = [flight.is_free]
        made = flight.run(_wait(gate))
        seen.append(flight.is_free)  # not started yet, and counted
        task = asyncio.create_task(made)
        gate.set()
        await task
        return [*seen, flight.is_free]

    assert asyncio.run(work()) == [True, False, True]


def test_lets_as_many_run_as_its_limit_says() -> None:
    async def work() -> list[tuple[int, bool]]:
        flight, gate = SingleFlight(2), asyncio.Event()
        seen = []
        open_now = []
        for _ in range(2):
            open_now.append(asyncio.create_task(flight.run(_wait(gate))))
            seen.append((flight.running, flight.is_free))
        gate.set()
        await asyncio.gather(*open_now)
        return [*seen, (flight.running, flight.is_free)]

    assert asyncio.run(work()) == [(1, True), (2, False), (0, True)]


def test_is_free_again_after_an_error() -> None:
    async def work() -> bool:
        flight = SingleFlight()
        with pytest.raises(ValueError, match="no good"):
            await flight.run(_fail("no good"))
        return flight.is_free

    assert asyncio.run(work())


def test_calls_what_follows_a_task_in_place_of_the_common_end() -> None:
    watched = _Watched()

    async def work() -> None:
        watched.tasks.spawn(_nothing())
        await watched.tasks.join()
        await asyncio.sleep(0)
        watched.tasks.spawn(_nothing(), lambda: watched.reports.append("then"))
        await watched.tasks.join()
        await asyncio.sleep(0)

    asyncio.run(work())
    assert watched.reports == ["end", "then"]


def test_reports_the_error_of_a_task_after_its_end() -> None:
    watched = _Watched()

    async def work() -> None:
        watched.tasks.spawn(_fail("broken"))
        with pytest.raises(ValueError, match="broken"):
            await watched.tasks.join()
        await asyncio.sleep(0)

    asyncio.run(work())
    assert watched.reports == ["end", "error: broken"]


def test_joins_all_tasks_that_are_open() -> None:
    watched = _Watched()

    async def work() -> int:
        gate = asyncio.Event()
        for _ in range(3):
            watched.tasks.spawn(_wait(gate))
        watched.tasks.spawn(_open(gate))
        await watched.tasks.join()
        await asyncio.sleep(0)
        return len(watched.reports)

    assert asyncio.run(work()) == 4


async def _nothing() -> None: ...


async def _wait(gate: asyncio.Event) -> None:
    await gate.wait()


async def _open(gate: asyncio.Event) -> None:
    gate.set()


async def _fail(why: str) -> None:
    raise ValueError(why)
