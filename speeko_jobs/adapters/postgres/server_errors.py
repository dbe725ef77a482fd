"""Explain what Postgres refuses: the server's state, a role's rights, the address. One line with the remedy.

Known by SQLSTATE; a connection that is refused has none, and is known by libpq's words. Errors of our own
statements are not explained: they are bugs, and stay what they are.
"""

from __future__ import annotations

import re

import psycopg
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from speeko_jobs.errors import ConfigError, SchemaError, ServerError, SpeekoError

MISSING = (pg.UndefinedTable, pg.UndefinedColumn, pg.InvalidSchemaName, pg.UndefinedFunction)
# classes of SQLSTATE that tell of the server, not of a statement: connection, login, database, resources,
# limits, object state, operator, system, configuration, internal
_STATES = ("08", "28", "3D", "53", "54", "55", "57", "58", "F0", "XX")
READ_ONLY = (
    "accepts no writes (a standby, or default_transaction_read_only is on): give the URL of the primary, or"
    " list all hosts: postgresql://user@host1,host2/name"
)
_CONNECTIONS = (
    "has no connection left: raise max_connections (or the limit of the role or database), put PgBouncer in"
    " front of it, or run fewer workers"
)
_STARTING = "is starting or shutting down: try again in a moment"
# libpq's words for a refused connection, and what to say
_REFUSED: tuple[tuple[str, str], ...] = (
    (r"starting up|shutting down|in recovery mode|not (yet )?accepting connections", _STARTING),
    (r"too many clients|connection slots are reserved|too many connections for", _CONNECTIONS),
    (r"password authentication failed|no password supplied", "refuses the password of this user: correct it"),
    (r'role "[^"]*" does not exist', "does not know this user: create the role, or correct the user"),
    (
        r'database "[^"]*" does not exist',
        "has no such database: correct the name, or create it: CREATE DATABASE name ENCODING 'UTF8' TEMPLATE"
        " template0",
    ),
    (
        r"permission denied for database",
        "does not let this user connect: GRANT CONNECT ON DATABASE ... TO ...",
    ),
    (r"no pg_hba\.conf entry", "does not admit this user from this machine: add a line to pg_hba.conf"),
    (r"session is read-only|server is in hot standby mode", READ_ONLY),
    (r"SSL|certificate", "refuses the TLS settings of this URL: correct sslmode and sslrootcert"),
)
_ADDRESS = re.compile(r"invalid URI|connection option|invalid integer value|invalid .* value:")
# SQLSTATE or its class, and what to say
_STATEMENTS: tuple[tuple[str, str], ...] = (
    ("25006", READ_ONLY),
    ("42501", "denies a right to this user: GRANT it, see Roles in OPERATIONS.md"),
    ("53100", "has no room on its disk: free some"),
    ("53300", _CONNECTIONS),
    ("53", "is out of memory or another resource: see its log"),
    ("55P03", "has a row or table locked by another session for too long: try again in a moment"),
    ("57014", "cancelled a statement, which took longer than 60 s or was cancelled there: see its load"),
    ("57P03", _STARTING),
)


def is_read_only(error: BaseException) -> bool:
    """Return whether the server refused a write because it is a standby, or was made read-only."""
    return isinstance(error, pg.ReadOnlySqlTransaction)


def explained(error: BaseException, shown: str) -> SpeekoError | None:
    """Return what to raise for a driver's error; None where the statement itself is wrong.

    `shown`: the URL without its password.
    """
    if isinstance(error, PoolTimeout):
        return ServerError(f"no free connection to Postgres at {shown} in 30 s: run fewer threads")
    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.orig
    if not isinstance(error, psycopg.Error):
        return None
    said, state = first_line(error), error.sqlstate or ""
    if isinstance(error, MISSING):
        return SchemaError(f"the database at {shown} has no fitting schema ({said}): run `speeko db upgrade`")
    if not state and _ADDRESS.search(said):
        return ConfigError(f"SPEEKO_DATABASE_URL has a part that Postgres does not know: {said}")
    remedy = _remedy(state, str(error))
    if remedy:
        return ServerError(f"Postgres at {shown} {remedy} ({said})")
    if isinstance(error, psycopg.OperationalError) and not state:
        away = (
            "does not answer"
            if re.search("connection failed|connection to server|failed to resolve", said)
            else "went away"
        )
        return ServerError(f"Postgres {away} at {shown}: {said}")
    if isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)) or state.startswith(_STATES):
        return ServerError(f"Postgres went away at {shown}: {said}")
    return None


def _remedy(state: str, text: str) -> str:
    if state:
        return next((said for begin, said in _STATEMENTS if state.startswith(begin)), "")
    return next((said for words, said in _REFUSED if re.search(words, text)), "")


def first_line(error: BaseException | None) -> str:
    """Return the first line of a driver's message: errors are one line."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
