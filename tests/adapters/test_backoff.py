"""Backoff: how many tries, how long the waits are, and what is raised in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest

from speeko_jobs.adapters.backoff import Backoff, retry, retry_async

QUICK = Backoff(tries=3, first_seconds=0.0)


class Flaky:
    """Work that fails so many times before it returns the number of its call."""

    def __init__(self, failures: int, error: type[Exception] = ConnectionError) -> None:
        self.calls, self._failures, self._error = 0, failures, error

    def __call__(self) -> int:
        self.calls += 1
        if self.calls <= self._failures:
            raise self._error(f"failure {self.calls}")
        return self.calls

    async def soon(self) -> int:
        await asyncio.sleep(0)
        return self()


def blocking(work: Flaky, on_failure: Callable[[Exception, int], None] | None = None) -> int:
    return retry(work, QUICK, ConnectionError, on_failure)


def waiting(work: Flaky, on_failure: Callable[[Exception, int], None] | None = None) -> int:
    return asyncio.run(retry_async(work.soon, QUICK, ConnectionError, on_failure))


both = pytest.mark.parametrize("run", [blocking, waiting])


def test_the_bound_doubles_up_to_the_largest() -> None:
    steady = Backoff(tries=6, first_seconds=0.5, max_seconds=3.0, has_jitter=False)
    assert list(steady.waits()) == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_jitter_draws_between_the_least_and_the_bound() -> None:
    backoff = Backoff(tries=5, first_seconds=1.0, min_seconds=0.25)
    drawn = [list(backoff.waits()) for _ in range(200)]
    for waits in drawn:
        assert all(0.25 <= wait <= bound for wait, bound in zip(waits, (1.0, 2.0, 4.0, 8.0), strict=True))
    assert any(first != second for first, second in pairwise(drawn))


@pytest.mark.parametrize("tries", [1, 2, 8])
def test_there_is_one_wait_fewer_than_tries(tries: int) -> None:
    assert len(list(Backoff(tries, 0.1).waits())) == tries - 1


@both
@pytest.mark.parametrize("failures", [0, 1, 2])
def test_work_is_repeated_until_it_succeeds(run: Callable[..., int], failures: int) -> None:
    told: list[tuple[str, int]] = []
    work = Flaky(failures)
    assert run(work, lambda error, tried: told.append((str(error), tried))) == failures + 1
    assert told == [(f"failure {tried}", tried) for tried in range(1, failures + 1)]


@both
def test_the_error_of_the_last_try_is_raised(run: Callable[..., int]) -> None:
    told: list[int] = []
    work = Flaky(5)
    with pytest.raises(ConnectionError, match="failure 3"):
        run(work, lambda _, tried: told.append(tried))
    assert work.calls == 3
    assert told == [1, 2]


@both
def test_another_error_is_raised_at_once(run: Callable[..., int]) -> None:
    work = Flaky(5, ValueError)
    with pytest.raises(ValueError, match="failure 1"):
        run(work)
    assert work.calls == 1
