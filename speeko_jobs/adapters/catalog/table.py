"""What every reader yields: a table of string rows, in which single rows may be bad.

Knows the shapes and the limits on a cell and a line. Leaves files, formats and columns to the other modules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from speeko_jobs.errors import CatalogError

CELL_CHARS = 1_000_000  # a longer cell is a missing quote or no text to speak
LINE_CHARS = 4_000_000  # a longer line is dropped while it is read, so that memory stays flat
RAW_CHARS = 1_000
MAX_COLUMNS = 4_000  # of JSON objects and feeds, whose rows are filled up
SAMPLE_CHARS = 4_000_000

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be used. `reason` is one printable line; `raw` is at most 1,000 characters."""

    reason: str
    raw: str


Row = Sequence[str] | BadRow


def bad(reason: str, raw: str = "") -> BadRow:
    """A BadRow whose reason prints on one line and whose raw text any database can hold."""
    return BadRow(_UNPRINTABLE.sub(" ", reason), _UNSTORABLE.sub("\ufffd", raw[:RAW_CHARS].rstrip("\r\n")))


def check_width(columns: Collection[str], name: str) -> None:
    """Raise CatalogError for more columns than a catalog has: each row would hold a cell for each of them."""
    if len(columns) > MAX_COLUMNS:
        raise CatalogError(
            f"{name}: {len(columns):,} different keys, at most {MAX_COLUMNS:,} are read: keep those"
            " that are needed"
        )


def fault_of(row: Sequence[str]) -> str:
    """What makes these cells unusable: a NUL, a character that is none, a cell past all sense; or ""."""
    text = "".join(row)
    if len(text) > CELL_CHARS and any(len(cell) > CELL_CHARS for cell in row):
        return f"a cell is longer than {CELL_CHARS:,} characters: shorten it"
    if "\0" in text:
        return "it holds a NUL character: remove it"
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return "some bytes or escapes are no characters in this encoding: repair them, or give --encoding"
    return ""


class Table:
    """One open table: its columns, and its rows once, in order.

    `rows` yields sequences of strings, "" for null, never longer than the header but perhaps shorter (the
    cells at the end are missing), and BadRow for what cannot be read. `how` says in a few words how the
    file was understood, `notes` what the user should know of it. Iterating raises CatalogError when the rest
    cannot be read at all.
    """

    __slots__ = ("_closers", "_line", "_notes_at_end", "has_header", "header", "how", "name", "notes", "rows")

    def __init__(
        self,
        name: str,
        header: Iterable[str],
        has_header: bool,
        rows: Iterator[Row],
        *,
        how: str = "",
        line: Callable[[], int] = lambda: 0,
    ) -> None:
        self.name = name
        self.header = tuple(header)
        self.has_header = has_header
        self.rows = rows
        self.how = how
        self.notes: list[str] = []
        self._notes_at_end: list[Callable[[], Iterable[str]]] = []
        self._line = line
        self._closers: list[Callable[[], None]] = []

    @property
    def line(self) -> int:
        """The line (or sheet row) the reader has reached; 0 where that means nothing."""
        return self._line()

    def note_at_end(self, notes: Callable[[], Iterable[str]]) -> None:
        """Have `all_notes` ask for notes that depend on the rows that were read."""
        self._notes_at_end.append(notes)

    def all_notes(self) -> list[str]:
        """Return the notes on the file, and those on the rows that were read so far."""
        return [*self.notes, *chain.from_iterable(notes() for notes in self._notes_at_end)]

    def close(self) -> None:
        """Let go of the file. The rows left are not read."""
        while self._closers:
            self._closers.pop(0)()

    def also_close(self, closer: Callable[[], None]) -> None:
        """Have `close` call this too, behind what it calls already."""
        self._closers.append(closer)


def sample(table: Table, rows: int = 1_000) -> list[Sequence[str]]:
    """Up to `rows` of the first good rows, for a guess; `table.rows` still yields every row after it."""
    seen: list[Row] = []
    good: list[Sequence[str]] = []
    chars = 0
    for row in table.rows:
        seen.append(row)
        if not isinstance(row, BadRow):
            good.append(row)
            chars += sum(map(len, row))
        if len(seen) >= rows or chars > SAMPLE_CHARS:
            break
    table.rows = chain(seen, table.rows)
    return good
