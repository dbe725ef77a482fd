"""The embedded servers as one thing that concurrent commands share: the first starts it, the last stops it.

Knows who uses the servers, by two locks (flock, freed by the kernel however a command ends) in
<home>/servers: `users.lock` is held shared by every command that uses the servers; `start.lock` is held
exclusively while servers start or stop, and not in between. Who leaves and gets `users.lock` exclusively
was the last, and stops the servers.

With `linger_seconds` the last command leaves the servers to a process in the background (idle_shutdown.py),
which stops them when no command has used them for so long. The modification time of `users.lock` is the time
of the last use. A command of another version or of changed code stops what lingers and starts its own.

A command that is killed leaves the servers running; the next command joins them, and stops them when it
leaves as the last. A server that is killed is started again, with its data, by the keepers of the commands
that use it (server_restart.py), or by the next command.

Forks (a prefork pool): the parent holds the shared lock, and a child's copy of it is the same lock. The
child's `stop` does nothing. A parent that stops gives up the lock for its children too; where a parent
is killed, its children go on holding it until the last has ended, so the servers stay for them.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from speeko_jobs.embedded import data_dirs, postgres, redis, server_process
from speeko_jobs.embedded.background_process import BackgroundProcess, code_fingerprint
from speeko_jobs.embedded.service_user import service_user
from speeko_jobs.errors import ServerError

START_SECONDS = 60.0
_POLL_SECONDS = 0.01


_held: set[int] = set()


def held_locks() -> tuple[int, ...]:
    """Descriptors of the users' locks that this process holds. Who inherits them uses the servers too: for
    a program that has to outlive this process for a while (subprocess' pass_fds)."""
    return tuple(_held)


@dataclass(frozen=True)
class ServerUrls:
    """Where the servers are: Postgres for SQLAlchemy with psycopg 3, Redis in redis-py's form.

    Empty for a server that was not asked for.
    """

    database_url: str
    redis_url: str


class EmbeddedServers:
    """The embedded servers of one home, in use from `start` to `stop` (or as a context manager).

    `linger_seconds`: how long they stay after the last command. 0 stops what lingers, too; None leaves it as
    it is, and the last user stops the servers only where nothing keeps them.
    """

    def __init__(
        self,
        home: Path,
        *,
        database: bool = True,
        redis: bool = True,
        linger_seconds: float | None = None,
    ) -> None:
        self._folders = data_dirs.at(home)
        self._linger_seconds = linger_seconds
        self._database = database
        self._redis = redis
        self._users: int | None = None
        self._pid = 0

    def start(self) -> ServerUrls:
        """Start what does not run, wait until it answers, and hold it. Again: starts what has died since.

        ServerError with one line: a server cannot start, or does not answer within a minute (it may be
        recovering from a crash: it goes on, and the next command meets it).
        """
        deadline = time.monotonic() + START_SECONDS
        data_dirs.make_root(self._folders)
        try:
            with _StartLock(self._folders, deadline):
                if self._linger_seconds is not None:
                    self._retire_differing()
                self._hold()
                sockets = self._ensure(deadline)
                self._linger()
        except BaseException as error:
            with suppress(ServerError):
                self._leave(and_stop=not isinstance(error, server_process.NotYet))
            if isinstance(error, OSError):
                raise ServerError(_no_access(self._folders, error)) from None
            raise
        return self._urls(sockets)

    def dead(self) -> list[str]:
        """Return the names of our servers whose main process is gone; [] in a stack that was stopped."""
        if self._users is None or self._pid != os.getpid():
            return []
        wanted = {"Postgres": self._database, "Redis": self._redis}
        return [
            name
            for name, used in wanted.items()
            if used and not server_process.is_alive(self._folders.lock(name.lower()))
        ]

    def restart(self) -> None:
        """Start again what has died; a user of the servers also when that fails. ServerError as `start`."""
        deadline = time.monotonic() + START_SECONDS
        try:
            data_dirs.make_root(self._folders)
            with _StartLock(self._folders, deadline):
                if self._users is not None:
                    self._ensure(deadline)
        except OSError as error:
            raise ServerError(_no_access(self._folders, error)) from None

    @property
    def logs(self) -> Path:
        return self._folders.root

    def _retire_differing(self) -> None:
        """Stop servers that linger from another version. Those that a command uses are joined as they are."""
        lingering = lingering_process(self._folders.home)
        state = lingering.state()
        if state is None or (self._linger_seconds and state.fingerprint == code_fingerprint()):
            return
        users = _open(self._folders.lock("users"))
        try:
            if _alone(users):
                lingering.end(number=signal.SIGKILL)  # on SIGTERM it would wait for the start lock, ours
                _end(self._folders)
        finally:
            os.close(users)

    def _linger(self) -> None:
        """Start the process that keeps the servers after the last command."""
        if not self._linger_seconds:
            return
        lingering = lingering_process(self._folders.home)
        if not lingering.is_alive():
            arguments = (str(self._folders.home), f"{self._linger_seconds:g}", code_fingerprint())
            lingering.start((sys.executable, "-m", lingering.module, *arguments))

    def _ensure(self, deadline: float) -> Path:
        """Start our servers where they do not run; return their sockets' folder when they answer."""
        who = service_user(self._folders.data)
        sockets = data_dirs.make_sockets(self._folders, who)
        if self._database:
            server_process.ensure(postgres.server(self._folders, who, sockets), who, deadline)
        if self._redis:
            server_process.ensure(redis.server(self._folders, who, sockets), who, deadline)
        return sockets

    def stop(self) -> None:
        """Leave the servers, and stop them if nobody else uses them. Does nothing the second time, or in
        a process that was forked from the one that started."""
        self._leave(and_stop=True)

    def _leave(self, *, and_stop: bool) -> None:
        if self._users is None or self._pid != os.getpid():
            return
        users, self._users = self._users, None
        _held.discard(users)
        try:
            with _StartLock(self._folders, time.monotonic() + START_SECONDS):
                self._touch(users)
                if and_stop and _alone(users):
                    lingering = lingering_process(self._folders.home)
                    if self._linger_seconds == 0:
                        lingering.end(number=signal.SIGKILL)
                    if not lingering.is_alive():
                        _end(self._folders)
        except FileNotFoundError as error:  # somebody removed the home under us
            raise ServerError(f"{error.filename}: gone; servers of this home may still run") from None
        finally:
            fcntl.flock(users, fcntl.LOCK_UN)  # for the copies in forked children too
            os.close(users)

    def __enter__(self) -> ServerUrls:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(ServerError) if error else nullcontext():  # never hide why we leave
            self.stop()

    def _hold(self) -> None:
        if self._users is not None and self._pid == os.getpid():
            return
        users = _open(self._folders.lock("users"))
        fcntl.flock(users, fcntl.LOCK_SH)  # at once: exclusive holders hold the start lock, or look only
        self._touch(users)
        self._users, self._pid = users, os.getpid()
        _held.add(users)

    def _touch(self, users: int) -> None:
        """Note the time of the last use, for commands only: idle workers use the servers, too."""
        if self._linger_seconds is not None:
            os.utime(users)

    def _urls(self, sockets: Path) -> ServerUrls:
        urls = _urls_of(sockets)
        return ServerUrls(urls.database_url if self._database else "", urls.redis_url if self._redis else "")


def running(home: Path) -> dict[str, int]:
    """The process ids of the servers of this home that run now: "postgres", "redis"."""
    places = data_dirs.at(home)
    found = {name: server_process.pid(places.lock(name)) for name in ("postgres", "redis")}
    return {name: number for name, number in found.items() if number}


def _urls_of(sockets: Path) -> ServerUrls:
    host = quote(str(sockets))
    database = f"postgresql+psycopg://{postgres.ROLE}@/{postgres.DATABASE}?host={host}"
    return ServerUrls(database, f"unix://{host}/redis.sock?db=0")


def urls_of(home: Path) -> ServerUrls:
    """Return where the embedded servers of this home are, whether they run or not."""
    return _urls_of(data_dirs.at(home).sockets)


def lingering_process(home: Path) -> BackgroundProcess:
    """Return the process that keeps the servers of this home after the last command."""
    return BackgroundProcess(data_dirs.at(home), "linger", "speeko_jobs.embedded.idle_shutdown")


def is_used(home: Path) -> bool:
    """Return whether a command uses the servers now. OSError where the home is gone."""
    users = _open(data_dirs.at(home).lock("users"))
    try:
        return not _alone(users)
    finally:
        os.close(users)


def last_use(home: Path) -> float:
    """Return the Unix time at which a command joined or left last. OSError where the home is gone."""
    return data_dirs.at(home).lock("users").stat().st_mtime


def stop_unused(home: Path, and_then: Callable[[], None] = lambda: None) -> bool:
    """Stop the servers unless a command uses them, and call `and_then` before another may start them.

    Return whether they are stopped. Raises ServerError where one does not end.
    """
    folders = data_dirs.at(home)
    with _StartLock(folders, time.monotonic() + START_SECONDS):
        users = _open(folders.lock("users"))
        try:
            if not _alone(users):
                return False
            _end(folders)
            and_then()
        finally:
            os.close(users)
    return True


class _StartLock:
    """Held while servers start or stop. Waits for it until the deadline."""

    def __init__(self, places: data_dirs.Folders, deadline: float) -> None:
        self._path = places.lock("start")
        self._deadline = deadline
        self._file = -1

    def __enter__(self) -> None:
        self._file = _open(self._path)
        while not try_lock(self._file, fcntl.LOCK_EX):
            if time.monotonic() > self._deadline:
                os.close(self._file)
                raise ServerError(
                    f"another speeko command has been starting or stopping the servers for a minute "
                    f"({self._path}): try again when it is done"
                )
            time.sleep(_POLL_SECONDS)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)
        os.close(self._file)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)


def try_lock(file: int, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _end(folders: data_dirs.Folders) -> None:
    """End the servers. The caller holds the start lock."""
    who, sockets = service_user(folders.data), folders.sockets
    failed = None
    for server in (redis.server, postgres.server):
        try:
            server_process.end(server(folders, who, sockets))
        except ServerError as error:
            failed = error
    if failed:
        raise failed
    data_dirs.remove_sockets(folders)


def _alone(users: int) -> bool:
    return try_lock(users, fcntl.LOCK_EX)


def _no_access(places: data_dirs.Folders, error: OSError) -> str:
    where = error.filename or places.root
    return f"{where}: {error.strerror or error}: make room there, or set SPEEKO_HOME to another folder"
