"""The key: what makes two utterances the same sound, as 32 bytes.

It holds everything that changes the audio and nothing else: no row, job, path, price or account. It
knows nothing of how the text was cleaned: changed `text_rules` give new keys only to texts with other words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash

KEY_VERSION = 1  # a new one re-buys every text there is


@dataclass(frozen=True, slots=True)
class SpeechEngine:
    """What speaks, and how. `family` is the profile's, so that two servers of one family share audio.

    `speed` becomes canonical decimal text: "1", "1.0" and "1.00" are one engine, as are "0.5" and ".5".
    ValueError where it is no number from 0.001 to below 1000.
    """

    family: str
    model: str
    format: str
    speed: str = "1"

    def __post_init__(self) -> None:
        object.__setattr__(self, "speed", speed_text(self.speed))


def speed_text(speed: str | float) -> str:
    """A speed as canonical decimal text: 1.0 → "1", "1.250" → "1.25". ValueError on anything else."""
    try:
        value = Decimal(str(speed).strip())
        if not (
            value.is_finite() and Decimal("0.001") <= value < 1000 and len(value.as_tuple().digits) <= 20
        ):
            raise ValueError
    except (InvalidOperation, ValueError):
        raise ValueError(f"not a speed: {speed!r}") from None
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def encoding(engine: SpeechEngine, text: str, voice: str, language: str) -> bytes:
    """The bytes that are hashed: seven netstrings (length in bytes, ":", the bytes, ",") and then the text.

    Netstrings end where their length says, whatever they hold, and there are always seven; so what is
    left is the text, and two different tuples never share an encoding.
    UnicodeEncodeError for a lone surrogate, which callers refuse before.
    """
    return _prefix(engine, voice, language) + text.encode()


def _prefix(engine: SpeechEngine, voice: str, language: str) -> bytes:
    fields = (
        f"speeko-{KEY_VERSION}",
        engine.family,
        engine.model,
        engine.format,
        engine.speed,
        voice,
        language,
    )
    return b"".join(b"%d:%b," % (len(raw), raw) for raw in (f.encode() for f in fields))


class KeyMaker:
    """Keys of one engine. Holds a half-fed SHA-256 a (voice, language): they are few, texts are many."""

    def __init__(self, engine: SpeechEngine) -> None:
        self.engine = engine
        self._started: dict[tuple[str, str], _Hash] = {}

    def key(self, text: str, voice: str, language: str) -> bytes:
        """SHA-256 of `encoding`, 32 bytes. `text` is spoken text, `language` a tag or ""."""
        return self.keys((text,), voice, language)[0]

    def keys(self, texts: Sequence[str], voice: str, language: str) -> list[bytes]:
        """The key of each text, in order."""
        started = self._started.get((voice, language))
        if started is None:
            started = self._start(voice, language)
        copy, out = started.copy, []
        for text in texts:
            sha = copy()
            sha.update(text.encode())
            out.append(sha.digest())
        return out

    def _start(self, voice: str, language: str) -> _Hash:
        if len(self._started) >= 10_000:  # a column of free text taken for voices must not fill the memory
            self._started.clear()
        started = hashlib.sha256(_prefix(self.engine, voice, language))
        self._started[voice, language] = started
        return started


def idempotency_key(key: bytes, number: int) -> bytes:
    """Return the idempotency key of a text's calls: its cache key until its audio was of no use for the first
    time (`number` 0), then another one each time.

    A provider that keeps its answers gives the same one under the same key: right while it is unknown how a
    call ended, wrong once the audio was seen to be bad.
    """
    return hashlib.sha256(b"%b call %d" % (key, number)).digest() if number else key
