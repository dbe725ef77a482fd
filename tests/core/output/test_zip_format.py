"""ZIP records: what Python's own reader makes of them, also beyond the limits of 32 and 16 bits."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest

from speeko_jobs.core.output import archive_path
from speeko_jobs.core.output.zip_format import (
    MAX_32,
    ZipEntry,
    central_record,
    end_records,
    local_header,
    zip_time,
)

AT = zip_time(2026, 12, 1, 9, 30, 41)


def archive(files: dict[str, bytes]) -> bytes:
    out, directory = b"", b""
    for name, data in files.items():
        entry = ZipEntry(name, len(data), zlib.crc32(data), len(out), AT)
        out += local_header(entry) + data
        directory += central_record(entry)
    return out + directory + end_records(len(files), len(directory), len(out))


def test_names_bytes_and_times_come_back() -> None:
    files = {"a.mp3": b"one", "b/ü 日本.mp3": b"two", "empty": b""}
    with zipfile.ZipFile(io.BytesIO(archive(files))) as found:
        assert found.testzip() is None
        assert {name: found.read(name) for name in found.namelist()} == files
        info = found.getinfo("a.mp3")
        assert info.date_time == (2026, 12, 1, 9, 30, 40)
        assert info.compress_type == zipfile.ZIP_STORED
        assert info.external_attr >> 16 == 0o100644


def test_more_than_65535_files_need_zip64() -> None:
    directory = b"".join(central_record(ZipEntry(f"{n}", 0, 0, 0, AT)) for n in range(70_000))
    data = directory + end_records(70_000, len(directory), 0)
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert len(found.infolist()) == 70_000


def test_sizes_and_offsets_beyond_four_gib() -> None:
    large = ZipEntry("large.wav", 5 << 30, 7, 9 << 30, AT)
    record = central_record(large)
    data = record + end_records(1, len(record), 0)
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        info = found.getinfo("large.wav")
        assert (info.file_size, info.compress_size, info.header_offset) == (5 << 30, 5 << 30, 9 << 30)
    header = local_header(large)
    assert struct.unpack_from("<2L", header, 18) == (MAX_32, MAX_32)
    assert struct.unpack_from("<2H2Q", header, 30 + len("large.wav")) == (1, 16, 5 << 30, 5 << 30)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("/a/out.zip", True),
        ("out.ZIP", True),
        ("s3://bucket/dir/out.zip?region=eu", True),
        ("s3://bucket/out.zip", True),
        ("s3://out.zip", False),  # a bucket
        ("s3://bucket/out/", False),
        ("/a/.zip", False),
        ("/a/zip", False),
    ],
)
def test_outputs_that_are_one_file(output: str, expected: bool) -> None:
    assert archive_path.is_archive(output) is expected


@pytest.mark.parametrize(
    ("output", "parent", "name"),
    [
        ("/a/b/out.zip", "/a/b", "out.zip"),
        ("/out.zip", "/", "out.zip"),
        ("s3://bucket/dir/out.zip?region=eu", "s3://bucket/dir?region=eu", "out.zip"),
        ("s3://bucket/out.zip", "s3://bucket", "out.zip"),
    ],
)
def test_the_place_of_an_archive(output: str, parent: str, name: str) -> None:
    assert archive_path.split(output) == (parent, name)


def test_archives_of_one_name_are_staged_apart() -> None:
    one, other = (archive_path.staging_url("s3://store?region=eu", f"/{x}/out.zip/") for x in "ab")
    assert one != other
    assert one.startswith("s3://store/zips/out-")
    assert one.endswith("?region=eu")
    assert archive_path.staging_url("/home/audio", "/x/日本.zip/").startswith("/home/audio/zips/")
