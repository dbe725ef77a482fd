"""What a task answers, and what of an exception leaves it: both are shown by Celery's log and by Flower."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from speeko_jobs.errors import StoreError
from speeko_workers import tasks

CANARY = "a row's text"


@tasks.answer_in_words(lambda count: f"{count} calls")
def work(thing: Any) -> Any:
    if isinstance(thing, BaseException):
        raise thing
    return thing


def test_an_answer_is_words() -> None:
    assert repr(work(3)) == "3 calls"


def test_known_trouble_is_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    assert repr(work(StoreError("the store is full"))) == (
        "not done: StoreError, see the worker's log; it will be sent again"
    )
    assert "the store is full" in caplog.text


def test_what_a_foreign_exception_says_stays_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(tasks.UnforeseenError) as raised:
        work(ValueError(CANARY))
    shown = "".join(traceback.format_exception(raised.value)) + repr(raised.value)
    assert "ValueError, see the worker's log" in shown
    assert CANARY not in shown
    assert CANARY in caplog.text


def test_celerys_own_time_limit_is_celerys() -> None:
    with pytest.raises(SoftTimeLimitExceeded):
        work(SoftTimeLimitExceeded())
