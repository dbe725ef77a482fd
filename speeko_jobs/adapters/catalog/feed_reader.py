"""Read RSS, Atom and Google Merchant feeds: an item is a row, and its elements are the columns.

expat parses the feed while it arrives, so memory stays flat. Nothing is fetched, and a feed that declares
entities is refused before any is expanded: that ends entity bombs and external entities (as defusedxml does).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from html.entities import html5
from itertools import chain, islice
from typing import NamedTuple
from xml.parsers import expat

from speeko_jobs.adapters.catalog.table import (
    LINE_CHARS,
    SAMPLE_CHARS,
    Row,
    Table,
    bad,
    check_width,
    fault_of,
)
from speeko_jobs.adapters.catalog.text_decoding import TextBlocks
from speeko_jobs.adapters.catalog.text_formats import FEED_ROOTS, refused_xml
from speeko_jobs.core.catalog.column_mapping import join_texts
from speeko_jobs.errors import CatalogError

HEADER_ITEMS = 1_000
MAX_DEPTH = 50
MAX_TOKEN_BYTES = 4 * LINE_CHARS  # of a tag or comment, which expat holds whole
ELEMENT_CHARS = 100  # what an element takes at least, so that empty ones count, too
GOOGLE = "base.google.com"
VALUE_ATTRIBUTES = ("href", "url", "term", "src", "value")  # where an empty element has its value
# fmt: off
MARKUP = frozenset((
    "a", "b", "blockquote", "br", "center", "code", "div", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6",
    "hr", "i", "img", "li", "ol", "p", "pre", "small", "span", "strong", "sub", "sup", "table", "tbody", "td",
    "th", "thead", "tr", "u", "ul",
))
# fmt: on

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")  # which expat does not take
_BAD_BYTE, _NUL = "\U0010fffe", "\U0010ffff"  # stand in for a bad byte and a NUL until the row is judged
_STAND_INS = str.maketrans({_BAD_BYTE: "\udcff", _NUL: "\0"})


class _Item(NamedTuple):
    """Hold the values of one item by column; `fault` where it cannot be used."""

    line: int
    values: dict[str, list[str]]
    chars: int
    fault: str = ""


def read_feed(text: TextBlocks, name: str) -> Table:
    """Return a table of the feed's items. Its columns are the elements of the first 1,000 items as they come.

    Raise CatalogError for XML that is no feed, declares entities, is not well-formed or has no item.
    """
    parser = _FeedParser(name)
    items = parser.items(text)
    head: list[_Item] = []
    size = 0
    for item in islice(items, HEADER_ITEMS):
        head.append(item)
        size += item.chars
        if size > SAMPLE_CHARS:
            break
    if not head:
        raise CatalogError(f"{name}: the {parser.kind} has no items")
    columns = list(dict.fromkeys(chain.from_iterable(item.values for item in head)))
    check_width(columns, name)
    rows = _rows(chain(head, items), columns)
    how = f"{parser.kind}, {text.shown_encoding}"
    return Table(name, _shown_names(columns), True, rows, how=how, line=lambda: parser.line)


def _shown_names(columns: list[str]) -> list[str]:
    """Return the columns' names: Google's without their prefix, unless the feed has that name without one."""
    bare = {column.removeprefix("g:") for column in columns if not column.startswith("g:")}
    return [name if (name := column.removeprefix("g:")) not in bare else column for column in columns]


def _rows(items: Iterator[_Item], columns: list[str]) -> Iterator[Row]:
    for number, item in enumerate(items, 1):
        row = [join_texts(item.values.get(column, ())) for column in columns]
        fault = item.fault or fault_of(row)
        yield bad(f"item {number} (line {item.line}): {fault}", " ".join(row)) if fault else row


class _Element:
    """Hold an open element of an item: its column, its attributes, and its text so far."""

    __slots__ = ("attributes", "column", "parts")

    def __init__(self, column: str, attributes: dict[str, str]) -> None:
        self.column, self.attributes = column, attributes
        self.parts: list[str] = []

    def value(self) -> str:
        """Return its text, or where it has none the address or term of its attributes."""
        text = "".join(self.parts).strip()
        if text or not self.attributes:
            return text
        if self.attributes.get("rel", "alternate") != "alternate":
            return ""  # links of a feed to itself, its next page, comments
        return next((self.attributes[key] for key in VALUE_ATTRIBUTES if key in self.attributes), "")


class _FeedParser:
    """Parse a feed piece by piece and collect the items that are complete."""

    def __init__(self, name: str) -> None:
        self.name, self.line, self.kind = name, 0, "RSS feed"
        self._done: list[_Item] = []
        self._prefixes = {"": "", "g": "g:"}  # of the feed's own elements: none; of Google's: g
        self._depth = self._markup = self._size = self._fed = self._begun = 0
        self._item: dict[str, list[str]] | None = None
        self._open: list[_Element] = []
        parser = self._parser = expat.ParserCreate("utf-8")  # the text is decoded already
        parser.buffer_text = True
        parser.UseForeignDTD(True)  # entities that are not declared, as &nbsp;, are handed to us
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.SkippedEntityHandler = self._entity
        parser.EntityDeclHandler = self._refuse_entities

    def items(self, text: TextBlocks) -> Iterator[_Item]:
        """Yield the items one after another. Raise CatalogError where the rest cannot be read."""
        block = text.read().lstrip("\ufeff \t\r\n")
        while block:
            if "\0" in block or text.faulty or _ILLEGAL.search(block):
                block = _ILLEGAL.sub(_legal, block)
            yield from self._parse(block.encode())
            block = text.read()
        yield from self._parse(b"", final=True)

    def _parse(self, data: bytes, *, final: bool = False) -> Iterator[_Item]:
        self._fed += len(data)
        error = None
        try:
            self._parser.Parse(data, final)
        except expat.ExpatError as found:
            error = found
        self.line = self._parser.CurrentLineNumber
        done, self._done = self._done, []
        yield from done
        if error is not None:
            raise self._broken(error, at_end=final)
        elif not final and self._fed - self._parser.CurrentByteIndex > MAX_TOKEN_BYTES:
            raise self._refused("a tag or comment without end", "correct it, or export the feed again")

    def _broken(self, error: expat.ExpatError, *, at_end: bool) -> CatalogError:
        """Return the error in words."""
        codes = expat.errors.codes
        if error.code == codes[expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT]:
            return self._refused("more XML behind the end of the feed", "split the file")
        if at_end or error.code == codes[expat.errors.XML_ERROR_NO_ELEMENTS]:
            return CatalogError(f"{self.name}: the feed has no end, the file is incomplete: fetch it again")
        words = str(expat.ErrorString(error.code)).removeprefix("not well-formed ").strip("()")
        what = f"not well-formed XML, {words}"
        return self._refused(what, "correct it (& is written &amp;), or export the feed again")

    def _refused(self, what: str, remedy: str) -> CatalogError:
        return CatalogError(f"{self.name}, line {self._parser.CurrentLineNumber}: {what}: {remedy}")

    def _refuse_entities(self, *declaration: object) -> None:
        shown = str(declaration[0])[:60]
        raise self._refused(
            f'the feed declares the entity "{shown}"', "remove its DOCTYPE, entities are not read"
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._refused(f"elements are nested deeper than {MAX_DEPTH}", "flatten the feed")
        prefix, _, local = name.rpartition(":")
        if self._item is None:
            self._outside(prefix, local, attributes)
            return
        self._size += ELEMENT_CHARS
        is_markup = local.lower() in MARKUP and not (prefix and prefix in self._prefixes)
        if self._markup or (self._open and is_markup):
            self._markup += 1
            self._open[-1].parts.append(f"<{local}>")
            return
        column = self._prefixes.get(prefix, f"{prefix}:") + local
        if self._open:
            column = f"{self._open[-1].column}.{column.removeprefix('g:')}"
        self._open.append(_Element(column, attributes))

    def _outside(self, prefix: str, local: str, attributes: dict[str, str]) -> None:
        """Look at an element around the items: the root, the channel, or the item that begins."""
        for key, value in attributes.items():
            if key.startswith("xmlns:") and GOOGLE in value:
                self._prefixes[key[6:]] = "g:"
                self.kind = "Google Merchant feed"
        if self._depth == 1:
            if local.lower() not in FEED_ROOTS:
                raise refused_xml(local, self.name)
            self._prefixes.setdefault(prefix, "")
            self._item_name = "entry" if local.lower() == "feed" else "item"
            if local.lower() == "feed" and self.kind == "RSS feed":
                self.kind = "Atom feed"
        elif local == self._item_name and self._depth <= 3:
            self._item, self._size, self._begun = {}, 0, self._parser.CurrentLineNumber

    def _end(self, name: str) -> None:
        self._depth -= 1
        if self._item is None:
            return
        if self._markup:
            self._markup -= 1
            self._open[-1].parts.append(f"</{name.rpartition(':')[2]}>")
        elif self._open:
            element = self._open.pop()
            if self._size <= LINE_CHARS and (value := element.value()):
                self._item.setdefault(element.column, []).append(value.translate(_STAND_INS))
        else:
            fault = f"longer than {LINE_CHARS:,} characters: shorten it" if self._size > LINE_CHARS else ""
            self._done.append(_Item(self._begun, self._item, self._size, fault))
            self._item = None

    def _text(self, data: str) -> None:
        if self._open:
            self._size += len(data)
            if self._size <= LINE_CHARS:
                self._open[-1].parts.append(escape(data, quote=False) if self._markup else data)

    def _entity(self, name: str, is_parameter: bool) -> None:
        if not is_parameter:
            self._text(html5.get(f"{name};", f"&{name};"))


def _legal(match: re.Match[str]) -> str:
    char = match[0]
    return _NUL if char == "\0" else _BAD_BYTE if "\ud800" <= char <= "\udfff" else " "
