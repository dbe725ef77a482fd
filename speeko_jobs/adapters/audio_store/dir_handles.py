"""Folders below a root, held open for one batch of files.

Every folder is opened by name from its parent's handle and symbolic links are refused, so no path leads
out of the root. Files are written under a staging folder and renamed into place when they are durable.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import itertools
import os
import secrets
import stat
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from speeko_jobs import system_resources
from speeko_jobs.adapters.audio_store.store_errors import STAGING
from speeko_jobs.core.output.content_type import is_audio

OPEN_FOLDERS = 16  # handles kept at a time
TIGHT_FILES, TIGHT_FOLDERS = 256, 2  # below such a ulimit -n, others need the handles more
CHUNK_BYTES = 1 << 20
FEW = 4  # up to so many, an fsync each costs less than one syncfs of a busy disk
STAGING_TRIES = 50
COMPARED_BYTES = 1 << 20
NO_LINKS = (errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
ORPHAN_SECONDS = 24 * 3600  # older staged files were left by a process that was killed

T = TypeVar("T")

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CREATE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Directories:
    """The open folders of one batch. `at` is the path at work, for messages."""

    def __init__(self, root: str, *, make: bool) -> None:
        self.at = ""
        self._make = make
        self._open: OrderedDict[str, int] = OrderedDict()
        self._keep = TIGHT_FOLDERS if system_resources.max_open_files() < TIGHT_FILES else OPEN_FOLDERS
        self._changed: set[str] = set()  # folders whose entries are not durable yet
        self._staged = False
        self._temp_names = map(f"{os.getpid()}-{secrets.token_hex(8)}-{{}}".format, itertools.count())
        try:
            self.root_fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            if not make:
                raise
            Path(root).mkdir(parents=True, exist_ok=True)
            self.root_fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            _fsync_path(Path(root).parent)

    def close(self) -> None:
        if self._staged:
            self._leave_staging()
        for fd in self._open.values():
            os.close(fd)
        os.close(self.root_fd)

    def locate(self, path: str) -> tuple[int, str]:
        """The handle of the path's folder, and the name in it. Makes folders if this batch may."""
        self.at = path
        folder, _, name = path.rpartition("/")
        return self._fd(folder), name

    def stage(self, data: bytes | None, path: str, *, sync: bool = False) -> tuple[str, int]:
        """A new staged file for `path`: its name there and its handle, open unless `data` was written.

        Audio is made read-only: a delivered file may be a hard link of the paid original, and an edit
        in place would damage that.
        """
        self.at = path
        temp, mode = next(self._temp_names), 0o444 if is_audio(path) else 0o666

        def create() -> int:
            return self._opened(lambda: os.open(temp, _CREATE_FLAGS, mode, dir_fd=self._fd(STAGING)))

        fd = self._in_staging(create)
        if data is None:
            return temp, fd
        try:
            write_all(fd, data)
            if sync:
                os.fsync(fd)
        except BaseException:
            self.drop([temp])
            raise
        finally:
            os.close(fd)
        return temp, -1

    def link_staged(self, source_fd: int, source_name: str) -> str:
        """A staged hard link of a file; its name there."""
        temp = next(self._temp_names)

        def create() -> None:
            os.link(
                source_name,
                temp,
                src_dir_fd=source_fd,
                dst_dir_fd=self._fd(STAGING),
                follow_symlinks=False,
            )

        self._in_staging(create)
        return temp

    def publish(self, temp: str, path: str) -> None:
        """Give a staged file its final name, in place of what had it. Durable after `sync_folders`."""
        folder_fd, name = self.locate(path)
        os.rename(temp, name, src_dir_fd=self._fd(STAGING), dst_dir_fd=folder_fd)
        self.changed(path)

    def publish_new(self, temp: str, path: str) -> bool:
        """Give a staged file its final name if nothing has it; whether that was so. Durable after
        `sync_folders`."""
        folder_fd, name = self.locate(path)
        try:
            os.link(temp, name, src_dir_fd=self._fd(STAGING), dst_dir_fd=folder_fd, follow_symlinks=False)
        except FileExistsError:
            return self._is_same(temp, folder_fd, name)
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            if _exists(folder_fd, name):
                return self._is_same(temp, folder_fd, name)
            os.rename(temp, name, src_dir_fd=self._fd(STAGING), dst_dir_fd=folder_fd)
        else:
            self.drop([temp])
        self.changed(path)
        return True

    def _is_same(self, temp: str, folder_fd: int, name: str) -> bool:
        """Whether the file that has the name holds the staged one's bytes; the staged one is dropped."""
        fd = os.open(temp, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._fd(STAGING))
        try:
            return same_bytes(fd, folder_fd, name)
        finally:
            os.close(fd)
            self.drop([temp])

    def publish_all(self, staged: Sequence[tuple[str, str]], *, synced: bool) -> None:
        """Publish (staged name, path) pairs, their bytes first made durable unless `synced`."""
        if staged and not synced:
            self.sync_disk()
        for temp, path in staged:
            self.publish(temp, path)

    def move(self, path: str, to_path: str) -> None:
        """Rename a file, in place of what has the name; nothing where it is gone. See `sync_folders`."""
        folder_fd, name = self.locate(to_path)
        from_fd, from_name = self.locate(path)
        try:
            os.rename(from_name, name, src_dir_fd=from_fd, dst_dir_fd=folder_fd)
        except FileNotFoundError:
            return  # another process was first
        self.changed(path)
        self.changed(to_path)

    def drop(self, temps: Sequence[str]) -> None:
        for temp in temps:
            try:
                os.unlink(temp, dir_fd=self._fd(STAGING))
            except OSError:
                continue  # published already, or the disk fails: the sweep of orphans comes later

    def changed(self, path: str) -> None:
        self._changed.add(path.rpartition("/")[0])

    def sync_folders(self) -> None:
        """Make every rename, link and new folder of this batch durable."""
        if len(self._changed) > FEW and syncfs() is not None:
            self.sync_disk()
        else:
            for folder in self._changed:
                _fsync_folder(self._fd(folder))
        self._changed.clear()

    def sync_disk(self) -> None:
        """Make all that was written so far durable: one call for many files."""
        call = syncfs()
        if call is not None:
            call(self.root_fd)
            return
        with os.scandir(self._fd(STAGING)) as entries:
            for entry in entries:
                fd = os.open(entry.name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=self._fd(STAGING))
                try:
                    os.fsync(fd)
                finally:
                    os.close(fd)

    def _fd(self, folder: str) -> int:
        if not folder:
            return self.root_fd
        fd = self._open.get(folder)
        if fd is not None:
            self._open.move_to_end(folder)
            return fd
        parent, _, name = folder.rpartition("/")

        def enter() -> int:
            return os.open(name, _FOLDER_FLAGS, dir_fd=self._fd(parent))

        try:
            fd = self._opened(enter)
        except FileNotFoundError:
            if not self._make:
                raise
            try:
                os.mkdir(name, dir_fd=self._fd(parent))
            except FileExistsError:
                pass  # another process was first
            else:
                if folder != STAGING:
                    self._changed.add(parent)
            fd = self._opened(enter)
        self._open[folder] = fd
        if len(self._open) > self._keep:
            os.close(self._open.popitem(last=False)[1])
        return fd

    def _opened(self, attempt: Callable[[], int]) -> int:
        """Open, after closing kept folders where the process may open no more files."""
        for _ in range(OPEN_FOLDERS):
            try:
                return attempt()
            except OSError as error:
                if error.errno not in (errno.EMFILE, errno.ENFILE) or not self._open:
                    raise
                os.close(self._open.popitem(last=False)[1])
        return attempt()

    def _in_staging(self, create: Callable[[], T]) -> T:
        """Run `create`, again where another process has just removed the empty staging folder."""
        self._staged = True
        for _ in range(STAGING_TRIES):
            try:
                return create()
            except FileNotFoundError:
                fd = self._open.pop(STAGING, None)
                if fd is not None:
                    os.close(fd)
        return create()

    def _leave_staging(self) -> None:
        """Remove the staging folder if it is empty, else what killed processes left in it."""
        try:
            os.rmdir(STAGING, dir_fd=self.root_fd)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                return
        try:
            fd = self._fd(STAGING)
            # The disk's own clock: this batch has just changed the folder. A worker's clock may be days off.
            now = os.fstat(fd).st_ctime
            for name in os.listdir(fd):  # noqa: PTH208  # a handle, not a path
                # ctime, not mtime: a staged link has the mtime of its original
                if now - os.stat(name, dir_fd=fd, follow_symlinks=False).st_ctime > ORPHAN_SECONDS:
                    os.unlink(name, dir_fd=fd)
        except OSError:
            return  # others are at work there too


def same_bytes(fd: int, folder_fd: int, name: str) -> bool:
    """Return whether a regular file of that name holds the bytes of the open one."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        other = os.open(name, flags, dir_fd=folder_fd)
    except OSError:  # a symbolic link, a folder, a file that this user may not read: not ours
        return False
    try:
        mine, theirs = os.fstat(fd), os.fstat(other)
        if not stat.S_ISREG(theirs.st_mode) or mine.st_size != theirs.st_size:
            return False
        os.lseek(fd, 0, os.SEEK_SET)
        while data := os.read(fd, COMPARED_BYTES):
            if data != _read_whole(other, len(data)):
                return False
        return True
    finally:
        os.close(other)


def _read_whole(fd: int, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := os.read(fd, size - len(data))):
        data += more
    return data


def _exists(folder_fd: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder_fd, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


@functools.cache
def syncfs() -> Callable[[int], None] | None:
    """Linux's syncfs(2), which writes a whole file system out and reports its errors; else None."""
    try:
        function = ctypes.CDLL(None, use_errno=True).syncfs
    except (OSError, AttributeError):
        return None

    def call(fd: int) -> None:
        if function(fd) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    return call


def _fsync_path(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _fsync_folder(fd)
    finally:
        os.close(fd)


def _fsync_folder(fd: int) -> None:
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network disks sync files only
            raise
