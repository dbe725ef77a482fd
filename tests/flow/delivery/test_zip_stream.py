"""A stream of many files is a whole archive, and takes no more memory than one of few."""

from __future__ import annotations

import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from speeko_jobs.errors import StoreError
from speeko_jobs.flow.delivery.zip_stream import ZipStream

AT = datetime(2026, 12, 1, tzinfo=UTC)
FILES = 100_000


def peak_bytes(files: int, path: Path) -> int:
    """Write an archive; the most memory that this took."""
    tracemalloc.start()
    try:
        with ZipStream(AT) as archive, path.open("wb") as out:
            for n in range(files):
                out.write(archive.data(f"folder/{n}.mp3", b"%d" % n))
            for block in archive.end():
                out.write(block)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_hundred_thousand_files_in_flat_memory(tmp_path: Path) -> None:
    peak = peak_bytes(FILES, tmp_path / "many.zip")
    assert peak < 8 << 20
    with zipfile.ZipFile(tmp_path / "many.zip") as found:
        assert len(found.infolist()) == FILES
        for n in (0, 65_535, FILES - 1):
            assert found.read(f"folder/{n}.mp3") == b"%d" % n


def test_a_file_that_changes_while_it_is_read_is_refused() -> None:
    versions = iter([b"one", b"other"])

    def read() -> Iterator[bytes]:
        yield next(versions)

    with ZipStream(AT) as archive, pytest.raises(StoreError, match="changed while it was read"):
        list(archive.file("a.mp3", read))
