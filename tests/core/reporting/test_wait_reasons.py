"""What a job waits for: each cause in words, since when and until when; nothing where it gets on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.reporting.wait_reasons import AccountFacts, WaitFacts, WaitKind, waiting

AT = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return AT - timedelta(seconds=seconds)


ACCOUNT = AccountFacts("speeko", limit=50, held=20, good_run=100)
GOES_ON = WaitFacts(
    7, AT, JobState.RUNNING, "", ago(600), "speeko", account=ACCOUNT, workers=1, engines=2, has_work=True,
    held=20, open_calls=20,
)  # fmt: skip
FAILS = replace(
    ACCOUNT, good_run=0, trouble_since=ago(120), trouble_at=ago(10), trouble_kind="failing",
    trouble_why="HTTP 500: no", blocked_until=ago(-20),
)  # fmt: skip


def line(facts: WaitFacts) -> str:
    found = waiting(facts)
    return "" if found is None else found.line(AT)


@pytest.mark.parametrize("state", [JobState.DONE, JobState.DONE_WITH_ERRORS, JobState.CANCELLED])
def test_what_has_ended_waits_for_nothing(state: JobState) -> None:
    assert waiting(replace(GOES_ON, state=state)) is None


def test_a_job_that_gets_on_waits_for_nothing() -> None:
    assert waiting(GOES_ON) is None
    assert waiting(replace(GOES_ON, retrying=20)) is None  # as many as are called now
    short = replace(ACCOUNT, trouble_since=ago(1), trouble_at=ago(1), trouble_kind="failing")
    assert waiting(replace(GOES_ON, account=short)) is None


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("failing", "waits for the provider: every call fails (HTTP 500: no)"),
        ("throttled", "waits for the provider, which holds every call off (HTTP 500: no)"),
        ("unreachable", "waits for a connection to the provider (HTTP 500: no)"),
    ],
)
def test_a_provider_that_fails(kind: str, words: str) -> None:
    """Since when, when the next call comes, and when the job gives up."""
    facts = replace(GOES_ON, account=replace(FAILS, trouble_kind=kind), open_calls=1)
    rest = "for 2 min now; the next call in 20 s; pauses in 28 min unless it answers"
    assert line(facts) == f"{words}; {rest}"
    found = waiting(facts)
    assert found is not None
    assert found.to_json(AT) == {
        "for": "provider",
        "what": words.removeprefix("waits for "),
        "since": "2027-03-01T11:58:00.000+00:00",
        "until": "2027-03-01T12:00:20.000+00:00",
        "then": "the next call",
        "pauses_at": "2027-03-01T12:28:00.000+00:00",
        "retrying": 0,
        "remedy": "",
        "text": f"{words}; {rest}",
    }


def test_the_patience_counts_from_the_release() -> None:
    """What failed before the job was released is not its own."""
    found = waiting(replace(GOES_ON, since=ago(60), account=FAILS, give_up_seconds=90.0))
    assert found is not None
    assert found.pauses_at == AT + timedelta(seconds=30)


def test_failures_of_long_ago_say_nothing() -> None:
    old = replace(FAILS, trouble_since=ago(9000), trouble_at=ago(8000), blocked_until=None)
    found = waiting(replace(GOES_ON, account=old, open_calls=0, engines=0, held=0))
    assert found is not None
    assert (found.kind, found.what) == (WaitKind.WORKER, "a free worker process")


def test_a_wait_that_the_provider_asked_for() -> None:
    held_off = replace(ACCOUNT, blocked_until=ago(-90), why="HTTP 429: slow down")
    words = "waits for the provider, which holds calls off (HTTP 429: slow down); the next call in 1 min 30 s"
    assert line(replace(GOES_ON, account=held_off, open_calls=0)) == words


def test_no_worker() -> None:
    facts = replace(GOES_ON, workers=0, engines=0, held=0, open_calls=0, account=None)
    words = "waits for a worker: none runs that serves {}; for 10 min now;"
    words += " start one with `speeko up` or `speeko worker`"
    assert line(facts) == words.format("speeko")
    assert line(replace(facts, accounts=("shop", "other"))) == words.format("shop or other")
    found = waiting(facts)
    assert found is not None
    assert found.short(AT) == "waits for a worker for 10 min"


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"retrying": 300, "open_calls": 3}, WaitKind.RETRIES, "retries: 300 texts failed"),
        ({"open_calls": 0, "elsewhere": 12}, WaitKind.OTHER_JOB, "12 texts that other jobs buy"),
        (
            {"has_work": False, "ready": 4, "ready_since": ago(60)},
            WaitKind.DELIVERIES,
            "the delivery of 4 chunks",
        ),
    ],
)  # fmt: skip
def test_other_causes(changes: dict[str, object], kind: WaitKind, words: str) -> None:
    rationed = replace(ACCOUNT, good_run=0)
    found = waiting(replace(GOES_ON, account=rationed, **changes))  # type: ignore[arg-type]
    assert found is not None
    assert found.kind is kind
    assert found.what.startswith(words)


def test_retries_that_are_not_rationed_are_not_waited_for() -> None:
    assert waiting(replace(GOES_ON, retrying=300, open_calls=3)) is None


def test_rates_and_permits() -> None:
    idle = replace(GOES_ON, open_calls=0, held=0)
    calls = replace(ACCOUNT, calls_a_minute=60, calls_left=0.4)
    assert line(replace(idle, account=calls)) == "waits for its share of 60 calls a minute"
    chars = replace(ACCOUNT, chars_a_minute=9000, chars_left=-3.0)
    assert line(replace(idle, account=chars)) == "waits for its share of 9,000 characters a minute"
    full = replace(ACCOUNT, held=50)
    assert line(replace(idle, account=full)) == "waits for permits: other jobs hold all 50 calls at a time"


def test_paused_jobs() -> None:
    paused = replace(GOES_ON, state=JobState.PAUSED, reason="by the user")
    assert line(paused) == "waits for `speeko resume`; for 10 min now"
    outage = replace(
        paused,
        reason="outage: every call failed",
        account=replace(FAILS, probe_at=AT + timedelta(seconds=200)),
    )
    resumes = "waits for the provider to answer again, and then resumes by itself; for 10 min now"
    assert line(outage) == f"{resumes}; the next try in 3 min 20 s"
    assert "start one with `speeko up`" in line(replace(outage, workers=0))


def test_planning_and_another_jobs_output() -> None:
    planning = replace(GOES_ON, state=JobState.PLANNING)
    assert line(planning).startswith("waits for its plan")
    assert line(replace(planning, rival=3)).startswith("waits for job 3, which delivers to the same output")


def test_secrets_in_reasons_stay_out() -> None:
    told = replace(FAILS, trouble_why="https://user:hunter2@api.example.com/v1 is away")
    assert "hunter2" not in line(replace(GOES_ON, account=told))
