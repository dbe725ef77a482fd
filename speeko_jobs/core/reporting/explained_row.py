"""One row explained: what is said for it, with which voice, and where its audio would come from.

Values only: `flow.reporting.row_explanation` finds them out, the command line shows them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from speeko_jobs.core.model.money import usd


class AudioOrigin(StrEnum):
    """Where the audio of a key would come from, were the job to run now."""

    UNCHANGED = "unchanged"  # the destination has the row's file already
    REDIS = "redis"
    POSTGRES = "postgres"
    REUSED = "reused"  # there in another format, which is converted
    IN_FLIGHT = "in_flight"  # another job buys it
    DUPLICATE = "duplicate"  # an earlier row, or an earlier piece of this one, buys it
    TO_BUY = "to_buy"


@dataclass(frozen=True, slots=True)
class ExplainedPart:
    """One call's worth of a row. `micros` is the price of the call, whoever makes it.

    `detail` is one line or "": the row that buys it, the format that it is converted from, or why what was
    there will not do.
    """

    key: bytes
    text: str
    chars: int
    micros: int
    origin: AudioOrigin
    detail: str = ""


@dataclass(frozen=True)
class Explained:
    """A row of a catalog. `row` counts over all files, `file_row` in its own, both from 1.

    `steps` are (what was done, the text after it). `refused` is why the row cannot be spoken; it has no
    voice, path and parts then. `rendering` is how the file is made of the parts: "" for the bytes as bought.
    """

    file: str
    file_row: int
    row: int
    id: str
    source: str
    steps: tuple[tuple[str, str], ...] = ()
    refused: str = ""
    is_left_out: bool = False  # it has no text, which is no failure
    voice: str = ""
    voice_why: str = ""
    language: str = ""
    language_why: str = ""
    path: str = ""
    rendering: str = ""
    parts: tuple[ExplainedPart, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def cost_micros(self) -> int:
        """What the job would pay for this row."""
        return sum(part.micros for part in self.parts if part.origin is AudioOrigin.TO_BUY)

    def to_json(self) -> dict[str, Any]:
        """For scripts: money as decimal strings of USD, keys in hexadecimal."""
        return {
            "file": self.file,
            "file_row": self.file_row,
            "row": self.row,
            "id": self.id,
            "source": self.source,
            "steps": [{"step": name, "text": text} for name, text in self.steps],
            "refused": self.refused or None,
            "left_out": self.is_left_out,
            "voice": self.voice,
            "voice_why": self.voice_why,
            "language": self.language,
            "language_why": self.language_why,
            "path": self.path,
            "rendering": self.rendering,
            "segments": [
                {
                    "text": part.text,
                    "key": part.key.hex(),
                    "chars": part.chars,
                    "call_usd": usd(part.micros),
                    "from": part.origin.value,
                    "detail": part.detail,
                }
                for part in self.parts
            ],
            "cost_usd": usd(self.cost_micros),
            "notes": list(self.notes),
        }
