"""Stream a ZIP archive: headers, stored files and the central directory, in flat memory.

A file that is not in memory is read twice, first for its checksum. The central directory waits in a temporary
file, so that an archive of a million files needs no more memory than one of ten.
"""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from speeko_jobs.core.output.zip_format import ZipEntry, central_record, end_records, local_header, zip_time
from speeko_jobs.errors import StoreError

BLOCK_BYTES = 1 << 20


class ZipStream:
    """Yield the archive's bytes in order; close it when it is not needed any more.

    `at` becomes the time of each file, so that the same files make the same bytes.
    """

    def __init__(self, at: datetime) -> None:
        at = at.astimezone(UTC)
        self._at = zip_time(at.year, at.month, at.day, at.hour, at.minute, at.second)
        self._directory = tempfile.SpooledTemporaryFile(BLOCK_BYTES)  # noqa: SIM115  # see close
        self._offset = 0
        self.files = 0
        self.directory_bytes = 0  # known at the end

    def __enter__(self) -> ZipStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Delete the temporary file."""
        self._directory.close()

    @property
    def bytes_so_far(self) -> int:
        """Return how long the archive is by now."""
        return self._offset

    def data(self, name: str, data: bytes) -> bytes:
        """Return a file whose bytes are in memory, with its header."""
        whole = self._begin(name, len(data), zlib.crc32(data)) + data
        self._offset += len(data)
        return whole

    def file(self, name: str, read: Callable[[], Iterator[bytes]]) -> Iterator[bytes]:
        """Yield a file in blocks; `read` is called twice. Raise StoreError if it changes meanwhile."""
        size, crc = 0, 0
        for block in read():
            size, crc = size + len(block), zlib.crc32(block, crc)
        yield self._begin(name, size, crc)
        sent, sent_crc = 0, 0
        for block in read():
            sent, sent_crc = sent + len(block), zlib.crc32(block, sent_crc)
            if sent > size:
                break
            yield block
        if (sent, sent_crc) != (size, crc):
            raise StoreError(f"{name} changed while it was read: pack the archive again")
        self._offset += size

    def end(self) -> Iterator[bytes]:
        """Yield the central directory."""
        length = self._directory.tell()
        self._directory.seek(0)
        while block := self._directory.read(BLOCK_BYTES):
            yield block
        end = end_records(self.files, length, self._offset)
        self.directory_bytes = length + len(end)
        yield end

    def _begin(self, name: str, size: int, crc: int) -> bytes:
        entry = ZipEntry(name, size, crc, self._offset, self._at)
        self._directory.write(central_record(entry))
        header = local_header(entry)
        self._offset += len(header)
        self.files += 1
        return header
