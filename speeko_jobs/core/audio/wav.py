"""RIFF WAVE files: where their sound lies, files put one behind the other, and headers with wrong sizes.

A streaming writer does not know its length and leaves a placeholder (0, 0x7fffffff, 2000000000, the size of
its first buffer). A size is believed where the bytes bear it out. Knows nothing of what the samples sound
like.
"""

from __future__ import annotations

import itertools
import re
import struct
from dataclasses import dataclass

from speeko_jobs.core.model.speech import BadAudio

MAX_RATE = 384_000
_STREAMED = 0x7FFFF000  # a size from here is a placeholder
_IMPLAUSIBLE = 1 << 28  # so is one from here, of which not even the half is there; no call answers so much
_BEGIN = re.compile(rb"(?:RIFF|RF64|BW64).{4}WAVE(?=fmt |JUNK|junk|ds64|LIST|bext|fact|PAD )", re.DOTALL)
_CHUNK_NAME = re.compile(rb"[ -~]{4}")


@dataclass(frozen=True, slots=True)
class WavSound:
    """Where the sound of a WAV lies and how: `at` and `size` in bytes, `block` the bytes of a frame."""

    kind: int
    channels: int
    rate: int
    block: int
    bits: int
    at: int
    size: int


def streams(audio: bytes) -> list[bytes]:
    """Return the files that were put one behind the other, nearly always one."""
    if max(audio.find(magic, 12) for magic in (b"RIFF", b"RF64", b"BW64")) < 0:
        return [audio]
    starts = [0, *(found.start() for found in _BEGIN.finditer(audio, 12))]
    return [audio[start:end] for start, end in itertools.pairwise([*starts, len(audio)])]


def sound_of(audio: bytes) -> WavSound:
    """Return where the sound of one file lies. Raises BadAudio for no header, no sound and a cut."""
    at, kind, channels, rate, block, bits = 12, 0, 0, 0, 0, 0
    while True:
        if at + 8 > len(audio):
            raise BadAudio("the WAV holds no sound")
        name, size = struct.unpack_from("<4sI", audio, at)
        at += 8
        if name == b"data":
            break
        if name == b"fmt " and size >= 16 and at + 16 <= len(audio):
            kind, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", audio, at)
            if kind == 0xFFFE and size >= 26 and at + 26 <= len(audio):
                kind = struct.unpack_from("<H", audio, at + 24)[0]
        at += size + (size & 1)
    if not (channels and block and 0 < rate <= MAX_RATE):
        raise BadAudio("the WAV has no usable header")
    size = _size(audio, at, size, rate * block)
    if size < block:
        raise BadAudio("the WAV holds no sound")
    return WavSound(kind, channels, rate, block, bits, at, size)


def _size(audio: bytes, at: int, declared: int, second: int) -> int:
    """Return how many bytes of sound there are, whatever placeholder was declared."""
    there = len(audio) - at
    if declared == 0 or declared >= _STREAMED or (declared >= _IMPLAUSIBLE and declared > 2 * there):
        return there
    if declared > there:
        raise BadAudio(f"the WAV is cut: {declared / second:.1f} s declared, {there / second:.1f} s there")
    end = at + declared
    are_chunks = _are_chunks(audio, end + (declared & 1)) or _are_chunks(audio, end)
    return declared if are_chunks else there


def _are_chunks(audio: bytes, at: int) -> bool:
    """Return whether the rest is chunks, as behind the sound of a sound file, and no more of the sound."""
    while at + 8 <= len(audio):
        name, size = struct.unpack_from("<4sI", audio, at)
        if not _CHUNK_NAME.fullmatch(name):
            return False
        at += 8 + size + (size & 1)
    return len(audio) - 8 <= at <= len(audio) + 1 or not any(audio[at:])


def closed(audio: bytes) -> bytes:
    """Return the same file with the sizes of what is there in its header; itself where they are right.

    Many players play nothing, or no more than was declared. What has no sound comes back as it is.
    """
    try:
        sound = sound_of(audio)
    except BadAudio:
        return audio
    declared = struct.unpack_from("<I", audio, sound.at - 4)[0]
    riff = struct.unpack_from("<I", audio, 4)[0]
    total = len(audio) - 8
    if audio[:4] == b"RIFF" and declared == sound.size and total - 1 <= riff <= total + 1:
        return audio
    if len(audio) > 0xFFFFFFF0:
        return audio  # RIFF cannot say it
    head = bytearray(audio[: sound.at])
    head[:8] = struct.pack("<4sI", b"RIFF", total)
    head[-4:] = struct.pack("<I", sound.size)
    if head[12:16] == b"ds64":  # the sizes of RF64
        head[12:16] = b"JUNK"
    return bytes(head) + audio[sound.at :]
