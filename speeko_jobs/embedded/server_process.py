"""The life of one embedded server: start it, wait until it answers, see that it lives, end it.

Knows processes, locks, logs and deadlines; what a server is called, how it is run and when it is ready
is told by a `Server`. Whether a server lives is read from its lock, which the server and all its
children hold (see daemonize.py): a process id alone may be another program's by now. Before a signal is
sent, the process behind the id must be the server's program with one of its marks in its command line
(its working folder would say as much, but root in a container may not read that of another user).
"""

from __future__ import annotations

import fcntl
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from speeko_jobs.embedded import daemonize
from speeko_jobs.embedded.service_user import ServiceUser
from speeko_jobs.errors import ServerError

LOG_MAX_BYTES = 4 << 20
_POLL_SECONDS = 0.01
_ANSWER_SECONDS = 1.0
_LAUNCH_SECONDS = 30.0
_STUCK_SECONDS = 3.0  # a server that holds its lock, but has no socket or no main process, for so long
_UNREACHABLE = ("was not found", "ermission denied", "could not locate my own executable")
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR")  # never keys, never PG* settings


class NotYet(ServerError):
    """The server runs and does not answer yet: crash recovery may take minutes, and must not start over."""


@dataclass(frozen=True)
class Server:
    """What there is to know of one server to keep it running. `name` is for people."""

    name: str
    folder: Path
    lock: Path
    log: Path
    socket: Path
    command: tuple[str, ...]
    marks: tuple[str, ...]  # in the command line of each of its processes is one of these
    ready: Callable[[], bool]
    prepare: Callable[[float], None]  # called with a deadline, when no process of the server is left
    ends: tuple[tuple[signal.Signals, float], ...]  # signals to end it, each with the seconds it may take


def pid(lock: Path) -> int | None:
    """The process id of the server that holds this lock, None when no process of it is left."""
    try:
        file = os.open(lock, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(os.read(file, 32) or 0)
    finally:
        os.close(file)
    return None


def is_alive(lock: Path) -> bool:
    """Whether the server that holds this lock still has its main process."""
    try:
        found = pid(lock)
        if found is None:
            return False
        if found > 0:  # 0: it is being started
            os.kill(found, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, ValueError):
        return True
    return True


def answer(path: Path, question: bytes) -> bytes:
    """The first bytes that whoever listens on this socket answers; nothing when nobody does in a second.

    To be accepted is not enough: the kernel accepts for a server that is dying or hangs.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_ANSWER_SECONDS)
        try:
            connection.connect(str(path))
            connection.sendall(question)
            return connection.recv(64)
        except OSError:
            return b""


def ensure(server: Server, who: ServiceUser, deadline: float) -> None:
    """Return when the server answers, after starting it if need be. For one caller at a time.

    deadline: of time.monotonic(). ServerError with one line and the log's path: it cannot start. NotYet:
    it does not answer in time, and goes on.
    """
    if _join(server, deadline):
        return
    server.prepare(deadline)
    log_start = _turn_log(server.log)
    code, said = _detach("serve", server, who, server.folder, server.command, "", _LAUNCH_SECONDS)
    if code:
        raise ServerError(f"{server.name} cannot be started: {said or f'exit code {code}'}")
    while not server.ready():
        if pid(server.lock) is None:
            reason = _closed(server, who, _reason(server.log, log_start))
            raise ServerError(f"{server.name} did not start: {reason}; log: {server.log}")
        _wait(server, deadline)


def run(server: Server, who: ServiceUser, program: str, *args: str, feed: str = "", deadline: float) -> None:
    """Run a program to its end in the server's place: under its lock, as its user, into its log."""
    log_start = _turn_log(server.log)
    seconds = max(deadline - time.monotonic(), 0.1)
    code, said = _detach("run", server, who, server.folder.parent, (program, *args), feed, seconds)
    if code:
        reason = said or _closed(server, who, _reason(server.log, log_start))
        raise ServerError(f"{server.name} cannot be set up: {reason}; log: {server.log}")


def end(server: Server) -> None:
    """End the server and wait until its last process is gone. Does nothing when none is left."""
    for number, seconds in server.ends:
        found = pid(server.lock)
        if found is None:
            return
        if is_of(server, found):
            _send(found, number)
        else:
            for process in _leftovers(server):
                _send(process, signal.SIGKILL)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if pid(server.lock) is None:
                return
            time.sleep(_POLL_SECONDS)
    raise ServerError(f"{server.name} (process {pid(server.lock)}) does not end; log: {server.log}")


def kill(server: Server, process: int) -> None:
    """End a server whose home was removed: nothing can be kept. `process` is its main process."""
    for number in (signal.SIGQUIT, signal.SIGKILL):
        until = time.monotonic() + _STUCK_SECONDS
        while is_of(server, process) and time.monotonic() < until:
            _send(process, number)
            time.sleep(_POLL_SECONDS * 10)
    for left in _leftovers(server):
        _send(left, signal.SIGKILL)


def _join(server: Server, deadline: float) -> bool:
    """Wait for a living server to answer (True) or to be gone (False)."""
    whole_at = time.monotonic()
    while (found := pid(server.lock)) is not None:
        if server.ready():
            return True
        if server.socket.exists() and is_of(server, found):
            whole_at = time.monotonic()
        elif time.monotonic() - whole_at > _STUCK_SECONDS:
            whole_at = time.monotonic()
            if is_of(server, found) or _leftovers(server):  # else the lock's holder still sets it up
                end(server)
        _wait(server, deadline)
    return False


def _wait(server: Server, deadline: float) -> None:
    if time.monotonic() > deadline:
        raise NotYet(
            f"{server.name} runs but does not answer yet, perhaps it recovers from a crash: "
            f"try again in a minute; log: {server.log}"
        )
    time.sleep(_POLL_SECONDS)


def _detach(
    mode: str,
    server: Server,
    who: ServiceUser,
    cwd: Path,
    command: tuple[str, ...],
    feed: str,
    seconds: float,
) -> tuple[int, str]:
    """Run daemonize.py; its exit code and what it said before it was the program."""
    uid, gid = (str(who.uid), str(who.gid)) if who.switch else ("-", "-")
    start = [sys.executable, "-I", "-S", daemonize.__file__, mode]
    try:
        done = subprocess.run(
            [*start, str(server.lock), str(server.log), str(cwd), uid, gid, *command],
            input=feed,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            start_new_session=True,  # out of reach of the terminal's Ctrl-C
            cwd="/",
            env={name: os.environ[name] for name in _PASSED_ON if name in os.environ} | {"LC_ALL": "C"},
        )
    except subprocess.TimeoutExpired:
        raise ServerError(f"{server.name} is not set up after {seconds:.0f} s; log: {server.log}") from None
    return done.returncode, done.stderr.strip()


def _send(process: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(process, number)


def is_of(server: Server, process: int) -> bool:
    """Whether this process is one of the server's."""
    import psutil

    if process <= 0:
        return False
    try:
        found = psutil.Process(process)
        if found.name() != Path(server.command[0]).name:
            return False
        line = " ".join(found.cmdline())
    except psutil.Error:
        return False
    return any(mark in line for mark in server.marks)


def _leftovers(server: Server) -> list[int]:
    """All processes of this server, found without the help of its main process, which was killed."""
    import psutil

    return [process for process in psutil.pids() if is_of(server, process)]


def _turn_log(log: Path) -> int:
    """Keep one older log. Returns where the new lines will begin, in bytes."""
    size = log.stat().st_size if log.exists() else 0
    if size <= LOG_MAX_BYTES:
        return size
    log.replace(log.with_suffix(".log.1"))
    return 0


def _closed(server: Server, who: ServiceUser, reason: str) -> str:
    """The folder that keeps the server's user from its program or data; else the reason as it is.

    Programs tell this badly: initdb then says that the server's program "was not found".
    """
    if not who.switch or not any(words in reason for words in _UNREACHABLE):
        return reason
    for path in (Path(server.command[0]), server.folder):
        for folder in reversed(path.parents):
            with suppress(OSError):
                found = folder.stat()
                own = (found.st_uid == who.uid) * stat.S_IXUSR | (found.st_gid == who.gid) * stat.S_IXGRP
                if not found.st_mode & (own | stat.S_IXOTH):
                    return (
                        f"it runs as user {who.uid}, who may not enter {folder}, and root may not let it here"
                        " (CAP_SETPCAP is missing): run this as an ordinary user, or put it where others may"
                        f" enter, or set SPEEKO_{'DATABASE' if server.name == 'Postgres' else 'REDIS'}_URL"
                    )
    return reason


def _reason(log: Path, start: int) -> str:
    """The line that says why, out of what was logged since `start`; else the last one."""
    try:
        with log.open("rb") as file:
            file.seek(start)
            text = file.read(64 << 10).decode(errors="replace")
    except OSError as error:
        return f"its log cannot be read ({error.strerror})"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines:
        if "No space left" in line:
            return re.sub(r".*?(?=[A-Z]{5}: )", "", line, count=1)
    words = (
        "PANIC:",
        "FATAL:",
        "FATAL",
        "initdb: error:",
        "Bad file format",
        "Can't",
        "Failed",
        "Unexpected end of file",
    )
    for word in words:
        for line in lines:
            if word in line:
                return line[line.index(word) :]
    return lines[-1].split(" # ", 1)[-1] if lines else "it said nothing"
