"""Byte streams that can be looked into before they are read, and gzip undone on the way.

Knows bytes only. Where they come from is sources' part, what they mean is encoding's.
"""

from __future__ import annotations

import gzip
import tempfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, cast

from speeko_jobs.errors import CatalogError

CHUNK_BYTES = 256 * 1024
UNZIPPED_BYTES = 4 * 1000**3  # of gzip, on the disk
GZIP_MAGIC = b"\x1f\x8b"


class ByteStream:
    """Chunks of bytes as one stream: `peek` looks ahead, `read` answers at most what is asked for.

    `changed`: these are not the source's own bytes, but what was packed in them.
    """

    def __init__(
        self, chunks: Iterator[bytes], close: Callable[[], None] = lambda: None, *, changed: bool = False
    ) -> None:
        self.changed = changed
        self._chunks = chunks
        self._ahead = b""
        self.close = close

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, or all that are left, without taking them."""
        if len(self._ahead) < size:
            parts, have = [self._ahead], len(self._ahead)
            for chunk in self._chunks:
                parts.append(chunk)
                have += len(chunk)
                if have >= size:
                    break
            self._ahead = b"".join(parts)
        return self._ahead[:size]

    def read(self, size: int = CHUNK_BYTES) -> bytes:
        """Between 1 and `size` bytes; b"" at the end."""
        while not self._ahead:
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._ahead = chunk
        if len(self._ahead) <= size:
            data, self._ahead = self._ahead, b""
        else:
            data, self._ahead = self._ahead[:size], self._ahead[size:]
        return data


def unzipped(stream: ByteStream, name: str) -> ByteStream:
    """The stream itself, or what its gzip holds; decided by its first bytes, whatever its name."""
    if stream.peek(2) != GZIP_MAGIC:
        return stream
    return ByteStream(_gunzip(stream, name), stream.close, changed=True)


def _gunzip(stream: ByteStream, name: str) -> Iterator[bytes]:
    reader = gzip.GzipFile(fileobj=cast("IO[bytes]", stream), mode="rb")
    while True:
        try:
            data = reader.read1(CHUNK_BYTES)
        except EOFError:
            raise CatalogError(f"{name}: the gzip data is truncated: download the file again") from None
        except (zlib.error, gzip.BadGzipFile):
            raise CatalogError(f"{name}: the gzip data is corrupt: download the file again") from None
        if not data:
            return
        yield data


def spooled(stream: ByteStream, name: str) -> IO[bytes]:
    """All of the stream in a temporary file without a name, for readers that need to jump about.

    CatalogError where gzip unpacks to more than 4 GB: it may well go on for ever.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever reads it closes it
    size = 0
    try:
        while data := stream.read():
            size += file.write(data)
            if stream.changed and size > UNZIPPED_BYTES:
                raise CatalogError(f"{name}: it unpacks to more than 4 GB: unpack it first")
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file
