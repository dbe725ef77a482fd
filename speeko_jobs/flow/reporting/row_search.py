"""Find rows of a job by id or number, also those that the planner found unchanged.

Unchanged rows are no items of the database: their lines are in the manifest's parts, in the audio store. Both
places are read only when somebody looks for a row, and as far as the answer needs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from json.encoder import encode_basestring
from typing import Any

from speeko_jobs.adapters.audio_store import MissingObject
from speeko_jobs.adapters.postgres import chunks, job_details
from speeko_jobs.adapters.postgres.chunks import Chunk
from speeko_jobs.adapters.postgres.database import MAX_BIGINT
from speeko_jobs.adapters.postgres.job_details import MatchingRow
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.model.states import AudioSource, ChunkState
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.delivery import finalize
from speeko_jobs.flow.delivery.manifest_parts import part_paths, unchanged_paths

MAX_ROWS = 25
PARTS_AT_ONCE = 16  # of the manifest, in memory
_NUMBER = re.compile(r"[1-9][0-9]{0,18}")


class RowOutcome(StrEnum):
    """How a row stands."""

    DELIVERED = "delivered"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    REFUSED = "refused"
    LEFT_OUT = "left out"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A row that was looked for. `reason` says why it has no audio; `path` is below the job's output."""

    row_no: int
    row_id: str
    voice: str
    chars: int
    path: str
    outcome: RowOutcome
    reason: str = ""

    @property
    def has_audio(self) -> bool:
        return self.outcome in (RowOutcome.DELIVERED, RowOutcome.UNCHANGED)


def find_rows(context: Context, job: int, text: str, limit: int = MAX_ROWS) -> list[FoundRow]:
    """Return rows whose id begins with `text`, or whose number it is: the best match first, then in order.

    Return [] for an empty text, and for a job whose rows were pruned. Raise ServerError and StoreError.
    """
    found = chunks.job_context(context.database, job)
    if not text or found is None:
        return []
    number = min(int(text), MAX_BIGINT) if _NUMBER.fullmatch(text) else 0
    items = job_details.matching_rows(context.database, job, text, number, limit)
    rows = _outcomes(context, found.spec, job, items)
    for line in _unchanged(context, found.spec, job, text, number, limit):
        rows.append(_of_line(line, RowOutcome.UNCHANGED))
    unique = {row.row_no: row for row in rows}
    return sorted(unique.values(), key=lambda r: (r.row_no != number, r.row_id != text, r.row_no))[:limit]


def manifest_line(context: Context, job: int, row_no: int) -> dict[str, Any] | None:
    """Return the line of a row whose chunk is delivered, or that is unchanged; None where there is none."""
    orders = chunks.job_context(context.database, job)
    found = job_details.chunk_of(context.database, job, row_no)
    if orders is None or found is None:
        return None
    lines = _lines(context, orders.spec, *found)
    return _line_of(lines, row_no)


def _outcomes(context: Context, spec: JobSpec, job: int, items: list[MatchingRow]) -> list[FoundRow]:
    parts: dict[int, bytes] = {}
    rows = []
    for item in items:
        outcome, reason = RowOutcome.WAITING, ""
        if item.skipped:
            outcome = RowOutcome.LEFT_OUT
        elif item.error:
            outcome, reason = RowOutcome.REFUSED, item.error
        elif item.kept and item.chunk_state is not ChunkState.DELIVERED:
            outcome = RowOutcome.UNCHANGED
        elif item.chunk_state is ChunkState.DELIVERED:
            at = job_details.chunk_of(context.database, job, item.row_no)
            assert at is not None
            if at[0].no not in parts:
                parts[at[0].no] = _lines(context, spec, *at)
            line = _line_of(parts[at[0].no], item.row_no)
            if line is not None and line["error"] is None:
                outcome = (
                    RowOutcome.UNCHANGED if line["source"] == AudioSource.UNCHANGED else RowOutcome.DELIVERED
                )
            else:
                outcome, reason = RowOutcome.FAILED, "" if line is None else line["error"]
        rows.append(FoundRow(item.row_no, item.row_id, item.voice, item.chars, item.path, outcome, reason))
    return rows


def _unchanged(
    context: Context, spec: JobSpec, job: int, text: str, number: int, limit: int
) -> Iterator[dict[str, Any]]:
    """Yield lines of unchanged rows that match; the search ends at the id itself."""
    quoted = encode_basestring(text).encode("utf-8", "surrogateescape")
    line = rb'^\{"row": [0-9]+, "id": %s.*$'
    whole = re.compile(line % re.escape(quoted), re.MULTILINE)
    begun = re.compile(line % re.escape(quoted[:-1]), re.MULTILINE)
    left = limit
    for chunk, lines in _unchanged_parts(context, spec, job):
        found = [*islice(begun.finditer(lines), left)] if b'"id": ' + quoted[:-1] in lines else []
        found += whole.finditer(lines) if b'"id": ' + quoted + b"," in lines else []
        rows = [json.loads(one[0]) for one in found]
        if chunk.first_row <= number <= chunk.last_row and (numbered := _line_of(lines, number)):
            rows.append(numbered)
        rows = [row for row in rows if row["source"] == AudioSource.UNCHANGED]
        left = max(0, left - len(rows))
        yield from rows
        if any(row["id"] == text for row in rows) and not number:
            return


def _unchanged_parts(context: Context, spec: JobSpec, job: int) -> Iterator[tuple[Chunk, bytes]]:
    """Yield the chunks with unchanged rows and their lines, a few at a time."""
    store = context.store_of(spec.store)
    found = iter(job_details.unchanged_chunks(context.database, job))
    while some := list(islice(found, PARTS_AT_ONCE)):
        paths = [
            (part_paths if state is ChunkState.DELIVERED else unchanged_paths)(job, chunk.no)[0]
            for chunk, state in some
        ]
        try:
            parts = store.get_many(paths)
        except MissingObject:
            parts = [_lines(context, spec, *one) for one in some]
        yield from zip([chunk for chunk, _ in some], parts, strict=True)


def _lines(context: Context, spec: JobSpec, chunk: Chunk, state: ChunkState) -> bytes:
    """Return the lines of a chunk that are known by now."""
    store = context.store_of(spec.store)
    if state is ChunkState.DELIVERED:
        return finalize.manifest_part(context, store, chunk)[0]
    try:
        return store.get(unchanged_paths(chunk.job, chunk.no)[0])
    except MissingObject:
        return b""


def _line_of(lines: bytes, row_no: int) -> dict[str, Any] | None:
    start = b'{"row": %d, ' % row_no
    at = 0 if lines.startswith(start) else lines.find(b"\n" + start) + 1
    if not lines.startswith(start, at):
        return None
    line: dict[str, Any] = json.loads(lines[at : lines.index(b"\n", at)])
    return line


def _of_line(line: dict[str, Any], outcome: RowOutcome) -> FoundRow:
    return FoundRow(line["row"], line["id"], line["voice"], line["chars"], line["path"], outcome)
