"""The manifest's lines: one a row, in the catalog's order, the same bytes however often they are made."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from speeko_jobs.core.model.money import micros, usd
from speeko_jobs.core.model.states import AudioSource
from speeko_jobs.core.output.sanitize import printable, spreadsheet_safe

COLUMNS = (
    "row", "id", "path", "voice", "language", "key", "source", "chars", "cost_usd", "audio_seconds", "bytes",
    "change", "error",
)  # fmt: skip
PUBLIC_COLUMNS = (*COLUMNS, "url")  # where a public base is given
# A catalog again. `segments` is "whole" for a row that is one call; `as_spoken` is "yes" where the text is
# what was said: numbers, lexicon and repair are not applied to it once more.
FAILED_COLUMNS = ("id", "text", "voice", "language", "segments", "as_spoken", "file", "row", "error")

CELL_CHARS = 40  # of a cell that is kept for failed.csv


class Kept(NamedTuple):
    """The cells `segments` and `as_spoken` of a refused row, which failed.csv repeats.

    Stored in the item's `change`, which means nothing for a row that is not delivered.
    """

    segments: str = ""
    as_spoken: str = ""

    def stored(self) -> str | None:
        """Return both as one text; None where both are empty."""
        return f"{self.as_spoken}|{self.segments}" if any(self) else None


def kept(stored: str | None) -> Kept:
    """Return the cells that `Kept.stored` wrote; empty ones for rows of older versions."""
    as_spoken, separator, segments = (stored or "").partition("|")
    return Kept(segments, as_spoken) if separator else Kept()


_string = json.encoder.encode_basestring  # keeps every script readable, escapes control characters
# a cell that is only what it says
_is_plain = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9 ._/()-]*)?").fullmatch


class Line(NamedTuple):
    """How one row ended. `error` is "" for a served row; `path` is "" for one that is not. `change`: why it
    was delivered (see `core.catalog.change_detection`), "" where it was not. `url`: its public address, ""
    where it has none; None in a manifest without such a column."""

    row: int
    id: str
    path: str
    voice: str
    language: str
    key: str
    source: AudioSource | None
    chars: int
    cost_micros: int
    millis: int
    bytes: int
    change: str
    error: str
    url: str | None = None

    def to_json(self) -> str:
        """One line of manifest.jsonl."""
        row, id, path, voice, language, key, source, chars, cost_micros, millis, size, change, error, _ = self
        public = "" if self.url is None else f', "url": {_string(self.url)}'
        return (
            f'{{"row": {row}, "id": {_string(id)}, "path": {_string(path)}, {_speaker(voice, language)}, '
            f'"key": "{key}", "source": {_QUOTED[source]}, "chars": {chars}, '
            f'"cost_usd": "{_usd(cost_micros)}", "audio_seconds": {_seconds(millis)}, "bytes": {size}, '
            f'"change": {_quoted(change)}, '
            f'"error": {_string(error) if error else "null"}'
            f"{public}}}\n"
        )

    def to_csv(self) -> str:
        """One line of manifest.csv, which is for eyes: no cell acts in a terminal or a spreadsheet."""
        row, id, path, voice, language, key, source, chars, cost_micros, millis, size, change, error, _ = self
        public = "" if self.url is None else "," + _cell(self.url)
        return (
            f"{row},{id if _is_plain(id) else _cell(id)},{path if _is_plain(path) else _cell(path)},"
            f"{_common_cell(voice)},{_common_cell(language)},{key},{_NAMES[source]},{chars},"
            f"{_usd(cost_micros)},{_seconds(millis)},{size},{change},{_cell(error) if error else ''}"
            f"{public}\n"
        )


def line_of(data: Mapping[str, Any]) -> Line:
    """Return the line that `to_json` wrote. Raises KeyError, TypeError or ValueError for what is none."""
    return Line(
        row=int(data["row"]),
        id=str(data["id"]),
        path=str(data["path"]),
        voice=str(data["voice"]),
        language=str(data["language"]),
        key=str(data["key"]),
        source=None if data["source"] is None else AudioSource(data["source"]),
        chars=int(data["chars"]),
        cost_micros=micros(data["cost_usd"]),
        millis=round(float(data["audio_seconds"]) * 1000),
        bytes=int(data["bytes"]),
        change=data.get("change") or "",
        error=data["error"] or "",
        url=data.get("url"),
    )


_NAMES: dict[AudioSource | None, str] = {None: ""} | {source: source.value for source in AudioSource}
_QUOTED = {source: f'"{name}"' if name else "null" for source, name in _NAMES.items()}


@lru_cache(maxsize=64)
def _quoted(word: str) -> str:
    return f'"{word}"' if word else "null"


def _cell(text: str) -> str:
    """The text as a cell of a CSV line, quoted where it must be."""
    if _is_plain(text):
        return text
    text = spreadsheet_safe(printable(text))
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text


# A manifest has a line a row, and in most of what is said there the rows are alike.
_common_cell = lru_cache(maxsize=4096)(_cell)
_usd = lru_cache(maxsize=4096)(usd)


@lru_cache(maxsize=4096)
def _speaker(voice: str, language: str) -> str:
    return f'"voice": {_string(voice)}, "language": {_string(language)}'


@lru_cache(maxsize=16_384)
def _seconds(millis: int) -> str:
    return f"{millis / 1000:.3f}"
