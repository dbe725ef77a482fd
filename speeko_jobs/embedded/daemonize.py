"""Run one program apart from whoever asked for it: under a lock, in a log file, as another user.

A script of its own, run as `python -I -S daemonize.py serve|run LOCK LOG CWD UID GID PROGRAM ARGS...`, so
that nothing of the caller (threads, file descriptors, environment, terminal) reaches the program.
It knows nothing of Postgres, of Redis, or of the rest of this package, and imports the standard library only.

The lock (flock on LOCK, exclusive) is handed down to the program and to its children on purpose: the
kernel frees it when the last of them is gone, however they ended. It is the proof of life that a
process id, which may be another's by now, is not. The program's process id is the file's content. Its
variable LOCK_DESCRIPTOR says which descriptor holds the lock, for a program that frees it early.

`serve` returns at once and leaves the program an orphan (so that it is never anybody's zombie).
`run` becomes the program: standard input and the exit code are the program's.
Exit 75: the lock is taken. Exit 70: log or lock cannot be opened (the reason is on standard error).

UID "-" keeps the user. Otherwise (root only) the program runs as UID and GID, without other groups, and
keeps one single right of root where the kernel grants it: to pass through folders that are closed to
others (CAP_DAC_READ_SEARCH, or CAP_DAC_OVERRIDE in containers that lack it). A home or a Python below
/root then works without opening /root to anybody. access(2), by which Postgres looks for its own programs,
ignores that right unless the securebit no_setuid_fixup is set; to set it takes CAP_SETPCAP.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
from typing import Any

LOCKED = 75
NOT_OPENED = 70
_GRACE_SECONDS = 1.0  # who only looks at a lock holds it for a moment too
_DAC_OVERRIDE, _DAC_READ_SEARCH = 1, 2
_PR_SET_KEEPCAPS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 8, 47, 2
_PR_GET_SECUREBITS, _PR_SET_SECUREBITS, _NO_SETUID_FIXUP = 27, 28, 1 << 2
_CAPABILITY_VERSION_3 = 0x20080522


def hold(path: str) -> int | None:
    """Lock `path` for this process and all that comes of it; None: somebody else holds it."""
    held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    end = time.monotonic() + _GRACE_SECONDS
    while True:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                os.close(held)
                return None
            time.sleep(0.005)
        else:
            os.set_inheritable(held, True)
            return held


def become(uid: int, gid: int) -> None:
    """Change from root to another user for good, keeping the way through closed folders if possible."""
    keep = _keepable()
    if keep is not None:
        _libc().prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
        _keep_over_uids()
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if keep is not None:
        _keep_only(keep)


def _become(uid: int, gid: int, out: int) -> None:
    try:
        become(uid, gid)
    except OSError as error:
        hint = "run as an ordinary user, since Postgres does not run as root"
        os.write(out, f"FATAL: root cannot become user {uid} here ({error.strerror}): {hint}\n".encode())
        os._exit(126)


def _libc() -> Any:
    import ctypes

    return ctypes.CDLL(None, use_errno=True)


def _capabilities() -> tuple[Any, Any]:
    """Header and data of capget(2): data is (effective, permitted, inheritable), low words first."""
    import ctypes

    return (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()


def _keepable() -> int | None:
    if sys.platform != "linux":
        return None
    header, data = _capabilities()
    if _libc().capget(header, data) != 0:
        return None
    return next((c for c in (_DAC_READ_SEARCH, _DAC_OVERRIDE) if data[1] & (1 << c)), None)


def _keep_over_uids() -> None:
    """Have the kernel leave capabilities alone where a user id changes; where it refuses, go on without."""
    libc = _libc()
    bits = libc.prctl(_PR_GET_SECUREBITS, 0, 0, 0, 0)
    if bits >= 0:
        libc.prctl(_PR_SET_SECUREBITS, bits | _NO_SETUID_FIXUP, 0, 0, 0)


def _keep_only(capability: int) -> None:
    """Drop all capabilities but one. OSError where the kernel refuses: nothing runs with more."""
    import ctypes

    header, data = _capabilities()
    data[0] = data[1] = data[2] = 1 << capability
    if _libc().capset(header, data) != 0:
        raise OSError(ctypes.get_errno(), "its rights cannot be dropped")
    _libc().prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0)


def main(argv: list[str]) -> int:
    mode, lock, log, cwd, uid, gid, *command = argv
    os.umask(0o077)
    try:
        held = hold(lock)
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        sys.stderr.write(f"{error.filename}: {error.strerror}")
        return NOT_OPENED
    if held is None:
        return LOCKED
    if mode == "serve":
        if os.fork():
            return 0
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    try:
        os.ftruncate(held, 0)
        os.pwrite(held, b"%d\n" % os.getpid(), 0)
        os.dup2(out, 1)
        os.dup2(out, 2)
        if uid != "-":
            _become(int(uid), int(gid), out)
        os.chdir(cwd)
        environ = os.environ | {"LOCK_DESCRIPTOR": str(held)}
        os.execve(command[0], command, environ)  # noqa: S606 - no shell is the point
    except OSError as error:
        os.write(out, f"FATAL: cannot run {command[0]}: {error}\n".encode(errors="replace"))
        os._exit(127)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
