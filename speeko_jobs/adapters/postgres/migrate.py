"""Bring a database to this version's schema, and say which version it has."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from pathlib import Path

from speeko_jobs.adapters.postgres.database import SCHEMA, Database, Transaction
from speeko_jobs.adapters.postgres.server_errors import first_line
from speeko_jobs.errors import SchemaError

FOLDER = Path(__file__).parent / "migrations"
LOCK = 0x5EE_C0  # any constant: several upgrades at once queue up on it


@lru_cache(maxsize=1)
def head() -> str:
    """The newest revision, by file name: they count up, so that start-up needs no Alembic."""
    return max(f.name for f in (FOLDER / "versions").glob("[0-9]*.py")).partition("_")[0]


def current(database: Database) -> str:
    """Return the revision that the database is at; "" when it has none of our tables."""
    return database.run(_current)


def _current(t: Transaction) -> str:
    with t._connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('speeko.alembic_version') IS NOT NULL")
        if not cursor.fetchone()[0]:  # type: ignore[index]
            return ""
        cursor.execute("SELECT version_num FROM speeko.alembic_version")
        found = cursor.fetchone()
        return str(found[0]) if found else ""


def pending(database: Database) -> list[str]:
    """Return the names of the migrations that the database lacks, oldest first; none of a new database, and
    none of one that is newer than this version."""
    now = current(database)
    names = sorted(file.stem for file in (FOLDER / "versions").glob("[0-9]*.py"))
    return [name for name in names if name.partition("_")[0] > now] if now else []


def stands_still(names: Sequence[str]) -> bool:
    """Return whether workers must not run while one of these migrations is made, and of what they write
    beside it: it says so with WORKERS_STAND_STILL."""
    modules = (import_module(f"{__package__}.migrations.versions.{name}") for name in names)
    return any(getattr(module, "WORKERS_STAND_STILL", False) for module in modules)


def upgrade(database: Database) -> str:
    """Run the missing migrations in one transaction, and return the revision now. Several may do so at once.

    A database that is at this version's schema is left alone: that takes no right but to read. Raises
    SchemaError for a newer schema, ServerError where a right is lacking or the server is away.
    """
    if current(database) == head():
        return head()
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError
    from sqlalchemy import text

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    has_schema = text("SELECT to_regnamespace(:name) IS NOT NULL")
    try:
        with database.explaining(), database.engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            if not connection.scalar(has_schema, {"name": SCHEMA}):
                # asked first: IF NOT EXISTS takes the right to create schemas also where there is one
                connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        raise SchemaError(
            f"the database was made by another version of speeko: {first_line(error)}"
        ) from None
    return head()


def require(database: Database) -> None:
    """Raise SchemaError unless the database is at this version's schema."""
    found = current(database)
    if found == head():
        return
    if not found:
        raise SchemaError(f"the database at {database.shown} has no speeko tables: run `speeko db upgrade`")
    raise SchemaError(
        f"the database at {database.shown} is at schema {found}, this version needs {head()}: "
        + ("run `speeko db upgrade`" if found < head() else "install a newer speeko")
    )
