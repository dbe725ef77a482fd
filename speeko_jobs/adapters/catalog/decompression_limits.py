"""Spreadsheets and Parquet files that would fill the memory, found before they are loaded.

A spreadsheet is a zip whose parts are inflated here once in pieces: what a zip says of its sizes is not
believed. A sheet of two cells far apart is a bomb, too, because the reader lays out all cells between them.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from speeko_jobs.errors import CatalogError

MB = 1_000_000
MAX_BYTES = 1_000 * MB  # of all parts, inflated
RATIO, RATIO_FROM_BYTES = 200, 100 * MB
MAX_CELLS = 40_000_000  # of one sheet; each takes 32 bytes, empty or not
MAX_COLUMNS = 16_384
PARQUET_COLUMN_BYTES = 2_000 * MB  # of one column in one row group, where it is packed past all sense
PARQUET_RATIO = 1_000
PIECE_BYTES = 256 * 1024
INSTEAD = "save it as CSV"

_LOCAL_HEADER = struct.Struct("<4s22xHH")
_CELL = re.compile(rb"""r\s*=\s*["']([A-Za-z]{1,3})([0-9]{1,7})["']""")
_REPEATED = re.compile(rb"""number-(columns|rows)-repeated\s*=\s*["']([0-9]{1,10})["']""")
_OVERLAP_BYTES = 64  # more than an attribute is long, which two pieces may share


def check_spreadsheet(file: IO[bytes] | Path, name: str) -> None:
    """CatalogError for a zip that inflates past all sense. What is no zip, or damaged, is the reader's."""
    try:
        with zipfile.ZipFile(file) as archive:
            _check(archive, name)
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        return
    finally:
        if not isinstance(file, Path):
            file.seek(0)


def _check(archive: zipfile.ZipFile, name: str) -> None:
    entries = archive.infolist()
    packed = sum(entry.compress_size for entry in entries)
    most = min(MAX_BYTES, max(RATIO_FROM_BYTES, RATIO * packed))
    if sum(entry.file_size for entry in entries) > most:
        raise _too_large(name)
    size = 0
    for entry in entries:
        sheet = _Extent(name)  # any part may be a sheet, whatever it is called
        for piece in _inflated(archive, entry):
            size += len(piece)
            if size > most:
                raise _too_large(name)
            sheet.look(piece)


def _too_large(name: str) -> CatalogError:
    return CatalogError(f"{name}: it unpacks to far more than a catalog holds: {INSTEAD}")


def _inflated(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The part's bytes as they are, whatever size the zip gives; none for a part that cannot be read."""
    file: Any = archive.fp
    file.seek(entry.header_offset)
    head = file.read(_LOCAL_HEADER.size)
    if len(head) < _LOCAL_HEADER.size:
        return
    _, name_bytes, extra_bytes = _LOCAL_HEADER.unpack(head)
    file.seek(name_bytes + extra_bytes, 1)
    left = entry.compress_size
    inflater = zlib.decompressobj(-zlib.MAX_WBITS) if entry.compress_type == zipfile.ZIP_DEFLATED else None
    while left > 0 and (data := file.read(min(left, PIECE_BYTES))):
        left -= len(data)
        if inflater is None:
            yield data
            continue
        while data and not inflater.eof:
            try:
                yield inflater.decompress(data, PIECE_BYTES)
            except zlib.error:
                return
            data = inflater.unconsumed_tail


class _Extent:
    """How far the cells of one sheet reach, from the attributes in its XML."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tail = b""
        self._rows = self._columns = 1

    def look(self, piece: bytes) -> None:
        text = self._tail + piece
        self._tail = text[-_OVERLAP_BYTES:]
        for letters, digits in _CELL.findall(text):
            self._columns = max(self._columns, _column(letters))
            self._rows = max(self._rows, int(digits))
        for what, digits in _REPEATED.findall(text):
            if what == b"columns":
                self._columns = max(self._columns, int(digits))
            else:
                self._rows = max(self._rows, int(digits))
        if self._rows * self._columns > MAX_CELLS:
            raise CatalogError(
                f"{self._name}: a sheet reaches over {self._rows:,} rows and {self._columns:,} columns, most"
                f" of them empty: remove the cells that are far out, or {INSTEAD}"
            )


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def check_parquet(parquet: Any, name: str) -> None:
    """CatalogError for a Parquet file of absurd sizes, by its footer. `parquet` is pyarrow's open file."""
    about = parquet.metadata
    if about.num_columns > MAX_COLUMNS:
        raise CatalogError(f"{name}: {about.num_columns:,} columns, at most {MAX_COLUMNS:,} are read")
    for group in range(about.num_row_groups):
        for number in range(about.num_columns):
            column = about.row_group(group).column(number)
            size, packed = column.total_uncompressed_size, max(column.total_compressed_size, 1)
            if size > PARQUET_COLUMN_BYTES and size > PARQUET_RATIO * packed:
                raise CatalogError(
                    f"{name}: column {number + 1} unpacks to {size // MB:,} MB in one row group: write it"
                    " again with smaller row groups"
                )
