"""Workers that stay for some minutes after the last command: start, join and retire them.

A program, run by `IdleWorkers` through daemonize.py with the settings in its environment: `python -m
speeko_workers.idle_workers`. It supervises the nodes of `speeko worker` on the embedded servers of a home and
ends, warm, when no command has used the workers and no job has been active for `linger_seconds`, on SIGTERM,
and when the home was removed. A chunk that arrives meanwhile is work as for any worker.

A command uses the workers while it holds <home>/servers/workers-use.lock shared. Idle workers end, and a
command retires workers of other settings, only with that lock exclusive: a command that got the lock and then
sees the process alive can count on it. The process frees its own lock before that one.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from speeko_jobs.embedded import data_dirs
from speeko_jobs.embedded.background_process import (
    BackgroundProcess,
    StatePublisher,
    code_fingerprint,
    free_own_lock,
    handle_end,
)
from speeko_jobs.embedded.servers import try_lock, urls_of
from speeko_jobs.errors import SpeekoError
from speeko_jobs.settings import Settings

if TYPE_CHECKING:
    from speeko_jobs.adapters.postgres.database import Database

LOOK_SECONDS = 0.5
JOBS_SECONDS = 2.0
RETIRE_SECONDS = 30.0
# what a job's spec or the command itself takes from the settings; workers do not
OF_COMMANDS = frozenset((
    "output", "model", "voice", "language", "format", "speed", "reuse", "price_per_million", "tenant",
    "max_concurrency", "calls_per_minute", "chars_per_minute", "give_up_after", "webhook", "chunk_rows",
    "log_level", "log_format", "linger_seconds", "database_url", "redis_url",
))  # fmt: skip


def idle_workers(home: Path) -> BackgroundProcess:
    """Return the workers of this home that stay after the last command."""
    return BackgroundProcess(data_dirs.at(home), "workers", "speeko_workers.idle_workers")


def are_used(home: Path) -> bool:
    """Return whether a command uses the workers that stay."""
    try:
        use = os.open(_use_lock(idle_workers(home)), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not try_lock(use, fcntl.LOCK_EX)
    finally:
        os.close(use)


def can_linger(settings: Settings) -> bool:
    """Return whether workers stay: on embedded servers only, since others' servers have others' jobs."""
    urls = urls_of(settings.home_path)
    is_embedded = (settings.database_url, settings.queue_url) == (urls.database_url, urls.redis_url)
    return is_embedded and settings.linger_seconds > 0


def fingerprint(settings: Settings) -> str:
    """Return a hash of the version, the code, and the settings and accounts that workers have."""
    import dataclasses

    said = [
        f"{field.name}={getattr(settings, field.name)}"
        for field in dataclasses.fields(settings)
        if field.name not in OF_COMMANDS
    ]
    return hashlib.sha256("\0".join([code_fingerprint(), *said]).encode()).hexdigest()[:16]


class IdleWorkers:
    """A command's use of the workers that stay. `join` before work is sent, `leave` after."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process = idle_workers(settings.home_path)
        self._fingerprint = fingerprint(settings)
        self._use = -1

    def join(self, *, start: bool) -> bool:
        """Use the workers that run, or start them where none does; return whether they are ours to use.

        Workers of other settings are retired where they are idle; where they are at work the answer is False.
        """
        self._use = os.open(_use_lock(self._process), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if try_lock(self._use, fcntl.LOCK_EX):
            state = self._process.state()
            if state is not None and state.fingerprint != self._fingerprint and state.until:
                self._process.end(RETIRE_SECONDS)
            if start and not self._process.is_alive():
                self._start()
        fcntl.flock(self._use, fcntl.LOCK_SH)
        if self._is_ours():
            os.utime(self._use)
            return True
        self.leave()
        return False

    def retire(self) -> None:
        """End the workers that stay, where no command and no job uses them."""
        if not self._process.is_alive():
            return
        use = os.open(_use_lock(self._process), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            state = self._process.state()
            if try_lock(use, fcntl.LOCK_EX) and state is not None and state.until:
                self._process.end(RETIRE_SECONDS)
        finally:
            os.close(use)

    def is_alive(self) -> bool:
        """Return whether the workers still run."""
        return self._process.is_alive()

    def leave(self) -> None:
        """Use the workers no longer. Does nothing the second time."""
        use, self._use = self._use, -1
        if use >= 0:
            with contextlib.suppress(OSError):
                os.utime(use)
            os.close(use)

    def _is_ours(self) -> bool:
        """Return whether the process that lives has our settings; it may just have been started."""
        until = time.monotonic() + RETIRE_SECONDS
        while self._process.is_alive() and time.monotonic() < until:
            if state := self._process.state():
                return state.fingerprint == self._fingerprint
            time.sleep(0.01)
        return False

    def _start(self) -> None:
        from speeko_workers.supervisor import environment

        environ = environment(self._settings) | {"SPEEKO_IDLE_FINGERPRINT": self._fingerprint}
        self._process.start((sys.executable, "-m", self._process.module), environ)


def _use_lock(process: BackgroundProcess) -> Path:
    return process.folders.lock("workers-use")


class IdleSupervisor:
    """The process itself: a supervisor that ends when its workers are idle."""

    def __init__(self, settings: Settings, mark: str) -> None:
        self._settings = settings
        self._process = idle_workers(settings.home_path)
        self._use = os.open(_use_lock(self._process), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._stopping = threading.Event()
        self._state = StatePublisher(self._process, mark)
        self._used = time.time()

    def stop(self, *_: object) -> None:
        """End warm, also where commands use the workers."""
        self._stopping.set()

    def run(self) -> None:
        """Supervise the workers until they are idle for long enough."""
        from speeko_jobs.adapters.postgres.database import Database as Opened
        from speeko_jobs.embedded.server_restart import Watchdog
        from speeko_jobs.embedded.servers import EmbeddedServers
        from speeko_workers.supervisor import Supervisor, nodes

        self._state.publish(0.0)
        local = EmbeddedServers(self._settings.home_path)
        local.start()
        database = Opened(self._settings.database_url, name="speeko-idle", pool_size=1)
        try:
            with Watchdog(local), Supervisor(self._settings, nodes(self._settings)) as own:
                if not self._wait(database):
                    own.kill()
                self._state.publish(0.0)
                free_own_lock()  # before the use lock: a command that waits for that one starts new workers
                fcntl.flock(self._use, fcntl.LOCK_UN)
        finally:
            database.close()
            local.stop()

    def _wait(self, database: Database) -> bool:
        """Return when the workers are to end, with the use lock held if they are idle; False if the home is
        gone: nothing that they do is kept."""
        root = self._process.folders.root.stat().st_ino
        looked, active = 0.0, True
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                if self._process.folders.root.stat().st_ino != root:
                    return False
                touched = _use_lock(self._process).stat().st_mtime
            except OSError:
                return False
            if time.monotonic() - looked > JOBS_SECONDS:
                looked, active = time.monotonic(), _has_active_jobs(database)
            if try_lock(self._use, fcntl.LOCK_EX):
                idle_since = max(self._used, touched)
                if not active and time.time() - idle_since >= self._settings.linger_seconds:
                    return True
                fcntl.flock(self._use, fcntl.LOCK_UN)
            else:
                active = True
            if active:
                self._used = time.time()
            self._state.publish(0.0 if active else max(self._used, touched) + self._settings.linger_seconds)
        return True


def _has_active_jobs(database: Database) -> bool:
    """Return whether a job is active; True where the database does not say."""
    from speeko_jobs.adapters.postgres import jobs

    try:
        return jobs.any_active(database)
    except SpeekoError:
        return True


def main() -> int:
    """Supervise idle workers, with the settings of the environment; the exit code."""
    from speeko_jobs import settings as speeko_settings

    watch = IdleSupervisor(speeko_settings.load(), os.environ.pop("SPEEKO_IDLE_FINGERPRINT", ""))
    handle_end(watch.stop)
    try:
        watch.run()
    except SpeekoError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
