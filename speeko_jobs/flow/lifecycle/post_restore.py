"""Restored: what is to be done once when the database came out of a backup, before workers start.

The audio store may be newer than the database (it is to be: back the database up first). What lies in it
and is not on record is booked, not called again, by whoever needs it next (`settle.recover`).
"""

from __future__ import annotations

from speeko_jobs.adapters.postgres import restores
from speeko_jobs.flow.context import Context


def restored(context: Context) -> tuple[int, int]:
    """Forget what Redis has of the time that is lost; the records that went, and the texts that wait.

    Redis belongs to this database from now on, whoever had it. Harmless when it is repeated. Raises
    ServerError.
    """
    restores.change_identity(context.database)
    context.cache.server.take_over()
    forgotten = context.cache.forget_all()
    return forgotten, restores.count_as_claimed(context.database)
