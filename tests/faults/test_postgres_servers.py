"""Postgres as people run it: roles with few rights, standbys, failovers, other encodings and locales."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from speeko_jobs.adapters.postgres import jobs, migrate, server_fitness
from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.core.model.states import JobState
from speeko_jobs.errors import ConfigError, ServerError
from tests.fixtures.inprocess import InProcess
from tests.fixtures.metered import MeteredProvider
from tests.fixtures.postgres_server import MakePostgres, PostgresServer
from tests.wait import wait_until

ROWS = [("a", "The first text."), ("b", "The second text.")]
DML_ONLY = (
    "GRANT CONNECT ON DATABASE {0} TO {1}",
    "GRANT USAGE ON SCHEMA speeko TO {1}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA speeko TO {1}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA speeko TO {1}",
)


@pytest.fixture(scope="module")
def server(make_postgres: MakePostgres) -> PostgresServer:
    return make_postgres("primary")


@pytest.fixture(scope="module")
def standby(make_postgres: MakePostgres, server: PostgresServer) -> PostgresServer:
    return make_postgres("standby", server)


@pytest.fixture
def migrated(server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a database of the test's own, with all tables."""
    name = f"d{abs(hash(request.node.name)) % 10**9}"
    server.sql(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    upgrade(server.url(name))
    yield name
    server.sql(f"DROP DATABASE {name} WITH (FORCE)")


def upgrade(url: str) -> str:
    database = Database(url)
    try:
        return migrate.upgrade(database)
    finally:
        database.close()


def in_process(url: str, folder: Path, redis_url: str, provider: MeteredProvider) -> InProcess:
    home = folder / "home"
    home.mkdir(exist_ok=True)
    settings = provider.settings(home=str(home), database_url=url, redis_url=redis_url, max_concurrency=2)
    return InProcess(settings, folder, provider)


def write(database: Database) -> None:
    """Write where any role may: its own answers are not of interest."""
    database.row("ledger_open", {"ahead": 0})
    database.run(lambda t: jobs.destination(t, "file:///x", "mark"))


# roles


def test_a_role_that_may_not_create_schemas_upgrades_a_database_that_has_ours(server: PostgresServer) -> None:
    server.sql("CREATE DATABASE hosted")
    server.sql("CREATE ROLE tenant LOGIN")
    server.sql("CREATE SCHEMA speeko AUTHORIZATION tenant", "hosted")
    assert upgrade(server.url("hosted", "tenant")) == migrate.head()


def test_a_role_without_the_right_to_create_schemas_is_told_what_to_grant(server: PostgresServer) -> None:
    server.sql("CREATE DATABASE bare")
    server.sql("CREATE ROLE guest LOGIN")
    with pytest.raises(ServerError, match=r"denies a right .*permission denied for database bare"):
        upgrade(server.url("bare", "guest"))


def test_a_role_with_dml_rights_only_runs_jobs_and_finds_the_schema_current(
    server: PostgresServer, migrated: str, tmp_path: Path, redis_url: str, strict: MeteredProvider
) -> None:
    server.sql("CREATE ROLE worker LOGIN")
    for statement in DML_ONLY:
        server.sql(statement.format(migrated, "worker"), migrated)
    assert upgrade(server.url(migrated, "worker")) == migrate.head()
    flow = in_process(server.url(migrated, "worker"), tmp_path, redis_url, strict)
    assert flow.run(flow.catalog(ROWS))["delivered"] == 2
    flow.close()


def test_a_role_without_rights_gets_one_line(server: PostgresServer, migrated: str) -> None:
    server.sql("CREATE ROLE nothing LOGIN")
    database = Database(server.url(migrated, "nothing"))
    with pytest.raises(ServerError, match=r"denies a right to this user: GRANT it.*permission denied for"):
        migrate.require(database)
    with pytest.raises(ServerError, match="permission denied"):
        jobs.newest(database)
    database.close()


# connections


@pytest.mark.parametrize(
    ("setup", "user", "message"),
    [
        ("ALTER ROLE limited CONNECTION LIMIT 0", "limited", "has no connection left: raise max_connections"),
        ("REVOKE CONNECT ON DATABASE {0} FROM PUBLIC", "limited", "does not let this user connect"),
        ("SELECT 1", "nobody_of_this_name", "does not know this user"),
    ],
)
def test_a_refused_connection_says_what_to_do(
    server: PostgresServer, migrated: str, setup: str, user: str, message: str
) -> None:
    if not server.sql("SELECT 1 FROM pg_roles WHERE rolname = 'limited'"):
        server.sql("CREATE ROLE limited LOGIN")
    server.sql("ALTER ROLE limited CONNECTION LIMIT -1")
    server.sql(setup.format(migrated))
    database = Database(server.url(migrated, user))
    with pytest.raises(ServerError, match=message):
        jobs.newest(database)
    database.close()


def test_a_database_that_is_not_there_says_how_to_create_it(server: PostgresServer) -> None:
    database = Database(server.url("missing"))
    with pytest.raises(ServerError, match="has no such database: correct the name, or create it"):
        jobs.newest(database)
    database.close()


def test_a_server_that_takes_no_connections_yet_is_waited_for(
    make_postgres: MakePostgres, server: PostgresServer
) -> None:
    cold = make_postgres("cold", server)
    cold.sql("ALTER SYSTEM SET hot_standby = off")
    cold.restart()
    database = Database(cold.url())
    with pytest.raises(ServerError, match="is starting or shutting down: try again in a moment"):
        jobs.newest(database)
    database.close()


def test_options_of_the_url_and_ours_are_both_in_force(server: PostgresServer, migrated: str) -> None:
    database = Database(server.url(migrated) + "?options=-c%20geqo%3Doff")
    with database.transaction() as t:
        shown = [
            t._connection.execute(f"SHOW {name}".encode()).fetchone() for name in ("geqo", "lock_timeout")
        ]
    assert shown == [("off",), ("20s",)]
    database.close()


def test_the_encoding_of_the_environment_is_not_used(
    server: PostgresServer, migrated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    database = Database(server.url(migrated))
    with database.transaction() as t:
        assert t._connection.execute("SELECT '日本'").fetchone() == ("日本",)
    database.close()


# standbys and failovers


def test_several_hosts_lead_to_the_primary(
    server: PostgresServer, standby: PostgresServer, migrated: str
) -> None:
    for hosts in (f"{standby.address},{server.address}", f"{server.address},{standby.address}"):
        database = Database(f"postgresql://postgres:secret@{hosts}/{migrated}")
        write(database)
        assert database.shown == f"postgresql+psycopg://postgres:***@{hosts}/{migrated}"
        assert not server_fitness.facts(database).is_read_only
        database.close()


def test_a_host_that_is_down_is_passed_over(server: PostgresServer, migrated: str) -> None:
    database = Database(f"postgresql://postgres@127.0.0.1:1,{server.address}/{migrated}")
    write(database)
    database.close()


def test_a_standby_answers_reads_and_refuses_writes_in_one_line(
    server: PostgresServer, standby: PostgresServer, migrated: str
) -> None:
    wait_until(lambda: standby.caught_up(server), "the standby")
    database = Database(standby.url(migrated))
    migrate.require(database)
    assert jobs.newest(database) == []
    assert server_fitness.facts(database).is_read_only
    with pytest.raises(ServerError, match=r"accepts no writes .*: give the URL of the primary, or list all"):
        write(database)
    database.close()
    only = Database(f"postgresql://postgres@{standby.address},{standby.address}/{migrated}")
    with pytest.raises(ServerError, match="accepts no writes"):
        jobs.newest(only)
    only.close()


def test_commands_on_a_standby_show_jobs_and_start_none(
    server: PostgresServer, standby: PostgresServer, migrated: str, redis_url: str, here: Any, cli: Any,
    tmp_path: Path, strict: MeteredProvider, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    flow = in_process(server.url(migrated), tmp_path, redis_url, strict)
    flow.submit(flow.catalog(ROWS))
    flow.close()
    wait_until(lambda: standby.caught_up(server), "the standby")
    monkeypatch.setenv("SPEEKO_DATABASE_URL", standby.url(migrated))
    monkeypatch.setenv("SPEEKO_REDIS_URL", redis_url)
    assert here.json("status")["state"] == "running"
    assert len(here.json("jobs")) == 1
    for verb in (("submit", str(cli.catalog(ROWS)), "--provider", "espeak"), ("cancel", "1"), ("worker",)):
        code, _, err = here(*verb)
        assert (code, len(err.splitlines())) == (1, 1), err
        assert "accepts no writes" in err
    code, out, _ = here("doctor", "--json")
    assert code == 1
    levels = {one["name"]: one["level"] for one in json.loads(out)["checks"]}
    assert (levels["postgres"], levels["redis"], levels["schema"]) == ("error", "ok", "ok")


def test_a_pool_recovers_when_its_primary_is_demoted(
    make_postgres: MakePostgres, tmp_path: Path, redis_url: str, strict: MeteredProvider
) -> None:
    """The old primary stays up and refuses writes; the job goes on at the new one."""
    old = make_postgres("old")
    old.sql("CREATE DATABASE shop")
    upgrade(old.url("shop"))
    new = make_postgres("new", old)
    flow = in_process(f"postgresql://postgres@{old.address},{new.address}/shop", tmp_path, redis_url, strict)
    job, _ = flow.submit(flow.catalog(ROWS))
    wait_until(lambda: new.caught_up(old), "the standby")
    old.sql("ALTER SYSTEM SET default_transaction_read_only = on")
    old.sql("SELECT pg_reload_conf()")
    new.promote()

    assert flow.drive(job).state is JobState.DONE
    flow.check()
    assert new.sql("SELECT state FROM speeko.job", "shop") == [("done",)]
    flow.close()


# databases


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_of_another_encoding_is_refused(server: PostgresServer, encoding: str) -> None:
    name = f"in_{encoding.lower()}"
    server.sql(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}'")
    with pytest.raises(ConfigError, match=f"{name}.* has the encoding {encoding}, and speeko needs UTF8"):
        upgrade(server.url(name))


@pytest.fixture(scope="module")
def system_server(make_postgres: MakePostgres) -> PostgresServer:
    """The oldest Postgres that the system has and that fits: with ICU, which the embedded one lacks."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[-3]))
    fitting = [path for path in found if int(path.parts[-3]) >= max(15, server_fitness.MIN_VERSION)]
    if not fitting:
        pytest.skip("the system has no Postgres (Debian: apt-get install postgresql)")
    return make_postgres("system", programs=fitting[0].parent)


@pytest.mark.parametrize("locale", ["tr-TR", "und-u-ks-level1"])
def test_a_database_of_another_locale_works(
    system_server: PostgresServer, tmp_path: Path, redis_url: str, strict: MeteredProvider, locale: str
) -> None:
    name = f"locale_{locale[:2]}"
    system_server.sql(
        f"CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE '{locale}' ENCODING 'UTF8'"
    )
    upgrade(system_server.url(name))
    flow = in_process(system_server.url(name), tmp_path, redis_url, strict)
    rows = [("ID", "Iıİi: one."), ("İd", "Another text."), ("id2", "A third text.")]
    assert flow.run(flow.catalog(rows))["delivered"] == 3
    assert flow.run(flow.catalog(rows))["unchanged"] == 3
    flow.close()


def test_a_server_that_is_too_old_is_refused(
    server: PostgresServer, migrated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_fitness, "MIN_VERSION", 99)
    with pytest.raises(ServerError, match=r"Postgres 18\.\d+ is too old: speeko needs Postgres 99 or later"):
        upgrade(server.url(migrated))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://u:secret@h/x", "must begin with postgresql://"),
        ("localhost", "must begin with postgresql://"),
        ("postgresql://u:secret@h:port/x", "is not a URL such as"),
        ("postgresql://u:secret@h1:port,h2/x", "is no list of hosts"),
        ("postgresql://u:secret@h1,,h2/x", "is no list of hosts"),
    ],
)
def test_a_url_that_is_wrong_is_told_without_its_password(url: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        Database(url)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("part", ["schema=public", "sslmode=bogus", "target_session_attrs=bogus"])
def test_a_part_of_the_url_that_postgres_does_not_know_is_named(server: PostgresServer, part: str) -> None:
    database = Database(f"{server.url()}?{part}&password=secret")
    assert "secret" not in database.shown
    with pytest.raises(ConfigError, match=f"a part that Postgres does not know: .*{part.split('=')[0]}"):
        jobs.newest(database)
    database.close()
