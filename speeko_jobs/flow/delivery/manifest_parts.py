"""Write rows that the destination holds as they are straight into the manifest, past Postgres.

A night's catalog is mostly the catalog of the night before. What does not change needs no item, no worker
and no look-up but one: the planner writes its lines, a chunk at a time, and chunks with nothing else in
them are delivered when the job is released.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from speeko_jobs.adapters.audio_store import Store
from speeko_jobs.core.job.chunking import Stretch
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.job.row_reader import SpokenRow, content_of
from speeko_jobs.core.model.states import AudioSource
from speeko_jobs.core.providers.profiles import Prices
from speeko_jobs.core.reporting.manifest import Line
from speeko_jobs.flow.context import Context

PARTS_AT_ONCE = 16  # made durable together


def part_paths(job: int, no: int) -> tuple[str, str]:
    """Return where the audio store keeps a chunk's parts of the manifest: JSON lines and CSV."""
    return f"jobs/{job}/manifest-{no:06d}.jsonl", f"jobs/{job}/manifest-{no:06d}.csv"


def unchanged_paths(job: int, no: int) -> tuple[str, str]:
    """Return where the audio store keeps the lines of a chunk's unchanged rows until the others are there."""
    return f"jobs/{job}/unchanged-{no:06d}.jsonl", f"jobs/{job}/unchanged-{no:06d}.csv"


def clear_parts(context: Context, store: str, job: int) -> None:
    """Delete what was written for a job that never ran."""
    found = context.store_of(store)
    found.delete(list(found.list(f"jobs/{job}")))


class UnchangedRows:
    """Collect unchanged rows in the order of the catalog; `close` comes after the last one."""

    def __init__(self, store: Store, job: int, chunk_rows: int, prices: Prices, spec: JobSpec) -> None:
        self.stretches: list[Stretch] = []
        self.saved: dict[str, list[int]] = {}  # voice → rows, characters, micro-dollars
        self._store, self._job, self._chunk_rows = store, job, chunk_rows
        self._prices = prices
        self._urls, self._rendering = spec.public_urls, spec.rendering
        self._no = self._last_row = 0
        self._lines: list[Line] = []
        self._listed: list[int] = []
        self._parts: list[tuple[str, bytes]] = []
        self._left_out: Counter[int] = Counter()  # chunk → its rows without text

    def leave_out(self, row_nos: Iterable[int]) -> None:
        """Note rows that have no line, before rows behind them are added."""
        self._left_out.update([(row_no - 1) // self._chunk_rows + 1 for row_no in row_nos])

    def add(self, rows: Iterable[tuple[SpokenRow, int, int]]) -> None:
        """Add rows with the bytes and milliseconds of their files, behind all that were added before."""
        listed, unchanged = self._prices.of_row, AudioSource.UNCHANGED
        for read, size, millis in rows:
            row_no, row_id, path, voice, language, chars, keys, _, _ = read
            if row_no > self._last_row:
                self._end(self._chunk_rows)
                self._no = (row_no - 1) // self._chunk_rows + 1
                self._last_row = self._no * self._chunk_rows
            key = content_of(keys).hex()
            line = Line(row_no, row_id, path, voice, language, key, unchanged, chars, 0, millis, size, "", "")
            if self._urls is not None:
                line = line._replace(url=self._urls.of(path, content_of(keys, self._rendering)))
            self._lines.append(line)
            self._listed.append(listed(voice, chars, len(keys)))

    def close(self, rows: int) -> None:
        """Write what is left: the catalog has so many rows and no more."""
        self._end(min(self._chunk_rows, rows - (self._no - 1) * self._chunk_rows))
        self._put(1)

    def _end(self, chunk_rows: int) -> None:
        lines, listed = self._lines, self._listed
        if not lines:
            return
        self._lines, self._listed = [], []
        for voice in {line.voice for line in lines}:
            of_voice = [at for at, line in enumerate(lines) if line.voice == voice]
            sums = self.saved.setdefault(voice, [0, 0, 0])
            sums[0] += len(of_voice)
            sums[1] += sum([lines[at].chars for at in of_voice])
            sums[2] += sum([listed[at] for at in of_voice])
        whole = len(lines) + self._left_out.pop(self._no, 0) == chunk_rows
        millis, size = sum([line.millis for line in lines]), sum([line.bytes for line in lines])
        chars = sum([line.chars for line in lines])
        self.stretches.append(Stretch(self._no, whole, len(lines), millis, size, chars, sum(listed)))
        paths = (part_paths if whole else unchanged_paths)(self._job, self._no)
        self._parts += zip(paths, joined(lines), strict=True)
        self._put(PARTS_AT_ONCE)

    def _put(self, least: int) -> None:
        if len(self._parts) >= least:
            self._store.put_many(self._parts)
            self._parts = []


def joined(lines: list[Line]) -> tuple[bytes, bytes]:
    """Return lines as parts of the manifest: JSON lines and CSV."""
    as_json, as_csv = "".join([x.to_json() for x in lines]), "".join([x.to_csv() for x in lines])
    return as_json.encode(), as_csv.encode()


def merged(parts: tuple[bytes, bytes], others: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """Merge two parts of one chunk, in the order of its rows."""
    as_json = sorted([*parts[0].splitlines(True), *others[0].splitlines(True)], key=_row_of_json)
    as_csv = sorted([*parts[1].splitlines(True), *others[1].splitlines(True)], key=_row_of_csv)
    return b"".join(as_json), b"".join(as_csv)


def _row_of_json(line: bytes) -> int:
    return int(line[8 : line.index(b",")])  # {"row": 12, ...


def _row_of_csv(line: bytes) -> int:
    return int(line[: line.index(b",")])
