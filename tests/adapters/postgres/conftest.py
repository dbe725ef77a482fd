"""A migrated database with jobs in it, whose sums are looked at when the test ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from speeko_jobs.adapters.postgres.database import Database
from tests.fixtures.books import Books, broken_rules
from tests.fixtures.database import database, migrated_template, migrated_url  # noqa: F401


@pytest.fixture
def books(database: Database) -> Iterator[Books]:  # noqa: F811
    opened = Books(database)
    yield opened
    assert broken_rules(opened) == {}
