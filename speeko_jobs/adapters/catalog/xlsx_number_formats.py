"""Find the cells of an XLSX sheet whose number format adds zeros or signs: 42 that Excel shows as 00042.

calamine reads values and no formats. Where a workbook has such a format, its sheet is read a second time, in
pieces, for the cells that have it; a workbook without one costs a look at its styles. What cannot be
understood changes nothing.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path, PurePosixPath
from typing import IO

MAX_PART_BYTES = 20_000_000  # of the workbook's lists and styles
PIECE_BYTES = 1 << 18
MAX_TAG_BYTES = 1_000
MAX_FORMATS = 255

_ATTRIBUTE = re.compile(r"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_CELL = re.compile(rb"<(?:\w+:)?c\s[^<>]{1,300}>")
_PLACE = re.compile(rb"""\sr\s*=\s*["']([A-Z]{1,3})([0-9]{1,7})["']""")
_STYLE = re.compile(rb"""\ss\s*=\s*["']([0-9]{1,6})["']""")
_TYPE = re.compile(rb"""\st\s*=\s*["'](?!n["'])""")
_TOKEN = re.compile(r'"([^"]*)"|\\(.)|(0+)|([-/() ])')


class PaddedCells:
    """Hold which cells of one sheet have which padded format."""

    def __init__(self, formats: dict[int, str]) -> None:
        self._codes = [*formats.values()][:MAX_FORMATS]
        self._numbers = {
            style: self._codes.index(code) + 1 for style, code in formats.items() if code in self._codes
        }
        self._columns: dict[int, bytearray] = {}

    def add(self, row: int, column: int, style: int) -> None:
        """Note the style of a cell, counted from 0."""
        number = self._numbers.get(style)
        if number is None:
            return
        cells = self._columns.setdefault(column, bytearray())
        if len(cells) <= row:
            cells.extend(bytes(row + 1 - len(cells)))
        cells[row] = number

    def shown(self, row: int, column: int, value: float) -> str | None:
        """Return what Excel shows of a number in a padded cell; None for other cells."""
        cells = self._columns.get(column)
        if cells is None or row >= len(cells) or not cells[row] or value < 0 or not float(value).is_integer():
            return None
        return padded(int(value), self._codes[cells[row] - 1])


def padded(value: int, code: str) -> str | None:
    """Return a number in a format of zeros and literal text; None where the format is another."""
    tokens = list(_TOKEN.finditer(code))
    zeros = sum(len(token[3] or "") for token in tokens)
    if zeros < 2 or "".join(token[0] for token in tokens) != code:
        return None
    digits = str(value).zfill(zeros)
    extra, out, at = len(digits) - zeros, "", 0
    for token in tokens:
        if token[3]:
            end = at + len(token[3]) + (extra if at == 0 else 0)
            out, at = out + digits[at:end], end
        else:
            out += token[1] or token[2] or token[4] or ""
    return out


def padded_cells(file: IO[bytes] | Path, sheet: str) -> PaddedCells | None:
    """Return the padded cells of the sheet of this name; None where there are none. Leaves the file at 0."""
    try:
        with zipfile.ZipFile(file) as archive:
            formats = _padded_styles(_text(archive, "xl/styles.xml"))
            part = _sheet_part(archive, sheet) if formats else ""
            return _cells(archive, part, PaddedCells(formats)) if part else None
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, KeyError, EOFError):
        return None
    finally:
        if not isinstance(file, Path):
            file.seek(0)


def _text(archive: zipfile.ZipFile, part: str) -> str:
    with archive.open(part) as opened:
        return opened.read(MAX_PART_BYTES).decode("utf-8", "replace")


def _tags(text: str, name: str) -> Iterator[dict[str, str]]:
    """Yield the attributes of each tag of this name."""
    for found in re.finditer(rf"<(?:\w+:)?{name}\b([^<>]*)>", text):
        yield {each[1]: unescape(each[2] or each[3] or "") for each in _ATTRIBUTE.finditer(found[1])}


def _padded_styles(styles: str) -> dict[int, str]:
    """Return the padded formats by the index of a cell's style."""
    codes = {
        tag.get("numFmtId", ""): tag.get("formatCode", "").split(";")[0] for tag in _tags(styles, "numFmt")
    }
    cells = re.search(r"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", styles, re.DOTALL)
    found = enumerate(_tags(cells[0], "xf")) if cells else ()
    wanted = {style: codes.get(tag.get("numFmtId", ""), "") for style, tag in found}
    return {style: code for style, code in wanted.items() if padded(1, code) is not None}


def _sheet_part(archive: zipfile.ZipFile, sheet: str) -> str:
    """Return the name of the sheet's part in the archive."""
    sheets = {tag.get("name"): tag for tag in _tags(_text(archive, "xl/workbook.xml"), "sheet")}
    key = next(value for name, value in sheets[sheet].items() if name.endswith(":id"))
    links = _tags(_text(archive, "xl/_rels/workbook.xml.rels"), "Relationship")
    target = next(link["Target"] for link in links if link.get("Id") == key)
    return target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl", target))


def _cells(archive: zipfile.ZipFile, part: str, found: PaddedCells) -> PaddedCells:
    rest = b""
    with archive.open(part) as opened:
        while piece := opened.read(PIECE_BYTES):
            piece = rest + piece
            end = 0
            for cell in _CELL.finditer(piece):
                end = cell.end()
                place, style = _PLACE.search(cell[0]), _STYLE.search(cell[0])
                if place and style and not _TYPE.search(cell[0]):
                    found.add(int(place[2]) - 1, _column(place[1]), int(style[1]))
            rest = piece[max(end, len(piece) - MAX_TAG_BYTES) :]
    return found


def _column(letters: bytes) -> int:
    """Return the number of a column, from 0: A is 0, AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
