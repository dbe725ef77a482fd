"""Which row is the header: the first, a later one below title rows, or none.

Decides on the first rows alone. A row of data that is taken for a header is lost, so without a known name
or a clear contrast to the rows below, there is no header.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from speeko_jobs.core.catalog.column_mapping import is_common_name

HEAD_ROWS = 100
TITLE_ROWS = 20
NAME_CHARS = 80

_NUMBER = re.compile(r"[-+]?[\d.,\s/:%€$£-]*\d[\d.,\s/:%€$£-]*")
_IDENTIFIERS = re.compile(r"[a-z][a-z0-9_]*|[A-Z][A-Z0-9_]*")


def find_header(rows: Sequence[Sequence[str]], asked: str = "auto") -> int:
    """Index of the header among the first rows, or -1. `asked`: auto, yes or no."""
    if asked == "no" or not rows:
        return -1
    enough = max(1.0, 0.6 * _usual_width(rows))
    filled = [sum(1 for cell in row if cell.strip()) for row in rows[:TITLE_ROWS]]
    full = [index for index, count in enumerate(filled) if count >= enough]
    if asked == "yes":
        return full[0] if full else 0
    for index, row in enumerate(rows[:TITLE_ROWS]):
        emptier_above = all(count < filled[index] for count in filled[:index])
        below = rows[index + 1 :]
        if (
            emptier_above
            and (index in full or len(row) > 1)
            and _known(row, below)
            and _is_header(row, below)
        ):
            return index
    return full[0] if full and _is_header(rows[full[0]], rows[full[0] + 1 :]) else -1


def column_names(header: Sequence[str]) -> list[str]:
    """The header's cells as names: one line each, the column's number where it is empty."""
    names = [" ".join(cell.replace("\ufeff", "").split()) for cell in header]
    return [name or str(number) for number, name in enumerate(names, 1)]


def width_without_header(rows: Sequence[Sequence[str]]) -> int:
    """How many columns: the most that at least a tenth of the rows have."""
    widths = Counter(map(len, rows))
    return max((w for w, n in widths.items() if n * 10 >= len(rows)), default=1)


def _usual_width(rows: Sequence[Sequence[str]]) -> int:
    widths = Counter(max((i for i, cell in enumerate(row, 1) if cell.strip()), default=0) for row in rows)
    return max(widths.items(), key=lambda item: (item[1], item[0]))[0]


def _is_header(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    cells = [cell.strip() for cell in row if cell.strip()]
    if any(len(cell) > NAME_CHARS for cell in cells):
        return False
    numbers = sum(1 for cell in cells if _NUMBER.fullmatch(cell))
    known = _known(row, below)
    if known:
        return not numbers or known >= 2
    if numbers or not below or any(cell[-1] in ".!?…。" for cell in cells) or len(set(cells)) < len(cells):
        return False
    if any(_all_numbers(below, column) for column, cell in enumerate(row) if cell.strip()):
        return True
    names = all(_IDENTIFIERS.fullmatch(cell) for cell in cells)
    return names and any(_words(below, column) >= 3 for column in range(len(row)))


def _known(row: Sequence[str], below: Sequence[Sequence[str]]) -> int:
    """How many cells are common column names that do not come up again as values below."""
    count = 0
    for column, cell in enumerate(row):
        if is_common_name(cell):
            count += all(column >= len(other) or other[column] != cell for other in below)
    return count


def _all_numbers(rows: Sequence[Sequence[str]], column: int) -> bool:
    values = _values(rows, column)
    return bool(values) and sum(1 for v in values if _NUMBER.fullmatch(v)) >= 0.9 * len(values)


def _words(rows: Sequence[Sequence[str]], column: int) -> float:
    values = _values(rows, column)
    return sum(len(value.split()) for value in values) / len(values) if values else 0.0


def _values(rows: Sequence[Sequence[str]], column: int) -> list[str]:
    return [row[column].strip() for row in rows if column < len(row) and row[column].strip()]
