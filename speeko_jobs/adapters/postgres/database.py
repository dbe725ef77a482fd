"""One database: transactions over SQLAlchemy's pool, named statements over psycopg, and COPY.

Statements live in sql/*.sql, each under a line `-- name: what it does`. They run on psycopg's binary
cursor, because arrays of 32-byte keys cost three times as much as text. A transaction that Postgres
itself broke off (deadlock, serialization), or whose line was cut before the commit, is run again; one whose
commit is in doubt is not: the caller knows whether a repeat is harmless.
"""

from __future__ import annotations

import contextlib
import importlib.resources
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import psycopg
from psycopg import errors as pg
from sqlalchemy import create_engine, event
from sqlalchemy.dialects.postgresql import psycopg as _dialect  # noqa: F401  # loaded before workers fork
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from speeko_jobs.adapters.backoff import Backoff, retry
from speeko_jobs.adapters.postgres import connection_poolers, server_errors, server_url
from speeko_jobs.adapters.postgres.binary_arrays import packed
from speeko_jobs.adapters.postgres.server_errors import first_line
from speeko_jobs.errors import ServerError

T = TypeVar("T")
SCHEMA = "speeko"
BACKOFF = Backoff(tries=8, first_seconds=0.04)
IDLE_SECONDS = 1.0
MAX_BIGINT = 2**63 - 1
BROKEN_OFF = (pg.DeadlockDetected, pg.SerializationFailure)
# a server whose network is gone is noticed in half a minute (libpq; not on sockets)
KEEPALIVE = {
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


class Transaction:
    """Statements of one transaction. Rows are tuples; bytes and arrays travel in binary."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def rows(self, name: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Run the named statement and fetch all of its rows."""
        with self._connection.cursor(binary=True) as cursor:
            cursor.execute(statement(name), packed(values))
            return cursor.fetchall() if cursor.description else []

    def row(self, name: str, values: Mapping[str, Any] | None = None) -> tuple[Any, ...] | None:
        """The only row that the named statement answers, or None."""
        with self._connection.cursor(binary=True) as cursor:
            cursor.execute(statement(name), packed(values))
            return cursor.fetchone() if cursor.description else None

    def run(self, name: str, values: Mapping[str, Any] | None = None) -> int:
        """Run the named statement; how many rows it touched."""
        with self._connection.cursor() as cursor:
            return cursor.execute(statement(name), packed(values)).rowcount

    def copy_binary(self, table: str, columns: Sequence[str], blocks: Iterable[bytes]) -> None:
        """COPY rows that are already in Postgres' binary form (without header and trailer) into `table`."""
        target = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
        with self._connection.cursor() as cursor, cursor.copy(target.encode()) as copy:
            copy.write(b"PGCOPY\n\xff\r\n\x00" + bytes(8))
            for block in blocks:
                copy.write(block)
            copy.write(b"\xff\xff")


@dataclass(slots=True)
class Fate:
    """How a transaction went that raised: whether its line was cut, and whether it may be committed."""

    broke: bool = False
    in_doubt: bool = False


class _CutBeforeCommitError(Exception):
    """The connection was cut before the commit: nothing was done, and the transaction may be run again."""


class _DemotedError(Exception):
    """The server of this connection takes no writes (any more): another connection may meet the primary."""


class Database:
    """Postgres behind a pool. Made after a fork, never before it; threads may share it."""

    def __init__(self, url: str, *, name: str = "speeko", pool_size: int = 4) -> None:
        self._url = server_url.parse(url)
        self._engine = create_engine(
            self._url.url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=30,
            pool_use_lifo=True,
            hide_parameters=True,  # texts and addresses: an error may get into a log
            connect_args={
                "application_name": name,
                "connect_timeout": 10,
                "client_encoding": "utf8",  # whatever PGCLIENTENCODING says
                **KEEPALIVE,
                **self._url.connect_args,
            },
        )
        connection_poolers.listen(self._engine)
        event.listen(self._engine, "checkin", _note_idle)
        event.listen(self._engine, "checkout", _ping_if_idle)

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return self._url.shown

    def close(self) -> None:
        self._engine.dispose()

    @contextlib.contextmanager
    def transaction(self, fate: Fate | None = None) -> Iterator[Transaction]:
        """One transaction, committed at the end. A connection that broke never goes back into the pool."""
        fate = fate or Fate()
        try:
            pooled = self._engine.raw_connection()
        except (DBAPIError, psycopg.Error, PoolTimeout) as error:  # a pool passes on the driver's own
            raise server_errors.explained(error, self.shown) or error from None
        connection = pooled.driver_connection
        assert isinstance(connection, psycopg.Connection)
        try:
            connection_poolers.begin(connection, pooled.info)
            yield Transaction(connection)
            fate.in_doubt = True
            connection.commit()
        except BaseException as error:
            fate.broke = connection.closed
            if connection.closed or isinstance(
                error, (psycopg.OperationalError, psycopg.InterfaceError, KeyboardInterrupt)
            ):
                pooled.invalidate()
            raise
        finally:
            connection_poolers.end(connection)
            pooled.close()

    def run(self, work: Callable[[Transaction], T]) -> T:
        """Do `work` in one transaction, again when Postgres broke it off before it could commit.

        After a failover, the pool is emptied and `work` runs once more, on the new primary.
        Raises ServerError when the server is away or refuses, SchemaError when the schema is not there.
        """
        try:
            return self._run_again(work)
        except _DemotedError:
            self._engine.dispose()
        try:
            return self._run_again(work)
        except _DemotedError as error:
            raise ServerError(str(error)) from error.__cause__

    def _run_again(self, work: Callable[[Transaction], T]) -> T:
        try:
            return retry(lambda: self._run_once(work), BACKOFF, (*BROKEN_OFF, _CutBeforeCommitError))
        except _CutBeforeCommitError as error:
            raise ServerError(str(error)) from error.__cause__

    def _run_once(self, work: Callable[[Transaction], T]) -> T:
        fate = Fate()
        try:
            with self.transaction(fate) as transaction:
                return work(transaction)
        except BROKEN_OFF:  # these are OperationalErrors, too
            raise
        except psycopg.Error as error:
            explained = server_errors.explained(error, self.shown)
            if explained is None:
                raise
            if server_errors.is_read_only(error):
                raise _DemotedError(str(explained)) from error
            if fate.broke and not fate.in_doubt and isinstance(explained, ServerError):
                raise _CutBeforeCommitError(str(explained)) from error
            raise explained from error

    def rows(self, name: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        return self.run(lambda t: t.rows(name, values))

    def row(self, name: str, values: Mapping[str, Any] | None = None) -> tuple[Any, ...] | None:
        return self.run(lambda t: t.row(name, values))

    def pooler_mode(self) -> str:
        """Return how a pooler in front of Postgres shares connections: transaction or session; "" for none.

        Raises ServerError when the server is away.
        """
        with self.explaining():
            return connection_poolers.mode(self._engine)

    @contextlib.contextmanager
    def explaining(self) -> Iterator[None]:
        """Raise a SpeekoError with one line in place of what the drivers raise for the server's state."""
        try:
            yield
        except (DBAPIError, psycopg.Error, PoolTimeout) as error:
            explained = server_errors.explained(error, self.shown)
            if explained is None:
                raise
            raise explained from None

    @property
    def engine(self) -> Any:
        """SQLAlchemy's engine: for Alembic and for queries written in Core."""
        return self._engine


def _note_idle(_: Any, record: Any) -> None:
    record.info["idle_since"] = time.monotonic()


def _ping_if_idle(connection: Any, record: Any, _: Any) -> None:
    """Connections in steady use need no question before each transaction; others may have been cut."""
    if time.monotonic() - record.info.get("idle_since", 0.0) < IDLE_SECONDS:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except psycopg.Error as error:
        raise DisconnectionError(first_line(error)) from None  # the pool tries another one


@lru_cache(maxsize=1)
def _statements() -> dict[str, bytes]:
    """All named statements of sql/*.sql. Names are unique over the files."""
    found: dict[str, bytes] = {}
    folder = importlib.resources.files(__package__).joinpath("sql")
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".sql"):
            continue
        parts = re.split(r"^-- (\w+): .*$", file.read_text("utf-8"), flags=re.MULTILINE)
        for name, body in zip(parts[1::2], parts[2::2], strict=True):
            if name in found:
                raise AssertionError(f"two statements are called {name}")
            found[name] = body.strip().encode()
    return found


def statement(name: str) -> bytes:
    """The SQL of a named statement."""
    return _statements()[name]


def statement_names() -> list[str]:
    return list(_statements())


def clamp_bigint(number: int) -> int:
    """Return a number that a bigint column takes; no job and no row has one that is changed here."""
    return max(-1, min(number, MAX_BIGINT))
