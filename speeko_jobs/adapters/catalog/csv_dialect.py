"""Detect how a delimited file is written: the delimiter, and whether quotes enclose cells.

Looks at the first lines only and reads no file. The evidence is what the lines do; the file's name only
breaks ties.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from speeko_jobs.adapters.catalog.header_row import TITLE_ROWS
from speeko_jobs.core.catalog.column_mapping import is_common_name

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

DELIMITERS = ",\t;|^~\x1f\x01"
NO_DELIMITER = "\x1e"  # for a file of one column
FEW_OPEN = 4  # quotes left open by mistake; more are a habit of the text
SAMPLE_LINES_CHARS = 64 * 1024


@dataclass(frozen=True)
class CsvDialect:
    """Hold the delimiter, whether quotes enclose cells, and the character that escapes a quote, or ""."""

    delimiter: str
    quoting: bool = True
    escape: str = ""

    def rows(self, lines: Iterable[str], *, strict: bool = False) -> CsvReader:
        """Return the csv module's reader. With `strict`, csv.Error where a quoted cell is not closed."""
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quoting=csv.QUOTE_MINIMAL if self.quoting else csv.QUOTE_NONE,
            escapechar=self.escape or None,
            strict=strict,
        )

    def __str__(self) -> str:
        names = {"\t": "tab", "\x1f": "unit separator", "\x01": "control-A"}
        if self.delimiter == NO_DELIMITER:
            return "one column"
        quoting = "" if self.quoting else ", quotes taken as text"
        return f"separated by {names.get(self.delimiter, self.delimiter)}{quoting}"


@dataclass
class _Quotes:
    """Count what the quotes of a sample do, with one delimiter."""

    right: int = 0  # cells in quotes, closed before a delimiter or the line's end
    needed: int = 0  # of these: with a delimiter, a quote or a line end inside
    broken: int = 0  # cells that begin with a quote and have the next one elsewhere than at their end
    open: int = 0  # cells that begin with a quote and have no other on their line
    commas: bool = True  # exactly the cells with a comma are in quotes, as in Excel's tab-separated files
    share: float = 0.0  # the largest share of quoted cells in any column


def dialect_of(lines: list[str], preferred: str = "", quoting: str = "auto") -> CsvDialect | None:
    """Return the dialect in which these lines are a table of two columns or more, or None.

    `preferred` is the delimiter that the file's name promises.
    """
    best: tuple[float, ...] = ()
    found = None
    for delimiter in DELIMITERS:
        dialect = with_quoting(lines, delimiter, quoting)
        fit = _fit(dialect, lines)
        if not fit:
            continue
        if delimiter == preferred and delimiter != "," and fit > 0.9:
            return dialect
        score = (
            round(fit, 1),
            -_followed_by_space(lines, delimiter),
            -_first_place(lines, delimiter),
            delimiter == preferred,
        )
        if score > best:
            best, found = score, dialect
    return found


def with_quoting(lines: list[str], delimiter: str, quoting: str = "auto") -> CsvDialect:
    """Return the dialect with or without quoting; `quoting` is auto, none or minimal.

    Quotes are text when more cells open one than close it properly; and, where the separator is neither
    comma nor semicolon, when few cells have them for no reason to be seen (spoken phrases, say).
    """
    if quoting != "auto":
        return CsvDialect(delimiter, quoting != "none")
    text = "".join(lines)[: 4 * SAMPLE_LINES_CHARS]
    if '"' not in text:
        return CsvDialect(delimiter)
    quotes = _look_at_quotes(text, delimiter, "")
    if quotes.broken and '\\"' in text:
        escaped = _look_at_quotes(text, delimiter, "\\")
        if escaped.broken * 2 <= quotes.broken and escaped.broken <= escaped.right:
            return CsvDialect(delimiter, escape="\\")
    never_closed = quotes.open if quotes.open > FEW_OPEN else 0
    if quotes.broken + never_closed > quotes.right:
        return CsvDialect(delimiter, quoting=False)
    rare = quotes.right and quotes.share < 0.2 and quotes.needed * 2 < quotes.right and not quotes.commas
    return CsvDialect(delimiter, quoting=not rare or delimiter in ",;")


def _look_at_quotes(text: str, delimiter: str, escape: str) -> _Quotes:
    d = re.escape(delimiter)
    inside = r'[^"\\]++|\\.|""' if escape else r'[^"]++|""'
    closed = re.compile(rf'"((?:{inside})*+)"(?={d}|\r|\n|\Z)', re.S)
    plain = re.compile(rf"[^{d}\r\n]*+")
    line = re.compile(r"[^\r\n]*+")
    ends = re.compile(r"\r\n|\r|\n")
    quotes = _Quotes()
    filled: Counter[int] = Counter()
    enclosed: Counter[int] = Counter()
    at = column = 0
    while at < len(text):
        match = closed.match(text, at) if text[at] == '"' else None
        if match:
            quotes.right += 1
            quotes.needed += bool(re.search(rf'{d}|"|\r|\n', match[1]))
            quotes.commas &= "," in match[1] or '"' in match[1]
            enclosed[column] += 1
        else:
            match = plain.match(text, at)
            assert match
            quotes.commas &= "," not in match[0]
            if text[at] == '"':
                rest = line.match(text, at + 1)
                quotes.broken += bool(rest and '"' in rest[0])
                quotes.open += not (rest and '"' in rest[0])
        filled[column] += match.end() > at
        at = match.end()
        end = ends.match(text, at)
        column = 0 if end else column + 1
        at = end.end() if end else at + 1
    quotes.share = max((enclosed[c] / n for c, n in filled.items() if n), default=0.0)
    return quotes


def _fit(dialect: CsvDialect, lines: list[str]) -> float:
    """Return the share of rows with the usual number of columns, and a bit more if the first has it.

    0 for prose: where that number is one; or where neither names of columns nor the first row nor most of
    the others speak for it.
    """
    rows = [row for row in sample_rows(dialect, lines) if row]
    widths = list(map(len, rows))
    if not widths:
        return 0.0
    usual, count = max(Counter(widths).items(), key=lambda item: (item[1], item[0]))
    share = count / len(widths)
    tabular = (
        share >= (0.8 if usual == 2 else 0.6)
        or (widths[0] > 1 and (share >= 0.5 or min(widths) > 1))
        or any(len(row) > 1 and any(map(is_common_name, row)) for row in rows[:TITLE_ROWS])
    )
    return share + 0.2 * (widths[0] == usual) if usual > 1 and tabular else 0.0


def sample_rows(dialect: CsvDialect, lines: list[str]) -> Iterator[list[str]]:
    """Yield the first rows, read leniently, up to the size of a sample or a cell past the limit."""
    chars = 0
    rows = dialect.rows(lines)
    try:
        for row in rows:
            yield row
            chars += sum(map(len, row)) + len(row)
            if chars > SAMPLE_LINES_CHARS:
                return
    except csv.Error:
        return


def _followed_by_space(lines: list[str], delimiter: str) -> float:
    """Return about 1 where a space follows the delimiter, as in prose; 0.0 where none does, as in files."""
    text = "".join(lines[:200])
    return round(text.count(delimiter + " ") / max(1, text.count(delimiter)))


def _first_place(lines: list[str], delimiter: str) -> float:
    """Return the median place of the first delimiter in a line: the key comes before the prose."""
    places = sorted(line.find(delimiter) for line in lines[:200] if delimiter in line)
    return places[len(places) // 2] if places else 0
