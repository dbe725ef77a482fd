"""Decide whether a Postgres server and its database fit: version, encoding, writes, connections, clock.

MIN_VERSION is the one place that names the least version. What the server reports when a connection is made
costs no round trip and is checked on every connection; the rest is for `speeko doctor`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg

from speeko_jobs.errors import ConfigError, ServerError

if TYPE_CHECKING:
    from speeko_jobs.adapters.postgres.database import Database

MIN_VERSION = 14  # date_bin() of Postgres 14; every statement was planned and run on 14
ENCODING = "UTF8"


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What `speeko doctor` reports of a server. `clock_seconds`: how far its clock is ahead of ours."""

    version: str
    is_read_only: bool
    free_connections: int
    max_connections: int
    clock_seconds: float


def check_connection(connection: psycopg.Connection[Any]) -> None:
    """Refuse a server that is too old, and a database in another encoding. Costs no round trip.

    Raises ServerError and ConfigError.
    """
    info = connection.info
    number = info.server_version  # 150018
    if 0 < number < MIN_VERSION * 10_000:
        version = info.parameter_status("server_version") or number
        raise ServerError(
            f"Postgres {version} is too old: speeko needs Postgres {MIN_VERSION} or later, upgrade the server"
        )
    encoding = info.parameter_status("server_encoding") or ENCODING
    if encoding != ENCODING:
        raise ConfigError(
            f"the database {info.dbname!r} has the encoding {encoding}, and speeko needs {ENCODING}: create"
            f" one with CREATE DATABASE name ENCODING '{ENCODING}' TEMPLATE template0"
        )


def facts(database: Database) -> ServerFacts:
    """Return what the server tells of itself, in one round trip. Raises ServerError."""
    began = time.time()
    row = database.row("server_facts")
    assert row is not None
    version, is_read_only, free, most, clock = row
    return ServerFacts(version, is_read_only, free, most, clock - (began + time.time()) / 2)
