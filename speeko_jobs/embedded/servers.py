"""The embedded servers as one thing that concurrent commands share: the first starts it, the last stops it.

Knows who uses the servers, by two locks (flock, freed by the kernel however a command ends) in
<home>/servers: `users.lock` is held shared by every command that uses the servers; `start.lock` is held
exclusively while servers start or stop, and not in between. Who leaves and gets `users.lock` exclusively
was the last, and stops the servers.

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
import time
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from speeko_jobs.embedded import data_dirs, postgres, redis, server_process
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
    """The embedded servers of one home, in use from `start` to `stop` (or as a context manager)."""

    def __init__(self, home: Path, *, database: bool = True, redis: bool = True) -> None:
        self._folders = data_dirs.at(home)
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
                self._hold()
                sockets = self._ensure(deadline)
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
                if and_stop and _alone(users):
                    self._end()
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
        fcntl.flock(users, fcntl.LOCK_SH)  # at once: exclusive holders hold the start lock too
        self._users, self._pid = users, os.getpid()
        _held.add(users)

    def _end(self) -> None:
        who, sockets = service_user(self._folders.data), self._folders.sockets
        failed = None
        for server in (redis.server, postgres.server):
            try:
                server_process.end(server(self._folders, who, sockets))
            except ServerError as error:
                failed = error
        if failed:
            raise failed
        data_dirs.remove_sockets(self._folders)

    def _urls(self, sockets: Path) -> ServerUrls:
        host = quote(str(sockets))
        database = f"postgresql+psycopg://{postgres.ROLE}@/{postgres.DATABASE}?host={host}"
        redis = f"unix://{host}/redis.sock?db=0"
        return ServerUrls(database if self._database else "", redis if self._redis else "")


def running(home: Path) -> dict[str, int]:
    """The process ids of the servers of this home that run now: "postgres", "redis"."""
    places = data_dirs.at(home)
    found = {name: server_process.pid(places.lock(name)) for name in ("postgres", "redis")}
    return {name: number for name, number in found.items() if number}


class _StartLock:
    """Held while servers start or stop. Waits for it until the deadline."""

    def __init__(self, places: data_dirs.Folders, deadline: float) -> None:
        self._path = places.lock("start")
        self._deadline = deadline
        self._file = -1

    def __enter__(self) -> None:
        self._file = _open(self._path)
        while not _try(self._file, fcntl.LOCK_EX):
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


def _try(file: int, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _alone(users: int) -> bool:
    return _try(users, fcntl.LOCK_EX)


def _no_access(places: data_dirs.Folders, error: OSError) -> str:
    where = error.filename or places.root
    return f"{where}: {error.strerror or error}: make room there, or set SPEEKO_HOME to another folder"
