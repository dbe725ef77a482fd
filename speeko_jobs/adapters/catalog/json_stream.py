"""Read a JSON array, or values one after another, value by value over a sliding piece of the text.

Neither size nor layout matters, and a broken value costs that value. json_reader knows what values mean.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from speeko_jobs.adapters.catalog.table import LINE_CHARS, RAW_CHARS, BadRow, bad
from speeko_jobs.adapters.catalog.text_decoding import CutLine, TextBlocks
from speeko_jobs.errors import CatalogError

# where it stands (line or number), the value, the beginning of its text, the length of its text
Value = tuple[int, Any, str, int]

_SPACE = re.compile(r"[ \t\r\n]*")
_NEXT_OBJECT = re.compile(r'[}\]"]\s*,\s*(?=[{"])')
_NEXT_CHARS = 256  # more than a value's end and the white space behind it are apart, as a rule


def why(error: Exception, line: str) -> str:
    """Say what is wrong with this JSON."""
    if isinstance(line, CutLine):
        return f"longer than {LINE_CHARS:,} characters: split it up"
    if isinstance(error, RecursionError):
        return "JSON nested too deeply: flatten it"
    if isinstance(error, json.JSONDecodeError):
        return (
            f"not valid JSON ({error.msg.removesuffix(' at')} at character {error.pos + 1}): repair the line"
        )
    return "a number in the JSON has too many digits: write it as a string"


def array_values(text: TextBlocks) -> Iterator[Value | BadRow]:
    """Yield the values. A broken one is skipped up to where the next seems to begin."""
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
            value, raw, length = pieces.value(in_array)
        except (ValueError, RecursionError) as error:
            raw = pieces.head()
            found = pieces.seek_next()
            if in_array and not found and not pieces.tail().endswith("]"):
                raise _no_end(text.name) from None
            rest = "" if found else "; what follows cannot be told apart and is not read"
            yield bad(f"entry {number}: {why(error, raw).replace('the line', 'it')}{rest}", raw)
            if not found:
                return
            continue
        yield number, value, raw, length
        pieces.skip(",")
    if in_array:
        raise _no_end(text.name)


def _no_end(name: str) -> CatalogError:
    return CatalogError(f"{name}: the JSON array has no end, the file is incomplete: fetch it again")


class _Pieces:
    """Hold a part of the text that slides on: `_at` is where the next value may begin."""

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

    def value(self, in_array: bool) -> tuple[Any, str, int]:
        """Return the value that begins here, its first characters and its length. ValueError if none."""
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
            length = end - self._at
            raw = self._buffer[self._at : self._at + min(length, RAW_CHARS)]
            self._at = end
            return value, raw, length

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
