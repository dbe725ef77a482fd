"""A settlement at midnight: the clock passes to another day between two looks at it, and no call is lost
between the days."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from speeko_jobs.adapters.postgres import leases
from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.core.model.states import AttemptState
from tests.fixtures.books import Books, ended, stored
from tests.fixtures.daily import differences
from tests.fixtures.database import migrated_template, migrated_url  # noqa: F401

# every other look is a day on
CLOCK = """
    CREATE SCHEMA night;
    CREATE SEQUENCE night.looks;
    CREATE FUNCTION night.clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE sql AS $$
        SELECT timestamptz '2026-11-30 23:59:59.9+00' + nextval('night.looks') % 2 * interval '0.2 seconds'
    $$;
    DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET search_path = night, pg_catalog, public', current_database());
    END $$"""


@pytest.fixture
def midnight(migrated_url: str) -> Iterator[Books]:  # noqa: F811
    """A database whose clock goes back and forth over midnight."""
    before = Database(migrated_url)
    Books(before).execute(CLOCK)
    before.close()
    database = Database(migrated_url)
    yield Books(database)
    database.close()


def test_every_call_is_on_the_day_of_its_end(midnight: Books) -> None:
    books = midnight
    for n in range(3):
        job = books.job([f"{n} {letter}" for letter in "abcdefgh"])
        engine = books.engine()
        got = books.claim(job, engine, books.start(job, 1, engine))
        books.settle(*(stored(job, claim) for claim in got[:3]))
        books.settle(*(ended(job, claim, AttemptState.UNKNOWN) for claim in got[3:5]))
        books.settle(ended(job, got[5], AttemptState.BAD))
        books.execute(
            "UPDATE speeko.claimant SET lease_until = '2026-11-30 23:00+00' WHERE id = %s", [engine]
        )
        leases.reap_expired(books.database)
        assert differences(books) == []
        books.settle(*(stored(job, claim) for claim in got[3:]))
        assert differences(books) == []
    assert books.one("SELECT count(DISTINCT day) FROM speeko.cost_daily WHERE source = 'synthesized'") == 2
    assert books.one("SELECT min(requests) FROM speeko.cost_daily") >= 0
