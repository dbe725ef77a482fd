"""Restart embedded servers that die while a command uses them.

Every command that uses the servers of a home runs a keeper, so the servers live while any command does;
the start lock lets one keeper at a time start them. A keeper gives up after repeated failures and keeps
the reason, which `check` raises in the command's own loop. It never stops a server.
"""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType

from speeko_jobs.embedded.servers import EmbeddedServers
from speeko_jobs.errors import ServerError

LOOK_SECONDS = 0.5
STEADY_SECONDS = 60.0  # after so long, earlier failures and restarts do not count any more
PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)  # between starts that fail; after the last it gives up
MAX_RESTARTS = 30  # of servers that start and die, each less than STEADY_SECONDS after the other
log = logging.getLogger(__name__)
_given_up: dict[int, str] = {}  # by keeper: why


def check() -> None:
    """Raise ServerError where a keeper of this process has given up."""
    for reason in list(_given_up.values()):
        raise ServerError(reason)


class Watchdog:
    """Watches a stack in a thread. Use as a context manager; the end of the block ends the watch only."""

    def __init__(self, stack: EmbeddedServers) -> None:
        self._stack = stack
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="keeper", daemon=True)
        self._failures = self._restarts = 0
        self._restarted_at = 0.0

    def __enter__(self) -> Watchdog:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()  # a start that is under way comes to its end first
        _given_up.pop(id(self), None)

    def _watch(self) -> None:
        pause = LOOK_SECONDS
        while not self._ending.wait(pause):
            pause = LOOK_SECONDS
            try:
                dead = self._stack.dead()
            except (OSError, ValueError) as error:  # a lock that cannot be read now
                log.warning("the servers cannot be checked: %s", error)
                continue
            if not dead:
                continue
            if time.monotonic() - self._restarted_at > STEADY_SECONDS:
                self._failures = self._restarts = 0
            names = " and ".join(dead)
            try:
                self._stack.restart()
            except ServerError as error:
                if self._failures == len(PAUSES_SECONDS) or self._ending.is_set():
                    self._give_up(f"{error}: given up after {self._failures + 1} tries to restart {names}")
                    return
                log.warning("%s: trying again", error)
                pause = PAUSES_SECONDS[self._failures]
                self._failures += 1
            else:
                self._failures = 0
                self._restarts += 1
                log.warning("%s ended unexpectedly: restarted", names)
                if self._restarts >= MAX_RESTARTS:
                    self._give_up(f"{names} ended {self._restarts} times: see the logs in {self._stack.logs}")
                    return
            self._restarted_at = time.monotonic()

    def _give_up(self, reason: str) -> None:
        if not self._ending.is_set():
            _given_up[id(self)] = reason
            log.error("%s", reason)
