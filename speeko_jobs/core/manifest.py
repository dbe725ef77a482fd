"""The manifest's lines: one a row, in the catalog's order, the same bytes however often they are made."""

from __future__ import annotations

import json
from dataclasses import dataclass

from speeko_jobs.core.money import usd
from speeko_jobs.core.states import Source

COLUMNS = (
    "row", "id", "path", "voice", "language", "key", "source", "chars", "cost_usd", "audio_seconds", "bytes",
    "error",
)  # fmt: skip
FAILED_COLUMNS = ("id", "text", "voice", "language", "file", "row", "error")  # a catalog again

_string = json.encoder.encode_basestring  # keeps every script readable, escapes control characters


@dataclass(slots=True)
class Line:
    """How one row ended. `error` is "" for a served row; `path` is "" for one that is not."""

    row: int
    id: str
    path: str
    voice: str
    language: str
    key: str
    source: Source | None
    chars: int
    cost_micros: int
    millis: int
    bytes: int
    error: str

    def to_json(self) -> str:
        """One line of manifest.jsonl, without the line break."""
        source = f'"{self.source.value}"' if self.source else "null"
        return (
            f'{{"row": {self.row}, "id": {_string(self.id)}, "path": {_string(self.path)}, '
            f'"voice": {_string(self.voice)}, "language": {_string(self.language)}, "key": "{self.key}", '
            f'"source": {source}, "chars": {self.chars}, "cost_usd": "{usd(self.cost_micros)}", '
            f'"audio_seconds": {self.millis / 1000:.3f}, "bytes": {self.bytes}, '
            f'"error": {_string(self.error) if self.error else "null"}}}'
        )
