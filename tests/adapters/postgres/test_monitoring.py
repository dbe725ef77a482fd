"""What whoever watches is told: pages of jobs, chunks, failed rows, accounts and engines; the same figures
as elsewhere."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from speeko_cli.output import schedules as schedule_report
from speeko_jobs.adapters.postgres import (
    adhoc_jobs,
    deliveries,
    fleet_status,
    job_details,
    job_listing,
    jobs,
    migrate,
    permits,
    schedules,
)
from speeko_jobs.adapters.postgres.chunks import Chunk
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.adapters.postgres.deliveries import DeliveredFile, SavedCosts
from speeko_jobs.adapters.postgres.job_details import ChunkLine, FailedRow
from speeko_jobs.adapters.postgres.job_listing import JobFilter, PageRequest
from speeko_jobs.adapters.postgres.permits import SAMPLE_DAYS, SAMPLE_SECONDS, LeaseRequest
from speeko_jobs.core.model.states import AttemptState, JobState
from speeko_jobs.core.policies.cron_schedule import Timing
from speeko_jobs.core.policies.failure_grouping import CANCELLED
from speeko_jobs.errors import JobError
from speeko_jobs.flow.reporting import costs
from tests.adapters.postgres.test_schema import downgrade
from tests.fixtures.books import SPEC, Books, ended, key_of, stored, together

ACCOUNT = "speeko:1"
MONTH = timedelta(days=30)


def set_job(books: Books, number: int, **columns: Any) -> None:
    named = ", ".join(f"{name} = %({name})s" for name in columns)
    books.execute(f"UPDATE speeko.job SET {named} WHERE id = %(job)s", columns | {"job": number})


def end(books: Books, number: int, state: str = "done") -> None:
    set_job(books, number, state=state, finalized=True, finished_at=datetime.now(UTC), chunks_open=0)
    books.execute("UPDATE speeko.chunk SET state = 'delivered' WHERE job_id = %s", [number])


def deliver(books: Books, number: int, no: int = 1, saved: Sequence[SavedCosts] = (), **counts: int) -> None:
    """A chunk is delivered with such counts; its rows' files are there, as far as their texts are done."""
    books.execute("UPDATE speeko.chunk SET state = 'ready' WHERE job_id = %s AND no = %s", [number, no])
    (row,) = books.execute(
        "SELECT first_row, last_row FROM speeko.chunk WHERE job_id = %s AND no = %s", [number, no]
    )
    found = books.execute(
        "SELECT i.path, i.keys[1] FROM speeko.item i JOIN speeko.utterance u ON u.key = i.keys[1] "
        "WHERE i.job_id = %s AND i.row_no BETWEEN %s AND %s AND u.state = 'done'",
        [number, *row],
    )
    destination = books.one("SELECT destination_id FROM speeko.job WHERE id = %s", [number])
    all_counts = dict.fromkeys(("delivered", "unchanged", "failed", "refused"), 0) | counts
    puts = [DeliveredFile(path, key, 1, 1) for path, key in found]

    def work(t: Any) -> None:
        at = Chunk(number, no, *row)
        finished = deliveries.finish(
            t, at, destination=destination, puts=puts, counts=all_counts, saved=saved
        )
        assert finished is not None
        deliveries.book_saved(t, "shop", SPEC.provider, saved)

    books.run(work)


def buy(books: Books, number: int, no: int = 1, failing: dict[str, str] | None = None) -> int:
    """An engine buys a chunk's texts; those in `failing` fail for good, for that reason."""
    engine = books.engine()
    claims = books.claim(number, engine, books.start(number, no, engine))
    reasons = failing or {}
    books.settle(
        *(
            ended(number, claim, AttemptState.REFUSED, reasons[claim.text], final=True)
            if claim.text in reasons
            else stored(number, claim)
            for claim in claims
        )
    )
    return engine


def lease(books: Books, engine: int, busy: int = 0, wants: int = 4, account: str = ACCOUNT) -> None:
    books.run(lambda t: permits.open_account(t, account, 10))
    books.run(lambda t: permits.lease(t, account, engine, LeaseRequest(wants, busy), 60))


def numbers(books: Books, **page: Any) -> list[int]:
    return [line.id for line in job_listing.jobs(books.database, PageRequest(**page)).lines]


# lines


@pytest.mark.parametrize("state", JobState)
def test_a_line_says_what_the_job_itself_says(books: Books, state: JobState) -> None:
    number = books.job([f"text {n}" for n in range(6)], chunk_rows=3, budget_micros=10_000, priority=2)
    busy = buy(books, number, 1, {"text 1": "no"})
    deliver(books, number, 1, delivered=2, failed=1)
    lease(books, busy, 3)
    lease(books, books.engine(), 2, account="speeko:2")
    lease(books, books.engine(), 9, account="other:1")
    lease(books, dead := books.engine(), 5)
    books.execute("UPDATE speeko.permit SET until = clock_timestamp() WHERE claimant_id = %s", [dead])
    set_job(books, number, state=state.value, reason="because")
    line = job_listing.job(books.database, number)
    told, progress = jobs.show(books.database, number), jobs.progress(books.database, number)
    names = {f.name for f in dataclasses.fields(line)}
    same = names & {f.name for f in dataclasses.fields(told)} - {"files", "seconds"}
    assert len(same) == 26
    assert {n: getattr(line, n) for n in same} == {n: getattr(told, n) for n in same}
    assert line.in_flight == progress.in_flight == (5 if state is JobState.RUNNING else 0)
    assert line.served == told.served == progress.served == 3
    assert (line.files, line.more_files, line.provider) == (["catalog.csv"], 0, "speeko")
    assert abs(line.seconds - told.seconds) < 60
    assert line.schedule is None


def test_a_line_names_the_first_files_and_the_schedule(books: Books) -> None:
    number = books.job(["a"])
    files = [{"name": f"{n}.csv", "first_row": n + 1} for n in range(12)]
    books.execute(
        "UPDATE speeko.job SET files = %s::jsonb WHERE id = %s", [str(files).replace("'", '"'), number]
    )
    timing = Timing("0 2 * * *")
    books.run(
        lambda t: schedules.put(
            t, "nightly", timing, datetime.now(UTC), tenant="shop", orders={}, replace=False
        )
    )
    books.execute(
        "INSERT INTO speeko.schedule_run (schedule_id, due, state, job_id) "
        "SELECT id, clock_timestamp(), 'submitted', %s FROM speeko.schedule",
        [number],
    )
    line = job_listing.job(books.database, number)
    assert (line.files, line.more_files) == ([f"{n}.csv" for n in range(10)], 2)
    assert line.schedule == "nightly"


def test_there_is_no_such_job(books: Books) -> None:
    database = books.database
    for number in (0, -5, 1, 2**63 - 1, 2**70):
        with pytest.raises(JobError, match=rf"^there is no job {number}: `speeko jobs` lists them$"):
            job_listing.job(database, number)
        assert job_details.chunks(database, number).open == []
        assert set(job_details.chunks(database, number).states.values()) == {0}
        assert job_details.failed(database, number, after=2**70) == []
        assert job_details.playable_rows(database, number) == []
        assert job_details.row(database, number, 2**70) is None
        assert job_details.course(database, number) == []
        assert job_details.accounts_of(database, number) == []


# pages


@pytest.fixture
def eight(books: Books) -> list[int]:
    """A job in each state, and another that has failed rows; the third of them is of another tenant."""
    made = []
    for n, state in enumerate([*JobState, JobState.DONE_WITH_ERRORS]):
        number = books.job([f"text {n}"], tenant="other" if n == 2 else "shop")
        set_job(books, number, state=state.value)
        made.append(number)
    return made


def test_pages_hold_what_was_asked_for(books: Books, eight: list[int]) -> None:
    planning, running, paused, finalizing, done, with_errors, cancelled, again = eight
    newest = eight[::-1]
    assert numbers(books) == newest
    assert numbers(books, shown=JobFilter.OPEN) == [finalizing, paused, running, planning]
    assert numbers(books, shown=JobFilter.ENDED) == [again, cancelled, with_errors, done]
    assert numbers(books, shown=JobFilter.TROUBLED) == [again, with_errors, paused]
    assert numbers(books, shown=JobFilter.TROUBLED, tenant="shop") == [again, with_errors]
    assert numbers(books, tenant="other") == [paused]
    assert numbers(books, tenant="nobody") == []
    assert numbers(books, shown=JobFilter.ENDED, before=with_errors) == [done]
    for limit in (1, 3, 8, 9):
        found: list[int] = []
        before, more = None, True
        while more:
            page = job_listing.jobs(books.database, PageRequest(before=before, limit=limit))
            found += [line.id for line in page.lines]
            assert len(page.lines) <= limit
            before, more = page.lines[-1].id, page.more
        assert found == newest


def test_counts_are_of_the_tenant_and_of_all_its_pages(books: Books, eight: list[int]) -> None:
    each = {state.value: 1 for state in JobState} | {"done_with_errors": 2}
    assert (
        job_listing.jobs(books.database, PageRequest(limit=1, shown=JobFilter.OPEN, words="nothing")).counts
        == each
    )
    assert job_listing.jobs(books.database, PageRequest(tenant="shop")).counts == each | {"paused": 0}
    assert set(job_listing.jobs(books.database, PageRequest(tenant="nobody")).counts.values()) == {0}


def named(books: Books, name: str, output: str = "memory://output") -> int:
    """A job of one file."""

    def work(t: Transaction) -> int:
        where = jobs.destination(t, output, "mark")
        number = jobs.create(t, SPEC, tenant="shop", destination_id=where)
        files = [{"name": name, "first_row": 1}]
        jobs.release(t, number, rows=0, skipped=0, chunk_rows=10, plan={}, files=files)
        return number

    return books.run(work)


def test_words_are_found_wherever_they_stand(books: Books) -> None:
    one = named(books, "Shop-DE_100%.csv")
    two = named(books, "shop-DEx100x.csv", "s3://Bucket_1/audio")
    three, four = named(books, "a back\\slash.csv"), named(books, "Größe.csv")
    end(books, one)

    def found(words: str, **more: Any) -> list[int]:
        return numbers(books, words=words, **more)

    assert found("shop-de") == [two, one]
    assert found("SHOP-DE", shown=JobFilter.ENDED) == [one]
    assert found("_100%") == [one]
    assert found("%") == [one]
    assert found("_") == [two, one]
    assert found("k\\s") == [three]
    assert found("größe") == [four]
    assert found("bucket_1 dex") == found(" dex \t bucket_1 ") == [two]
    assert found("bucket_1 größe") == []
    assert found("memory://output") == [four, three, one]
    assert found(str(three), before=four)[0] == three
    assert found("") == found("  ") == [four, three, two, one]
    assert found("' OR 1=1 --") == []


def test_jobs_of_an_older_schema_are_found_and_dropped_ones_forgotten(books: Books) -> None:
    one = named(books, "Größe.csv", "s3://Bucket_1/audio")
    database = books.database
    words = books.execute("SELECT * FROM speeko.job_words")
    downgrade(database, "0009")
    migrate.upgrade(database)
    assert books.execute("SELECT * FROM speeko.job_words") == words
    set_job(books, one, state="planning")
    assert books.run(lambda t: jobs.drop(t, one))
    assert books.execute("SELECT * FROM speeko.job_words") == []


def test_running_jobs_come_by_priority_and_age(books: Books) -> None:
    low, high, ended_one, low_too = (books.job([f"{p}"], priority=p % 10) for p in (1, 2, 12, 11))
    other = books.job(["x"], tenant="other", priority=9)
    end(books, ended_one)
    set_job(books, low, state="paused")
    database = books.database
    assert [line.id for line in job_listing.running(database)] == [other, high, low, low_too]
    assert [line.id for line in job_listing.running(database, 2)] == [other, high]
    assert [line.id for line in job_listing.running(database, tenant="shop")] == [high, low, low_too]


# chunks


def test_chunks_say_who_is_at_them(books: Books) -> None:
    number = books.job([f"text {n}" for n in range(12)], chunk_rows=2)
    alive, dead = books.engine(), books.engine()
    books.start(number, 3, alive)
    books.start(number, 4, dead)
    books.start(number, 6, dead)
    books.expire(dead)
    books.execute("UPDATE speeko.chunk SET claimant_id = 999 WHERE job_id = %s AND no = 6", [number])
    buy(books, number, 2)
    deliver(books, number, 5, delivered=2)
    books.execute("UPDATE speeko.chunk SET started_at = started_at - interval '1 hour' WHERE no = 3")
    found = job_details.chunks(books.database, number)
    assert found.states == {"planned": 1, "synthesizing": 3, "ready": 1, "delivered": 1}
    assert [dataclasses.replace(line, since_seconds=0.0) for line in found.open] == [
        ChunkLine(3, 5, 6, "synthesizing", 2, 1, "here", 1, True, 0.0),
        ChunkLine(4, 7, 8, "synthesizing", 2, 1, "here", 1, False, 0.0),
        ChunkLine(6, 11, 12, "synthesizing", 2, 1, None, None, False, 0.0),
        ChunkLine(2, 3, 4, "ready", 0, 1, None, None, False, 0.0),
        ChunkLine(1, 1, 2, "planned", 0, 0, None, None, False, 0.0),
    ]
    assert 3_600 <= found.open[0].since_seconds < 3_700
    assert all(0 <= line.since_seconds < 100 for line in found.open[1:])
    assert [line.no for line in job_details.chunks(books.database, number, 2).open] == [3, 4]


# rows


def test_failed_rows_come_with_their_reasons_in_order(books: Books) -> None:
    texts = [f"text {n}" for n in range(22)]
    number = books.job(texts, chunk_rows=4)
    books.execute("UPDATE speeko.item SET error = 'no text', keys = NULL WHERE row_no IN (2, 10, 20, 22)")
    books.execute("UPDATE speeko.item SET skipped = true, error = 'twice' WHERE row_no = 3")
    buy(books, number, 1, {"text 0": "too rude"})
    deliver(books, number, 1, delivered=1, failed=1, refused=1)
    buy(books, number, 2)
    deliver(books, number, 2, delivered=4)
    buy(books, number, 3)
    deliver(books, number, 3, delivered=3, refused=1)
    buy(books, number, 4, dict.fromkeys(texts, "down"))
    deliver(books, number, 4, failed=4)
    buy(books, number, 6)
    deliver(books, number, 6, delivered=1, refused=1)
    every = [
        FailedRow(1, "1", "too rude", False),
        FailedRow(2, "2", "no text", True),
        FailedRow(10, "10", "no text", True),
        *(FailedRow(n, str(n), "down", False) for n in range(13, 17)),
        FailedRow(22, "22", "no text", True),
    ]
    assert job_details.failed(books.database, number) == every  # the fifth chunk is not delivered
    for limit in range(1, 10):
        assert paged(books, number, limit) == every
    assert job_details.failed(books.database, number, after=14, limit=1) == every[5:6]
    counted = Counter(row.reason for row in every)
    assert jobs.failures(books.database, number) == sorted(counted.items(), key=lambda one: (-one[1], one[0]))


def paged(books: Books, number: int, limit: int) -> list[FailedRow]:
    found: list[FailedRow] = []
    while page := job_details.failed(books.database, number, found[-1].row_no if found else 0, limit):
        assert len(page) <= limit
        found += page
    return found


def test_rows_that_failed_without_a_text_that_did_are_found(books: Books, monkeypatch: Any) -> None:
    """A file that could not be made, a text that was bought later, a job that was cancelled."""
    monkeypatch.setattr(job_details, "CHUNKS_AT_ONCE", 1)
    number = books.job([f"text {n}" for n in range(6)], chunk_rows=2)
    buy(books, number, 1)
    deliver(books, number, 1, delivered=1, failed=1)
    buy(books, number, 2)
    deliver(books, number, 2, delivered=2)
    books.execute("DELETE FROM speeko.delivered WHERE path IN ('2.mp3', '3.mp3')")
    set_job(books, number, state="cancelled")
    deliver(books, number, 3, failed=2)
    assert (
        paged(books, number, 1)
        == job_details.failed(books.database, number)
        == [
            FailedRow(2, "2", job_details.UNTOLD, False),
            FailedRow(5, "5", CANCELLED, False),
            FailedRow(6, "6", CANCELLED, False),
        ]
    )


def test_rows_to_listen_to_are_spread_and_the_same_each_time(books: Books) -> None:
    texts = [f"text {n % 20}" for n in range(40)]
    number = books.job(texts, chunk_rows=10)
    for no in range(1, 5):
        buy(books, number, no, {"text 0": "no"})
    deliver(books, number, 1, delivered=9, failed=1)
    deliver(books, number, 2, delivered=10)
    database = books.database
    first = job_details.playable_rows(database, number, 4)
    assert [one.row_no for one in first] == [2, 6, 11, 16]
    deliver(books, number, 3, delivered=9, failed=1)
    deliver(books, number, 4, delivered=10)
    found = job_details.playable_rows(database, number, 4)
    assert [one.row_no for one in found] == [2, 11, 22, 31]
    assert job_details.playable_rows(database, number, 4) == found
    assert len(job_details.playable_rows(database, number, 39)) == 37
    assert found[1] == job_details.PlayableRow(
        11, "11", SPEC.voice, len(texts[10]), "11.mp3", (key_of(texts[10]),)
    )
    assert job_details.row(database, number, 11) == found[1]
    # what the store has no audio of any more is passed over
    books.execute("UPDATE speeko.utterance SET state = 'missing' WHERE text IN ('text 10', 'text 11')")
    assert [one.row_no for one in job_details.playable_rows(database, number, 4)] == [2, 13, 22, 33]
    books.execute("UPDATE speeko.utterance SET state = 'missing' WHERE text <> 'text 10'")
    books.execute("UPDATE speeko.utterance SET state = 'done' WHERE text = 'text 10'")
    assert [one.row_no for one in job_details.playable_rows(database, number, 8)] == [11, 31]


def test_a_row_has_its_own_voice_and_all_of_its_keys(books: Books) -> None:
    number = books.job(["one", "two", "three", "four"], chunk_rows=2)
    for no in (1, 2):
        buy(books, number, no, {"four": "no"})
    deliver(books, number, 1, delivered=2)
    keys = [key_of(text) for text in ("two", "one", "two")]
    books.execute("UPDATE speeko.item SET keys = %s, voice = 'v', path = NULL WHERE row_no = 2", [keys])
    database = books.database
    assert job_details.row(database, number, 2) == job_details.PlayableRow(2, "2", "v", 3, "", tuple(keys))
    assert job_details.row(database, number, 3) is None  # its chunk is not delivered
    deliver(books, number, 2, delivered=1, failed=1)
    assert job_details.row(database, number, 3) is not None
    for row_no in (-1, 0, 4, 5):
        assert job_details.row(database, number, row_no) is None
    books.execute("UPDATE speeko.utterance SET state = 'missing' WHERE text = 'one'")
    assert job_details.row(database, number, 2) is None


# over time


def test_the_course_of_a_job_is_when_its_chunks_came(books: Books) -> None:
    number = books.job([f"text {n}" for n in range(10)], chunk_rows=2)
    begin = datetime(2026, 11, 1, 12, tzinfo=UTC)
    set_job(books, number, released_at=begin)
    assert {moment.rows for moment in job_details.course(books.database, number)} == {0}
    for no in range(1, 6):
        deliver(books, number, no, delivered=1, failed=1)
    for no, minutes in ((1, -1), (2, 0), (3, 25), (4, 99), (5, 100)):
        books.execute(
            "UPDATE speeko.chunk SET delivered_at = %s WHERE no = %s",
            [begin + timedelta(minutes=minutes), no],
        )
    books.execute(
        """UPDATE speeko.chunk SET counts = '{"unchanged": 2}', unchanged = '{"unchanged": 2}' WHERE no = 1"""
    )
    set_job(books, number, finished_at=begin + timedelta(minutes=100), state="done")
    found = job_details.course(books.database, number, 10)
    assert [moment.rows for moment in found] == [2, 0, 2, 0, 0, 0, 0, 0, 0, 4]
    assert [moment.at for moment in found] == [begin + timedelta(minutes=10 * n) for n in range(10)]
    assert sum(moment.rows for moment in job_details.course(books.database, number)) == 8
    set_job(books, number, finished_at=begin)
    assert sum(moment.rows for moment in job_details.course(books.database, number)) == 8
    set_job(books, number, released_at=None)
    assert job_details.course(books.database, number) == []


def test_an_account_is_noted_once_in_a_slot_with_all_who_use_it(books: Books) -> None:
    one, two, dead = (books.engine() for _ in range(3))
    lease(books, dead, 7)
    books.execute("UPDATE speeko.permit SET until = clock_timestamp()")
    lease(books, two, 2, wants=3)
    lease(books, books.engine(), 9, account="speeko:2")
    books.execute("DELETE FROM speeko.pulse")
    for _ in range(20):
        lease(books, one, 4, wants=8)
        lease(books, two, 2, wants=3)
    rows = books.execute('SELECT account, at, "limit", busy, wants FROM speeko.pulse ORDER BY at')
    assert {row[:1] + row[2:] for row in rows} == {(ACCOUNT, 10, 6, 11)}
    times = [row[1] for row in rows]
    assert all(at.timestamp() % SAMPLE_SECONDS == 0 for at in times)
    assert len(set(times)) == len(times)
    now = books.one("SELECT clock_timestamp()")
    assert now - timedelta(minutes=5) < times[-1] <= now


def test_many_engines_at_once_note_one_pulse_a_slot(books: Books) -> None:
    engines = [books.engine() for _ in range(12)]
    lease(books, engines[0])
    began = books.one("SELECT clock_timestamp()")

    def renew(engine: int) -> None:
        for _ in range(5):
            lease(books, engine, 1)

    together([lambda e=e: renew(e) for e in engines])  # type: ignore[misc]
    slots = (books.one("SELECT clock_timestamp()") - began).total_seconds() / SAMPLE_SECONDS + 2
    assert 1 <= books.one("SELECT count(*) FROM speeko.pulse") <= slots


def pulse(books: Books, at: datetime, busy: int, limit: int, account: str = ACCOUNT) -> None:
    books.run(lambda t: permits.open_account(t, account, 10))
    books.execute("INSERT INTO speeko.pulse VALUES (%s, %s, %s, %s, 9)", [account, at, limit, busy])


def test_pulses_are_thinned_to_the_most_that_was_busy(books: Books) -> None:
    begin = datetime(2026, 11, 1, tzinfo=UTC)
    for n in range(12):
        pulse(books, begin + timedelta(seconds=SAMPLE_SECONDS * n), n % 5, 20 + n)
    pulse(books, begin, 1, 2, "other:1")
    books.execute(
        "INSERT INTO speeko.pulse SELECT %s, %s::timestamptz + n * interval '5 seconds', n, n %% 50, 9 "
        "FROM generate_series(12, 30000) n",
        [ACCOUNT, begin],
    )
    database, both = books.database, [ACCOUNT, "other:1"]
    minute = fleet_status.account_samples(database, both, begin, begin + timedelta(seconds=59))
    assert [p for p in minute if p.account == "other:1"] == [
        fleet_status.AccountSample("other:1", begin, 2, 1, 9)
    ]
    mine = [p for p in minute if p.account == ACCOUNT]
    assert [(p.busy, p.limit) for p in mine] == [(n % 5, 20 + n) for n in range(12)]
    assert [p.at for p in minute] == sorted(p.at for p in minute)
    day = fleet_status.account_samples(database, [ACCOUNT], begin, begin + timedelta(days=1))
    assert 200 < len(day) <= fleet_status.MOMENTS + 1
    assert {p.busy for p in day[1:-1]} == {49}
    assert [p.limit for p in day[1:]] == sorted(p.limit for p in day[1:])
    steps = {b.at - a.at for a, b in pairwise(day)}
    assert len(steps) == 1
    assert (
        fleet_status.account_samples(database, [], begin, begin)
        == fleet_status.account_samples(database, both, begin, begin - MONTH)
        == []
    )


def test_old_pulses_are_forgotten_a_few_at_a_time(books: Books, monkeypatch: Any) -> None:
    monkeypatch.setattr(permits, "SAMPLES_AT_ONCE", 4)
    now: datetime = books.one("SELECT clock_timestamp()")
    edge = now - timedelta(days=SAMPLE_DAYS)
    for account in (ACCOUNT, "other:1"):
        for n in range(6):
            pulse(books, edge - timedelta(seconds=n), 1, 1, account)
        pulse(books, edge + timedelta(hours=1), 1, 1, account)
    assert [permits.forget_account_samples(books.database) for _ in range(3)] == [8, 4, 0]
    assert books.one("SELECT count(*) FROM speeko.pulse") == 2


# who is at work, and how it stands


def test_engines_are_all_who_make_calls(books: Books) -> None:
    number, second = books.job(["a", "b"], chunk_rows=1), books.job(["c"])
    busy, dead, speaker = (books.engine() for _ in range(3))
    books.start(number, 1, busy)
    books.start(second, 1, busy)
    books.start(number, 2, dead)
    lease(books, busy, 2)
    lease(books, busy, 1, account="other:1")
    lease(books, dead, 2)
    books.expire(dead)
    books.execute("UPDATE speeko.permit SET until = clock_timestamp() WHERE claimant_id = %s", [dead])
    found = {engine.id: engine for engine in fleet_status.engines(books.database)}
    assert set(found) == {busy, dead, speaker}
    one = found[busy]
    assert (one.host, one.pid, one.held, one.busy, one.wants) == ("here", 1, 8, 3, 8)
    assert (one.chunks, sorted(one.jobs)) == (2, [number, second])
    assert 0 < one.lease_seconds <= 60
    assert found[dead].lease_seconds < 0
    assert (found[dead].held, found[dead].chunks, found[dead].jobs) == (0, 1, [number])
    assert (found[speaker].chunks, found[speaker].jobs) == (0, [])
    assert job_details.accounts_of(books.database, number) == [ACCOUNT]


def test_now_is_what_the_costs_of_today_say(one_day: None, books: Books) -> None:
    number, other = books.job([f"text {n}" for n in range(8)]), books.job(["of another"], tenant="other")
    engine = books.engine()
    claims = books.claim(number, engine, books.start(number, 1, engine)[:6])
    books.settle(
        *(stored(number, claim) for claim in claims[:2]),
        ended(number, claims[2], AttemptState.BAD),
        ended(number, claims[3], AttemptState.UNKNOWN),
        ended(number, claims[4], AttemptState.REFUSED),
    )
    buy(books, other)
    saved = [SavedCosts("v", source, 2, 20, 330) for source in ("cache", "duplicate", "segments")]
    deliver(books, other, saved=saved, delivered=1)
    end(books, other)
    books.execute(
        "INSERT INTO speeko.cost_daily (tenant, day, provider, voice, source, micros, saved_micros) "
        "SELECT tenant, day - 1, provider, voice, source, 7, 7 FROM speeko.cost_daily"
    )
    lease(books, engine, 3)
    for tenant in (None, "shop", "other", "nobody"):
        now = fleet_status.now(books.database, tenant)
        told = costs.look(books.database, today_only=True, tenant=tenant)
        assert now.spent_today_micros == told.total.spent_micros
        assert now.saved_today_micros == told.total.saved_micros
        assert now.reserved_micros == told.now.reserved_micros
        assert (now.in_flight, now.limit, now.engines, now.dead_engines) == (3, 10, 2, 0)
    now = fleet_status.now(books.database)
    assert (now.spent_today_micros, now.saved_today_micros, now.reserved_micros) == (400, 990, 100)
    assert (now.running, now.paused, now.waiting_rows) == (1, 0, 8)
    set_job(books, number, state="paused")
    books.expire(engine)
    books.execute("UPDATE speeko.permit SET until = clock_timestamp()")
    now = fleet_status.now(books.database, "shop")
    assert (now.running, now.paused, now.waiting_rows) == (0, 1, 8)
    assert (now.in_flight, now.limit, now.engines, now.dead_engines) == (0, 0, 1, 1)
    assert abs((now.at - datetime.now(UTC)).total_seconds()) < 600
    books.execute("DELETE FROM speeko.cost_daily WHERE micros = 7")


def test_overdue_schedules_are_those_that_the_command_calls_so(books: Books) -> None:
    now = schedules.clock(books.database)
    for name, seconds in (("a", 30), ("b", 90), ("c", -30), ("d", 90)):
        due = now - timedelta(seconds=seconds)
        books.run(
            lambda t, n=name, d=due: schedules.put(  # type: ignore[misc]
                t, n, Timing("0 2 * * *"), d, tenant="shop", orders={}, replace=False
            )
        )
    books.execute("UPDATE speeko.schedule SET paused = true WHERE name = 'd'")
    listed = schedules.every(books.database)
    overdue = sum(schedule_report.is_overdue(one, schedules.clock(books.database)) for one in listed)
    assert fleet_status.now(books.database).overdue_schedules == overdue == 1
    assert fleet_status.OVERDUE_SECONDS == schedule_report.OVERDUE_SECONDS
    assert fleet_status.now(books.database, "nobody").overdue_schedules == 0


def test_a_spoken_text_is_a_job_without_chunks(books: Books) -> None:
    number = books.run(
        lambda t: adhoc_jobs.begin(
            t, SPEC, tenant="shop", budget_micros=None, cost_micros=5, lease_seconds=60, name="say: one"
        )
    )
    database = books.database
    assert job_listing.running(database)[0].id == number
    books.run(lambda t: adhoc_jobs.end(t, number, "it would not speak"))
    line = job_listing.job(database, number)
    assert (line.state, line.reason, line.failed, line.files) == (
        "done_with_errors",
        "it would not speak",
        1,
        ["say: one"],
    )
    assert line.plan["say"] is True
    assert job_details.chunks(database, number).open == []
    assert (job_details.failed(database, number), job_details.playable_rows(database, number)) == ([], [])
    assert job_details.course(database, number) == []
