"""The start of a chunk: which of its texts have audio, and which it waits for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from speeko_jobs.adapters.postgres import chunks
from speeko_jobs.adapters.postgres.chunks import Chunk
from speeko_jobs.core.backlog import Want
from speeko_jobs.flow.context import Context


@dataclass(frozen=True, slots=True)
class Started:
    """What a chunk wants bought; nothing: it is ready."""

    chunk: Chunk
    wants: Sequence[Want]


def start(context: Context, chunk: Chunk) -> Started:
    """Look the chunk's keys up (Redis, then Postgres) and write down what it waits for."""
    first: dict[bytes, int] = {}
    for row in chunks.rows(context.database, chunk):
        if row.keys and not row.kept:
            for key in row.keys:
                first.setdefault(key, row.row_no)
    known = context.cache.get_many(list(first))
    unknown = [key for key in first if key not in known]
    if not unknown:
        context.database.run(lambda t: chunks.ready(t, chunk))
        return Started(chunk, ())
    enrolled = context.database.run(lambda t: chunks.enrol(t, chunk, unknown))
    context.cache.put_many(enrolled.done)
    return Started(chunk, [Want(key, first[key], chunk.no) for key in enrolled.waits_for])
