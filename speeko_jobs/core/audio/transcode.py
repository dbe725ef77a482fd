"""What was bought made what is delivered: parts joined, another format, another loudness, in one go.

Each part is decoded and the whole is encoded once, whatever is asked for, and what needs nothing is passed
on as it is. Buys nothing and knows no row: a change of format or loudness changes what is delivered, never
what is bought.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from speeko_jobs.core.audio import codec, flac, loudness, mp3, wav
from speeko_jobs.core.audio.codec import FORMATS
from speeko_jobs.core.audio.concat import Joined, part_name
from speeko_jobs.errors import ConfigError

BEST_FIRST = ("flac", "wav", "opus", "ogg", "mp3")  # what is lost least, and then what is smallest
MIN_LUFS, MAX_LUFS = -50.0, -5.0
_HELD_BYTES = 4 << 20  # parts of more are decoded a second time for their loudness, not held as samples


@dataclass(frozen=True, slots=True)
class Delivered:
    """How audio is to be delivered. Loudness is rounded to 0.1; None leaves it as the voice made it.

    Raises ConfigError for a format that there is not, and a loudness that nobody can want.
    """

    format: str
    loudness_lufs: float | None = None

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise ConfigError(f"--format takes {', '.join(FORMATS)}, not {self.format!r}")
        lufs = self.loudness_lufs
        if lufs is None:
            return
        if not (math.isfinite(lufs) and MIN_LUFS <= lufs <= MAX_LUFS):
            raise ConfigError(f"--loudness takes {MIN_LUFS:g} to {MAX_LUFS:g} (LUFS), not {lufs:g}")
        object.__setattr__(self, "loudness_lufs", round(float(lufs), 1))

    def __str__(self) -> str:
        """Canonical and short, for hashes: "mp3", "opus -16 LUFS"."""
        return self.format if self.loudness_lufs is None else f"{self.format} {self.loudness_lufs:g} LUFS"

    def leaves(self, bought_format: str) -> bool:
        """Whether one part of that format is delivered as it is, byte by byte."""
        return self.format == bought_format and self.loudness_lufs is None


@dataclass(frozen=True, slots=True)
class Rendered:
    """A file's bytes, its length by the frames in it, and the LU that it lacks of the wanted loudness."""

    audio: bytes
    seconds: float
    shortfall_lu: float = 0.0


def bought_format(wanted: str, profile_formats: Sequence[str]) -> str:
    """The format to buy in: the wanted one where the provider makes it, else the best that it makes.

    Does not depend on the loudness, which would make it change keys. Raises ConfigError where there is none.
    """
    if wanted in profile_formats:
        return wanted
    best = next((format for format in BEST_FIRST if format in profile_formats), None)
    if best is None or wanted not in FORMATS:
        raise ConfigError(f"--format takes {', '.join(FORMATS)}, not {wanted!r}")
    return best


def one_file(audio: bytes, format: str, frames: int) -> bytes:
    """Return valid audio of that many frames as one file that players play to its end; mostly the same bytes.

    Files put one behind the other become one, and sizes in headers those of what is there. MP3 frames and WAV
    samples stay as they are; a chain of Ogg links is encoded again, because browsers play only the first.
    Raises BadAudio for what does not decode.
    """
    if format == "mp3":
        return mp3.joined(audio)
    if len(codec.streams(audio)) > 1:
        return render([audio], format, Delivered(format), as_is=False).audio
    if format == "flac":
        return flac.corrected(audio, frames)
    return wav.closed(audio) if format == "wav" else audio


def render(parts: Sequence[bytes], bought_format: str, want: Delivered, *, as_is: bool = True) -> Rendered:
    """All parts as one file of the wanted format and loudness. The same parts give the same bytes.

    One part that is as wanted comes back as it is, unless `as_is` is false. Otherwise rate and channels are
    the first part's, or the next that the format takes; WAV and FLAC keep the sample width, and every sample
    but those of a join that would click (3 ms) where neither rate nor loudness changes; nothing else of the
    files is kept.
    The frames are the sum of the parts', each rounded where it is resampled.
    Raises BadAudio, one line, for what does not decode or has no place in the format; ValueError for none.
    """
    if not parts:
        raise ValueError("nothing to deliver")
    if as_is and len(parts) == 1 and want.leaves(bought_format):
        return Rendered(parts[0], codec.seconds_of(parts[0]))
    levelled = want.loudness_lufs is not None
    streams = [stream for part in parts for stream in codec.streams(part)]
    source = codec.layout_of(streams[0], part_name(0, len(streams)))
    layout = codec.layout_in(source, bought_format, want.format, levelled)
    pieces: Iterable[Any] = Joined(streams, layout)
    shortfall = 0.0
    if want.loudness_lufs is not None:
        if sum(map(len, parts)) <= _HELD_BYTES:
            pieces = list(pieces)
        level = loudness.measure(pieces, layout.rate)
        gain = loudness.gain(level, want.loudness_lufs)
        shortfall = loudness.shortfall(level, gain, want.loudness_lufs)
        if gain == 1.0 and len(parts) == 1 and want.format == bought_format:
            return Rendered(parts[0], codec.seconds_of(parts[0]), shortfall)
        pieces = (piece * gain for piece in pieces)
    audio, frames = codec.encoded(pieces, layout, want.format)
    return Rendered(audio, frames / layout.rate, shortfall)
