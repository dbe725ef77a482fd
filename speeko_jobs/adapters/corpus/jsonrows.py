"""Reads JSONL, JSON arrays and OpenAI batch files.

Objects are rows and keys are columns; strings alone are rows of one column, "text". An array is read value
by value over a sliding piece of the text, so neither its size nor its layout matters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from speeko_jobs.adapters.corpus.cells import cell_text
from speeko_jobs.adapters.corpus.encoding import CutLine, Lines, TextBlocks
from speeko_jobs.adapters.corpus.table import (
    LINE_CHARS,
    RAW_CHARS,
    SAMPLE_CHARS,
    BadRow,
    Row,
    Table,
    bad,
    fault_of,
)
from speeko_jobs.errors import CatalogError

HEADER_OBJECTS = 1_000
BATCH_HEADER = ("id", "text", "voice", "language", "model", "format", "speed", "instructions")
BATCH_URL = "/v1/audio/speech"

_SPACE = re.compile(r"[ \t\r\n]*")
_NEXT_OBJECT = re.compile(r'[}\]"]\s*,\s*(?=[{"])')
_NEXT_CHARS = 256  # more than a value's end and the white space behind it are apart, as a rule
_Value = tuple[int, Any, str]  # where it stands (line or number), the value, its text as far as it goes


def read_jsonl(lines: Lines, name: str) -> Table:
    """A JSON value a line; empty lines are no rows."""
    reader = _JsonLines(lines)
    return _tabulate(reader.values(), "line", name, f"a line each, {lines.text.told}", lambda: reader.line)


def read_json(text: TextBlocks, name: str) -> Table:
    """A JSON array, or JSON values one behind the other however they are laid out."""
    return _tabulate(_array_values(text), "entry", name, text.told, lambda: 0)


class _JsonLines:
    def __init__(self, lines: Lines) -> None:
        self.line = 0
        self._lines = lines

    def values(self) -> Iterator[_Value | BadRow]:
        decode = json.loads
        for number, line in enumerate(self._lines.after(0), 1):
            self.line = number
            try:
                value = decode(line)
            except (ValueError, RecursionError) as error:
                if line.strip():
                    yield bad(f"line {number}: {_why(error, line)}", line)
            else:
                yield number, value, line


def _why(error: Exception, line: str) -> str:
    if isinstance(line, CutLine):
        return f"longer than {LINE_CHARS:,} characters: split it up"
    if isinstance(error, RecursionError):
        return "JSON nested too deeply: flatten it"
    if isinstance(error, json.JSONDecodeError):
        return (
            f"not valid JSON ({error.msg.removesuffix(' at')} at character {error.pos + 1}): repair the line"
        )
    return "a number in the JSON has too many digits: write it as a string"


def _tabulate(
    values: Iterator[_Value | BadRow], unit: str, name: str, how: str, line: Callable[[], int]
) -> Table:
    """The values as a table: its columns are the keys of the first 1,000 objects as they come up."""
    head: list[_Value | BadRow] = []
    keys: dict[str, None] = {}
    size = 0
    objects: list[dict[str, Any]] = []
    for value in values:
        head.append(value)
        if not isinstance(value, BadRow):
            size += len(value[2])  # at least; long values are cut
            if isinstance(value[1], dict):
                objects.append(value[1])
                keys.update(dict.fromkeys(value[1]))
        if len(objects) >= HEADER_OBJECTS or len(head) >= 2 * HEADER_OBJECTS or size > SAMPLE_CHARS:
            break
    if len(head) == 1 and objects:
        _refuse_wrapped_list(objects[0], name)
    every = chain(head, values)
    cells: Callable[[Any], list[str]]
    if objects and _is_batch(objects[0]):
        header, cells, kind = list(BATCH_HEADER), _batch_cells, "OpenAI batch file"
    elif objects:
        header = [" ".join(key.split()) or str(number) for number, key in enumerate(keys, 1)]
        cells, kind = _object_cells(list(keys)), "JSON objects"
    else:
        header, cells, kind = ["text"], _string_cells, "JSON strings"
    return Table(name, header, True, _rows(every, cells, unit), how=f"{kind}, {how}", line=line)


def _refuse_wrapped_list(value: dict[str, Any], name: str) -> None:
    for key, inner in value.items():
        if isinstance(inner, list) and inner and isinstance(inner[0], dict):
            raise CatalogError(f"{name}: one JSON object with a list in {key!r}: give that list alone")


def _rows(values: Iterator[_Value | BadRow], cells: Callable[[Any], list[str]], unit: str) -> Iterator[Row]:
    for value in values:
        if isinstance(value, BadRow):
            yield value
            continue
        try:
            row = cells(value[1])
            fault = fault_of(row)
        except (ValueError, RecursionError) as error:
            fault = str(error)
        if fault:
            yield bad(f"{unit} {value[0]}: {fault}", value[2])
        else:
            yield row


def _object_cells(header: list[str]) -> Callable[[Any], list[str]]:
    def cells(value: Any) -> list[str]:
        if not isinstance(value, dict):
            raise ValueError(f"{_kind(value)} where the others are objects: write {{...}}")
        found = map(value.get, header)
        return [cell if type(cell) is str else cell_text(cell) for cell in found]

    return cells


def _string_cells(value: Any) -> list[str]:
    if not isinstance(value, str):
        raise ValueError(f"{_kind(value)}, not an object or a string: write {{...}}")
    return [value]


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _is_batch(value: dict[str, Any]) -> bool:
    return "custom_id" in value and isinstance(value.get("body"), dict)


def _batch_cells(value: Any) -> list[str]:
    body = value.get("body") if isinstance(value, dict) else None
    if not isinstance(body, dict):
        raise ValueError("not an OpenAI batch request: it needs custom_id, url and body")
    if value.get("url") != BATCH_URL:
        raise ValueError(f"url is {cell_text(value.get('url'))[:100]!r}: only {BATCH_URL} is spoken")
    if value.get("method", "POST") != "POST":
        raise ValueError("method is not POST")
    keys = ("input", "voice", "language", "model", "response_format", "speed", "instructions")
    return [cell_text(value.get("custom_id")), *(cell_text(body.get(key)) for key in keys)]


def _array_values(text: TextBlocks) -> Iterator[_Value | BadRow]:
    """The values one by one. A broken one is skipped up to where the next seems to begin."""
    pieces = _Pieces(text)
    in_array = pieces.skip("[")
    number = 0
    while pieces.fill():
        if in_array and pieces.skip("]"):
            if not pieces.at_end():
                yield bad(f"behind entry {number}: text behind the array's end is not read", pieces.head())
            return
        number += 1
        try:
            value, raw = pieces.value(in_array)
        except (ValueError, RecursionError) as error:
            raw = pieces.head()
            found = pieces.seek_next()
            if in_array and not found and not pieces.tail().endswith("]"):
                raise _no_end(text.name) from None
            rest = "" if found else "; what follows cannot be told apart and is not read"
            yield bad(f"entry {number}: {_why(error, raw).replace('the line', 'it')}{rest}", raw)
            if not found:
                return
            continue
        yield number, value, raw
        pieces.skip(",")
    if in_array:
        raise _no_end(text.name)


def _no_end(name: str) -> CatalogError:
    return CatalogError(f"{name}: the JSON array has no end, the file is incomplete: fetch it again")


class _Pieces:
    """A part of the text that slides on: `_at` is where the next value may begin."""

    def __init__(self, text: TextBlocks) -> None:
        self._text = text
        self._buffer = ""
        self._at = 0
        self._ended = False
        self._decode = json.JSONDecoder().raw_decode

    def _more(self) -> bool:
        block = self._text.read()
        self._buffer = self._buffer[self._at :] + block
        self._at = 0
        self._ended = self._ended or not block
        return bool(block)

    def fill(self) -> bool:
        """Go on to the next character that is no white space. False at the end of the text."""
        while True:
            self._at = _end_of_space(self._buffer, self._at)
            if self._at < len(self._buffer):
                return True
            if not self._more():
                return False

    def skip(self, char: str) -> bool:
        found = self.fill() and self._buffer[self._at] == char
        self._at += found
        return found

    def at_end(self) -> bool:
        return not self.fill()

    def head(self) -> str:
        return self._buffer[self._at : self._at + RAW_CHARS]

    def tail(self) -> str:
        return self._buffer[self._at :].rstrip()

    def value(self, in_array: bool) -> tuple[Any, str]:
        """The value that begins here, and its first characters. ValueError when it is none."""
        while True:
            try:
                value, end = self._decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                cut = error.pos + 16 > len(self._buffer) or error.msg.startswith("Unterminated string")
                if cut and self._too_long():
                    raise json.JSONDecodeError(f"longer than {LINE_CHARS:,} characters", "", 0) from None
                if not cut or not self._more():
                    raise self._here(error) from None
                continue
            behind = _end_of_space(self._buffer, end)
            if behind == len(self._buffer) and not self._ended and self._more():
                continue  # a number may go on, and the comma is still to come
            if in_array and self._buffer[behind : behind + 1] not in (",", "]", ""):
                raise json.JSONDecodeError("Expecting ',' delimiter", self._buffer, behind)
            raw = self._buffer[self._at : min(end, self._at + RAW_CHARS)]
            self._at = end
            return value, raw

    def _too_long(self) -> bool:
        return len(self._buffer) - self._at > LINE_CHARS

    def _here(self, error: json.JSONDecodeError) -> json.JSONDecodeError:
        return json.JSONDecodeError(error.msg, self._buffer[self._at :], error.pos - self._at)

    def seek_next(self) -> bool:
        """Go on to the next object or string that follows on an end and a comma. False when there is none."""
        while True:
            match = _NEXT_OBJECT.search(self._buffer, self._at)
            if match and match.end() < len(self._buffer):
                self._at = match.end()
                return True
            self._at = max(self._at, len(self._buffer) - _NEXT_CHARS)
            if not self._more():
                return False


def _end_of_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
