"""Where the embedded servers live below the home, whose the files are, and where the sockets go.

Everything is below <home>/servers, a folder of mode 0700 that belongs to the user who runs the command:
data, logs, locks and sockets. No folder that was there before is changed, neither owner nor mode.

Where root starts the servers, their user (service_user.py) owns the data folders and the socket folder and
nothing else. <home>/servers stays root's and closed, so no other process of that user gets near the data or
the sockets; the servers themselves pass through closed folders by one capability (daemonize.py).

A Unix socket's path holds about 100 bytes. Where <home>/servers/sockets is short and plain (and its file
system can hold sockets) it is a folder; else it is a link to a new private folder in the temporary
folder. Commands follow the link, so they meet whatever their TMPDIR or XDG_RUNTIME_DIR are, and a name
that cannot be foreseen cannot be taken by somebody else.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import socket
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from speeko_jobs.embedded.service_user import ServiceUser
from speeko_jobs.errors import ServerError

_SOCKETS_MAX_BYTES = 80  # macOS takes 103 for the whole path, Linux 107; "/.s.PGSQL.5432" is the longest name
_PLAIN = re.compile(r"[A-Za-z0-9/._-]+")


@dataclass(frozen=True)
class Folders:
    """The places below a home. Creates nothing."""

    home: Path

    @property
    def root(self) -> Path:
        return self.home / "servers"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def redis(self) -> Path:
        return self.root / "redis"

    @property
    def data(self) -> tuple[Path, Path]:
        """The data folders of both servers."""
        return self.postgres, self.redis

    @property
    def sockets(self) -> Path:
        """The folder itself, behind the link if there is one."""
        path = self.root / "sockets"
        return path.readlink() if path.is_symlink() else path

    def lock(self, name: str) -> Path:
        return self.root / f"{name}.lock"

    def log(self, name: str) -> Path:
        return self.root / f"{name}.log"


def at(home: Path) -> Folders:
    """The folders of a home, the same for each way to spell it."""
    return Folders(Path(os.path.realpath(home)))


def make_root(folders: Folders) -> None:
    """Make <home>/servers, private, or see that it is ours. ServerError with one line if not."""
    root = folders.root
    try:
        folders.home.parent.mkdir(parents=True, exist_ok=True)
        for path in (folders.home, root):
            with suppress(FileExistsError):
                path.mkdir(mode=0o700)
        found = root.lstat()
    except OSError as error:
        raise ServerError(
            f"{folders.home}: cannot hold the servers' data ({error.strerror}): "
            "set SPEEKO_HOME to a folder that you can write to"
        ) from None
    if not stat.S_ISDIR(found.st_mode):
        raise ServerError(f"{root}: not a folder: move it away, or set SPEEKO_HOME to another folder")
    if found.st_uid != os.geteuid():
        raise ServerError(
            f"{root}: belongs to {_user(found.st_uid)}, and you are {_user(os.geteuid())}: "
            "run this as that user, or set SPEEKO_HOME to a folder of your own"
        )


def make_data(path: Path, who: ServiceUser) -> None:
    """Make a private data folder that belongs to the servers' user."""
    path.mkdir(mode=0o700, exist_ok=True)
    if who.switch:
        os.chown(path, who.uid, who.gid)


def make_sockets(folders: Folders, who: ServiceUser) -> Path:
    """The private folder for sockets, made anew where it is missing or is not ours (any more)."""
    path = folders.root / "sockets"
    if _short_and_plain(path) and not path.is_symlink():
        fresh = not path.exists()
        make_data(path, who)
        if not fresh or _holds_sockets(path):
            return path
    if path.is_symlink():
        target = path.readlink()
        if _private(target.parent, os.geteuid()) and _private(target, who.uid):
            return target
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)
    target = _temporary(who)
    path.symlink_to(target)
    return target


def remove_sockets(folders: Folders) -> None:
    """Leave nothing in the temporary folder. For when no server runs."""
    path = folders.root / "sockets"
    if path.is_symlink():
        remove_temporary(path.readlink())
        path.unlink(missing_ok=True)


def remove_temporary(sockets: Path) -> None:
    """Remove a folder for sockets that was made in the temporary folder."""
    shutil.rmtree(sockets.parent, ignore_errors=True)


def _temporary(who: ServiceUser) -> Path:
    """A folder for the servers' user inside a private one of ours: that user's other processes stay out."""
    for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 - a TMPDIR may be too long for a socket
        if _short_and_plain(Path(os.path.realpath(parent), "speeko-12345678", "s")):
            target = Path(tempfile.mkdtemp(prefix="speeko-", dir=os.path.realpath(parent)), "s")
            make_data(target, who)
            return target
    raise ServerError("no temporary folder has a path short enough for sockets: set TMPDIR to a short one")


def _private(path: Path, uid: int) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == uid and not found.st_mode & 0o077


def _short_and_plain(path: Path) -> bool:
    return len(os.fsencode(path)) <= _SOCKETS_MAX_BYTES and _PLAIN.fullmatch(str(path)) is not None


def _holds_sockets(folder: Path) -> bool:
    """Some network and container file systems refuse sockets."""
    path = folder / "probe"
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.bind(str(path))
    except OSError:
        return False
    finally:
        path.unlink(missing_ok=True)
    return True


def _user(uid: int) -> str:
    try:
        return f"{pwd.getpwuid(uid).pw_name!r}"
    except KeyError:
        return f"user {uid}"
