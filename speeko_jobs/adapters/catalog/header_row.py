"""Find the header: the first row, a later one below title rows, or none.

Weighs evidence on the first rows alone. Column names that catalogs commonly have, and names above numbers,
speak for a header. Cells that come up again below, cells of the same shape as those below, and a cell of more
than 80 characters speak against it. A row of data that is taken for a header is lost, so a tie means none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from speeko_jobs.adapters.catalog.cell_shapes import (
    VALUES,
    WORDS,
    has_many_words,
    is_number,
    shape_of,
    shape_of_all,
)
from speeko_jobs.core.catalog.column_mapping import is_common_name

HEAD_ROWS = 100
TITLE_ROWS = 20
NAME_CHARS = 80
SURE_NAMES = 2  # common names that make a header whatever numbers stand beside them

_IDENTIFIERS = re.compile(r"[a-z][a-z0-9_]*|[A-Z][A-Z0-9_]*")
_SENTENCE_ENDS = ".!?…。"

# points of evidence
_KNOWN_NAME = 2
_NAME_ABOVE_VALUES = 2  # above numbers; where a known name stands, also above codes, file names, URLs, HTML
_IDENTIFIERS_ABOVE_PROSE = 2
_LONG_CELL = -2  # for all long cells together: exporters write long names of metafields
_COMES_AGAIN = -3
_SAME_SHAPE = -3
_SAME_WORD_SHAPE = -1  # for all words above words together: names look like this, and values, too

Rows = Sequence[Sequence[str]]


def find_header(rows: Rows, asked: str = "auto") -> int:
    """Return the index of the header among the first rows, or -1. `asked`: auto, yes or no."""
    if asked == "no" or not rows:
        return -1
    enough = max(1.0, 0.6 * _usual_width(rows))
    filled = [sum(1 for cell in row if cell.strip()) for row in rows[:TITLE_ROWS]]
    full = [index for index, count in enumerate(filled) if count >= enough]
    if asked == "yes":
        return full[0] if full else 0
    for index, row in enumerate(rows[:TITLE_ROWS]):
        if index not in full and len(row) < 2:
            continue
        evidence = _evidence(row, rows[index + 1 :])
        emptier_above = all(count < filled[index] for count in filled[:index])
        titles_above = emptier_above or (
            evidence.known >= SURE_NAMES and _are_titles(rows[:index], rows[index + 1 :])
        )
        if titles_above and evidence.known and evidence.speaks_for_a_header:
            return index
    if full and _evidence(rows[full[0]], rows[full[0] + 1 :]).speaks_for_a_header:
        return full[0]
    return -1


def guessed_header(header: Sequence[str]) -> str:
    """Return a note that a row without any common column name was taken for the header, or ""."""
    if any(map(is_common_name, header)):
        return ""
    cells = ", ".join(f'"{cell[:30]}"' for cell in header[:3])
    more = ", ..." if len(header) > 3 else ""
    return f"the row {cells}{more} was taken as the header (--header no reads it as a row)"


def is_same_row(row: Sequence[str], header: Sequence[str]) -> bool:
    """Return whether a row is the header once more: the same cells, perhaps behind a byte order mark.

    A single column counts only with the mark: a row may well say what its column is called.
    """
    cells = _plain_cells(row)
    if cells != _plain_cells(header):
        return False
    return len(cells) > 1 or row[0].startswith("\ufeff")


class RepeatedHeader:
    """Recognize and count the rows that are a header once more, as in exports that were joined."""

    def __init__(self, header: Sequence[str]) -> None:
        self._header, self._count, first = header, 0, header[0].replace("\ufeff", "") if header else ""
        self._starts = frozenset((*header[:1], first, f"\ufeff{first}", f'\ufeff"{first}"'))

    def is_one(self, row: Sequence[str]) -> bool:
        """Return whether this row is the header, and count it."""
        found = row[0] in self._starts and is_same_row(row, self._header)
        self._count += found
        return found

    def notes(self) -> list[str]:
        """Say how many rows were the header."""
        more = "s" if self._count > 1 else ""
        return [f"{self._count} repeated header line{more} skipped"] if self._count else []


def column_names(header: Sequence[str]) -> list[str]:
    """Return the header's cells as names: one line each, the column's number where it is empty."""
    names = [" ".join(cell.replace("\ufeff", "").split()) for cell in header]
    return [name or str(number) for number, name in enumerate(names, 1)]


def width_without_header(rows: Rows) -> int:
    """Return how many columns there are: the most that at least a tenth of the rows have."""
    widths = Counter(map(len, rows))
    return max((w for w, n in widths.items() if n * 10 >= len(rows)), default=1)


@dataclass(frozen=True)
class _Evidence:
    """Hold how many cells are common names, and the points for (above 0) or against a header."""

    known: int
    points: int

    @property
    def speaks_for_a_header(self) -> bool:
        return self.points > 0


_NONE = _Evidence(0, -1)


def _evidence(row: Sequence[str], below: Rows) -> _Evidence:
    """Weigh whether this row is the header of the rows below it."""
    other = [values for values in below if not is_same_row(values, row)]  # exports that were joined repeat it
    if below and not other:
        return _NONE
    cells = [cell.strip() for cell in row if cell.strip()]
    numbers = sum(map(is_number, cells))
    again = [_comes_again(other, column, cell) for column, cell in enumerate(row)]
    known = sum(is_common_name(cell) and not repeated for cell, repeated in zip(row, again, strict=True))
    if numbers and known < SURE_NAMES:
        return _NONE
    points = known * _KNOWN_NAME + _COMES_AGAIN * sum(again)
    points += _LONG_CELL * any(len(cell) > NAME_CHARS for cell in cells)
    shapes = [(cell, shape_of(cell.strip()), shape_of_all(_values(other, at))) for at, cell in enumerate(row)]
    above_numbers = sum(usual == "number" != own for _, own, usual in shapes if own)
    same = [own for _, own, usual in shapes if own and own == usual and own != "number"]
    points += _NAME_ABOVE_VALUES * above_numbers + _SAME_SHAPE * sum(own not in WORDS for own in same)
    points += _SAME_WORD_SHAPE * any(own in WORDS for own in same)
    if known:
        points += _NAME_ABOVE_VALUES * sum(
            own in WORDS and usual in VALUES and not is_common_name(cell) for cell, own, usual in shapes
        )
        return _Evidence(known, points)
    if not other or len(set(cells)) < len(cells) or any(cell[-1] in _SENTENCE_ENDS for cell in cells):
        return _NONE
    if not above_numbers:
        prose = any(has_many_words(_values(other, column)) for column in range(len(row)))
        if not (prose and all(_IDENTIFIERS.fullmatch(cell) for cell in cells)):
            return _NONE
        points += _IDENTIFIERS_ABOVE_PROSE
    return _Evidence(0, points)


def _comes_again(rows: Rows, column: int, cell: str) -> bool:
    return bool(cell.strip()) and any(column < len(row) and row[column] == cell for row in rows)


def _are_titles(above: Rows, below: Rows) -> bool:
    """Return whether rows as full as the header are titles: no cell of theirs looks like those below."""
    width = max(map(len, below), default=0)
    usual = [shape_of_all(_values(below, column)) for column in range(width)]
    telling = [column for column, shape in enumerate(usual) if shape and shape not in WORDS]
    alike = (shape_of(row[at].strip()) == usual[at] for row in above for at in telling if at < len(row))
    return bool(telling) and not any(alike)


def _usual_width(rows: Rows) -> int:
    widths = Counter(max((i for i, cell in enumerate(row, 1) if cell.strip()), default=0) for row in rows)
    return max(widths.items(), key=lambda item: (item[1], item[0]))[0]


def _values(rows: Rows, column: int) -> list[str]:
    return [row[column].strip() for row in rows if column < len(row) and row[column].strip()]


def _plain_cells(row: Sequence[str]) -> list[str]:
    cells = [cell.strip() for cell in row]
    if cells:
        cells[0] = cells[0].replace("\ufeff", "").strip().removeprefix('"').removesuffix('"')
    while cells and not cells[-1]:
        cells.pop()
    return cells
