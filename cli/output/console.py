"""Where words go: results to stdout, everything else to stderr, one JSON document where it was asked for.

Text out of catalogs and servers is made inert before it reaches a terminal.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

from speeko_jobs.core.output.sanitize import printable

if TYPE_CHECKING:
    from rich.console import Console


def say(line: str = "") -> None:
    """One line of the result, on stdout."""
    _write(sys.stdout, printable(line))


def note(line: str) -> None:
    """One line on what goes on, on stderr. Where nobody reads that any more, work goes on without."""
    with contextlib.suppress(OSError):
        _write(sys.stderr, printable(line))


def emit(document: Any) -> None:
    """One JSON document on stdout."""
    _write(sys.stdout, as_json(document, indent=2))


def as_json(document: Any, indent: int | None = None) -> str:
    """JSON as readable as stdout's encoding allows."""
    utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    return json.dumps(document, indent=indent, ensure_ascii=not utf8)


def write_bytes(data: bytes) -> None:
    """UTF-8 as it is, on stdout."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def is_live() -> bool:
    """Whether stderr is a terminal that a moving display fits on."""
    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown", "")


def console(stream: IO[str] | None = None) -> Console:
    """rich on stdout (or `stream`). Markup is off; lines are cut only where a terminal would wrap them."""
    from rich.console import Console

    stream = stream or sys.stdout
    width = None if stream.isatty() else 10_000
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False)


@contextlib.contextmanager
def busy(what: str, *, shown: bool = True) -> Iterator[None]:
    """A sign of life on a terminal while the block runs."""
    if not (shown and is_live()):
        yield
        return
    with console(sys.stderr).status(printable(what), spinner="dots"):
        yield


def _write(stream: IO[str], text: str) -> None:
    stream.write(text + "\n")
    stream.flush()
