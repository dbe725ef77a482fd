"""Find what stands above a delimited table and is no part of it: comments, Anki's file headers, Excel's hint.

Looks at the first lines only. Title rows of a table are the header's search (header_row), not comments.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from speeko_jobs.core.catalog.column_mapping import is_common_name

LOOK_LINES = 200
MAX_ROWS_SHARE = 0.1  # of the lines below; more that begin with "#" are rows of the table

_COMMENT = re.compile(r"#(?:\s|#|!|$|[\w ]{1,40}[:=])")
_ANKI = re.compile(
    r"#(separator|html|tags|columns|notetype|deck|if matches|(?:guid|notetype|deck|tags) column):(.*)", re.I
)
_ANKI_SEPARATORS = {"tab": "\t", "comma": ",", "semicolon": ";", "space": " ", "pipe": "|", "colon": ":"}
_ANY_DELIMITER = re.compile(r"[,;\t|]")


@dataclass(frozen=True)
class Preamble:
    """Hold the lines to skip and what they say of the table.

    `delimiter`: "" where they name none. `columns`: names by position from 0. `is_anki`: the table below has
    no header of its own. `comments`: how many of the lines are comments.
    """

    lines: int = 0
    delimiter: str = ""
    columns: dict[int, str] = field(default_factory=dict)
    is_anki: bool = False
    comments: int = 0

    @property
    def note(self) -> str:
        """Say in one line what was skipped, or ""."""
        if self.is_anki:
            return "Anki export, read by its file headers"
        if not self.comments:
            return ""
        return f"{self.comments} comment line{'s' if self.comments > 1 else ''} above the table skipped"


def find_preamble(lines: Sequence[str]) -> Preamble:
    """Return what the first lines say. Lines that begin with "#" throughout the file are rows."""
    first = lines[0].strip("\r\n").strip('"') if lines else ""
    if len(first) == 5 and first.startswith("sep="):
        return Preamble(1, first[4])
    end = 0
    while end < len(lines) and (lines[end].startswith("#") or (end and not lines[end].strip())):
        end += 1
    block = [line.strip() for line in lines[:end]]
    below = [line for line in lines[end : end + LOOK_LINES] if line.strip()]
    if any(map(_ANKI.fullmatch, block)):
        return _anki(block)
    if not block or not below or sum(line.startswith("#") for line in below) > MAX_ROWS_SHARE * len(below):
        return Preamble()
    if _names(block[-1]) > max(1, _names(below[0])):
        end -= 1  # the header itself, behind a "#"
        block.pop()
    comments = sum(map(bool, block))
    if not comments or not all(_COMMENT.match(line) for line in block if line):
        return Preamble()
    return Preamble(end, comments=comments)


def _names(line: str) -> int:
    """Return how many common column names a line has, whatever separates them."""
    return sum(is_common_name(cell.strip().strip('"')) for cell in _ANY_DELIMITER.split(line.lstrip("# ")))


def _anki(block: Sequence[str]) -> Preamble:
    """Return what Anki's file headers say (docs.ankiweb.net, importing text files)."""
    said = {m[1].lower(): m[2] for m in map(_ANKI.fullmatch, block) if m}
    separator = said.get("separator", "").strip()
    delimiter = _ANKI_SEPARATORS.get(separator.lower(), separator if len(separator) == 1 else "")
    names = said.get("columns", "").split(delimiter or "\t")
    columns = {at: name.strip() for at, name in enumerate(names) if name.strip()}
    for what in ("guid", "notetype", "deck", "tags"):
        number = said.get(f"{what} column", "").strip()
        if number.isascii() and number.isdigit() and 0 < int(number) < 1000:
            columns.setdefault(int(number) - 1, what)
    return Preamble(len(block), delimiter, columns, is_anki=True, comments=len(block))
