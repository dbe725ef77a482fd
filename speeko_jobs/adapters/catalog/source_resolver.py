"""What the user named, as single things to open: files, folders, patterns, URLs, "-".

Knows where bytes are and what to call them in messages. Does not look into them.
"""

from __future__ import annotations

import glob
import logging
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from speeko_jobs.adapters.catalog import object_source
from speeko_jobs.adapters.catalog.byte_stream import CHUNK_BYTES, ByteStream
from speeko_jobs.core.catalog.read_options import READ_FORMATS
from speeko_jobs.core.output.redaction import without_secrets
from speeko_jobs.core.output.web_address import missing_slash
from speeko_jobs.errors import CatalogError

WAIT_SECONDS = 2.0  # until a command says what it waits for
log = logging.getLogger(__name__)
SHEET_SUFFIXES = frozenset({".xlsx", ".xlsm", ".xls", ".ods"})
SUFFIXES = SHEET_SUFFIXES | frozenset(
    {".csv", ".tsv", ".tab", ".psv", ".txt", ".jsonl", ".ndjson", ".json", ".parquet", ".pq"}
    | {".xml", ".rss", ".atom"}
)


@dataclass(frozen=True)
class CatalogSource:
    """One thing to open. `suffix`: in lower case, without ".gz". `path`: set for a plain local file."""

    name: str
    suffix: str
    sheet: str
    open: Callable[[], ByteStream]
    path: Path | None = None


def resolve(named: Sequence[str]) -> list[CatalogSource]:
    """All sources in order, folders and patterns laid out. CatalogError for what does not exist."""
    found = [source for name in named for source in _expanded(name)]
    if not found:
        raise CatalogError("no catalog is named: give a file, a folder, a URL, or - for standard input")
    again = {name for name, count in Counter(source.name for source in found).items() if count > 1}
    return [
        CatalogSource(str(s.path), s.suffix, s.sheet, s.open, s.path) if s.path and s.name in again else s
        for s in found
    ]


def _expanded(named: str) -> Iterator[CatalogSource]:
    if named == "-":
        yield CatalogSource("stdin", "", "", _open_stdin)
        return
    scheme = urlsplit(named).scheme.lower() if "://" in named else ""
    if scheme == "file":
        yield from _local(unquote(urlsplit(named).path), urlsplit(named).fragment)
    elif scheme in object_source.HTTP_SCHEMES:
        yield _http(named)
    elif scheme in object_source.OBJECT_SCHEMES:
        yield from _objects(named)
    elif scheme:
        raise CatalogError(
            f"{without_secrets(named)}: {scheme}:// is an unsupported URL scheme:"
            " use http(s), s3, gs, az or file"
        )
    elif wrong := missing_slash(named):
        raise CatalogError(wrong)
    else:
        yield from _local(named, "")


def _local(named: str, sheet: str) -> Iterator[CatalogSource]:
    path = Path(named).expanduser()
    if not path.exists():
        before, mark, behind = named.rpartition("#")
        if mark and suffix_of(before) in SHEET_SUFFIXES:
            path, sheet = Path(before).expanduser(), behind
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.is_file() and _is_catalog(p.name))
        if not files:
            raise CatalogError(f"{named}: no catalog files in this folder ({READ_FORMATS})")
        yield from map(_file, files)
    elif path.exists():
        yield _file(path, sheet)
    elif glob.has_magic(named):
        matches = sorted(Path(p) for p in glob.glob(str(path), recursive=True))  # noqa: PTH207 - patterns may be absolute
        matches = [p for p in matches if p.is_file()]
        if not matches:
            raise CatalogError(f"{named}: no file matches this pattern")
        yield from map(_file, matches)
    else:
        raise CatalogError(f"{named}: no such file: check the path")


def _is_catalog(name: str) -> bool:
    return not name.startswith(".") and suffix_of(name) in SUFFIXES


def suffix_of(name: str) -> str:
    """The suffix that tells the format: ".csv" for "A.CSV.GZ"."""
    path = PurePosixPath(name.lower())
    return (PurePosixPath(path.stem) if path.suffix in (".gz", ".gzip") else path).suffix


def _file(path: Path, sheet: str = "") -> CatalogSource:
    regular = path if path.is_file() else None  # a pipe can be read only once
    return CatalogSource(path.name, suffix_of(path.name), sheet, partial(_open_file, path), regular)


def _open_file(path: Path) -> ByteStream:
    is_pipe = path.is_fifo()
    wait = (
        _reported_if_slow(f"{path} is a named pipe: waiting for a program that writes to it")
        if is_pipe
        else nullcontext()
    )
    try:
        with wait:
            file = path.open("rb", buffering=0)
    except OSError as error:
        raise CatalogError(f"{path}: cannot be read: {error.strerror}") from None
    return ByteStream(_blocks(file.read, str(path), is_live=is_pipe), file.close)


def _open_stdin() -> ByteStream:
    if getattr(sys.stdin, "closed", sys.stdin is None):
        raise CatalogError("stdin is closed: give a file, or pipe a catalog into this command")
    read: Callable[[int], bytes] = sys.stdin.buffer.read1  # type: ignore[union-attr]
    return ByteStream(_blocks(read, "stdin", is_live=True))


@contextmanager
def _reported_if_slow(line: str) -> Iterator[None]:
    """Log a line if the block takes longer than WAIT_SECONDS: a source that is silent is not a hang."""
    timer = threading.Timer(WAIT_SECONDS, log.warning, [line])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _blocks(read: Callable[[int], bytes | None], name: str, *, is_live: bool = False) -> Iterator[bytes]:
    """Yield blocks until the end. `is_live`: another program writes them, perhaps slowly."""
    while True:
        try:
            with _reported_if_slow(f"waiting for data from {name}") if is_live else nullcontext():
                data = read(CHUNK_BYTES)
        except OSError as error:
            raise CatalogError(f"{name}: cannot be read: {error.strerror}") from None
        if not data:
            return
        yield data


def _http(url: str) -> CatalogSource:
    path = unquote(urlsplit(url).path)
    name = PurePosixPath(path).name or without_secrets(url)
    fragment = unquote(urlsplit(url).fragment)
    sheet = fragment if suffix_of(path) in SHEET_SUFFIXES else ""
    return CatalogSource(
        name, suffix_of(path), sheet, partial(object_source.open_http, url.partition("#")[0])
    )


def _objects(url: str) -> Iterator[CatalogSource]:
    before, mark, sheet = url.rpartition("#")
    if not (mark and suffix_of(before) in SHEET_SUFFIXES):
        before, sheet = url, ""
    if not before.endswith("/"):
        yield _object(before, sheet)
        return
    found = [key for key in object_source.list_objects(before) if _is_catalog(key.rpartition("/")[2])]
    if not found:
        raise CatalogError(f"{without_secrets(url)}: no catalog files under this prefix")
    yield from map(_object, found)


def _object(url: str, sheet: str = "") -> CatalogSource:
    name = url.rpartition("/")[2]
    return CatalogSource(name, suffix_of(name), sheet, partial(object_source.open_object, url))
