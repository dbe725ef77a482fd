"""When answers waste money: the window, the waste cap, runs of refusals, and one audio for several texts."""

from __future__ import annotations

import pytest

from speeko_jobs.core.audio.identical_audio import is_one_for_all, spoken_form
from speeko_jobs.core.policies.failure_grouping import normalized
from speeko_jobs.core.policies.waste_breaker import (
    CERTAIN_REFUSALS,
    REFUSALS,
    BreakerSample,
    cap_micros,
    is_unbroken,
    is_wasteful,
    run_of,
)
from speeko_jobs.errors import UsageError


@pytest.mark.parametrize(
    ("recent", "stops"),
    [
        ("b" * 9, False),
        ("b" * 10, True),
        ("gb" * 5, True),
        ("g" * 6 + "b" * 4, False),
        ("g" * 25 + "b" * 25, True),
        ("g" * 26 + "b" * 24, False),
        ("b" * 40 + "g" * 50, False),  # only the last fifty count
    ],
)
def test_half_of_the_last_fifty_from_the_tenth_on(recent: str, stops: bool) -> None:
    assert is_wasteful(recent) is stops


@pytest.mark.parametrize(
    ("given", "plan", "cap"),
    [
        ("", 100_000_000, 10_000_000),
        ("", 5_000, 1_000_000),
        ("5%", 100_000_000, 5_000_000),
        ("5%", 1_000_000, 1_000_000),
        ("2.50", 100_000_000, 2_500_000),
        ("$0.01", 100_000_000, 10_000),
    ],
)
def test_a_cap_is_a_share_of_at_least_a_dollar_or_dollars(given: str, plan: int, cap: int) -> None:
    assert cap_micros(given, plan) == cap


@pytest.mark.parametrize("given", ["0", "0%", "101%", "-1", "ten", "1e3", "%", "$"])
def test_what_is_no_cap_is_refused(given: str) -> None:
    with pytest.raises(UsageError, match="--max-waste takes"):
        cap_micros(given, 0)


def refusals(count: int, reason: str) -> list[BreakerSample]:
    return [BreakerSample(1, n, reason.format(n)) for n in range(count)]


def run(*found: BreakerSample) -> list[BreakerSample]:
    return run_of(found, {one.reason: normalized(one.reason) for one in found})


def test_twenty_refusals_with_one_reason_are_a_run() -> None:
    assert run() == []
    assert run(*refusals(19, "HTTP 400: no model 'x{}'")) == []
    assert len(run(*refusals(20, "HTTP 400: no model 'x{}'"))) == 20
    mixed = refusals(19, "HTTP 400: no model 'x{}'") + refusals(19, "HTTP 400: too long by {}")
    assert run(*mixed) == []
    assert len(run(*mixed, *refusals(1, "HTTP 400: too long by {}"))) == 20


def attempts(numbers: range) -> list[BreakerSample]:
    return [BreakerSample(1, n, "HTTP 400", attempt=n) for n in numbers]


def test_open_calls_between_refusals_may_still_succeed() -> None:
    assert is_unbroken(attempts(range(REFUSALS)), [])
    assert is_unbroken(attempts(range(1, REFUSALS + 1)), [0, 99])
    every_third = attempts(range(0, 90, 3))
    assert not is_unbroken(every_third, [n for n in range(90) if n % 3])
    assert is_unbroken(every_third, [0, 1, 2])
    assert not is_unbroken(attempts(range(0, 2 * REFUSALS, 2)), [REFUSALS + 1])


def test_a_call_that_hangs_does_not_let_all_rows_fail() -> None:
    long = range(0, 2 * CERTAIN_REFUSALS, 2)
    assert is_unbroken(attempts(long), range(1, 2 * CERTAIN_REFUSALS, 2))
    assert not is_unbroken(attempts(long[:-1]), range(1, 2 * CERTAIN_REFUSALS, 2))


def test_case_punctuation_and_numbers_change_no_sound() -> None:
    assert spoken_form("Five RED boxes!", "en") == spoken_form("5 red boxes", "en")
    assert spoken_form("Red", "en") != spoken_form("Read", "en")


def test_three_texts_or_eight_words_share_no_audio() -> None:
    same = [("5 red boxes", "en"), ("Five red boxes.", "en"), ("FIVE, red boxes", "en")]
    assert not is_one_for_all(same)
    assert not is_one_for_all([*same, ("Six blue boxes", "en")])
    assert is_one_for_all([*same, ("Six blue boxes", "en"), ("A green box", "en")])
    alike = [(word, "en") for word in ("there", "their", "they're")]
    assert not is_one_for_all([(text.replace("'", ""), language) for text, language in alike])
    assert is_one_for_all([(word, "en") for word in ["ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen"]])
