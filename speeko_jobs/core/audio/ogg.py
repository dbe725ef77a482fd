"""Ogg pages: walking them, their checksum, and giving a stream a fixed serial number.

Knows the page layout of RFC 3533 and nothing of the codecs inside.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

_HEADER = struct.Struct("<4sBBqIIIB")  # magic, version, flags, granule, serial, sequence, crc, segments
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_CRC_AT = 22
_SERIAL_AT = 14


@dataclass(frozen=True, slots=True)
class OggPage:
    """One page: where it lies in the stream, and what its header says."""

    start: int
    body: int
    end: int
    granule: int  # codec's sample position at the page's end, -1 where no packet ends on it
    first: bool
    last: bool
    crc: int


def pages(data: bytes) -> Iterator[OggPage]:
    """The pages of `data` in order. ValueError where a page does not begin or is cut."""
    at = 0
    while at < len(data):
        if len(data) - at < _HEADER.size:
            raise ValueError("cut inside a page header")
        magic, version, flags, granule, _, _, crc, count = _HEADER.unpack_from(data, at)
        if magic != b"OggS" or version != 0:
            raise ValueError(f"no page where one should begin, at byte {at}")
        body = at + _HEADER.size + count
        end = body + sum(data[at + _HEADER.size : body])
        if end > len(data):
            raise ValueError("cut inside a page")
        yield OggPage(at, body, end, granule, bool(flags & 2), bool(flags & 4), crc)
        at = end


def linked_pages(data: bytes) -> list[list[OggPage]]:
    """The pages of each link of a chain; nearly always one link. ValueError as `pages`.

    A link begins behind a page that is marked as the last, or with a first page behind pages of sound.
    """
    found: list[list[OggPage]] = []
    ended, in_sound = True, False
    for page in pages(data):
        if ended or (page.first and in_sound):
            found.append([])
            in_sound = False
        found[-1].append(page)
        in_sound = in_sound or not page.first
        ended = page.last
    return found


def links(data: bytes) -> Iterator[bytes]:
    """The streams that lie one behind the other; nearly always one. ValueError as `pages`."""
    found = linked_pages(data)
    if len(found) < 2:
        yield data
        return
    for link in found:
        yield data[link[0].start : link[-1].end]


def checksum(page: bytes) -> int:
    """The CRC-32 of a page whose checksum field is zero (polynomial 04c11db7, not reflected).

    zlib's CRC is the same polynomial reflected: the bits of every byte, and of the result, are turned.
    """
    crc = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(crc.to_bytes(4, "little").translate(_REVERSED), "big")


def intact(data: bytes, page: OggPage) -> bool:
    """True where the page's bytes fit its checksum."""
    raw = bytearray(data[page.start : page.end])
    raw[_CRC_AT : _CRC_AT + 4] = b"\0\0\0\0"
    return checksum(bytes(raw)) == page.crc


def with_serial(data: bytes, serial: int) -> bytes:
    """The same stream under another serial number, because encoders draw theirs at random."""
    out = bytearray()
    for page in pages(data):
        raw = bytearray(data[page.start : page.end])
        raw[_SERIAL_AT : _SERIAL_AT + 4] = serial.to_bytes(4, "little")
        raw[_CRC_AT : _CRC_AT + 4] = b"\0\0\0\0"
        raw[_CRC_AT : _CRC_AT + 4] = checksum(bytes(raw)).to_bytes(4, "little")
        out += raw
    return bytes(out)
