"""Audio for the metered provider: real files of every format, made once a length, stamped a request.

A stamp is a digest of what was asked, kept where decoders do not look; so a test can prove that a file is
the answer to its own row and to no other.
"""

from __future__ import annotations

import functools
import hashlib
import io
import struct
import zlib

from speeko_jobs.core.audio import ogg

SECONDS_A_CHAR = 0.06
RATE = 24_000
_FORMATS = {
    "wav": ("WAV", "PCM_16"),
    "mp3": ("MP3", None),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
}
_LENGTHS_SECONDS = tuple(0.5 * 2**n for n in range(10))  # 0.5 to 256
_LONGER_SECONDS = tuple(
    round(4.0 * 1.25**n, 3) for n in range(20)
)  # of texts whose pace is learned: 4 to 277
_STAMP_CHARS = 16


def stamp_of(text: str, voice: str = "", language: str = "") -> str:
    """The stamp of what was asked: 16 hex digits."""
    return hashlib.sha256(f"{text}\0{voice}\0{language}".encode("utf-8", "replace")).hexdigest()[
        :_STAMP_CHARS
    ]


@functools.cache
def tone(format: str, seconds: float, loudness: float = 0.1, sounding: float = 1.0) -> bytes:
    """A quiet tone with some noise, about as hard to compress as speech; loudness 0.0 is silence. Behind the
    part of it that is `sounding` there is silence."""
    import numpy as np
    import soundfile

    at = np.arange(int(RATE * seconds)) / RATE
    swing = (1 + np.sin(2 * np.pi * 3 * at)) / 2
    noise = np.random.default_rng(7).standard_normal(len(at))
    samples = loudness * (np.sin(2 * np.pi * 220 * at) * swing + 0.1 * noise)
    samples[int(sounding * len(samples)) :] = 0
    container, codec = _FORMATS[format]
    out = io.BytesIO()
    with soundfile.SoundFile(out, "w", RATE, 1, codec, format=container) as file:
        for start in range(0, len(samples), 65_536):  # libsndfile's Ogg encoders crash on minutes at once
            file.write(samples[start : start + 65_536].astype("f4"))
    return out.getvalue()


def spoken(format: str, chars: int) -> bytes:
    """A tone about as long as speech of that many characters, rounded up to one of a few lengths."""
    wanted = chars * SECONDS_A_CHAR
    lengths = _LONGER_SECONDS if chars >= 60 else _LENGTHS_SECONDS
    return tone(format, next((s for s in lengths if s >= wanted), lengths[-1]))


@functools.cache
def sized(format: str, size: int) -> bytes:
    """A tone of about that many bytes (exact for wav)."""
    if format == "wav":
        return tone(format, max(1, (size - 44) // 2) / RATE)
    first, second = len(tone(format, 1.0)), len(tone(format, 3.0))
    a_second = (second - first) / 2
    return tone(format, max(0.1, 1.0 + (size - first) / a_second))


def stamped(audio: bytes, format: str, stamp: str) -> bytes:
    """The audio with the stamp in its metadata (Ogg: as its serial number)."""
    mark = stamp.encode()
    if format == "mp3":
        frame = b"TXXX" + struct.pack(">IH", len(mark) + 2, 0) + b"\0\0" + mark
        return b"ID3\x03\0\0" + _synchsafe(len(frame)) + frame + audio
    if format == "wav":
        chunk = b"spko" + struct.pack("<I", len(mark)) + mark
        size = struct.unpack_from("<I", audio, 4)[0] + len(chunk)
        return audio[:4] + struct.pack("<I", size) + audio[8:] + chunk
    if format == "flac":  # an application block after the stream info (42 bytes, not the last block)
        block = bytes([2]) + (4 + len(mark)).to_bytes(3, "big") + b"spko" + mark
        return audio[:4] + bytes([audio[4] & 0x7F]) + audio[5:42] + block + audio[42:]
    return ogg.with_serial(audio, int(stamp[:8], 16))


def read_stamp(audio: bytes, format: str) -> str:
    """The stamp of a file; for Ogg and Opus its first 8 digits only."""
    if format in ("ogg", "opus"):
        return f"{struct.unpack_from('<I', audio, 14)[0]:08x}"
    start = {"mp3": 22, "wav": len(audio) - _STAMP_CHARS, "flac": 50}[format]
    return audio[start : start + _STAMP_CHARS].decode("ascii", "replace")


def own(format: str, text: str) -> bytes:
    """A tone of the text's own loudness: no two texts have the same samples."""
    share = int(stamp_of(text)[:6], 16) / 0xFFFFFF
    return tone(format, max(0.5, len(text) * SECONDS_A_CHAR), 0.05 + 0.1 * share)


def garbage(kind: str, format: str) -> bytes:
    """A body that a broken server sends with status 200."""
    if kind == "html":
        return b"<!doctype html><html><head><title>Bad gateway</title></head></html>"
    if kind == "json":
        return b'{"error": {"message": "broken"}}'
    if kind == "empty":
        return b""
    if kind == "silence":
        return tone(format, 2.0, 0.0)
    if kind == "mostly_silent":
        return tone(format, 4.0, sounding=0.05)
    if kind == "short":  # sound, and hardly any
        return tone(format, 0.04)
    if kind == "wrong_format":
        return tone("wav" if format != "wav" else "mp3", 2.0)
    if kind == "long_header":  # a WAV that declares ten minutes
        audio = tone("wav", 1.0)
        return audio[:40] + struct.pack("<I", RATE * 2 * 600) + audio[44:]
    raise ValueError(f"no garbage called {kind!r}")


@functools.cache
def bomb() -> bytes:
    """A gigabyte of zeros, gzipped to a megabyte."""
    deflate = zlib.compressobj(9, wbits=31)
    block = bytes(1 << 24)
    return b"".join([*[deflate.compress(block) for _ in range(64)], deflate.flush()])


def _synchsafe(size: int) -> bytes:
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
