"""A supervisor's row in the registry of workers: entered at its start, renewed, deleted at its end.

The row says what the nodes of this supervisor serve: they have the same settings. A database that is away
stops no worker: the row lapses, and is entered again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
from collections.abc import Sequence

from speeko_jobs import __version__
from speeko_jobs.adapters.postgres import worker_registry
from speeko_jobs.adapters.postgres.database import Database, Transaction
from speeko_jobs.adapters.postgres.worker_registry import WorkerEntry
from speeko_jobs.errors import SpeekoError
from speeko_jobs.flow import accounts
from speeko_jobs.settings import Settings

RENEW_SECONDS = 5.0
LAPSE_SECONDS = 20.0
FORGET_SECONDS = 3600.0  # a lost worker is listed for so long
log = logging.getLogger(__name__)


class Registration:
    """One row, kept fresh by a thread of its own from `open` to `close`."""

    def __init__(self, settings: Settings, queues: Sequence[str], processes: int) -> None:
        self._database = Database(settings.database_url, name="speeko-registry", pool_size=1)
        self._settings = settings
        self._entry = WorkerEntry(
            socket.gethostname(), os.getpid(), str(settings.home_path), __version__, queues, processes,
            accounts.served(settings),
        )  # fmt: skip
        self._id: int | None = None
        self._is_stopping = False
        self._now, self._closing = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._keep, name="registry", daemon=True)

    def open(self) -> None:
        """Enter the row, if the database answers, and keep it fresh from now on."""
        with contextlib.suppress(SpeekoError):
            if differs := accounts.differing(self._settings, worker_registry.running(self._database)):
                log.warning("%s", differs)
        self._renew()
        self._thread.start()

    def stopping(self) -> None:
        """Let others see that this worker takes no new work."""
        self._is_stopping = True
        self._now.set()

    def close(self) -> None:
        """Delete the row. What cannot be deleted now expires."""
        self._closing.set()
        self._now.set()
        self._thread.join(LAPSE_SECONDS)
        with contextlib.suppress(SpeekoError):
            if self._id is not None:
                row = self._id
                self._database.run(lambda t: worker_registry.leave(t, row))
        self._database.close()

    def _keep(self) -> None:
        while not self._closing.is_set():
            self._now.wait(RENEW_SECONDS)
            self._now.clear()
            if not self._closing.is_set():
                self._renew()

    def _renew(self) -> None:
        try:
            self._id = self._database.run(self._renewed)
        except SpeekoError as error:
            log.info("the registry of workers: %s", error)

    def _renewed(self, t: Transaction) -> int:
        if self._id is not None and worker_registry.seen(
            t, self._id, LAPSE_SECONDS, is_stopping=self._is_stopping
        ):
            return self._id
        worker_registry.forget(t, FORGET_SECONDS)
        return worker_registry.enter(t, self._entry, LAPSE_SECONDS)
