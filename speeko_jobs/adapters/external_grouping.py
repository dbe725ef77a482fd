"""External deduplication: exact duplicates among many records, in bounded memory.

Records are spread by their hash over one temporary file; at the end each part is looked at on its own, so
equal hashes always meet. Knows nothing of keys, names or prices: a record is a hash, a row and counts.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from speeko_jobs.errors import SpeekoError

# 16 bytes of a cryptographic hash are kept: two of 10 million meet by chance once in 10^25 times.
HASH_BYTES = 16
_ROW, _RANK, _FIRST = 2, 3, 4  # a record is int64 columns: two halves of the hash, row, rank, the values

Records = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Totals:
    """`records` counted and `distinct` hashes among them; the sum of each value over all records, and for
    each rank how many hashes have it and the sums of their values, one record a hash."""

    records: int
    distinct: int
    sums: tuple[int, ...]
    ranks: Mapping[int, tuple[int, ...]]


class ExternalDedupe:
    """Tens of millions of (hash, row, rank, values...) records, of which equal hashes are to be found.

    `values` is how many whole numbers each record carries besides its rank; records of one hash carry the
    same. A hash has the highest rank of its records. Up to `buffer_bytes` are held in memory and no
    file is made; past that, blocks go to an unnamed file in tempfile.gettempdir(), which the kernel
    deletes whatever becomes of the process. Peak memory is about four buffers, or six times the largest
    part (all bytes / `partitions`). Use as a context manager, or close() it.
    SpeekoError where the temporary folder cannot take or give back the data. Not safe for threads.
    """

    def __init__(self, values: int = 0, *, partitions: int = 256, buffer_bytes: int = 8 << 20) -> None:
        if not 1 <= partitions <= 256:
            raise ValueError(f"1 to 256 partitions, not {partitions}")
        self._columns = _FIRST + values
        self._partitions = partitions
        self._buffer_bytes = buffer_bytes
        self._held: list[Records] = []
        self._held_bytes = 0
        self._file: IO[bytes] | None = None
        self._blocks: list[tuple[int, list[int]]] = []  # offset, and where each part ends (in records)
        self._size = 0

    def add_many(
        self,
        hashes: Sequence[bytes] | tuple[Sequence[int], Sequence[int]],
        rows: Sequence[int],
        ranks: Sequence[int] | int = 0,
        *values: Sequence[int],
    ) -> None:
        """Add records by column; all columns are of one length, best a thousand or more.

        `hashes`: equally long, 16 bytes or more in multiples of 8, uniform (SHA-256, BLAKE2); only the first
        16 count. Or two columns of 64-bit hashes that are independent of each other. `rows`: row numbers in
        any order, repeats allowed. `ranks`: small, from 0. `values`: below 2^63.
        """
        count = len(rows)
        if not count:
            return
        if len(values) != self._columns - _FIRST:
            raise ValueError("as many value columns as announced")
        records = np.empty((count, self._columns), np.int64)
        if isinstance(hashes, tuple):
            records[:, 0], records[:, 1] = hashes
        else:
            width, odd = divmod(len(hashes[0]), 8)
            if odd or 8 * width < HASH_BYTES:
                raise ValueError("hashes of 16, 24, 32... bytes")
            records[:, :_ROW] = np.frombuffer(b"".join(hashes), np.int64).reshape(count, width)[:, :_ROW]
        records[:, _RANK] = ranks
        for column, numbers in zip((_ROW, *range(_FIRST, self._columns)), (rows, *values), strict=True):
            if len(numbers) != count:
                raise ValueError(f"a column of {len(numbers)} beside {count} hashes")
            records[:, column] = numbers
        self._held.append(records)
        self._held_bytes += records.nbytes
        if self._held_bytes > self._buffer_bytes:
            self._spill()

    def totals(self, skip: Collection[int] | NDArray[np.bool_] = ()) -> Totals:
        """Counts and sums over all records but those of the rows in `skip`: row numbers, or an array of
        bool by row number (rows past its end are not skipped)."""
        skipped = _as_mask(skip)
        records, distinct, values = 0, 0, self._columns - _FIRST
        sums, ranks = [0] * values, dict[int, list[int]]()
        for part in self._parts():
            kept = part if skipped is None else part[~_is_in(skipped, part[:, _ROW])]
            if not len(kept):
                continue
            ordered, starts = _grouped(kept)
            records += len(kept)
            distinct += len(starts)
            rank_of = np.maximum.reduceat(ordered[:, _RANK], starts)
            for value in range(values):
                sums[value] += int(ordered[:, _FIRST + value].sum())
            for rank in np.unique(rank_of).tolist():
                here = ordered[starts[rank_of == rank]]
                found = ranks.setdefault(rank, [0] * (1 + values))
                found[0] += len(here)
                for value in range(values):
                    found[1 + value] += int(here[:, _FIRST + value].sum())
        return Totals(records, distinct, tuple(sums), {rank: tuple(found) for rank, found in ranks.items()})

    def collisions(self) -> Iterator[list[int]]:
        """The rows of each hash that was added more than once, ascending; the lists come in no order."""
        for part in self._parts():
            if not _repeats(part):
                continue
            ordered, starts = _grouped(part)
            ends = np.append(starts[1:], len(ordered))
            many = ends - starts > 1
            for start, end in zip(starts[many].tolist(), ends[many].tolist(), strict=True):
                yield sorted(ordered[start:end, _ROW].tolist())

    def rows_of_rank(self, rank: int) -> Iterator[int]:
        """The rows of hashes that have this rank, in no order."""
        for part in self._parts():
            if not len(part):
                continue
            ordered, starts = _grouped(part)
            rank_of = np.maximum.reduceat(ordered[:, _RANK], starts)
            lengths = np.diff(np.append(starts, len(ordered)))
            yield from ordered[np.repeat(rank_of == rank, lengths), _ROW].tolist()

    def hashes_of_rank(
        self, rank: int, skip: Collection[int] = ()
    ) -> Iterator[list[tuple[bytes, tuple[int, ...]]]]:
        """Yield, a part at a time, the hashes of this rank: their first 16 bytes, and their values.

        Rows in `skip` do not count, as in `totals`.
        """
        skipped = _as_mask(skip)
        for part in self._parts():
            kept = part if skipped is None else part[~_is_in(skipped, part[:, _ROW])]
            if not len(kept):
                continue
            ordered, starts = _grouped(kept)
            here = ordered[starts[np.maximum.reduceat(ordered[:, _RANK], starts) == rank]]
            halves = np.ascontiguousarray(here[:, :_ROW]).tobytes()
            names = [halves[at : at + HASH_BYTES] for at in range(0, len(halves), HASH_BYTES)]
            yield list(zip(names, map(tuple, here[:, _FIRST:].tolist()), strict=True))

    def close(self) -> None:
        """Let go of memory and file; again is harmless."""
        self._held, self._held_bytes, self._blocks, self._size = [], 0, [], 0
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> ExternalDedupe:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take_held(self) -> Records:
        if len(self._held) != 1:
            self._held = [np.concatenate(self._held or [np.empty((0, self._columns), np.int64)])]
        return self._held[0]

    def _spill(self) -> None:
        """Write what is held as one block, sorted by part."""
        held = self._take_held()
        part_of = ((held[:, 0] & 0xFF) % self._partitions).astype(np.uint8)
        block = held[np.argsort(part_of, kind="stable")]
        ends = np.cumsum(np.bincount(part_of, minlength=self._partitions))
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
            _write(self._file, block)
        except OSError as error:
            raise _no_room(error) from None
        self._blocks.append((self._size, ends.tolist()))
        self._size += block.nbytes
        self._held, self._held_bytes = [], 0

    def _parts(self) -> Iterator[Records]:
        """All records, such that equal hashes are in one part."""
        if self._file is None:
            yield self._take_held()
            return
        if self._held:
            self._spill()
        for part in range(self._partitions):
            yield self._read(self._file, part)

    def _read(self, file: IO[bytes], part: int) -> Records:
        record_bytes = 8 * self._columns
        pieces = []
        for offset, ends in self._blocks:
            start = ends[part - 1] if part else 0
            wanted = (ends[part] - start) * record_bytes
            try:
                piece = os.pread(file.fileno(), wanted, offset + start * record_bytes)
            except OSError as error:
                raise _no_room(error) from None
            if len(piece) != wanted:
                raise _no_room("a temporary file was cut short")
            pieces.append(piece)
        return np.frombuffer(b"".join(pieces), np.int64).reshape(-1, self._columns)


def _repeats(records: Records) -> bool:
    """Whether two records may share a hash: a sort of half the hash, and mostly the end of it."""
    halves = np.sort(records[:, 0])
    return bool((halves[1:] == halves[:-1]).any())


def _grouped(records: Records) -> tuple[Records, NDArray[np.intp]]:
    """Records ordered by hash, and where each hash begins."""
    ordered = records[np.argsort(records[:, 0])]
    same = ordered[1:, 0] == ordered[:-1, 0]
    if (ordered[1:, 1] != ordered[:-1, 1])[same].any():  # one half equal, the other not: order by both
        ordered = records[np.lexsort((records[:, 1], records[:, 0]))]
        same = (ordered[1:, :_ROW] == ordered[:-1, :_ROW]).all(axis=1)
    starts = np.flatnonzero(~same) + 1
    return ordered, np.concatenate((np.zeros(1, np.intp), starts))


def _as_mask(skip: Collection[int] | NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    if isinstance(skip, np.ndarray):
        return skip if len(skip) else None
    if not skip:
        return None
    rows = np.fromiter(skip, np.int64, len(skip))
    mask = np.zeros(int(rows.max()) + 1, np.bool_)
    mask[rows] = True
    return mask


def _is_in(mask: NDArray[np.bool_], rows: NDArray[Any]) -> NDArray[np.bool_]:
    inside = rows < len(mask)
    inside[inside] = mask[rows[inside]]
    return inside


def _write(file: IO[bytes], block: Records) -> None:
    left = block.data.cast("B")
    while left:  # an unbuffered write may take less than all of it
        left = left[file.write(left) :]


def _no_room(reason: object) -> SpeekoError:
    text = reason.strerror if isinstance(reason, OSError) and reason.strerror else reason
    folder = tempfile.gettempdir()
    return SpeekoError(f"{folder}: cannot keep temporary data: {text}: free some space there, or set TMPDIR")
