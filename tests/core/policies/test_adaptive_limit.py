"""The limit that tunes itself, against providers in virtual time; failing providers; the retry budget."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from speeko_jobs.core.policies import adaptive_limit
from speeko_jobs.core.policies.adaptive_limit import CallLimit, CallWindow, FailureShare, retries_left, tune
from speeko_jobs.core.policies.permit_shares import grant

Capacity = Callable[[float], int]


@dataclass
class Engine:
    """One engine: it leases once a second, and sends whatever it may."""

    held: int = -1  # has not leased yet
    allowed: int = 0
    busy: int = 0
    blocked_until: float = 0.0
    seen: CallWindow = adaptive_limit.NOTHING


class World:
    """Engines, the row of their account, and a provider that takes so many calls at once, by the second.

    What it throws back says Retry-After; the engine heeds it at once and the others from their next lease.
    """

    def __init__(
        self, capacity: Capacity, *, engines: int, ceiling: int, latency: float, retry_after: float, seed: int
    ) -> None:
        self.capacity, self.latency, self.retry_after = capacity, latency, retry_after
        self.chance = random.Random(seed)
        self.limit = CallLimit(min(adaptive_limit.START, ceiling), ceiling)
        self.blocked_until = 0.0
        self.engines = [Engine() for _ in range(engines)]
        self.open = 0
        self.answers: list[tuple[float, bool]] = []  # when, and whether it was thrown back
        self.limits: list[tuple[float, int]] = []
        self.order = itertools.count()
        self.events: list[tuple[float, int, Callable[[float], None]]] = []
        for number, engine in enumerate(self.engines):
            self.at(number / engines, lambda now, e=engine: self.lease(now, e))  # type: ignore[misc]

    def at(self, when: float, what: Callable[[float], None]) -> None:
        heapq.heappush(self.events, (when, next(self.order), what))

    def run(self, seconds: float) -> World:
        while self.events and self.events[0][0] < seconds:
            now, _, what = heapq.heappop(self.events)
            what(now)
        return self

    def lease(self, now: float, engine: Engine) -> None:
        if self.blocked_until > self.limit.window_at:
            self.limit = replace(self.limit, quiet=True)
        self.limit = tune(now, self.limit, engine.seen)
        self.limits.append((now, self.limit.limit))
        engine.seen = CallWindow()
        others = [(e.held, 1000) for e in self.engines if e is not engine and e.held >= 0]
        engine.allowed = grant(self.limit.limit, 1000, others)
        engine.held = max(engine.allowed, engine.busy)
        engine.blocked_until = max(engine.blocked_until, self.blocked_until)
        self.at(now + (1.0 if engine.allowed else 0.2), lambda then: self.lease(then, engine))
        self.send(now, engine)

    def send(self, now: float, engine: Engine) -> None:
        if now < engine.blocked_until:
            self.at(engine.blocked_until, lambda then: self.send(then, engine))
            return
        while engine.busy < engine.allowed and now >= engine.blocked_until:
            engine.busy += 1
            thrown_back = self.open >= self.capacity(now)
            self.open += not thrown_back
            takes = 0.004 if thrown_back else self.latency * self.chance.uniform(0.7, 1.3)
            self.at(now + takes, lambda then, b=thrown_back: self.end(then, engine, b))  # type: ignore[misc]
        engine.seen += CallWindow(saturated=True)

    def end(self, now: float, engine: Engine, thrown_back: bool) -> None:
        engine.busy -= 1
        self.open -= not thrown_back
        self.answers.append((now, thrown_back))
        engine.seen += CallWindow(ended=1, throttled=int(thrown_back))
        if thrown_back:
            wait = self.retry_after or self.chance.uniform(0.05, 0.5)
            engine.blocked_until = max(engine.blocked_until, now + wait)
            self.blocked_until = max(self.blocked_until, now + wait)
        self.send(now, engine)

    def thrown_back(self, since: float, until: float) -> float:
        """The share of calls thrown back in a stretch of time."""
        seen = [back for at, back in self.answers if since <= at < until]
        return sum(seen) / max(len(seen), 1)

    def used(self, since: float, until: float, capacity: int) -> float:
        """The share of what the provider could have served in a stretch of time."""
        served = sum(not back for at, back in self.answers if since <= at < until)
        return served * self.latency / (capacity * (until - since))


@pytest.mark.parametrize("retry_after", [0.0, 1.0])
@pytest.mark.parametrize("latency", [0.15, 1.0])
@pytest.mark.parametrize(
    ("capacity", "engines", "found"), [(20, 4, 10), (20, 1, 10), (200, 4, 20), (200, 12, 20)]
)
def test_it_finds_the_providers_limit(
    capacity: int, engines: int, found: int, latency: float, retry_after: float
) -> None:
    """Within `found` seconds; a provider of slow calls has so few that each probe shows."""
    backs, uses = [], []
    for seed in range(2):
        world = World(
            lambda _: capacity,
            engines=engines,
            ceiling=10 * capacity,
            latency=latency,
            retry_after=retry_after,
            seed=seed,
        ).run(found + 30)
        backs.append(world.thrown_back(found, found + 30))
        uses.append(world.used(found, found + 30, capacity))
    assert max(backs) <= (0.02 if latency < 1 else 0.06)
    assert sum(uses) / 2 >= 0.9
    assert min(uses) >= 0.85


@pytest.mark.parametrize("retry_after", [0.0, 1.0])
@pytest.mark.parametrize("latency", [0.15, 1.0])
@pytest.mark.parametrize("capacity", [20, 200])
def test_it_finds_it_again_when_it_halves(capacity: int, latency: float, retry_after: float) -> None:
    backs, uses = [], []
    for seed in range(2):
        world = World(
            lambda now: capacity if now < 30 else capacity // 2,
            engines=4,
            ceiling=capacity,
            latency=latency,
            retry_after=retry_after,
            seed=seed,
        ).run(70)
        assert world.thrown_back(10, 30) == 0
        assert world.used(10, 30, capacity) >= 0.95
        backs.append(world.thrown_back(45, 70))
        uses.append(world.used(45, 70, capacity // 2))
    assert max(backs) <= (0.02 if latency < 1 else 0.06)
    assert sum(uses) / 2 >= 0.9
    assert min(uses) >= 0.85


@pytest.mark.parametrize("latency", [0.05, 1.0])
def test_it_grows_with_the_provider(latency: float) -> None:
    world = World(
        lambda now: 20 if now < 30 else 200,
        engines=4,
        ceiling=200,
        latency=latency,
        retry_after=1.0,
        seed=1,
    ).run(150)
    assert world.used(120, 150, 200) >= 0.9


@pytest.mark.parametrize("capacity", [1, 2, 3])
def test_a_small_limit_is_found_too(capacity: int) -> None:
    world = World(lambda _: capacity, engines=4, ceiling=50, latency=0.1, retry_after=1.0, seed=1).run(40)
    assert world.limits[-1][1] in (capacity, capacity + 1)
    assert world.thrown_back(10, 40) <= 0.06  # a probe of one on top of one is much


WINDOWS = st.builds(
    lambda ended, throttled, failed, saturated, server: CallWindow(
        ended, min(throttled, ended), min(failed, ended - min(throttled, ended)), saturated, server
    ),
    st.integers(0, 500),
    st.integers(0, 500),
    st.integers(0, 500),
    st.booleans(),
    st.sampled_from([0, 0, 0, 1, 5, 1000]),
)


@given(
    st.integers(1, 300),
    st.integers(1, 300),
    st.lists(st.tuples(st.floats(0, 30), WINDOWS, st.sampled_from([None, None, None, 1, 10, 300]))),
)
@example(1, 2, [(1.0, CallWindow(1, saturated=True, allowed_by_server=1), None)])  # as many as it may
@settings(max_examples=300)
def test_never_below_one_or_above_the_ceiling(
    start: int, ceiling: int, reports: list[tuple[float, CallWindow, int | None]]
) -> None:
    limit, now = CallLimit(min(start, ceiling), ceiling), 0.0
    for passed, seen, another_ceiling in reports:
        now += passed
        if another_ceiling:
            limit = replace(limit, ceiling=another_ceiling, limit=min(limit.limit, another_ceiling))
        after = tune(now, limit, seen)
        assert 1 <= after.limit <= after.ceiling
        assert 0 <= after.pause_seconds <= 60
        if after.limit > limit.limit:
            window = limit.window + seen
            assert window.saturated
            assert not window.throttled
        if seen.allowed_by_server and seen.ended and not seen.failed and now >= limit.window_at:
            assert after.limit <= max(seen.allowed_by_server, 1)
        limit = after


def test_one_report_of_calls_thrown_back_cuts_once() -> None:
    limit = tune(1.0, CallLimit(100, 100), CallWindow(50, 30, saturated=True))
    assert (limit.limit, limit.too_high, limit.why) == (68, 100, "30 of 50 calls were thrown back")
    again = tune(2.0, limit, CallWindow(50, 30, saturated=True))
    assert again.limit == 68  # what was seen before the cut was heard of
    later = tune(4.2, tune(3.1, again, CallWindow(1)), CallWindow(50, 60, saturated=True))
    assert later.limit == 34  # at most half at once


def test_reports_of_several_engines_make_one_window() -> None:
    limit = CallLimit(100, 100)
    for at in (0.2, 0.5, 0.8):
        limit = tune(at, limit, CallWindow(10, 2))
        assert limit.limit == 100
    assert tune(1.1, limit, CallWindow()).limit == 92


def test_what_is_not_in_use_does_not_grow() -> None:
    assert tune(1.0, CallLimit(10, 100), CallWindow(1000)).limit == 10
    assert (
        tune(1.0, CallLimit(10, 100), CallWindow(1000, saturated=True)).limit == 20
    )  # nothing was ever too high
    assert tune(1.0, CallLimit(10, 100, too_high=50), CallWindow(1000, saturated=True)).limit == 12


def test_the_servers_own_word_counts_at_once() -> None:
    limit = tune(0.1, CallLimit(100, 100), CallWindow(3, saturated=True, allowed_by_server=15))
    assert (limit.limit, limit.why) == (15, "the server allows 15")
    for second in range(1, 60):
        limit = tune(float(second), limit, CallWindow(100, saturated=True, allowed_by_server=15))
    assert limit.limit <= 16


# a provider that fails


def test_most_calls_failing_stops_all_but_one_with_growing_pauses() -> None:
    limit = tune(0.1, CallLimit(100, 100), CallWindow(20, failed=11))
    assert (limit.limit, limit.pause_seconds) == (1, 1.0)
    pauses, now = [], 0.1
    for _ in range(9):
        now += limit.pause_seconds + 0.1
        limit = tune(now, limit, CallWindow(1, failed=1))
        pauses.append(round(limit.pause_seconds))
    assert pauses == [1, 2, 5, 10, 19, 38, 60, 60, 60]
    assert limit.limit == 1


def test_it_recovers_by_itself() -> None:
    limit = replace(CallLimit(1, 100), failing_since=0.0, window_at=300.0)
    seconds = 0
    while limit.limit < 100:
        seconds += 1
        limit = tune(301.0 + seconds, limit, CallWindow(10, saturated=True))
        assert limit.failing_since is None
        assert limit.pause_seconds == 0
    assert seconds <= 21


def test_half_of_the_calls_may_fail() -> None:
    limit = CallLimit(100, 100)
    for second in range(1, 100):
        limit = tune(float(second), limit, CallWindow(100, failed=50))
    assert (limit.limit, limit.failing_since) == (100, None)


def test_a_few_failures_of_a_small_job_are_remembered_but_stop_nothing() -> None:
    limit = tune(1.0, CallLimit(100, 100), CallWindow(3, failed=3))
    limit = tune(5.0, tune(2.0, limit, CallWindow()), CallWindow(3, failed=3))
    assert (limit.limit, limit.failing_since, limit.pause_seconds) == (100, 1.0, 0.0)
    assert tune(6.0, limit, CallWindow(1)).failing_since is None


def test_an_engine_knows_by_itself_when_most_calls_fail() -> None:
    failures = FailureShare()
    assert [failures.ended(failed=True) for _ in range(20)] == [False] * 19 + [True]
    assert not any(failures.ended(failed=n % 2 == 0) for n in range(200))


# the retry budget


@given(st.lists(st.tuples(st.floats(0, 20), st.integers(0, 200)), min_size=1))
def test_retries_are_a_tenth_of_the_calls_and_ten_a_minute(reports: list[tuple[float, int]]) -> None:
    left, retries, seconds, calls = adaptive_limit.FIRST_RETRIES, 0, 0.0, 0
    for passed, ended in reports:
        left = retries_left(left, passed, ended)
        made, left = int(left), left - int(left)
        retries, seconds, calls = retries + made, seconds + passed, calls + ended
    assert retries <= 0.1 * calls + seconds / 6 + adaptive_limit.FIRST_RETRIES


def test_a_small_job_may_retry_and_a_broken_provider_not_for_ever() -> None:
    assert int(retries_left(adaptive_limit.FIRST_RETRIES, 0, 1)) == 10
    assert retries_left(0.0, 60, 0) == pytest.approx(10)
    assert retries_left(0.0, 36_000, 0) == 100
    assert retries_left(0.0, 0, 1_000_000) == 100
