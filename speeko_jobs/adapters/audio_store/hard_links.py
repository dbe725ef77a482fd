"""Place files of one folder in another as hard links, or as copies where the disk makes no link."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Collection

from speeko_jobs.adapters.audio_store.dir_handles import CHUNK_BYTES, Directories, same_bytes, write_all
from speeko_jobs.adapters.audio_store.store_errors import OCCUPIED, folder_error

LINK_TRIES = 20

# A link that cannot be made is a copy: another disk, too many links, not our file, no links there at all.
_COPY_INSTEAD = {
    errno.EXDEV, errno.EMLINK, errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS,
}  # fmt: skip


class HardLinks:
    """One batch of hard links; `copies` are staged files for those that could not be linked."""

    def __init__(
        self, theirs: Directories, ours: Directories, their_url: str, new_only: Collection[str]
    ) -> None:
        self.new_only = new_only
        self.theirs = theirs
        self.ours = ours
        self.their_url = their_url
        self.copies: list[tuple[str, str]] = []
        self.same_disk = True

    def place(self, from_path: str, path: str, digest: bytes) -> int | None:
        """Bytes of the file at `from_path`, now also at `path`; None where there is none such."""
        for attempt in range(LINK_TRIES):
            try:
                from_fd, from_name = self.theirs.locate(from_path)
                found = _look(from_fd, from_name, digest)
                if found is None:
                    return None
                if not stat.S_ISREG(found.st_mode):
                    raise OSError(errno.ELOOP, "not a file")
            except FileNotFoundError:
                return None
            except OSError as error:
                raise folder_error(self.their_url, from_path, error) from error
            try:
                linked = self._link(from_fd, from_name, path, found) if self.same_disk else None
                if linked is None:
                    self._copy(from_fd, from_name, path)
                return found.st_size if linked is not False else OCCUPIED
            except FileNotFoundError:  # another process replaced the source between two calls
                if attempt + 1 == LINK_TRIES:
                    raise
        raise AssertionError("unreachable")

    def _link(self, from_fd: int, from_name: str, path: str, original: os.stat_result) -> bool | None:
        """Whether the file has the name now; None where it is to be copied."""
        folder_fd, name = self.ours.locate(path)
        try:
            try:
                os.link(from_name, name, src_dir_fd=from_fd, dst_dir_fd=folder_fd, follow_symlinks=False)
            except FileExistsError:
                there = os.stat(name, dir_fd=folder_fd, follow_symlinks=False)
                if (there.st_dev, there.st_ino) != (original.st_dev, original.st_ino):
                    if path in self.new_only:
                        return self._is_same(from_fd, from_name, folder_fd, name)
                    self._replace(self.ours.link_staged(from_fd, from_name), path)
        except OSError as error:
            if error.errno not in _COPY_INSTEAD:
                raise
            self.same_disk = error.errno == errno.EMLINK
            return None
        self.ours.changed(path)
        return True

    def _is_same(self, from_fd: int, from_name: str, folder_fd: int, name: str) -> bool:
        source = os.open(from_name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=from_fd)
        try:
            return same_bytes(source, folder_fd, name)
        finally:
            os.close(source)

    def _replace(self, temp: str, path: str) -> None:
        try:
            self.ours.publish(temp, path)
        finally:
            self.ours.drop([temp])  # it stays after a rename onto another link of the same file

    def _copy(self, from_fd: int, from_name: str, path: str) -> None:
        source = os.open(from_name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=from_fd)
        try:
            temp, fd = self.ours.stage(None, path)
            self.copies.append((temp, path))
            try:
                while chunk := os.read(source, CHUNK_BYTES):
                    write_all(fd, chunk)
            finally:
                os.close(fd)
        finally:
            os.close(source)


def _look(folder_fd: int, name: str, digest: bytes) -> os.stat_result | None:
    """What a file is; None where it has another SHA-256 than this (b"": it is not looked at)."""
    if not digest:
        return os.stat(name, dir_fd=folder_fd, follow_symlinks=False)
    # not blocking: it may be a pipe
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=folder_fd)
    try:
        found = os.fstat(fd)
        if stat.S_ISREG(found.st_mode):
            digested = hashlib.sha256()
            while data := os.read(fd, found.st_size + 1):
                digested.update(data)
            if digested.digest() != digest:
                return None
        return found
    finally:
        os.close(fd)
