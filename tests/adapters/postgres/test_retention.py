"""The ledger in months: made ahead, there for every moment, and dropped when nobody needs their calls."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from speeko_jobs.adapters.postgres import cache, migrate, retention
from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.core.model.states import AttemptState
from tests.adapters.postgres.test_schema import downgrade
from tests.fixtures.books import Books, ended, together
from tests.fixtures.database import plain_url

OTHER = "attempt_other"
MONTH = timedelta(days=31)


def month(at: datetime, more: int = 0) -> str:
    """The partition of the month that is so many after that of `at`."""
    number = at.year * 12 + at.month - 1 + more
    return f"attempt_{number // 12:04d}_{number % 12 + 1:02d}"


@pytest.fixture
def now(one_day: None, books: Books) -> datetime:
    """The database's clock, in the month in which its tables were made."""
    found: datetime = books.one("SELECT clock_timestamp()").astimezone(UTC)
    if month(found) != months(books)[0]:  # the run has gone into another month
        downgrade(books.database, "0006")
        migrate.upgrade(books.database)
    return found


def months(books: Books) -> list[str]:
    query = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'speeko.attempt'::regclass"
    return sorted(name.removeprefix("speeko.") for (name,) in books.execute(query))


def add_call(books: Books, at: datetime, job: int = 1, state: str = "stored") -> str:
    """A call in the ledger at that time; the partition that it lies in."""
    query = (
        "INSERT INTO speeko.attempt (at, job_id, chunk_no, row_no, key, fence, claimant_id, state, tenant, "
        "provider, voice, chars, cost_micros) "
        "VALUES (%s, %s, 1, 1, '', 1, 1, %s, 'shop', 'speeko', 'v', 1, 1) RETURNING tableoid::regclass::text"
    )
    return str(books.one(query, [at, job, state])).removeprefix("speeko.")


def open_month(books: Books, at: datetime) -> str:
    """A month's partition, as it was made when that month came."""
    name, first = month(at), at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    after = (first + MONTH).replace(day=1)
    books.execute(
        f"CREATE TABLE speeko.{name} PARTITION OF speeko.attempt "
        f"FOR VALUES FROM ('{first.isoformat()}') TO ('{after.isoformat()}')"
    )
    return name


def end_job(books: Books, job: int, days: float) -> None:
    books.execute(
        "UPDATE speeko.job SET state = 'done', finalized = true, chunks_open = 0, uncounted_row = NULL, "
        "finished_at = clock_timestamp() - make_interval(days => %s) WHERE id = %s",
        [days, job],
    )


def forget_calls(books: Books) -> None:
    """Calls that were made up: the sums of jobs do not know them."""
    books.execute("DELETE FROM speeko.attempt")


def test_a_call_finds_a_place_at_any_time(books: Books, now: datetime) -> None:
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    assert months(books) == sorted([*(month(now, n) for n in range(3)), OTHER])
    assert add_call(books, now) == add_call(books, first) == month(now)
    assert add_call(books, first - timedelta(microseconds=1)) == OTHER
    next_month = (first + MONTH).replace(day=1)
    assert add_call(books, next_month) == month(now, 1)
    assert add_call(books, next_month - timedelta(microseconds=1)) == month(now)
    assert add_call(books, now + timedelta(days=730)) == OTHER
    assert books.one("SELECT count(*) FROM speeko.attempt") == 6
    forget_calls(books)


def test_months_are_made_ahead_once(books: Books, now: datetime) -> None:
    made = months(books)
    assert retention.open_months(books.database) == 0
    for name in (month(now, 1), month(now, 2)):
        books.execute(f"DROP TABLE speeko.{name}")
    done = together([lambda: retention.open_months(books.database) for _ in range(6)])
    assert sorted(done)[-1] == 2
    assert sum(done) == 2
    assert months(books) == made


def test_a_month_that_has_calls_elsewhere_is_left_alone(books: Books, now: datetime) -> None:
    books.execute(f"DROP TABLE speeko.{month(now)}")
    books.execute(f"DROP TABLE speeko.{month(now, 2)}")
    assert add_call(books, now) == OTHER
    assert retention.open_months(books.database) == 1
    assert month(now) not in months(books)
    assert add_call(books, now) == OTHER
    forget_calls(books)
    assert retention.open_months(books.database) == 1
    assert add_call(books, now) == month(now)
    forget_calls(books)


def test_who_holds_the_ledger_is_not_waited_for(books: Books, now: datetime) -> None:
    books.execute(f"DROP TABLE speeko.{month(now, 2)}")
    old = open_month(books, now - 4 * MONTH)
    with psycopg.connect(plain_url(books.database.engine.url.render_as_string(hide_password=False))) as other:
        other.execute("SELECT FROM speeko.attempt")
        assert retention.open_months(books.database) == 0
        assert not retention.drop_month(books.database, old)
    assert retention.open_months(books.database) == 1
    assert retention.drop_month(books.database, old)
    assert retention.drop_month(books.database, old)  # by another prune, meanwhile


def test_nothing_else_can_be_dropped(books: Books) -> None:
    for name in ("job", "attempt", OTHER, "attempt_2026_01; DROP TABLE speeko.job"):
        with pytest.raises(psycopg.errors.RaiseException, match="is no month of the ledger"):
            retention.drop_month(books.database, name)


def test_workers_may_make_months_and_not_drop_them(books: Books) -> None:
    for name, may in (("ledger_open(integer)", True), ("ledger_drop(text)", False)):
        assert books.one(f"SELECT has_function_privilege('public', 'speeko.{name}', 'EXECUTE')") is may
        assert books.one(f"SELECT prosecdef FROM pg_proc WHERE oid = 'speeko.{name}'::regprocedure")


def test_a_month_goes_when_all_its_jobs_are_pruned(books: Books, now: datetime) -> None:
    database, days = books.database, 40.0
    old = open_month(books, now - 4 * MONTH)
    older = open_month(books, now - 8 * MONTH)
    first, second = books.job(["a text"]), books.job(["another"])
    add_call(books, now - 4 * MONTH, first)
    add_call(books, now - 4 * MONTH, second)
    add_call(books, now - 8 * MONTH, first)
    add_call(books, now, first)
    end_job(books, first, 120)
    end_job(books, second, 20)
    seconds = days * 86_400
    assert retention.old_months(database, seconds) == []
    assert retention.old_months(database, seconds, [first]) == [older]
    assert retention.old_months(database, seconds, [first, second]) == [older, old]
    assert [due.job for due in retention.due(database, seconds)] == [first]
    assert retention.begin(database, first)
    assert not retention.begin(database, first)
    assert retention.old_months(database, seconds) == [older]
    assert retention.old_months(database, 600 * 86_400.0) == []
    assert add_call(books, now - 8 * MONTH, first, "sending") == older
    assert retention.old_months(database, seconds) == []
    forget_calls(books)


def test_calls_without_a_month_go_one_by_one(books: Books, now: datetime, monkeypatch: Any) -> None:
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 3)
    pruned, kept = books.job(["a text"]), books.job(["another"])
    end_job(books, pruned, 120)
    assert retention.begin(books.database, pruned)
    for at, job, state in [
        *[(now - 4 * MONTH, pruned, "stored")] * 8,
        *[(now - 4 * MONTH, kept, "stored")] * 4,
        (now - 4 * MONTH, pruned, "sending"),
        (now + 40 * MONTH, pruned, "stored"),
    ]:
        assert add_call(books, at, job, state) == OTHER
    assert retention.clear_ledger(books.database, 86_400.0, lambda: True) == 0
    assert retention.clear_ledger(books.database, 86_400.0, lambda: False) == 8
    assert retention.clear_ledger(books.database, 86_400.0, lambda: False) == 0
    assert books.one("SELECT count(*) FROM speeko.attempt") == 6
    forget_calls(books)


def test_calls_survive_the_way_down_and_up(one_day: None, database: Database) -> None:
    books = Books(database)
    now = datetime.now(UTC)
    middle = now.replace(day=15)  # of a month, so that no step passes over one
    for n in range(-3, 4):
        add_call(books, middle + n * MONTH)
    before = books.execute("SELECT id, at, state FROM speeko.attempt ORDER BY id")
    downgrade(database, "0006")
    assert months(books) == [OTHER]
    assert books.execute("SELECT id, at, state FROM speeko.attempt ORDER BY id") == before
    migrate.upgrade(database)
    assert months(books) == [OTHER]  # all three months have calls there
    assert books.execute("SELECT id, at, state FROM speeko.attempt ORDER BY id") == before
    add_call(books, now)
    assert books.one("SELECT max(id) FROM speeko.attempt") == before[-1][0] + 1


def test_refusals_are_counted_as_they_are_settled(books: Books) -> None:
    job = books.job(["one", "two", "three"])
    engine = books.engine()
    wants = books.start(job, 1, engine)
    for status in (429, 429, 0):
        claims = books.claim(job, engine, wants)
        outcomes = [ended(job, claim, AttemptState.REFUSED) for claim in claims]
        books.settle(*[replace(outcome, status=status) for outcome in outcomes])
        books.settle(*[replace(outcome, status=status) for outcome in outcomes])  # told twice, counted once
    found = books.execute("SELECT provider, status, calls FROM speeko.refusal ORDER BY status")
    assert found == [("speeko", 0, 3), ("speeko", 429, 6)]
    downgrade(books.database, "0006")
    migrate.upgrade(books.database)  # the ledger tells what there was before
    assert books.execute("SELECT provider, status, calls FROM speeko.refusal ORDER BY status") == found


def test_a_job_with_uses_to_count_is_not_due(books: Books) -> None:
    job = books.job(["a text"])
    end_job(books, job, 50)
    books.execute("UPDATE speeko.job SET uncounted_row = 1")
    assert retention.due(books.database, 86_400.0) == []
    assert [due.rows for due in retention.due(books.database, 86_400.0, count=True)] == [1]
    cache.count_hits(books.database)
    assert [due.job for due in retention.due(books.database, 86_400.0)] == [job]
