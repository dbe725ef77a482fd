"""Upgrades beside workers of another version: refused where those would write what this one does not find."""

from __future__ import annotations

import fcntl
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config

from speeko_jobs import __version__, private_files
from speeko_jobs.adapters.postgres import migrate, worker_registry
from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.adapters.postgres.worker_registry import WorkerEntry
from speeko_jobs.errors import SchemaError
from speeko_jobs.flow.lifecycle import migration_guard, version_check
from tests.fixtures.books import Books


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    opened = Database(migrated_url)
    yield opened
    opened.close()


def at(database: Database, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.FOLDER))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def lapse(database: Database) -> None:
    Books(database).execute("UPDATE speeko.claimant SET lease_until = clock_timestamp()")


def test_a_migration_for_which_workers_stand_still_names_those_at_work(database: Database) -> None:
    at(database, "0009")
    Books(database).engine()
    message = rf"schema 0009 .* to be upgraded to {migrate.head()}, but .* here \(pid 1\): stop them"
    with pytest.raises(SchemaError, match=message) as error:
        migration_guard.upgrade(database, "")
    assert "\n" not in str(error.value)
    assert migrate.current(database) == "0009"
    lapse(database)
    assert migration_guard.upgrade(database, "") == migrate.current(database) == migrate.head()


def test_other_migrations_run_beside_workers(database: Database) -> None:
    at(database, "0010")
    Books(database).engine()
    assert migration_guard.upgrade(database, "") == migrate.head()
    assert migration_guard.upgrade(database, "") == migrate.head()


def test_an_embedded_database_waits_for_old_workers_to_end(database: Database, tmp_path: Path) -> None:
    at(database, "0010")
    with private_files.append(tmp_path / private_files.WORKERS_LOCK) as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        with pytest.raises(SchemaError, match=rf"`speeko up`.* in {tmp_path}: stop them"):
            migration_guard.upgrade(database, "", tmp_path)
    assert migration_guard.upgrade(database, "", tmp_path) == migrate.head()
    with private_files.append(tmp_path / private_files.WORKERS_LOCK) as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        assert migration_guard.upgrade(database, "", tmp_path) == migrate.head()  # there is nothing to do


def test_what_is_pending(database: Database, database_url: str) -> None:
    assert migrate.pending(database) == []
    at(database, "0009")
    names = migrate.pending(database)
    assert names[0] == "0010_board"
    assert migrate.stands_still(names)
    assert not migrate.stands_still(names[1:])
    empty = Database(database_url)
    assert migrate.pending(empty) == []  # nobody can be at work there
    empty.close()


def test_workers_of_another_version_are_named(database: Database) -> None:
    host = socket.gethostname()

    def enter(t: Any) -> None:
        for pid, version in ((1, __version__), (2, "0.1.9")):
            worker_registry.enter(t, WorkerEntry(host, pid, "/home", version, ["synthesize"], 1, {}), 20.0)

    database.run(enter)
    found = worker_registry.running(database)
    answering = [f"synthesize-1@{host}", f"synthesize-2@{host}", f"deliver-3@{host}"]
    assert version_check.differing(found, answering) == [
        f"{host} (pid 2) runs version 0.1.9",
        f"deliver-3@{host} runs an older version",
    ]
    assert __version__ in version_check.warning(version_check.differing(found))
    assert version_check.warning(version_check.differing(found[:1], answering[:1])) == ""
