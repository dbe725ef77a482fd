"""Reasons that differ only in a figure, a quoted value or an id are one reason."""

from __future__ import annotations

import pytest

from speeko_jobs.core.policies.failure_grouping import CANCELLED, cancelled, grouped, normalized


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("too short: 0.04 s for 54 characters", "too short: 0.05 s for 1,056 characters"),
        ("HTTP 404: no voice 'kokoro-a'", "HTTP 404: no voice 'kokoro b'"),
        ('HTTP 400: The model "x" does not exist', 'HTTP 400: The model "y\'s" does not exist'),
        ("HTTP 400: bad request (req_8f3a2b19)", "HTTP 400: bad request (req_77aa0c41)"),
        (
            "HTTP 422: request 123e4567-e89b-12d3-a456-426614174000 failed",
            "HTTP 422: request 00000000-e89b-12d3-a456-42661417ffff failed",
        ),
        ("HTTP 400: at 12:30:01, 5 left", "HTTP 400: at 12:30:59, 4 left"),
    ],
)
def test_one_reason(one: str, other: str) -> None:
    assert normalized(one) == normalized(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HTTP 400: no such model", "HTTP 422: no such model"),
        ("too short: 0.04 s for 54 characters", "too long: 300 s for 54 characters"),
        ("asked for mp3, but the bytes look like wav", "asked for mp3, but the bytes look like opus"),
        ("the model can't be used", "the voice can't be used, isn't it"),
    ],
)
def test_two_reasons(one: str, other: str) -> None:
    assert normalized(one) != normalized(other)


def test_words_stay_readable() -> None:
    assert normalized("too short: 0.04 s for 54 characters") == "too short: # s for # characters"
    assert normalized("HTTP 400: it isn't the user's 'x'") == "HTTP 400: it isn't the user's …"
    assert normalized("") == ""


def test_reasons_that_differ_in_a_figure_are_added_up_and_shown_in_their_usual_wording() -> None:
    counted = [
        ("0.04 s for 54 characters", 1),
        ("0.04 s for 55 characters", 3),
        ("HTTP 400: no such voice", 3),
        ("0.04 s for 56 characters", 1),
        ("HTTP 422: no such voice", 2),
    ]
    assert grouped(counted, 2) == [("0.04 s for 55 characters", 5), ("HTTP 400: no such voice", 3)]
    assert grouped(reversed(counted), 9) == [*grouped(counted, 2), ("HTTP 422: no such voice", 2)]
    assert grouped([], 5) == []


def test_a_cancelled_row_tells_what_became_of_its_calls() -> None:
    assert cancelled("", some_bought=False) == CANCELLED
    assert "no usable audio: 0.04 s" in cancelled("0.04 s for 54 characters", some_bought=False)
    assert "before all its parts" in cancelled("", some_bought=True)
