"""Stream all delivered audio of a job as a ZIP archive, in flat memory, without writing it anywhere.

The archive holds the job's own audio also where a later job has replaced a file in the output. It ends with
manifest and summary; NOTE.txt names what is missing and says when rows are still to come.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any

from speeko_jobs.adapters.postgres import chunks, deliveries, job_listing
from speeko_jobs.adapters.postgres.chunks import Chunk, JobContext
from speeko_jobs.core.model.states import FINISHED
from speeko_jobs.core.output.formatting import count
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.core.reporting import manifest
from speeko_jobs.errors import JobError
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.delivery import finalize
from speeko_jobs.flow.delivery.archive_files import ArchivedFile, ObjectPlace, stream_files
from speeko_jobs.flow.delivery.zip_stream import BLOCK_BYTES, ZipStream
from speeko_jobs.flow.reporting.row_audio import places_of, unchanged_places

NOTE, MAX_NAMED = "NOTE.txt", 10_000  # files that the note names
BLOCK_TARGET = 256 << 10  # small files are joined to blocks of about this size


@dataclass(frozen=True, slots=True)
class JobArchive:
    """An archive that can be sent: the name of its file, and its blocks in order."""

    name: str
    blocks: Iterator[bytes]


def open_archive(context: Context, job: int) -> JobArchive:
    """Return a job's archive. The first block is read from the stores when it is asked for.

    Raise JobError where the job is not there, was pruned, or has no audio yet.
    """
    line = job_listing.job(context.database, job)
    orders = chunks.job_context(context.database, job)
    if orders is None or not line.chunks:
        raise JobError(f"job {job} has no rows: a `speeko say` writes its own file")
    parts = deliveries.delivered_chunks(context.database, job)  # raises where the job was pruned
    if not line.delivered + line.unchanged:
        raise JobError(f"job {job} has no delivered audio yet")
    writer = _ArchiveWriter(context, orders, is_partial=line.state not in FINISHED)
    at = line.finished_at or datetime.fromtimestamp(orders.at, UTC)
    chunk_list = (part.chunk for part in parts)
    return JobArchive(f"speeko-job-{job}.zip", _joined(writer.blocks(chunk_list, at)))


class _ArchiveWriter:
    """Write the parts of one archive, and remember what its end says."""

    def __init__(self, context: Context, orders: JobContext, *, is_partial: bool) -> None:
        self._context, self._orders, self._is_partial = context, orders, is_partial
        self._store = context.store_of(orders.spec.store)
        self._missing: list[str] = []
        self._missing_count = 0

    def blocks(self, parts: Iterator[Chunk], at: datetime) -> Iterator[bytes]:
        spec = self._orders.spec
        columns = manifest.PUBLIC_COLUMNS if spec.public_urls else manifest.COLUMNS
        with ExitStack() as stack:
            archive = stack.enter_context(ZipStream(at))
            as_json = stack.enter_context(tempfile.TemporaryFile())
            as_csv = stack.enter_context(tempfile.TemporaryFile())
            as_csv.write((",".join(columns) + "\n").encode())
            for chunk in parts:
                lines, table = finalize.manifest_part(self._context, self._store, chunk)
                as_json.write(lines)
                as_csv.write(table)
                yield from stream_files(archive, self._files(chunk, lines), self._note_missing)
            yield from archive.file("manifest.jsonl", lambda: _content(as_json))
            yield from archive.file("manifest.csv", lambda: _content(as_csv))
            summary = finalize.summarize(self._context, self._orders.job)
            yield archive.data("summary.json", (json.dumps(summary, indent=2) + "\n").encode())
            if note := self._note():
                yield archive.data(NOTE, note.encode("utf-8", "replace"))
            yield from archive.end()

    def _files(self, chunk: Chunk, lines: bytes) -> Iterator[ArchivedFile]:
        """Yield the files of a chunk's rows, in order."""
        served = [line for line in map(json.loads, lines.splitlines()) if line["error"] is None]
        wanted = {line["row"] for line in served}
        items = [row for row in chunks.rows(self._context.database, chunk) if row.row_no in wanted]
        found = dict(
            zip(
                [row.row_no for row in items],
                places_of(self._context, self._orders.spec, items),
                strict=True,
            )
        )
        others = [line for line in served if line["row"] not in found]
        unchanged = unchanged_places(self._context, self._orders, others) if others else []
        found |= dict(zip([line["row"] for line in others], unchanged, strict=True))
        for line in served:
            places = [ObjectPlace(one.store, one.path) for one in found[line["row"]] if one.is_whole]
            yield ArchivedFile(self._name(line), int(line["bytes"]), places)

    def _name(self, line: dict[str, Any]) -> str:
        return line["path"] or f"row-{line['row']}.{self._orders.spec.format}"

    def _note_missing(self, name: str) -> None:
        self._missing_count += 1
        if len(self._missing) < MAX_NAMED:
            self._missing.append(name)

    def _note(self) -> str:
        told = []
        if self._is_partial:
            told.append("The job has not ended: the archive holds the rows that were delivered by now.\n")
        if self._missing:
            files = count(self._missing_count, "file is", "files are")
            told.append(
                f"{files} missing: not in the output, and not in the audio store, or a later job has"
                " replaced them. Run the catalog again to restore them.\n"
            )
            told += [printable(name) for name in self._missing]
            if self._missing_count > len(self._missing):
                told.append(f"and {self._missing_count - len(self._missing):,} more")
        return "\n".join(told) + "\n" if told else ""


def _content(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while block := file.read(BLOCK_BYTES):
        yield block


def _joined(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in fewer blocks: each costs its reader a turn."""
    some: list[bytes] = []
    size = 0
    for block in blocks:
        some.append(block)
        size += len(block)
        if size >= BLOCK_TARGET:
            yield b"".join(some)
            some, size = [], 0
    if some:
        yield b"".join(some)
