"""Migrations, metadata, enums and named statements agree with one another."""

from __future__ import annotations

import re
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, text

from speeko_jobs.adapters.postgres import migrate
from speeko_jobs.adapters.postgres.database import SCHEMA, Database, statement, statement_names
from speeko_jobs.adapters.postgres.schema import metadata
from speeko_jobs.core.model.states import AttemptState, ChunkState, JobState, UtteranceState
from speeko_jobs.errors import SchemaError, ServerError
from tests.fixtures.books import together
from tests.fixtures.database import plain_url

SOURCE = Path(migrate.__file__).parent


@pytest.fixture
def empty(database_url: str) -> Any:
    opened = Database(database_url)
    yield opened
    opened.close()


def differences(database: Database) -> list[Any]:
    """What Alembic would change, partitions left aside."""

    def ours(name: str | None, kind: str, parents: Any) -> bool:
        if kind == "schema":
            return name == SCHEMA
        table = str(name if kind == "table" else parents.get("table_name") or "")
        return not (table == "alembic_version" or re.fullmatch(r"attempt_(other|\d{4}_\d{2})", table))

    # with no schema of the user's name in the path: Alembic would take that for the default one
    engine = create_engine(database.engine.url, connect_args={"options": "-c search_path=public"})
    with engine.connect() as connection:
        options = {"include_schemas": True, "include_name": ours, "compare_server_default": True}
        found = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    engine.dispose()
    return found


def test_the_migrations_make_what_the_metadata_says(database: Database) -> None:
    assert differences(database) == []
    with database.engine.begin() as connection:  # the comparison must be able to see something
        connection.execute(
            text("ALTER TABLE speeko.job ADD COLUMN extra text, ALTER COLUMN tenant DROP NOT NULL")
        )
        connection.execute(text("DROP INDEX speeko.chunk_open"))
    assert len(differences(database)) == 3


@pytest.mark.parametrize(
    ("table", "states"),
    [("job", JobState), ("chunk", ChunkState), ("utterance", UtteranceState), ("attempt", AttemptState)],
)
def test_check_constraints_list_the_words_of_the_enums(
    database: Database, table: str, states: type[StrEnum]
) -> None:
    query = text(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conrelid = CAST(:table AS regclass) AND contype = 'c'"
    )
    with database.engine.connect() as connection:
        (found,) = connection.execute(query, {"table": f"{SCHEMA}.{table}"}).scalars()
    assert re.findall(r"'(\w+)'", found) == [state.value for state in states]


def test_several_upgrades_at_once(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(5)]
    assert together([lambda d=d: migrate.upgrade(d) for d in databases]) == [migrate.head()] * 5
    assert {migrate.current(d) for d in databases} == {migrate.head()}
    for database in databases:
        database.close()


def test_upgrades_in_processes(database_url: str) -> None:
    code = (
        "import sys; from speeko_jobs.adapters.postgres import migrate; "
        "from speeko_jobs.adapters.postgres.database import Database; "
        "database = Database(sys.stdin.read()); print(migrate.upgrade(database)); database.close()"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True) for _ in range(2)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(database_url)
        process.stdin.close()
        process.stdin = None
    assert [process.communicate(timeout=120)[0].strip() for process in processes] == [migrate.head()] * 2


def downgrade(database: Database, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.FOLDER))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def test_down_and_up_again(database: Database) -> None:
    downgrade(database, "base")
    assert migrate.current(database) == ""
    with pytest.raises(SchemaError, match="has no speeko tables: run `speeko db upgrade`"):
        migrate.require(database)
    assert migrate.upgrade(database) == migrate.head()
    assert differences(database) == []


def test_an_upgrade_that_fails_changes_nothing(empty: Database) -> None:
    with empty.engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA speeko"))
        connection.execute(text("CREATE TABLE speeko.permit (mine integer)"))
    with pytest.raises(Exception, match="permit"):
        migrate.upgrade(empty)
    with empty.engine.connect() as connection:
        tables = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'speeko'"))
        assert list(tables.scalars()) == ["permit"]


def test_require_says_what_to_do(empty: Database) -> None:
    with pytest.raises(SchemaError, match=r"has no speeko tables: run `speeko db upgrade`$"):
        migrate.require(empty)
    migrate.upgrade(empty)
    migrate.require(empty)
    for version, what in (("0000", "run `speeko db upgrade`"), ("9999", "install a newer speeko")):
        with empty.engine.begin() as connection:
            connection.execute(text("UPDATE speeko.alembic_version SET version_num = :v"), {"v": version})
        with pytest.raises(SchemaError, match=f"is at schema {version}, this version needs .*: {what}$"):
            migrate.require(empty)


def test_a_newer_database_is_not_upgraded(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE speeko.alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaError, match="made by another version of speeko"):
        migrate.upgrade(database)


def test_no_server_is_one_line(tmp_path: Path) -> None:
    database = Database(f"postgresql://me:secret@/x?host={tmp_path}")
    for call in (migrate.upgrade, migrate.require, lambda d: d.row("accounts_show")):
        with pytest.raises(ServerError, match="Postgres does not answer at") as caught:
            call(database)
        assert "secret" not in str(caught.value)
        assert "\n" not in str(caught.value)
    database.close()


def test_no_tables_is_one_line(empty: Database) -> None:
    with pytest.raises(SchemaError, match=r"run `speeko db upgrade`$") as caught:
        empty.row("accounts_show")
    assert "\n" not in str(caught.value)


def test_every_statement_is_used_and_every_name_used_exists() -> None:
    code = "".join(file.read_text("utf-8") for file in sorted(SOURCE.glob("*.py")))
    used = set(re.findall(r'"([a-z]+(?:_[a-z]+)*)"', code))
    assert [name for name in statement_names() if name not in used] == []
    called = set(re.findall(r'\.(?:rows|row|run)\(\s*"(\w+)"', code)) | set(
        re.findall(r'pairs\("(\w+)"\)', code)
    )
    assert called
    assert called <= set(statement_names())


def test_every_statement_parses(database: Database) -> None:
    with psycopg.connect(plain_url(database.engine.url.render_as_string(hide_password=False))) as connection:
        for name in statement_names():
            query = statement(name).decode()
            if query.startswith(("SET ", "ALTER ")):  # which nobody can explain
                continue
            for value in set(re.findall(r"%\((\w+)\)[sb]", query)):
                query = re.sub(rf"%\({value}\)[sb]", "NULL", query)
            try:
                connection.execute(f"EXPLAIN {query.replace('%%', '%')}".encode())
            except psycopg.Error as error:
                pytest.fail(f"{name}: {error}")
