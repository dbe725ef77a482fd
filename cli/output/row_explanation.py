"""One row explained, for people: a label and what there is to say of it, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from speeko_cli.output.console import console
from speeko_jobs.core.output import formatting
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.core.reporting.explained_row import AudioOrigin, Explained, ExplainedPart

if TYPE_CHECKING:
    from rich.console import Console

LABEL_WIDTH = 10
SHOWN_CHARS = 4_000  # of a text
SHOWN_PARTS = 50
FROM = {
    AudioOrigin.UNCHANGED: "the destination has the file already",
    AudioOrigin.REDIS: "cached, known to Redis",
    AudioOrigin.POSTGRES: "cached, known to Postgres",
    AudioOrigin.REUSED: "cached in another format, converted from",
    AudioOrigin.IN_FLIGHT: "another job buys it now",
    AudioOrigin.DUPLICATE: "bought for",
}
Line = tuple[str, str]


def print_explained(found: Explained, out: Console | None = None) -> None:
    """Lines of a label and words, wrapped where a terminal would wrap them."""
    from rich.text import Text

    out = out or console()
    for label, words in _lines(found):
        wrapped = Text(printable(words)).wrap(out, max(20, out.width - LABEL_WIDTH), overflow="fold")
        for number, line in enumerate(wrapped or [Text()]):
            said = f"{'' if number else label:<{LABEL_WIDTH}}{line.plain}"
            out.print(said.rstrip(), soft_wrap=True)
    for note in found.notes:
        out.print(f"\n{printable(note)}", soft_wrap=True)


def _lines(found: Explained) -> Iterator[Line]:
    place = f"{found.file}, row {found.file_row:,}"
    yield "row", place if found.row == found.file_row else f"{place} ({found.row:,} of all files)"
    yield "id", found.id
    yield "source", _cut(found.source)
    before = found.source
    for name, text in found.steps:
        yield name, "no change" if text == before else _cut(text) or "nothing is left"
        before = text
    if found.refused:
        yield "refused", found.refused
        return
    if found.is_left_out:
        yield "left out", "the row has no text, which is no failure"
        return
    yield "voice", f"{found.voice or 'the default voice'} ({found.voice_why})"
    yield "language", f"{found.language} ({found.language_why})" if found.language else found.language_why
    yield "file", found.path + (f" ({found.rendering})" if found.rendering else "")
    parts = found.parts
    for number, part in enumerate(parts[:SHOWN_PARTS], 1):
        if len(parts) > 1:
            yield "", ""
            yield f"{number} of {len(parts)}", _cut(part.text)
        yield "key", part.key.hex()
        yield "from", _origin(part)
    if len(parts) > SHOWN_PARTS:
        yield "", f"and {len(parts) - SHOWN_PARTS:,} more (--json has all)"
    if len(parts) > 1:
        yield "", ""
    yield "cost", formatting.micros(found.cost_micros)


def _origin(part: ExplainedPart) -> str:
    price = f"{formatting.count(part.chars, 'character')} for {formatting.micros(part.micros)}"
    if part.origin is AudioOrigin.TO_BUY:
        return f"to buy: {price}" + (f"; {part.detail}" if part.detail else "")
    if part.origin is AudioOrigin.REUSED:
        return f"{FROM[part.origin]} {part.detail}"
    if part.origin is AudioOrigin.DUPLICATE:
        return f"{FROM[part.origin]} {part.detail}: {price}"
    return f"{FROM[part.origin]} ({price} when bought)" if part.micros else FROM[part.origin]


def _cut(text: str) -> str:
    if len(text) <= SHOWN_CHARS:
        return text
    return f"{text[:SHOWN_CHARS]}… and {len(text) - SHOWN_CHARS:,} more characters"
