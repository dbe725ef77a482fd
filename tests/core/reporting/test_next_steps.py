"""What a person does next: one table for pauses and for rows without audio."""

from __future__ import annotations

from typing import Any

import pytest

from speeko_jobs.core.model.pause_reasons import PauseKind, stored_reason
from speeko_jobs.core.policies.waste_breaker import cap_reason, wasteful_reason
from speeko_jobs.core.reporting.next_steps import (
    REMEDIES,
    FailureKind,
    failure_kind,
    next_steps,
    remedy,
    resumes_by_itself,
)


def test_each_kind_has_a_remedy_and_only_an_outage_ends_by_itself() -> None:
    assert set(REMEDIES) == set(PauseKind)
    assert [kind for kind in PauseKind if resumes_by_itself(kind)] == [PauseKind.OUTAGE]


@pytest.mark.parametrize("kind", PauseKind)
def test_each_remedy_names_the_command(kind: PauseKind) -> None:
    assert "speeko resume 7" in remedy(stored_reason(kind, "a detail"), 7)


def test_the_option_is_named_where_it_helps() -> None:
    own = "budget: the next text would pass the job's budget"
    assert remedy(own, 7).endswith("then: speeko resume 7 --budget USD")
    tenants = "budget: the next text would pass the daily cap of tenant shop"
    assert remedy(tenants, 7).endswith("then: speeko resume 7")
    used_up = cap_reason(1_000_000, 999_000, 2_000, [])
    assert remedy(used_up, 7).endswith("then: speeko resume 7 --max-waste USD")
    assert remedy(wasteful_reason("b" * 10, "m", "v", 900, []), 7).endswith("then: speeko resume 7")
    assert remedy("by the user", 7) == "speeko resume 7"
    assert "resumes when the provider answers again" in remedy("outage: every call failed", 7)


def summary(state: str, reason: str = "", *failures: tuple[str, int], output: str = "/out") -> dict[str, Any]:
    found = [{"reason": why, "rows": rows} for why, rows in failures]
    return {"job": 7, "state": state, "reason": reason, "failures": found, "output": output}


@pytest.mark.parametrize(
    ("reason", "first"),
    [
        ("provider: HTTP 401: no such key", "correct the API key (SPEEKO_API_KEY)"),
        ("provider: HTTP 403", "correct the API key (SPEEKO_API_KEY)"),
        (
            "provider: HTTP 429: you exceeded your current quota",
            "raise the quota or add credit at the speech API",
        ),
        ("provider: HTTP 402: payment required", "raise the quota or add credit at the speech API"),
        ("provider: HTTP 404: no such model", "correct the model (--model) or the URL of the speech API"),
        ("provider: espeak-ng does not start", "correct the key, quota, model or URL of the speech API"),
        ("destination: /out: no space left", "make the output writable"),
        ("spool: the disk of /x has less than 256 MB free", "free disk space where the workers run"),
    ],
)
def test_a_pause_says_what_to_correct_before_the_job_is_resumed(reason: str, first: str) -> None:
    (step,) = next_steps(summary("paused", reason), resume="speeko resume 7 --home /h")
    assert str(step).startswith(first)
    assert step.command.startswith("speeko resume 7 --home /h")
    assert remedy(reason, 7).startswith(first)


def test_an_outage_ends_by_itself_and_a_pause_by_hand_needs_nothing_first() -> None:
    (step,) = next_steps(summary("paused", "outage: every call failed"))
    assert str(step).startswith("it resumes by itself")
    (step,) = next_steps(summary("paused", "by the user"))
    assert str(step) == "go on with: speeko resume 7"


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("HTTP 503: overloaded", FailureKind.PASSING),
        ("HTTP 500", FailureKind.PASSING),
        ("HTTP 429: slow down", FailureKind.PASSING),
        ("no answer within 60 s", FailureKind.PASSING),
        ("no connection: [Errno 111] Connect call failed", FailureKind.PASSING),
        ("connection lost: ServerDisconnectedError", FailureKind.PASSING),
        ("the answer was cut before its end", FailureKind.PASSING),
        ("audio failed validation: it is silent", FailureKind.BAD_AUDIO),
        ("no audio in the answer: 12 bytes of text", FailureKind.BAD_AUDIO),
        ("cancelled before it was bought", FailureKind.CANCELLED),
        ("cancelled after a call that brought no usable audio: HTTP 500", FailureKind.CANCELLED),
        ("its file could not be made: no space left", FailureKind.OUTPUT),
        ("the text is not known any more: run the catalog again", FailureKind.FORGOTTEN),
        ("the text is empty", FailureKind.ROW),
        ("HTTP 400: the text has no letters", FailureKind.ROW),
        ("HTTP 422: unsupported characters", FailureKind.ROW),
    ],
)
def test_why_a_row_failed_decides_what_to_do(reason: str, kind: FailureKind) -> None:
    assert failure_kind(reason) is kind


def test_rows_that_are_fine_are_retried_and_only_bad_ones_corrected() -> None:
    both = summary("done_with_errors", "", ("HTTP 503", 9), ("HTTP 500: oops", 2), ("the text is empty", 10))
    steps = next_steps(both, rerun="speeko run /out/failed.csv")
    assert [step.command for step in steps] == ["speeko retry 7", "speeko run /out/failed.csv"]
    outage = next_steps(summary("done_with_errors", "", ("HTTP 503", 9)))
    assert "failed.csv" not in " ".join(map(str, outage))
    (again,) = next_steps(summary("cancelled", "by the user", ("cancelled before it was bought", 5)))
    assert again.command == "speeko retry 7"


def test_nothing_is_to_be_done_where_all_is_done_or_nothing_is_delivered() -> None:
    assert next_steps(summary("done")) == []
    assert next_steps(summary("running", "", ("HTTP 503", 9))) == []
    assert next_steps(summary("done_with_errors", "", ("HTTP 503", 1), output="bought ahead")) == []
