"""Merge the rows of a part of a catalog into the manifest and the failed rows that a destination holds.

A row takes the place, and the number, of the one with its id; other rows are added behind. Merging again
changes nothing, so a finalizer may run any number of times. Memory grows with the ids of the part, not with
the manifest.
"""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from speeko_jobs.adapters.audio_store import MissingObject, Store
from speeko_jobs.core.output.cdn_publishing import PublicUrls
from speeko_jobs.core.output.sanitize import spreadsheet_raw
from speeko_jobs.core.reporting.manifest import FAILED_COLUMNS, Line, line_of
from speeko_jobs.flow.delivery.manifest_parts import joined

AT_ONCE = 1_000  # lines of a part that is written
_ID, _FILE, _ROW = (FAILED_COLUMNS.index(name) for name in ("id", "file", "row"))


class Merge:
    """Add all lines of the job, then take the merged ones. Use as a context manager."""

    def __init__(self, destination: Store, urls: PublicUrls | None = None) -> None:
        self._destination, self._urls = destination, urls
        self._own = tempfile.TemporaryFile()  # noqa: SIM115  # closed by __exit__
        self._offsets: dict[str, int] = {}
        self._failed: dict[str, list[Any]] = {}

    def __enter__(self) -> Merge:
        return self

    def __exit__(self, *_: object) -> None:
        self._own.close()

    def add(self, as_json: bytes, failed: Iterable[list[Any]]) -> None:
        """Add lines of the job's manifest, and its rows for failed.csv."""
        for line in as_json.splitlines(keepends=True):
            self._offsets[json.loads(line)["id"]] = self._own.tell()
            self._own.write(line)
        self._failed |= {row[_ID]: row for row in failed}

    def rows(self) -> int:
        """Return about how many lines there will be."""
        return len(self._offsets) + sum(1 for _ in lines_of(self._destination, "manifest.jsonl"))

    def parts(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the merged manifest in parts: JSON lines and CSV."""
        lines = self._merged()
        while some := list(islice(lines, AT_ONCE)):
            yield joined([self._addressed(line) for line in some])

    def failed(self) -> Iterator[Sequence[Any]]:
        """Yield the rows for failed.csv: those that failed now, and those that failed before and were not
        in this job."""
        rest = dict(self._failed)
        reader = csv.reader(
            line.decode("utf-8", "replace") for line in lines_of(self._destination, "failed.csv")
        )
        if tuple(next(reader, ())) == FAILED_COLUMNS:
            for cells in reader:
                row = [spreadsheet_raw(cell) for cell in cells]
                if len(row) != len(FAILED_COLUMNS):
                    continue
                own = rest.pop(row[_ID], None)
                if own is not None:
                    own[_FILE], own[_ROW] = row[_FILE], row[_ROW]  # where it stands in the whole catalog
                    yield own
                elif row[_ID] not in self._offsets:
                    yield row
        yield from rest.values()

    def _addressed(self, line: Line) -> Line:
        """The line with an address if those of this job have one, and without if not."""
        if self._urls is None:
            return line._replace(url=None)
        if line.url is not None:
            return line
        known = bool(line.path and line.key)
        return line._replace(url=self._urls.of(line.path, bytes.fromhex(line.key)) if known else "")

    def _merged(self) -> Iterator[Line]:
        rest, last = dict(self._offsets), 0
        for raw in lines_of(self._destination, "manifest.jsonl"):
            try:
                old = line_of(json.loads(raw))
            except (KeyError, TypeError, ValueError):
                continue  # no line of ours
            last = max(last, old.row)
            at = rest.get(old.id)
            if at is not None:
                new = self._line(at)
                if old.error or new.error or old.path == new.path:
                    del rest[old.id]
                    yield new._replace(row=old.row)
                    continue
            yield old
        for number, at in enumerate(sorted(rest.values()), last + 1):
            yield self._line(at)._replace(row=number)

    def _line(self, at: int) -> Line:
        self._own.seek(at)
        return line_of(json.loads(self._own.readline()))


def lines_of(store: Store, name: str) -> Iterator[bytes]:
    """Yield the lines of an object, with their ends; none where there is no such object."""
    rest = b""
    try:
        for chunk in store.reader(name):
            *whole, rest = (rest + chunk).splitlines(keepends=True) or [b""]
            if rest.endswith(b"\n"):
                whole, rest = [*whole, rest], b""
            yield from whole
    except MissingObject:
        return
    if rest:
        yield rest
