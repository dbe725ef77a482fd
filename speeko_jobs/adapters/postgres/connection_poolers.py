"""Connections through a pooler (PgBouncer, hosted poolers), which may share one server connection by turns.

Between two transactions nothing may be left on a connection: no named prepared statement, no session
setting. A direct connection gets its timeouts when it starts. Where a pooler refuses or ignores these, they
are set in each transaction, together with its BEGIN: not a round trip more.
"""

from __future__ import annotations

import contextlib
from collections.abc import MutableMapping, Sequence
from typing import Any

import psycopg
from sqlalchemy import event

from speeko_jobs.adapters.postgres import server_fitness

TIMEOUTS = {
    "statement_timeout": "60s",
    "lock_timeout": "20s",
    "idle_in_transaction_session_timeout": "15s",
}
OPTIONS = " ".join(f"-c {name}={value}" for name, value in TIMEOUTS.items())
_SET = "; ".join(f"SET LOCAL {name} = '{value}'" for name, value in TIMEOUTS.items())
_BEGIN = f"BEGIN; {_SET}".encode()
# As Postgres shows these values; a pooler's server connections show whatever the server's defaults are.
_SHOWN = ("1min", "20s", "15s")
_LOOK = b"SELECT pg_backend_pid(), " + ", ".join(f"current_setting('{name}')" for name in TIMEOUTS).encode()
_POOLED, _SETS = "pooled", "sets_timeouts"  # keys of a pool record's info


def listen(engine: Any) -> None:
    """Have an engine's connections made and begun as this module says."""
    event.listen(engine, "do_connect", _connect)
    event.listen(engine, "begin", _begun)


def begin(connection: psycopg.Connection[Any], info: MutableMapping[str, Any]) -> None:
    """Begin a transaction with its timeouts, where the connection has none; else the driver begins it."""
    if info.get(_SETS):
        connection.autocommit = True  # ours is the BEGIN
        connection.execute(_BEGIN)


def end(connection: psycopg.Connection[Any]) -> None:
    """Leave the connection as the driver made it. What is not committed is rolled back."""
    if connection.autocommit and not connection.closed:
        with contextlib.suppress(psycopg.Error):
            connection.rollback()
            connection.autocommit = False


def mode(engine: Any) -> str:
    """Return how the pooler in front of Postgres shares connections: transaction or session; "" for none."""
    with contextlib.closing(engine.raw_connection()) as first:
        if not first.info.get(_POOLED):
            return ""
        before = _server_process(first.driver_connection)
        with contextlib.closing(engine.raw_connection()) as second:
            # in session mode the first client, which is still there, keeps its server connection
            return "transaction" if _server_process(second.driver_connection) == before else "session"


def _server_process(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    connection.rollback()
    assert row is not None
    return int(row[0])


def _connect(dialect: Any, record: Any, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
    given = options.get("options", "")  # of the URL: hosted poolers route by it, for one
    try:
        connection = dialect.connect(*arguments, **options | {"options": f"{given} {OPTIONS}".lstrip()})
    except psycopg.OperationalError as error:
        if "unsupported startup parameter" not in str(error):
            raise
        connection = dialect.connect(*arguments, **options)
    try:
        server_fitness.check_connection(connection)
    except BaseException:
        connection.close()
        raise
    connection.autocommit = True
    process, *shown = connection.execute(_LOOK).fetchone()
    connection.autocommit = False
    record.info[_SETS] = tuple(shown) != _SHOWN
    record.info[_POOLED] = record.info[_SETS] or process != connection.info.backend_pid
    if record.info[_POOLED]:
        connection.prepare_threshold = None
    return connection


def _begun(connection: Any) -> None:
    """The same for transactions of SQLAlchemy's own: migrations."""
    if connection.connection.info.get(_SETS):
        connection.exec_driver_sql(_SET)
