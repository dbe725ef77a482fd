"""What goes first, and how near the greedy choice comes to the best one."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speeko_jobs.core.policies.eviction_ranking import (
    DAY_SECONDS,
    PRIOR_HITS,
    EvictionCandidate,
    beyond_budget,
    beyond_fraction,
    roi,
)

MB = 1_000_000


def entry(n: int, size: int, worth: int = 0, held: bool = False) -> EvictionCandidate:
    return EvictionCandidate(n.to_bytes(32, "big"), 1, size, worth, held)


def density(e: EvictionCandidate) -> float:
    return e.worth_micros / e.bytes


def by_falling_roi(entries: list[EvictionCandidate]) -> list[EvictionCandidate]:
    return sorted(entries, key=lambda e: (not e.held, -density(e)))


def best_micros(entries: list[EvictionCandidate], budget: float) -> float:
    """What any choice within the budget could be worth at most: parts of entries are allowed here."""
    worth, room = 0.0, budget
    for e in sorted(entries, key=density, reverse=True):
        part = min(1.0, room / e.bytes)
        worth += part * e.worth_micros
        room -= part * e.bytes
        if room <= 0:
            break
    return worth


def test_the_formula() -> None:
    """Saves over costs in the same time, of which none is left in the result."""
    hits, cost, age, size = 7, 1500.0, 90 * DAY_SECONDS, 30_000
    time = 365 * DAY_SECONDS
    saves = (hits + PRIOR_HITS) / (age + 30 * DAY_SECONDS) * time * cost
    costs = size * 0.023e6 / 1e9 * time / (30 * DAY_SECONDS)
    assert roi(hits, cost, age, size) == pytest.approx(saves / costs)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ((5, 100, 0, 1000), (4, 100, 0, 1000)),  # more hits
        ((5, 200, 0, 1000), (5, 100, 0, 1000)),  # more characters, dearer to buy again
        ((5, 100, 0, 500), (5, 100, 0, 1000)),  # fewer bytes
        ((5, 100, DAY_SECONDS, 1000), (5, 100, 365 * DAY_SECONDS, 1000)),  # hits in a shorter time
        ((0, 100, 0, 1000), (0, 100, 365 * DAY_SECONDS, 1000)),  # the young one of two without a hit
        ((0, 100, 0, 1000), (1, 100, 730 * DAY_SECONDS, 1000)),  # new, and one hit in two years
        ((1, 100, 30 * DAY_SECONDS, 1000), (0, 100, 0, 1000)),  # a hit a month, and new
    ],
)
def test_what_is_worth_more(
    better: tuple[float, float, float, float], worse: tuple[float, float, float, float]
) -> None:
    assert roi(*better) > roi(*worse)


def test_an_entry_without_bytes_age_or_price_is_no_error() -> None:
    assert roi(0, 0, 0, 0) == 0
    assert roi(1, 100, -5, 0) > 0  # a clock that went back


SIZES: dict[str, Callable[[random.Random], int]] = {
    "of one size": lambda _: 30_000,
    "from a word to an hour": lambda r: int(2 * 10 ** r.uniform(3, 7.5)),
    "few giants": lambda r: 60 * MB if r.random() < 0.001 else r.randint(3_000, 90_000),
}


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("sizes", SIZES)
def test_what_stays_is_worth_99_percent_of_the_best(sizes: str, share: float) -> None:
    r = random.Random(f"{sizes} {share}")
    entries = [
        entry(n, SIZES[sizes](r), int(r.paretovariate(1.1) * r.randint(0, 3) * 1000)) for n in range(20_000)
    ]
    budget = int(share * sum(e.bytes for e in entries))
    gone = set(beyond_budget(by_falling_roi(entries), budget))
    stayed = [e for e in entries if e not in gone]
    assert sum(e.bytes for e in stayed) <= budget
    assert sum(e.worth_micros for e in stayed) >= 0.99 * best_micros(entries, budget)


@given(st.lists(st.tuples(st.integers(1, 100), st.integers(0, 10**6)), max_size=300), st.integers(0, 20_000))
def test_the_bound_holds_where_no_entry_is_above_a_hundredth(
    drawn: list[tuple[int, int]], budget: int
) -> None:
    budget = max(budget, 100 * max((size for size, _ in drawn), default=0))
    entries = [entry(n, size, worth) for n, (size, worth) in enumerate(drawn)]
    gone = sum(e.worth_micros for e in beyond_budget(by_falling_roi(entries), budget))
    best = best_micros(entries, budget)
    assert sum(e.worth_micros for e in entries) - gone >= 0.99 * best - 1e-6


def test_what_is_held_stays_whatever_it_takes() -> None:
    held = [entry(n, 60, 0, held=True) for n in range(3)]
    others = [entry(10, 50, 100), entry(11, 10, 10), entry(12, 5, 1)]
    assert list(beyond_budget(by_falling_roi(held + others), 195)) == [others[0]]
    assert list(beyond_budget(by_falling_roi(held + others), 100)) == others
    assert list(beyond_budget([], 0)) == []


@pytest.mark.parametrize(
    ("held", "free", "fraction", "goes"),
    [(0, 10, 0.2, 2), (5, 10, 0.2, 2), (5, 10, 1.0, 10), (5, 10, 0.0, 0), (0, 4, 0.2, 0), (3, 0, 1.0, 0)],
)
def test_a_part_of_those_that_may_go(held: int, free: int, fraction: float, goes: int) -> None:
    entries = [entry(n, 1, 0, held=True) for n in range(held)]
    entries += [entry(100 + n, 1, 1000 - n) for n in range(free)]
    assert list(beyond_fraction(entries, len(entries), fraction)) == entries[len(entries) - goes :]
