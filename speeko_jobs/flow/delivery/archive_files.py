"""Read many files of stores for an archive: small ones a batch at a time, large ones in blocks.

Memory is bounded by MAX_BATCH_BYTES and one block, whatever the files and their number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from speeko_jobs.adapters.audio_store import MissingObject, Store
from speeko_jobs.flow.delivery.zip_stream import ZipStream

MAX_BATCH_FILES, MAX_BATCH_BYTES = 256, 16 << 20


class ObjectPlace(NamedTuple):
    """Where the bytes of a file lie."""

    store: Store
    path: str


class ArchivedFile(NamedTuple):
    """A file for an archive: its name there, its size, and the places to look for it, in order."""

    name: str
    size_bytes: int
    places: Sequence[ObjectPlace]


def stream_files(
    archive: ZipStream, files: Iterable[ArchivedFile], on_missing: Callable[[str], None]
) -> Iterator[bytes]:
    """Yield files as parts of the archive. `on_missing` gets the names of those that are in no place.

    Raise StoreError when a store does not answer.
    """
    batch: list[ArchivedFile] = []
    size = 0
    for file in files:
        if file.size_bytes > MAX_BATCH_BYTES // 2:
            yield from _stream_batch(archive, batch, on_missing)
            yield from _stream_large(archive, file, on_missing)
            batch, size = [], 0
            continue
        if len(batch) == MAX_BATCH_FILES or size + file.size_bytes > MAX_BATCH_BYTES:
            yield from _stream_batch(archive, batch, on_missing)
            batch, size = [], 0
        batch.append(file)
        size += file.size_bytes
    yield from _stream_batch(archive, batch, on_missing)


def _stream_batch(
    archive: ZipStream, batch: Sequence[ArchivedFile], on_missing: Callable[[str], None]
) -> Iterator[bytes]:
    found: dict[int, bytes] = {}
    for turn in range(max((len(file.places) for file in batch), default=0)):
        asked: dict[int, list[int]] = {}
        stores: dict[int, Store] = {}
        for at, file in enumerate(batch):
            if at not in found and turn < len(file.places):
                store = file.places[turn].store
                asked.setdefault(id(store), []).append(at)
                stores[id(store)] = store
        for number, wanted in asked.items():
            read = _read_some(stores[number], [batch[at].places[turn].path for at in wanted])
            found |= {at: data for at, data in zip(wanted, read, strict=True) if data is not None}
    for at, file in enumerate(batch):
        if at in found:
            yield archive.data(file.name, found.pop(at))
        else:
            on_missing(file.name)


def _read_some(store: Store, paths: Sequence[str]) -> list[bytes | None]:
    """Return the bytes of each, None where there is none."""
    try:
        return [*store.get_many(paths)]
    except MissingObject as error:
        missing = set(error.paths)
    there = iter(store.get_many([path for path in paths if path not in missing]))
    return [None if path in missing else next(there) for path in paths]


def _stream_large(
    archive: ZipStream, file: ArchivedFile, on_missing: Callable[[str], None]
) -> Iterator[bytes]:
    for store, path in file.places:
        if store.size(path) is not None:
            yield from archive.file(file.name, lambda store=store, path=path: store.reader(path))  # type: ignore[misc]
            return
    on_missing(file.name)
