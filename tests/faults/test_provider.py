"""A provider that misbehaves in every way it can: the bill stays within the ledger, and no row is lost."""

from __future__ import annotations

import resource
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from speeko_jobs.adapters.postgres import jobs, permits, voice_rates
from speeko_jobs.adapters.postgres.jobs import Job
from speeko_jobs.core.model.states import JobState
from speeko_jobs.flow.lifecycle import control
from tests.fixtures.books import together
from tests.fixtures.inprocess import InProcess, opened_in
from tests.fixtures.metered import MeteredProvider
from tests.fixtures.ports import held_port, number
from tests.metered.audio import read_stamp, stamp_of

ROWS = [(f"r{n}", f"This is text {n}, about a plain box.") for n in range(60)]


@pytest.fixture
def flow(tmp_path: Path, migrated_url: str, redis_url: str, strict: MeteredProvider) -> Iterator[InProcess]:
    """The flow in this process, 32 calls at a time, against a provider that bills every call."""
    with opened_in(tmp_path, migrated_url, redis_url, strict, max_concurrency=32) as opened:
        yield opened


def check_bill(flow: InProcess) -> Counter[str]:
    """settled <= bill <= settled + unknown, and of each key; how many attempts there are by state."""
    flow.check()
    attempts = flow.books.execute("SELECT encode(key, 'hex'), state, ever_unknown FROM speeko.attempt")
    excuses: Counter[str] = Counter()
    for key, state, ever_unknown in attempts:
        excuses[key] += bool(ever_unknown) + (state == "bad")
    billed = Counter(entry["key"] for entry in flow.provider.bill())
    assert {key: n for key, n in billed.items() if n > 1 + excuses[key]} == {}
    states = Counter(state for _, state, _ in attempts)
    assert states["sending"] == 0
    return states


def check_done(flow: InProcess, ended: Job, rows: list[tuple[str, str]] = ROWS) -> None:
    """The job is done, and every file is its own row's."""
    assert (ended.state, ended.delivered) == (JobState.DONE, len(rows)), ended.reason
    said = dict(rows)
    for line in flow.manifest():
        audio = (flow.output / line["path"]).read_bytes()
        assert read_stamp(audio, "mp3") == stamp_of(said[line["id"]], line["voice"], line["language"])


def drive(flow: InProcess, *rules: dict[str, Any], rows: list[tuple[str, str]] = ROWS) -> Job:
    """A job through a provider that follows these rules, as far as it goes by itself."""
    flow.provider.script(list(rules))
    return flow.drive(flow.submit(flow.catalog(rows))[0])


def account(flow: InProcess) -> permits.AccountLimits:
    return permits.accounts(flow.context.database)[0]


def unblock(flow: InProcess) -> None:
    """As if the time of the block had passed."""
    flow.books.execute("UPDATE speeko.account SET blocked_until = NULL")


# thrown back


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("60", 60), ("-1", 0), ("abc", 0), ("315360000", 600), ("", 0), ("0", 0), ("date", 90)],
)
def test_a_wait_is_kept_by_the_whole_fleet(flow: InProcess, retry_after: str, seconds: int) -> None:
    """Nothing is billed, nothing is lost; a wait of ten years is one of ten minutes."""
    job, _ = flow.submit(flow.catalog(ROWS))
    limited = flow.again(work_seconds=1.0)
    if retry_after == "date":
        retry_after = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
    headers = {"Retry-After": retry_after} if retry_after else {}
    flow.provider.script([{"match": "*", "times": 5, "status": 429, "headers": headers}])
    limited.synthesize(job)
    blocked = flow.books.one(
        "SELECT coalesce(max(extract(epoch FROM blocked_until - clock_timestamp())), 0)::float8"
        " FROM speeko.account"
    )
    assert blocked <= seconds + 0.6
    if seconds:
        assert blocked > seconds - 30
        assert flow.provider.calls <= 32  # those that were on their way
    unblock(flow)
    check_done(flow, limited.drive(job))
    states = check_bill(flow)
    assert flow.provider.calls == states["stored"] == 60
    assert states["unknown"] == 0
    assert states["refused"] >= 5
    limited.close()


# failing


def test_a_provider_that_fails_for_a_while_is_left_alone_and_taken_up_again(flow: InProcess) -> None:
    """Hundred percent 5xx: all stops but one call at a time, and nobody has to do anything."""
    rows = [(f"r{n}", f"This is text {n}, about a plain box.") for n in range(400)]
    job, _ = flow.submit(flow.catalog(rows))
    flow.provider.script([{"match": "*", "times": -1, "status": 500}])
    limited = flow.again(work_seconds=6.0)
    limited.synthesize(job)
    failed = flow.books.one("SELECT count(*) FROM speeko.attempt WHERE state = 'unknown'")
    assert failed <= 32 + 20 + 6  # on their way, until it is seen, and one after each pause
    assert account(flow).limit == 1
    assert jobs.show(flow.context.database, job).failed == 0

    flow.provider.script([])
    check_done(flow, limited.drive(job), rows)

    assert check_bill(flow)["unknown"] == failed
    assert flow.provider.calls == 400
    limited.close()


def test_retries_are_a_tenth_of_the_calls(flow: InProcess) -> None:
    """A third of the texts fails, again and again. In the first engine's time there is no room to try all of
    them again."""
    rows = [(f"r{n}", f"This is text {n}, about a plain box.") for n in range(300)]
    failing = [{"match": f"text {n},", "status": 502, "times": -1} for n in range(0, 300, 3)]
    flow.provider.script(failing)
    job, _ = flow.submit(flow.catalog(rows))
    limited = flow.again(work_seconds=4.0)
    limited.synthesize(job)
    again = (
        "SELECT count(*) FROM speeko.attempt a WHERE state <> 'refused' AND EXISTS"
        " (SELECT FROM speeko.attempt b WHERE b.key = a.key AND b.fence < a.fence AND b.ever_unknown)"
    )
    calls = flow.books.one("SELECT count(*) FROM speeko.attempt")
    assert flow.books.one(again) <= 10 + 0.1 * calls + 2
    flow.provider.script([])
    flow.books.execute("UPDATE speeko.account SET retries_left = 1000")
    check_done(flow, limited.drive(job), rows)
    assert check_bill(flow)["unknown"] <= 100 + 10 + 0.1 * calls + 2
    limited.close()


def test_a_text_that_always_fails_is_given_up_after_six_calls(flow: InProcess) -> None:
    """All others are answered, so it is the text."""
    ended = drive(flow, {"match": "text 7,", "times": -1, "status": 500, "bill": True})
    assert (ended.state, ended.delivered, ended.failed) == (JobState.DONE_WITH_ERRORS, 59, 1)
    assert check_bill(flow) == {"stored": 59, "unknown": 6}
    assert [row["id"] for row in flow.table("failed.csv")] == ["r7"]
    assert flow.provider.calls == 65


# answers that get lost


@pytest.mark.parametrize(
    "rule",
    [
        {"reset": "before"},
        {"reset": "after"},
        {"cut_after_bytes": 100},
        {"cut_after_bytes": 100, "chunked": True},
        {"cut_after_bytes": 0},
        {"delay_seconds": 30},
        {"drip": True},
        {"endless": True},
        {"status": 500},
        {"status": 500, "bill": True},
        {"status": 504, "bill": True},
    ],
    ids=lambda rule: "-".join(map(str, rule)),
)
def test_what_nobody_knows_is_unknown_and_bought_again(flow: InProcess, rule: dict[str, Any]) -> None:
    never_ends = bool({"delay_seconds", "drip"} & rule.keys())
    limited = flow.again(request_timeout_seconds=3.0 if never_ends else 60.0, max_audio_mb=1)
    ended = drive(limited, {"match": "*", "times": 3, **rule})
    check_done(flow, ended)
    states = check_bill(flow)
    assert states == {"stored": 60, "unknown": 3}
    assert ended.possible_calls == 3
    assert 60 <= flow.provider.calls <= 63
    limited.close()


def test_memory_is_bounded_whatever_comes(flow: InProcess) -> None:
    """An endless body and a gigabyte in a megabyte of gzip."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    limited = flow.again(max_audio_mb=2)
    rules = [{"match": "*", "times": 3, "garbage": "gzip_bomb"}, {"match": "*", "times": 3, "endless": True}]
    check_done(flow, drive(limited, *rules))
    assert check_bill(flow) == {"stored": 60, "unknown": 6}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000
    limited.close()


# no connection


@pytest.fixture
def nowhere() -> Iterator[dict[str, str]]:
    """Addresses at which no call can be sent."""
    with ExitStack() as stack:
        held = held_port()
        stack.callback(held.close)
        plain = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

        def refuse() -> None:
            while True:
                try:
                    connection, _ = plain.accept()
                except OSError:
                    return
                connection.sendall(b"this is no TLS\r\n")
                connection.close()

        threading.Thread(target=refuse, daemon=True).start()
        yield {
            "refused": f"http://127.0.0.1:{number(held)}",
            "no such host": "http://no-such-host.invalid",
            "TLS": f"https://127.0.0.1:{plain.getsockname()[1]}",
        }


@pytest.mark.parametrize("kind", ["refused", "no such host", "TLS"])
def test_what_was_never_sent_is_free(flow: InProcess, nowhere: dict[str, str], kind: str) -> None:
    away = flow.again(api_url=nowhere[kind])
    job, _ = away.submit(away.catalog(ROWS), {"give_up_seconds": 1.0})
    paused = away.drive(job)
    assert paused.state is JobState.PAUSED
    assert paused.reason.startswith("outage: no connection for ")
    states = check_bill(away)
    assert set(states) <= {"refused", "sending"}
    assert (paused.spent_micros, paused.possible_micros, paused.possible_calls) == (0, 0, 0)
    assert (flow.provider.calls, paused.failed) == (0, 0)
    assert account(flow).limit == 1
    away.close()

    control.resume(flow.context, job)
    check_done(flow, flow.drive(job))
    assert check_bill(flow)["stored"] == 60


# answers that are no speech


@pytest.mark.parametrize(("kind", "booked"), [("html", "unknown"), ("empty", "unknown"), ("silence", "bad")])
def test_bad_audio_is_booked_and_never_kept(flow: InProcess, kind: str, booked: str) -> None:
    """One bad answer is bought once more; a text whose audio is always bad is given up after six, since all
    others are good. What is audio was paid; what is none may have been."""
    ended = drive(
        flow,
        {"match": "text 7,", "times": -1, "garbage": kind},
        {"match": "text 9,", "times": 1, "garbage": kind},
    )
    assert (ended.state, ended.delivered, ended.failed) == (JobState.DONE_WITH_ERRORS, 59, 1)
    assert check_bill(flow) == {"stored": 59, booked: 7}
    assert flow.provider.calls == 66
    assert ended.spent_micros + ended.possible_micros == flow.provider.micros
    error = flow.table("failed.csv")[0]["error"]
    assert error.startswith("audio failed validation: " if booked == "bad" else "no audio in the answer: ")
    flow.provider.script([])
    again = flow.drive(flow.submit(flow.catalog(ROWS))[0])
    assert again.state is JobState.DONE
    assert flow.provider.calls == 67  # the bad one was not in any cache


@pytest.mark.parametrize("rule", [{"garbage": "long_header"}, {"cut": True}])
def test_a_wav_that_lies_about_its_length_is_no_good(flow: InProcess, rule: dict[str, Any]) -> None:
    waves = flow.again(format="wav")
    if "cut" in rule:  # the whole answer, as far as HTTP knows
        rule = {"body": "RIFF\x24\x00\x00\x00WAVEfmt "}
    ended = drive(waves, {"match": "*", "times": 2, **rule})
    assert (ended.state, ended.delivered) == (JobState.DONE, 60)
    assert check_bill(waves) == {"stored": 60, "bad": 2}
    waves.close()


# the account


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"error": {"message": "Incorrect API key"}}),
        (402, {"error": {"message": "Pay first"}}),
        (403, {"error": {"message": "Not your region"}}),
        (429, {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}),
    ],
)
def test_trouble_with_the_account_in_the_middle_pauses(flow: InProcess, status: int, body: Any) -> None:
    """At most as many more calls as may be open; each row waits, none fails."""
    rows = [(f"r{n}", f"This is text {n}, about a plain box.") for n in range(300)]
    flow.provider.script([{"match": "text 150,", "times": 1, "status": status, "body": body}])
    first, _ = flow.submit(flow.catalog(rows))
    paused = flow.drive(first)
    assert (paused.state, paused.failed) == (JobState.PAUSED, 0)
    assert body["error"]["message"] in paused.reason
    at = flow.books.one("SELECT min(settled_at) FROM speeko.attempt WHERE status = %s", [status])
    later = "SELECT count(*) FROM speeko.attempt WHERE at > %s"
    assert flow.books.one(later, [at]) <= 2 * 32
    assert check_bill(flow)["unknown"] == 0
    control.resume(flow.context, first)
    check_done(flow, flow.drive(first), rows)
    assert flow.provider.calls == 300


# one text for all, and the wrong text


def test_ten_thousand_rows_of_one_text_are_one_call(flow: InProcess) -> None:
    """Eight engines at once, each with some of the chunks."""
    rows = [(f"r{n}", "All of us say the same.") for n in range(10_000)]
    engines = [flow.again() for _ in range(8)]
    job, _ = engines[0].submit(flow.catalog(rows))
    together([lambda e=e, no=no: e.synthesize(job, no) for no, e in enumerate(engines, 1)])  # type: ignore[misc]
    ended = flow.drive(job)
    assert (ended.state, ended.delivered) == (JobState.DONE, 10_000)
    assert check_bill(flow) == {"stored": 1}
    assert flow.provider.calls == 1
    for engine in engines:
        engine.close()


def test_audio_of_another_text_is_caught_where_lengths_differ(flow: InProcess) -> None:
    """A provider that replays an answer: what a voice has spoken tells how long a text may take."""
    long = " and it comes with a long list of things that nobody has ever asked for,"
    rows = [(f"r{n}", f"Text {n}{long * (1 + n % 3)}") for n in range(120)]
    check_done(flow, drive(flow, rows=rows), rows)
    known = voice_rates.speech_rates(flow.context.database, "speeko", 100)
    assert known
    assert 0.03 < known[0].millis / 1000 / known[0].chars < 0.2

    other = [(f"s{n}", f"Speak {n} {long[1:]}{long * 3}") for n in range(10)]
    flow.provider.script([{"match": "Speak 3 ", "times": 1, "say": "No, " * 8}])
    ended = flow.drive(flow.submit(flow.catalog(other))[0])
    assert (ended.state, ended.delivered) == (JobState.DONE, 10)
    states = check_bill(flow)
    assert states["bad"] == 1
    reason = flow.books.one("SELECT reason FROM speeko.attempt WHERE state = 'bad'")
    assert "this voice takes" in reason
