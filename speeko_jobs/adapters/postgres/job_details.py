"""Read one job's chunks, failed rows, playable rows and course in time.

Reads only. No query costs more than the lines that it returns: chunks rather than rows, a page of failed
rows. Statements are in sql/job_details.sql.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from speeko_jobs.adapters.postgres.chunks import Chunk
from speeko_jobs.adapters.postgres.database import Database, Transaction, clamp_bigint
from speeko_jobs.core.model.states import ChunkState
from speeko_jobs.core.policies.failure_grouping import cancelled

CHUNKS_AT_ONCE = 64  # in which failed rows are looked for
UNTOLD = "failed.csv in the destination says why"


@dataclass(frozen=True, slots=True)
class ChunkLine:
    """One chunk that is not delivered: what it waits for, since when, and who is at it (host and pid of an
    engine, None: nobody; `engine_lives` tells whether its lease stands)."""

    no: int
    first_row: int
    last_row: int
    state: str
    missing: int
    attempt: int
    host: str | None
    pid: int | None
    engine_lives: bool
    since_seconds: float


@dataclass(frozen=True, slots=True)
class ChunkPage:
    """A job's chunks: how many are in each state, and the first of those that are not delivered: begun ones,
    ready ones, planned ones. Those of a pruned job still count."""

    states: dict[str, int]
    open: list[ChunkLine]


@dataclass(frozen=True, slots=True)
class FailedRow:
    """A row that failed or was refused, and why."""

    row_no: int
    row_id: str
    reason: str
    refused: bool


@dataclass(frozen=True, slots=True)
class MatchingRow:
    """A row that was looked for, as the planner wrote it; `chunk_state` tells how far its chunk is.

    `kept`: the destination held its file already.
    """

    row_no: int
    row_id: str
    voice: str
    chars: int
    path: str
    error: str
    skipped: bool
    kept: bool
    chunk_state: ChunkState


@dataclass(frozen=True, slots=True)
class PlayableRow:
    """A delivered row that can be listened to: keys of its audio in order, in the job's store."""

    row_no: int
    row_id: str
    voice: str
    chars: int
    path: str
    keys: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """One stretch of time of a job: rows that ended in it (by their chunks' delivery)."""

    at: datetime
    rows: int


def chunks(database: Database, number: int, limit: int = 20) -> ChunkPage:
    """A job's chunks. Raises ServerError."""
    values = {"job": clamp_bigint(number), "limit": limit}

    def work(t: Transaction) -> ChunkPage:
        states = {state.value: 0 for state in ChunkState} | dict(t.rows("board_chunk_states", values))
        return ChunkPage(states, [ChunkLine(*row) for row in t.rows("board_chunks", values)])

    return database.run(work)


def failed(database: Database, number: int, after: int = 0, limit: int = 50) -> list[FailedRow]:
    """Failed and refused rows of delivered chunks past row `after`, in order. Raises ServerError."""
    values = {"job": clamp_bigint(number), "after": clamp_bigint(after), "limit": CHUNKS_AT_ONCE}

    def work(t: Transaction) -> list[FailedRow]:
        found = list[FailedRow]()
        for chunk in _failing(t, values):
            found += [row for row in _failed(t, values | chunk) if row.row_no > after]
            if len(found) >= limit:
                break
        return found[:limit]

    return database.run(work)


def playable_rows(database: Database, number: int, limit: int = 5) -> list[PlayableRow]:
    """Delivered rows spread over the job, the same each time once it has ended. Raises ServerError."""
    values = {"job": clamp_bigint(number), "places": [place / limit for place in range(limit)]}
    found = {row[0]: _playable_row(row) for row in database.rows("board_heard", values)}
    return list(found.values())


def row(database: Database, number: int, row_no: int) -> PlayableRow | None:
    """One delivered row; None where it is not delivered or has no audio. Raises ServerError."""
    found = database.row("board_row", {"job": clamp_bigint(number), "row": clamp_bigint(row_no)})
    return None if found is None else _playable_row(found)


def matching_rows(database: Database, number: int, row_id: str, row_no: int, limit: int) -> list[MatchingRow]:
    """Return rows whose id begins with `row_id`, or whose number is `row_no` (0: none), best match first.

    Rows that the planner found unchanged are not among them: see `unchanged_chunks`. Raise ServerError.
    """
    values = {"job": clamp_bigint(number), "id": row_id, "row": clamp_bigint(row_no), "limit": limit}
    found = [MatchingRow(*row) for row in database.rows("board_find", values)]
    return [replace(row, chunk_state=ChunkState(row.chunk_state)) for row in found]


def unchanged_chunks(database: Database, number: int) -> list[tuple[Chunk, ChunkState]]:
    """Return the chunks with rows that the planner found unchanged. Raise ServerError."""
    found = database.rows("board_unchanged", {"job": clamp_bigint(number)})
    return [(Chunk(number, *row[:-1]), ChunkState(row[-1])) for row in found]


def chunk_of(database: Database, number: int, row_no: int) -> tuple[Chunk, ChunkState] | None:
    """Return the chunk that holds a row; None where there is no such row. Raise ServerError."""
    found = database.row("board_chunk_of", {"job": clamp_bigint(number), "row": clamp_bigint(row_no)})
    return None if found is None else (Chunk(number, *found[:-1]), ChunkState(found[-1]))


def course(database: Database, number: int, stretches: int = 60) -> list[Moment]:
    """Rows that ended over a job's time from its release to its end or now, in equal stretches, without those
    that the planner found unchanged; `at` is a stretch's begin. Empty for a job without chunks, or whose rows
    are pruned. Raises ServerError."""
    found = database.rows("board_course", {"job": clamp_bigint(number), "stretches": stretches})
    if not found:
        return []
    begin, end = found[0][:2]
    rows = {stretch: n for _, _, stretch, n in found}
    return [
        Moment(begin + (end - begin) * place / stretches, rows.get(place + 1, 0))
        for place in range(stretches)
    ]


def accounts_of(database: Database, number: int) -> list[str]:
    """Names of the accounts of a job's provider: its calls are made through these. Raises ServerError."""
    return [row[0] for row in database.rows("board_accounts", {"job": clamp_bigint(number)})]


def _failing(t: Transaction, values: dict[str, Any]) -> Iterator[dict[str, int]]:
    """Chunks with failed or refused rows: their first and last row, and how many failed and were refused."""
    while found := t.rows("board_failing", values):
        for row in found:
            yield dict(zip(("first", "last", "failed", "refused"), row, strict=True))
        values = values | {"after": found[-1][1]}


def _failed(t: Transaction, chunk: dict[str, Any]) -> list[FailedRow]:
    """The failed and refused rows of a delivered chunk.

    Why a row failed is told by its texts. Where none tells (the job was cancelled before it was bought, its
    file could not be made), rows without a file make up the number.
    """
    found = [FailedRow(*row) for row in t.rows("board_failed", chunk)]
    rest = chunk["failed"] - sum(not row.refused for row in found)
    if rest > 0:
        unserved = t.rows("board_unserved", chunk | {"limit": rest})
        for no, id, is_cancelled, why, some_bought in unserved:
            told = cancelled(why, some_bought=some_bought) if is_cancelled else UNTOLD
            found.append(FailedRow(no, id, told, False))
        found.sort(key=lambda row: row.row_no)
    return found


def _playable_row(row: tuple[Any, ...]) -> PlayableRow:
    row_no, row_id, voice, chars, path, keys = row
    return PlayableRow(row_no, row_id, voice, chars, path, tuple(keys))
