"""Build the records of a ZIP file whose entries are stored, not compressed: audio does not shrink.

Invariant: sizes and CRC-32 of an entry are known before its header, so that every reader can follow the
stream and no data descriptor is needed. ZIP64 records are used where a number does not fit, and only there.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

MAX_32, MAX_16 = 0xFFFFFFFF, 0xFFFF
_UTF8_NAMES: Final = 0x0800
_VERSION, _VERSION_64 = 20, 45
_UNIX: Final = 3 << 8
_FILE_MODE: Final = 0o100644 << 16
_ZIP64_ID: Final = 1
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_END = struct.Struct("<4s4H2LH")


class ZipTime(NamedTuple):
    """A time as ZIP stores it: MS-DOS date and time, with a resolution of two seconds."""

    date: int
    time: int


def zip_time(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> ZipTime:
    """Return the stored form of a time; ZIP knows the years 1980 to 2107."""
    year = min(max(year, 1980), 2107)
    return ZipTime((year - 1980) << 9 | month << 5 | day, hour << 11 | minute << 5 | second // 2)


class ZipEntry(NamedTuple):
    """One file of the archive. `offset` is where its local header begins."""

    name: str
    size: int
    crc: int
    offset: int
    at: ZipTime


def local_header(entry: ZipEntry) -> bytes:
    """Return what stands before the bytes of a file."""
    name, is_large = entry.name.encode("utf-8", "surrogateescape"), entry.size >= MAX_32
    extra = struct.pack("<2H2Q", _ZIP64_ID, 16, entry.size, entry.size) if is_large else b""
    size = MAX_32 if is_large else entry.size
    return (
        _LOCAL.pack(
            b"PK\3\4", _VERSION_64 if is_large else _VERSION, _UTF8_NAMES, 0, entry.at.time, entry.at.date,
            entry.crc, size, size, len(name), len(extra),
        )
        + name
        + extra
    )  # fmt: skip


def central_record(entry: ZipEntry) -> bytes:
    """Return the file's record of the central directory, which stands behind all files."""
    name = entry.name.encode("utf-8", "surrogateescape")
    large = [n for n in (entry.size, entry.size) if entry.size >= MAX_32]
    large += [entry.offset] if entry.offset >= MAX_32 else []
    extra = struct.pack(f"<2H{len(large)}Q", _ZIP64_ID, 8 * len(large), *large) if large else b""
    version = _VERSION_64 if large else _VERSION
    size, offset = min(entry.size, MAX_32), min(entry.offset, MAX_32)
    return (
        _CENTRAL.pack(
            b"PK\1\2", _UNIX | version, version, _UTF8_NAMES, 0, entry.at.time, entry.at.date, entry.crc,
            size, size, len(name), len(extra), 0, 0, 0, _FILE_MODE, offset,
        )
        + name
        + extra
    )  # fmt: skip


def end_records(count: int, directory_size: int, directory_offset: int) -> bytes:
    """Return what ends an archive of so many files, whose central directory is so long and begins there."""
    end_64 = b""
    if count >= MAX_16 or directory_size >= MAX_32 or directory_offset >= MAX_32:
        end_64 = _END_64.pack(
            b"PK\6\6", _END_64.size - 12, _UNIX | _VERSION_64, _VERSION_64, 0, 0, count, count,
            directory_size, directory_offset,
        )  # fmt: skip
        end_64 += _LOCATOR_64.pack(b"PK\6\7", 0, directory_offset + directory_size, 1)
    few = min(count, MAX_16)
    size, offset = min(directory_size, MAX_32), min(directory_offset, MAX_32)
    return end_64 + _END.pack(b"PK\5\6", 0, 0, few, few, size, offset, 0)
