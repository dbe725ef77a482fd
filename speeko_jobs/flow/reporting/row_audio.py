"""Find the audio of a delivered row, and read its bytes a part at a time.

Paths come from the database alone: no path of a request is ever used.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from speeko_jobs.adapters.audio_store import Store
from speeko_jobs.adapters.postgres import chunks, deliveries
from speeko_jobs.adapters.postgres.chunks import Chunk, ItemRow, JobContext
from speeko_jobs.adapters.postgres.deliveries import StoredSum
from speeko_jobs.core.catalog.file_names import audio_path
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.output.content_type import content_type
from speeko_jobs.errors import StoreError
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.reporting import row_search


@dataclass(frozen=True, slots=True)
class AudioObject:
    """An object of a store: `type` is its MIME type, `name` what a copy of it is called."""

    store: Store
    path: str
    size_bytes: int
    type: str
    name: str = ""

    def read(self, first: int, length: int) -> Generator[bytes, None, None]:
        """Yield `length` bytes from the `first` on, in blocks of at most a MiB. Raises StoreError."""
        left, skip = length, first
        for block in self.store.reader(self.path):
            part = block[skip : skip + left]
            skip = max(0, skip - len(block))
            left -= len(part)
            if part:
                yield part
            if not left:
                return


@dataclass(frozen=True, slots=True)
class AudioPlace:
    """Where the audio of a row may lie. `is_whole`: all of its parts are there."""

    store: Store
    path: str
    format: str
    is_whole: bool = True


def find_audio(context: Context, job: int, row_no: int) -> AudioObject | None:
    """Return the audio of a row: the file that was delivered, or what was bought; None where there is none.

    A row of several parts is one sound only where it was delivered; else its first part is what there is.
    What lies at its path counts while it is this row's sound: a later job may have put another there.
    Raises StoreError when nothing can be read and a store does not answer.
    """
    orders = chunks.job_context(context.database, job)
    if orders is None:
        return None
    found = chunks.rows(context.database, Chunk(job, 0, row_no, row_no))
    if found:
        (places,) = places_of(context, orders.spec, found)
        path = found[0].path or ""
    else:
        line = row_search.manifest_line(context, job, row_no)
        places = unchanged_places(context, orders, [line])[0] if line is not None else []
        path = line["path"] if line is not None else ""
    trouble = None
    for place in places:
        try:
            size = place.store.size(place.path)
        except StoreError as error:
            trouble = error
            continue
        if size is not None:
            type = content_type(f"audio.{place.format}")
            name = f"{PurePosixPath(path).stem or f'row-{row_no}'}.{place.format}"
            return AudioObject(place.store, place.path, size, type, name)
    if trouble is not None:
        raise trouble
    return None


def places_of(context: Context, spec: JobSpec, rows: Sequence[ItemRow]) -> list[list[AudioPlace]]:
    """Return the places to look at for each row, in order; [] for a row without keys."""
    reused = [row.keys[0] for row in rows if row.keys and row.own_content is not None]
    stored = deliveries.sums(context.database, reused) if reused else {}
    return [_places(context, spec, row, stored) for row in rows]


def unchanged_places(
    context: Context, orders: JobContext, lines: Sequence[Mapping[str, Any]]
) -> list[list[AudioPlace]]:
    """Return the places to look at for rows that are known by their lines of the manifest alone.

    Their files were in the destination when the job was planned, and count while no later job has put others
    there; then what was bought for a row of one part is left.
    """
    spec = orders.spec
    paths = [str(line["path"]) for line in lines]
    later = set(deliveries.put_since(context.database, orders.destination_id, orders.job + 1, paths))
    return [_unchanged_places(context, spec, line, is_replaced=line["path"] in later) for line in lines]


def _unchanged_places(
    context: Context, spec: JobSpec, line: Mapping[str, Any], *, is_replaced: bool
) -> list[AudioPlace]:
    if line["error"] is not None or not line["path"]:
        return []
    if not is_replaced:
        return [AudioPlace(context.destination_of(spec), line["path"], spec.delivered.format)]
    key = bytes.fromhex(line["key"])
    return [AudioPlace(context.store_of(spec.store), audio_path(key, spec.format), spec.format)]


def _places(
    context: Context, spec: JobSpec, row: ItemRow, stored: Mapping[bytes, StoredSum]
) -> list[AudioPlace]:
    if not row.keys:
        return []
    format, is_reused = spec.format, row.own_content is not None
    if is_reused:
        found = stored.get(row.keys[0])
        format = found.format if found is not None else format
    store, is_whole = context.store_of(spec.store), len(row.keys) == 1
    bought = AudioPlace(store, audio_path(row.keys[0], format), format, is_whole)
    if not spec.deliver or row.path is None or row.held != row.content(spec.rendering):
        return [bought]
    delivered = AudioPlace(context.destination_of(spec), row.path, spec.delivered.format)
    is_made = is_reused or not is_whole or bool(spec.rendering)
    return [delivered, bought] if is_made else [bought, delivered]
