"""Open catalogs one after the other: unpack gzip, recognize the format, and choose the reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from speeko_jobs.adapters.catalog import (
    csv_reader,
    feed_reader,
    json_reader,
    parquet_reader,
    spreadsheet_reader,
)
from speeko_jobs.adapters.catalog.byte_stream import ByteStream, spooled, unzipped
from speeko_jobs.adapters.catalog.preamble import find_preamble
from speeko_jobs.adapters.catalog.source_resolver import CatalogSource, resolve
from speeko_jobs.adapters.catalog.table import Table
from speeko_jobs.adapters.catalog.text_decoding import SAMPLE_BYTES, Lines, TextBlocks, bom_of
from speeko_jobs.adapters.catalog.text_formats import refuse_yaml, text_format, xml_encoding
from speeko_jobs.core.catalog.read_options import FORMATS, READ_FORMATS, ReadOptions
from speeko_jobs.errors import CatalogError, UsageError

_BY_MAGIC = {b"PAR1": "parquet", b"PK\x03\x04": "xlsx", b"\xd0\xcf\x11\xe0": "xlsx"}
_JUNK = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"RIFF": "audio or video",
    b"ID3": "MP3 audio",
    b"OggS": "Ogg audio",
    b"fLaC": "FLAC audio",
    b"\x7fELF": "a program",
    b"BZh": "bzip2 data: unpack it",
    b"\xfd7zXZ": "xz data: unpack it",
    b"\x28\xb5\x2f\xfd": "Zstandard data: unpack it",
    b"7z\xbc\xaf": "a 7z archive: unpack it",
    b"SQLite format 3": "an SQLite database",
    b"{\\rtf": "an RTF document",
}


def open_catalog(sources: Sequence[str], options: ReadOptions | None = None) -> Iterator[Table]:
    """Yield the tables of all sources. Each is opened when it is asked for; the one before it is closed then.

    A source is a path, a folder (its catalog files by name), a pattern, "-", or a URL (http, https, s3, gs,
    az, file); "book.xlsx#Sheet2" names a sheet. Raises at once for what does not exist, later CatalogError
    for what cannot be read.
    """
    options = options or ReadOptions()
    _check(options)
    return _tables(resolve(sources), options)


def _check(options: ReadOptions) -> None:
    for name, allowed in (
        ("format", ("", *FORMATS)),
        ("quoting", ("auto", "none", "minimal")),
        ("header", ("auto", "yes", "no")),
    ):
        if getattr(options, name) not in allowed:
            choices = ", ".join(filter(None, allowed))
            raise UsageError(f"{name} is one of {choices}, not {getattr(options, name)!r}")
    if options.delimiter and (len(options.delimiter) > 1 or options.delimiter in '"\r\n\0 '):
        raise UsageError(f"the delimiter is one character, not {options.delimiter!r}")


def _tables(sources: Sequence[CatalogSource], options: ReadOptions) -> Iterator[Table]:
    for source in sources:
        table = _open(source, options)
        try:
            yield table
        finally:
            table.close()


def _open(source: CatalogSource, options: ReadOptions) -> Table:
    stream = source.open()
    try:
        table = _read(source, unzipped(stream, source.name), options)
    except BaseException:
        stream.close()
        raise
    table.also_close(stream.close)
    return table


def _read(source: CatalogSource, stream: ByteStream, options: ReadOptions) -> Table:
    name = source.name
    head = stream.peek(SAMPLE_BYTES)
    if not head[bom_of(head)[1] :].strip(b" \t\r\n\0"):
        raise CatalogError(f"{name}: the file is empty")
    kind = options.format or _binary_format(head, name)
    if kind == "parquet":
        return _with_file(source, stream, lambda file: parquet_reader.read_parquet(file, name))
    if kind == "xlsx":
        return _with_file(
            source, stream, lambda file: spreadsheet_reader.read_sheet(file, source.sheet, options, name)
        )
    text = TextBlocks(stream, options.encoding or xml_encoding(head), name)
    kind = kind or text_format(text.peek(), source.suffix, name)
    if kind == "xml":
        return feed_reader.read_feed(text, name)
    if kind == "json":
        return json_reader.read_json(text, name)
    lines = Lines(text)
    if kind == "jsonl":
        return json_reader.read_jsonl(lines, name)
    if kind == "text":
        return csv_reader.read_lines(lines, name)
    preamble = find_preamble(lines.first_block())
    dialect = csv_reader.find_dialect(lines.first_block(), source.suffix, options, preamble)
    if dialect is None:
        refuse_yaml(lines.first_block(), name)
        return csv_reader.read_lines(lines, name)
    return csv_reader.read_delimited(lines, dialect, options, name, preamble)


def _binary_format(head: bytes, name: str) -> str:
    for magic, what in _JUNK.items():
        if head.startswith(magic):
            raise CatalogError(f"{name}: this is {what}, not a catalog: give {READ_FORMATS}")
    return next((kind for magic, kind in _BY_MAGIC.items() if head.startswith(magic)), "")


def _with_file(source: CatalogSource, stream: ByteStream, read: Callable[[IO[bytes] | Path], Table]) -> Table:
    """Read from a file that can be sought in: the source's own, or a temporary copy of its content."""
    if source.path and not stream.changed:
        return read(source.path)
    file = spooled(stream, source.name)
    try:
        table = read(file)
    except BaseException:
        file.close()
        raise
    table.also_close(file.close)
    return table
