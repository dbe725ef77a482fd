"""FLAC streams: files put one behind the other, and the length that the header declares.

Knows the STREAMINFO block of RFC 9639 and nothing of the frames.
"""

from __future__ import annotations

import itertools
import re

_BEGIN = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22")
_TOTAL_AT, _TOTAL_END = 21, 26  # of 36 bits, behind 4 bits of the sample width
_TOTAL_BITS = (1 << 36) - 1


def streams(audio: bytes) -> list[bytes]:
    """Return the files that were put one behind the other, nearly always one."""
    if audio.find(b"fLaC", 4) < 0:
        return [audio]
    starts = [0, *(found.start() for found in _BEGIN.finditer(audio, 4))]
    return [audio[start:end] for start, end in itertools.pairwise([*starts, len(audio)])]


def declared_frames(audio: bytes) -> int:
    """Return the frames that the header declares; 0 where it declares none, or a placeholder."""
    if not _BEGIN.match(audio) or len(audio) < _TOTAL_END:
        return 0
    total = int.from_bytes(audio[_TOTAL_AT:_TOTAL_END], "big") & _TOTAL_BITS
    return 0 if total >= 0x7FFFFFFF else total


def undeclared(audio: bytes) -> bytes:
    """Return the same stream without a declared length, so that a decoder reads it to its end."""
    if not _BEGIN.match(audio) or len(audio) < _TOTAL_END:
        return audio
    kept = int.from_bytes(audio[_TOTAL_AT:_TOTAL_END], "big") & ~_TOTAL_BITS
    return audio[:_TOTAL_AT] + kept.to_bytes(5, "big") + audio[_TOTAL_END:]


def corrected(audio: bytes, frames: int) -> bytes:
    """Return the stream declaring this length where it declares another; itself where it declares none."""
    bare = undeclared(audio)
    if bare == audio:
        return audio
    kept = int.from_bytes(bare[_TOTAL_AT:_TOTAL_END], "big")
    return bare[:_TOTAL_AT] + (kept | frames).to_bytes(5, "big") + bare[_TOTAL_END:]
