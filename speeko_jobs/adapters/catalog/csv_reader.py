"""Read CSV, TSV and other delimited text, and plain text with a row a line.

Rows come straight from the csv module: a good row costs its cells and no object more. What the csv module
stumbles over is looked at again, row by row, so that one bad row costs one row.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from speeko_jobs.adapters.catalog.csv_dialect import (
    NO_DELIMITER,
    CsvDialect,
    dialect_of,
    sample_rows,
    with_quoting,
)
from speeko_jobs.adapters.catalog.header_row import (
    HEAD_ROWS,
    RepeatedHeader,
    column_names,
    find_header,
    guessed_header,
    width_without_header,
)
from speeko_jobs.adapters.catalog.preamble import Preamble
from speeko_jobs.adapters.catalog.table import (
    CELL_CHARS,
    LINE_CHARS,
    BadRow,
    Row,
    Table,
    bad,
    fault_of,
)
from speeko_jobs.adapters.catalog.text_decoding import CutLine, Lines
from speeko_jobs.core.catalog.read_options import ReadOptions

NO_PREAMBLE = Preamble()
PLAIN_TEXT_NOTE = "read as plain text, one row a line"
BY_NAME = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".psv": "|"}


def find_dialect(
    lines: list[str], suffix: str, options: ReadOptions, preamble: Preamble = NO_PREAMBLE
) -> CsvDialect | None:
    """Return the dialect by the options, the first lines and the name; None for a file that is plain text.

    Files that are not called CSV are delimited when their lines leave no doubt: the same number of tabs or
    bars in each, or a header with common names.
    """
    lines = [line for line in lines[preamble.lines :] if line.strip("\r\n")]
    delimiter = options.delimiter or preamble.delimiter
    if delimiter:
        return with_quoting(lines, delimiter, options.quoting)
    named = suffix in BY_NAME or options.format == "csv"
    found = dialect_of(lines, BY_NAME.get(suffix, ""), options.quoting)
    if named:
        return found or CsvDialect(NO_DELIMITER, with_quoting(lines, ",", options.quoting).quoting)
    if found is None:
        return None
    rows = list(islice(sample_rows(found, lines), HEAD_ROWS))
    widths = Counter(map(len, rows))
    if max(widths.values()) >= 0.8 * len(rows) and find_header(rows) >= 0:
        return found
    even = len(widths) == 1 and len(rows) > 1
    return found if even and (found.delimiter not in ",;~^" or options.header == "yes") else None


def read_delimited(
    lines: Lines, dialect: CsvDialect, options: ReadOptions, name: str, preamble: Preamble = NO_PREAMBLE
) -> Table:
    """Return a table of the lines in this dialect. Reads ahead as far as the header's search needs."""
    reader = _Delimited(lines, dialect, skip=preamble.lines)
    head: list[tuple[int, Row]] = []
    ends = reader.line
    for row in islice(reader.rows(), HEAD_ROWS):
        head.append((ends + 1, row))
        ends = reader.line
    good = [row for _, row in head if not isinstance(row, BadRow)]
    asked = "no" if preamble.is_anki and options.header == "auto" else options.header
    at = find_header(good, asked)
    has_header = at >= 0 or bool(preamble.columns)
    if at >= 0:
        header = column_names(good[at])
        reader.skip_repeats_of(good[at])
    else:
        header = numbers(max(width_without_header(good), max(preamble.columns, default=0) + 1))
        header = [preamble.columns.get(column, number) for column, number in enumerate(header)]
    reader.width = len(header)
    above = {id(row) for row in good[: at + 1]}  # titles and the header itself; bad rows stay
    kept = [(line, row) for line, row in head if id(row) not in above and not reader.skips(row)]
    first = [reader.checked(row, line) for line, row in kept]
    how = f"{dialect}, {lines.text.shown_encoding}{'' if has_header else ', no header'}"
    table = Table(name, header, has_header, chain(first, reader.rows()), how=how, line=lambda: reader.line)
    guess = guessed_header(header) if at >= 0 and asked == "auto" else ""
    table.notes += filter(None, [preamble.note, guess])
    table.note_at_end(reader.notes)
    return table


def numbers(width: int) -> list[str]:
    """Return the column names of a file without header: "1", "2", ..."""
    return [str(number) for number in range(1, width + 1)]


class _Delimited:
    """Run the csv module's reader over lines that can be read again from any of the last ones on."""

    def __init__(self, lines: Lines, dialect: CsvDialect, skip: int) -> None:
        # The csv module keeps this limit for the whole process; it is set where it is relied on.
        csv.field_size_limit(CELL_CHARS)
        self.width = 1 << 31
        self._header: RepeatedHeader | None = None
        self._header_end = "\0"  # of the last cell: rows without it are no header, which is quick to see
        self._comments = 0
        self._lines = lines
        self._dialect = dialect
        self._restart(skip)

    def _restart(self, line: int) -> None:
        self._base = line
        self._reader = self._dialect.rows(self._lines.after(line), strict=True)

    @property
    def line(self) -> int:
        return self._base + int(self._reader.line_num)

    def skip_repeats_of(self, header: Sequence[str]) -> None:
        """Skip the rows that are this header once more."""
        self._header = RepeatedHeader(header)
        self._header_end = header[-1] if len(header) > 1 else "\ufeff" + header[0].replace("\ufeff", "")

    def skips(self, row: Row) -> bool:
        """Return whether a row is the header once more, or a comment, and count it."""
        if isinstance(row, BadRow) or self._header is None:
            return False
        if self._header.is_one(row):
            return True
        if row[0].startswith("# ") and self.width > 1 and not any(row[1:]):
            self._comments += 1
            return True
        return False

    def notes(self) -> list[str]:
        """Say which lines were skipped."""
        found = self._header.notes() if self._header else []
        if self._comments:
            found.append(f"{self._comments} comment line{'s' if self._comments > 1 else ''} skipped")
        return found

    def rows(self) -> Iterator[Row]:
        """Yield the rows from here on, held against the `width` of this moment."""
        width, lines, last = self.width, self._lines, self._header_end
        while True:
            reader = self._reader
            start = reader.line_num  # lines before the row being read
            try:
                for row in reader:
                    if len(row) == width and row[-1] != last and not lines.watch_blocks:
                        yield row
                    elif row and not self.skips(row):
                        yield self.checked(row, self._base + start + 1)
                    start = reader.line_num
                return
            except csv.Error:
                yield self._mended(self._base + start + 1, self.line)

    def checked(self, row: Row, line: int) -> Row:
        """Return the row, or what is wrong with it."""
        if isinstance(row, BadRow):
            return row
        if len(row) > self.width and not any(row[self.width :]):
            row = row[: self.width]  # delimiters without end, as spreadsheets write them
        fault = ""
        if len(row) > self.width:
            fault = (
                f"too many fields ({len(row)}, not {self.width}): put a cell that holds"
                f" {self._dialect.delimiter!r} in quotes"
            )
        elif self._lines.watch_blocks:
            fault = fault_of(row)
        return bad(f"line {line}: {fault}", self._dialect.delimiter.join(row)) if fault else row

    def _mended(self, first: int, last: int) -> Row:
        """Return the row of the lines `first` to `last`, which csv refused, or what is wrong with it.

        A lone line is read leniently, as every other program reads it. Several lines are a quote that was
        not meant to open or was never closed: the first is given up, the others are read again.
        """
        refused = self._lines.between(first - 1, last)
        opening = refused[0] if refused else ""
        if last == first:
            if isinstance(opening, CutLine):
                return bad(f"line {first}: longer than {LINE_CHARS:,} characters: split it up", opening)
            try:
                rows = list(self._dialect.rows([opening, "\n"]))
            except csv.Error:
                return bad(
                    f"line {first}: a cell is longer than {CELL_CHARS:,} characters: shorten it", opening
                )
            if len(rows) > 1:
                return self.checked(rows[0], first)
        else:
            self._restart(first)
        until = f"up to line {last}" if last > first else "before the end"
        return bad(
            f"line {first}: a quote opens here and is not closed {until}: close it, double a quote"
            " that is text, or give --quoting none",
            opening,
        )


def read_lines(lines: Lines, name: str) -> Table:
    """Return plain text as a table: a row a line, in the one column "text". Empty lines are no rows."""
    reader = _PlainText(lines)
    how = f"a row a line, {lines.text.shown_encoding}"
    table = Table(name, ["text"], True, reader.rows(), how=how, line=lambda: reader.line)
    table.notes.append(PLAIN_TEXT_NOTE)
    return table


class _PlainText:
    def __init__(self, lines: Lines) -> None:
        self.line = 0
        self._lines = lines

    def rows(self) -> Iterator[Row]:
        lines = self._lines
        for number, line in enumerate(lines.after(0), 1):
            self.line = number
            text = line.rstrip("\r\n")
            row = [text]
            if len(text) > CELL_CHARS or lines.watch_blocks:
                fault = fault_of(row)
                if fault:
                    yield bad(f"line {number}: {fault}", text)
                    continue
            if text:
                yield row
