"""Keep the embedded servers for some minutes after the last command, then stop them.

A program, run by `EmbeddedServers` through daemonize.py: `python -m speeko_jobs.embedded.idle_shutdown HOME
SECONDS FINGERPRINT`. It imports little and uses no server. Its lock <home>/servers/linger.lock
tells commands that it lives: the last command to leave then leaves the servers to it.

It stops the servers under the start lock when no command has held `users.lock` for SECONDS, at once on
SIGTERM, and when the home was removed. It frees its own lock before the start lock, so that a command that
waits for the start lock never counts on a process that is about to end.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

from speeko_jobs.embedded import servers
from speeko_jobs.embedded.background_process import StatePublisher, free_own_lock, handle_end
from speeko_jobs.embedded.removed_home import RunningServers
from speeko_jobs.errors import ServerError

LOOK_SECONDS = 0.5


class IdleShutdown:
    """Watch whether the servers of a home are used, and stop them in time."""

    def __init__(self, home: Path, seconds: float, fingerprint: str) -> None:
        self._home, self._seconds = home, seconds
        self._files = servers.lingering_process(home)
        self._root = _identity(self._files.folders.root)
        self._stopping = threading.Event()
        self._used = self._used_at = self._last = 0.0
        self._state = StatePublisher(self._files, fingerprint)
        self._running = RunningServers(home)

    def stop(self, *_: object) -> None:
        """Have `run` stop the servers now, where no command uses them."""
        self._stopping.set()

    def run(self) -> None:
        """Return when the servers are stopped, or on SIGTERM left to the commands that use them."""
        self._used, self._used_at = time.monotonic(), time.time()
        while True:
            if self._root is None or _identity(self._files.folders.root) != self._root:
                self._running.kill()
                return
            try:
                if self._look():
                    return
            except OSError:  # the home is being removed, or cannot be read now
                if self._stopping.is_set():
                    return
            self._stopping.wait(LOOK_SECONDS)

    def _look(self) -> bool:
        """Stop the servers where it is time; return whether this process is no longer needed."""
        self._running.look()
        last, in_use = servers.last_use(self._home), servers.is_used(self._home)
        if last != self._last:
            self._used, self._used_at, self._last = time.monotonic(), time.time(), last
        is_idle = not in_use and time.monotonic() - self._used >= self._seconds
        if is_idle or self._stopping.is_set():
            return servers.stop_unused(self._home, and_then=free_own_lock) or self._stopping.is_set()
        self._state.publish(0.0 if in_use else self._used_at + self._seconds)
        return False


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def main(arguments: list[str]) -> int:
    """Keep the servers of the home that the arguments name; the exit code."""
    home, seconds, fingerprint = arguments
    watch = IdleShutdown(Path(home), float(seconds), fingerprint)
    handle_end(watch.stop)
    try:
        watch.run()
    except ServerError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
