"""Find the audio of a delivered row, and read its bytes a part at a time.

Paths come from the database alone: no path of a request is ever used.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from speeko_jobs.adapters.audio_store import Store
from speeko_jobs.adapters.postgres import chunks, deliveries
from speeko_jobs.adapters.postgres.chunks import Chunk, ItemRow
from speeko_jobs.core.catalog.file_names import audio_path
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.output.content_type import content_type
from speeko_jobs.errors import StoreError
from speeko_jobs.flow.context import Context


@dataclass(frozen=True, slots=True)
class AudioObject:
    """An object of a store: `type` is its MIME type."""

    store: Store
    path: str
    size_bytes: int
    type: str

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
    if not found or not found[0].keys:
        return None
    spec, trouble = orders.spec, None
    for url, path, format in _places(context, spec, found[0]):
        try:
            store = context.store_of(url)
            size = store.size(path)
        except StoreError as error:
            trouble = error
            continue
        if size is not None:
            return AudioObject(store, path, size, content_type(f"audio.{format}"))
    if trouble is not None:
        raise trouble
    return None


def _places(context: Context, spec: JobSpec, row: ItemRow) -> list[tuple[str, str, str]]:
    """Return (store, path, format) of the places to look at, in order."""
    assert row.keys
    format, is_reused = spec.format, row.own_content is not None
    if is_reused:
        stored = deliveries.sums(context.database, row.keys[:1]).get(row.keys[0])
        format = stored.format if stored is not None else format
    bought = (spec.store, audio_path(row.keys[0], format), format)
    if not spec.deliver or row.path is None or row.held != row.content(spec.rendering):
        return [bought]
    delivered = (spec.output, row.path, spec.delivered.format)
    is_made = is_reused or len(row.keys) != 1 or bool(spec.rendering)
    return [delivered, bought] if is_made else [bought, delivered]
