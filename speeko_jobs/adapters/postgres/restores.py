"""A database that came out of a backup: it does not know what was bought after that backup was made.

Fences count claims, and a text that was claimed before is looked for in the audio store before it is
called. So they all start one higher in a restored database. Statements are in sql/restores.sql.
"""

from __future__ import annotations

import psycopg

from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.errors import SpeekoError


def count_as_claimed(database: Database) -> int:
    """Have every text looked for in the audio store before its first call; how many of them wait now.

    By ranges of keys, each short; harmless when it is repeated.
    """
    database.run(lambda t: t.run("restored_later"))
    count = 0
    for first in range(256):
        past = bytes([first + 1]) if first < 255 else None
        keys = {"least": bytes([first]), "past": past}
        count += database.run(lambda t, keys=keys: t.run("restored_waiting", keys))  # type: ignore[misc]
    return count


def identity(database: Database) -> str:
    """Return the id of this database; "" where it has none yet, or does not answer."""
    try:
        found = database.row("database_identity")
    except (SpeekoError, psycopg.Error):
        return ""
    return str(found[0]) if found else ""


def change_identity(database: Database) -> None:
    """Have this database count as another one than before."""
    database.run(lambda t: t.run("restored_identity"))
