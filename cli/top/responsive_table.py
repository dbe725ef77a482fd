"""Lines that fit a terminal: what matters least goes first where there is no room. Pure."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from speeko_jobs.core.output.formatting import count

DOT, GAP = " · ", 2
TALL = 24  # so many lines have room for empty ones


def joined(parts: Iterable[Text], width: int) -> Text:
    """As many of the parts, from the first on, as fit; a first one alone is cut."""
    line = Text()
    for part in parts:
        if line.cell_len and line.cell_len + len(DOT) + part.cell_len > width:
            break
        if line.cell_len:
            line.append(DOT, "dim")
        line.append_text(part)
    line.truncate(max(width, 1), overflow="ellipsis")
    return line


@dataclass
class Column:
    """A column of a table. Those with the highest rank go first. `draw`, for one that takes the room that is
    left, up to `most` cells, gives its cells at a width."""

    head: str
    cells: list[Text]
    rank: int
    right: bool = True
    draw: Callable[[int], list[Text]] | None = None
    most: int = 0

    @property
    def width(self) -> int:
        return max(cell_len(self.head), *(cell.cell_len for cell in self.cells))


def table(columns: Sequence[Column], width: int) -> list[Text]:
    """The head and a line for each row, with the columns that fit, in their order."""
    kept: list[Column] = []
    used = -GAP
    for column in sorted(columns, key=lambda column: column.rank):
        if used + GAP + column.width <= width:
            kept.append(column)
            used += GAP + column.width
    kept = [column for column in columns if any(column is one for one in kept)]
    for column in kept:
        if column.draw is not None:
            column.cells = column.draw(min(column.width + width - used, column.most))
    lines = [Text() for _ in range(1 + len(columns[0].cells))]
    for at, column in enumerate(kept):
        cells = [Text(column.head, "bold"), *column.cells]
        for line, cell in zip(lines, cells, strict=True):
            blank = " " * (column.width - cell.cell_len)
            line.append(" " * GAP if at else "").append(blank if column.right else "")
            line.append_text(cell).append("" if column.right else blank)
    return lines


@dataclass
class Block:
    """A line, and one that tells more about it. `matters`: the second one stays as long as it can."""

    line: Text
    detail: Text | None = None
    matters: bool = False


@dataclass
class Section:
    """Blocks that belong together, under a head. It wants `least` lines before others get more than theirs.
    One that `waits` gets more only when the others have all that they want. `unread`: how many blocks there
    are besides."""

    one: str  # what a block is
    least: int
    blocks: list[Block]
    head: Text | None = None
    waits: bool = False
    unread: int = 0

    def lines(self, room: int = sys.maxsize, *, whole: bool = True) -> list[Text]:
        """All of it (not `whole`: without details that do not matter), or at most so many lines: with fewer
        details where that is too much, cut where it still is."""
        head = [] if self.head is None else [self.head]
        for keeps in (_all, _mattering, _none)[not whole :]:
            lines = [*head, *self._told(keeps), *self._rest(len(self.blocks))]
            if len(lines) <= room:
                return lines
        shown = max(room - len(head) - 1, 0)
        lines = [*head, *(block.line for block in self.blocks[:shown]), *self._rest(shown)]
        return lines[len(lines) - room :]

    def _told(self, keeps: Callable[[Block], bool]) -> Iterator[Text]:
        for block in self.blocks:
            yield block.line
            if block.detail is not None and keeps(block):
                yield block.detail

    def _rest(self, shown: int) -> list[Text]:
        hidden = len(self.blocks) - shown + self.unread
        what = f"more {self.one}" if shown else self.one
        return [Text(f"… {count(hidden, what)}", "dim")] if hidden else []


def laid_out(sections: Sequence[Section], room: int | None) -> list[Text]:
    """The sections in their order, in so many lines, with an empty one behind each where there is room. The
    first ones get theirs first."""
    sections = [section for section in sections if section.blocks or section.unread]
    if room is None:
        return [line for section in sections for line in (*section.lines(), Text())]
    has_air = room >= TALL or room >= sum(1 + len(one.lines()) for one in sections)
    air = len(sections) if has_air else 0
    turns = [
        *((at, one.least, False) for at, one in enumerate(sections)),
        *((at, room, False) for at, one in enumerate(sections) if not one.waits),
        *((at, room, True) for at, one in enumerate(sections) if not one.waits),
        *((at, room, True) for at, one in enumerate(sections) if one.waits),
    ]
    parts: list[list[Text]] = [[] for _ in sections]
    for at, most, is_whole in turns:
        left = room - air - sum(map(len, parts)) + len(parts[at])
        parts[at] = sections[at].lines(min(left, most), whole=is_whole)
    return [line for part in parts if part for line in (*part, *([Text()] if air else []))]


def _all(_: Block) -> bool:
    return True


def _mattering(block: Block) -> bool:
    return block.matters


def _none(_: Block) -> bool:
    return False
