"""The registry of workers: what a supervisor's row says, how long it counts, and that no key is in it."""

from __future__ import annotations

import dataclasses
import json
import os
import socket

import pytest

from speeko_jobs import __version__
from speeko_jobs.adapters.postgres import worker_registry
from speeko_jobs.core.providers.accounts import fingerprint
from speeko_jobs.flow import accounts
from speeko_jobs.settings import Settings
from speeko_workers.registration import Registration
from speeko_workers.supervisor import Supervisor
from tests.fixtures.books import SPEC
from tests.fixtures.database import database, migrated_template, migrated_url  # noqa: F401
from tests.wait import wait_until

KEY = "sk-very-secret-1"
QUEUES = ("synthesize", "deliver")
ACCOUNTS = json.dumps({"b": {"provider": "speeko", "url": "https://b.example/v1", "key": KEY + "b"}})
JOB = dataclasses.replace(SPEC, accounts=("speeko",))


@pytest.fixture
def settings(migrated_url: str, tmp_path: object) -> Settings:  # noqa: F811
    return Settings(
        home=str(tmp_path),
        database_url=migrated_url,
        redis_url="redis://127.0.0.1:1/0",
        provider="speeko",
        api_url="https://a.example",
        api_key=KEY,
        accounts=ACCOUNTS,
    )


def test_a_workers_row_lives_from_open_to_close(
    settings: Settings,
    database: worker_registry.Database,  # noqa: F811
) -> None:
    row = Registration(settings, QUEUES, 3)
    row.open()
    (found,) = worker_registry.running(database)
    assert (found.host, found.pid, found.version) == (socket.gethostname(), os.getpid(), __version__)
    assert (found.queues, found.processes, found.state) == (QUEUES, 3, "running")
    own, b = found.accounts["speeko"], found.accounts["b"]
    assert (own.provider, own.url, own.fingerprint) == (
        "speeko",
        "https://a.example",
        fingerprint("speeko", KEY),
    )
    assert (b.provider, b.url) == ("speeko", "https://b.example")
    assert "espeak" in found.accounts
    assert "openai" not in found.accounts  # it needs a key, and this one is another provider's
    row.stopping()
    wait_until(lambda: worker_registry.running(database)[0].state == "stopping", "the state to change")
    row.close()
    assert worker_registry.registered(database) == []


def test_no_key_is_in_the_database(settings: Settings, database: worker_registry.Database) -> None:  # noqa: F811
    row = Registration(settings, QUEUES, 1)
    row.open()
    try:
        assert KEY not in str(database.rows("workers_show"))
    finally:
        row.close()


def test_a_killed_worker_is_lost_after_a_while_and_forgotten_later(
    settings: Settings,
    database: worker_registry.Database,  # noqa: F811
) -> None:
    def enter(seconds: float) -> int:
        row = Registration(settings, QUEUES, 1)
        return database.run(lambda t: worker_registry.enter(t, row._entry, seconds))

    lost, living = enter(-1.0), enter(60.0)
    assert [(w.id, w.state) for w in worker_registry.registered(database)] == [
        (lost, "lost"),
        (living, "running"),
    ]
    assert [w.id for w in worker_registry.running(database)] == [living]
    assert accounts.no_worker_serves(database, JOB) == ""
    assert not database.run(lambda t: worker_registry.seen(t, lost + living, 1.0, is_stopping=False))
    assert database.run(lambda t: worker_registry.forget(t, 0.0)) == 1
    assert [w.id for w in worker_registry.registered(database)] == [living]


def test_who_serves_a_job(settings: Settings, database: worker_registry.Database) -> None:  # noqa: F811
    assert accounts.no_worker_serves(database, JOB) == "no worker runs that holds account speeko"
    other = Registration(dataclasses.replace(settings, api_url="", api_key=""), QUEUES, 1)
    database.run(lambda t: worker_registry.enter(t, other._entry, 60.0))
    assert accounts.no_worker_serves(database, JOB) == (
        "no running worker holds account speeko: they hold b, espeak, kokoro-fastapi, speaches"
    )
    assert accounts.no_worker_serves(database, dataclasses.replace(JOB, accounts=("elsewhere", "b"))) == ""
    assert accounts.no_worker_serves(database, SPEC) == ""  # an older release's job names none
    only_delivers = Registration(settings, ("deliver",), 1)
    database.run(lambda t: worker_registry.enter(t, only_delivers._entry, 60.0))
    assert accounts.no_worker_serves(database, JOB) != ""


def test_a_supervisor_is_in_the_registry_while_it_runs(
    settings: Settings,
    database: worker_registry.Database,  # noqa: F811
) -> None:
    with Supervisor(settings, []) as supervisor:
        assert [w.pid for w in worker_registry.running(database)] == [os.getpid()]
        supervisor.stop()
        assert worker_registry.running(database) == []


def test_a_database_that_is_away_stops_no_worker(settings: Settings) -> None:
    away = dataclasses.replace(settings, database_url="postgresql://nobody@127.0.0.1:1/none")
    row = Registration(away, QUEUES, 1)
    row.open()
    row.close()
