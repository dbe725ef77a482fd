"""Reads spreadsheets (XLSX, XLSM, XLS, ODS) by calamine.

The sheet is loaded whole: its format allows nothing else, and it holds at most 1,048,576 rows. The size a
file declares for its sheets is not believed; calamine counts the cells there are. What would not fit
the memory is refused before (bombs).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

import python_calamine

from speeko_jobs.adapters.catalog import decompression_limits
from speeko_jobs.adapters.catalog.cell_text import cell_text
from speeko_jobs.adapters.catalog.header_row import (
    HEAD_ROWS,
    RepeatedHeader,
    column_names,
    find_header,
    guessed_header,
)
from speeko_jobs.adapters.catalog.table import BadRow, Row, Table, bad, fault_of
from speeko_jobs.adapters.catalog.xlsx_number_formats import PaddedCells, padded_cells
from speeko_jobs.core.catalog.read_options import ReadOptions
from speeko_jobs.errors import CatalogError


def read_sheet(file: IO[bytes] | Path, sheet: str, options: ReadOptions, name: str) -> Table:
    """The sheet of that name, or the first visible one that holds anything. Empty rows are no rows."""
    decompression_limits.check_spreadsheet(file, name)
    try:
        book = python_calamine.load_workbook(file)
        chosen = _chosen(book, sheet, name)
    except python_calamine.PasswordError:
        raise CatalogError(f"{name}: protected by a password: save it without one") from None
    except (python_calamine.CalamineError, OSError):
        raise CatalogError(f"{name}: not a spreadsheet, or it is damaged: save it again as XLSX") from None
    reader = _Sheet(chosen, padded_cells(file, chosen.name))
    head = list(islice(reader.rows(), HEAD_ROWS))
    good = [row for row in head if not isinstance(row, BadRow)]
    at = find_header(good, options.header)
    width = reader.width
    header = column_names(_filled_up(good[at], width)) if at >= 0 else map(str, range(1, width + 1))
    above = {id(row) for row in good[: at + 1]}
    rows: Iterator[Row] = chain([row for row in head if id(row) not in above], reader.rows())
    repeated = RepeatedHeader(good[at]) if at >= 0 else None
    if repeated:
        rows = (row for row in rows if isinstance(row, BadRow) or not repeated.is_one(row))
    how = f"spreadsheet{'' if at >= 0 else ', no header'}"
    shown = f"{name}#{chosen.name}"
    table = Table(shown, header, at >= 0, rows, how=how, line=lambda: reader.line)
    if repeated:
        table.notes += filter(None, [guessed_header(table.header) if options.header == "auto" else ""])
        table.note_at_end(repeated.notes)
    return table


def _chosen(book: Any, sheet: str, name: str) -> Any:
    if sheet:
        for known in book.sheet_names:
            if known.casefold() == sheet.casefold():
                return book.get_sheet_by_name(known)
        names = ", ".join(f'"{known}"' for known in book.sheet_names)
        raise CatalogError(f'{name}: there is no sheet "{sheet}": the sheets are {names}')
    for about in book.sheets_metadata:
        visible = about.visible == python_calamine.SheetVisibleEnum.Visible
        if visible and about.typ == python_calamine.SheetTypeEnum.WorkSheet:
            found = book.get_sheet_by_name(about.name)
            if found.start is not None:
                return found
    raise CatalogError(f"{name}: all visible sheets are empty: fill one, or name a hidden one as FILE#SHEET")


def _filled_up(row: Sequence[str], width: int) -> list[str]:
    return [*row, *[""] * (width - len(row))]


class _Sheet:
    """Read the rows of a sheet, from its first used column on, numbers as they are shown."""

    def __init__(self, sheet: Any, padded: PaddedCells | None) -> None:
        self.line = 0
        self._padded = padded
        self._first_column = sheet.start[1] if sheet.start else 0  # rows count from the sheet's first
        self._rows = sheet.iter_rows()
        self.width = (sheet.end[1] - sheet.start[1] + 1) if sheet.start else 1

    def _pad(self, padded: PaddedCells, values: Sequence[Any], row: list[str]) -> None:
        """Put in what a padded number format shows."""
        line, first = self.line - 1, self._first_column
        for at, value in enumerate(values):
            if type(value) is float or type(value) is int:
                row[at] = padded.shown(line, first + at, value) or row[at]

    def rows(self) -> Iterator[Row]:
        for values in self._rows:
            self.line += 1
            row = [cell if type(cell) is str else cell_text(cell) for cell in values]
            if self._padded is not None:
                self._pad(self._padded, values, row)
            if any(row):
                fault = fault_of(row)
                yield bad(f"row {self.line}: {fault}", " ".join(row)) if fault else row
