"""The workers that a command needs: those that answer elsewhere, or its own for as long as it runs.

Knows how to start, look after and leave them. What they do is the flow's business.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from types import FrameType, TracebackType
from typing import NoReturn

from speeko_cli.output.console import busy, note
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.errors import ServerError
from speeko_jobs.flow import accounts
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.reporting import fleet_queries, job_queries
from speeko_workers import supervisor
from speeko_workers.idle_workers import IdleWorkers, can_linger

LOOK_SECONDS = 5.0  # a job that does not move for so long: does anybody work?
LATE_SECONDS = 45.0
PATIENCE_SECONDS = 20.0
DRAIN_LOOK_SECONDS = 0.1


class LocalWorkers:
    """Starts workers unless some answer. Use as a context manager; the end of the block is a warm stop."""

    def __init__(self, context: Context, spec: JobSpec, *, alone: bool) -> None:
        """`alone`: nobody else can be at work here, so that nobody has to be asked."""
        self._context, self._spec = context, spec
        self._alone = alone
        self._lingers = can_linger(context.settings)
        self._own: supervisor.Supervisor | None = None
        self._idle: IdleWorkers | None = None
        self._started = self._looked = time.monotonic()

    def __enter__(self) -> LocalWorkers:
        self._find_workers()
        return self

    def _find_workers(self) -> None:
        """Use workers that stay after commands, or others that respond, or start some."""
        idle = IdleWorkers(self._context.settings)
        if not self._lingers:
            idle.retire()
        elif (self._alone or idle.is_alive()) and self._join(idle):
            return
        if not self._alone and self._is_served():
            return
        if not (self._lingers and self._join(idle)):
            self._start()

    def _join(self, idle: IdleWorkers) -> bool:
        accounts.require_held(self._context.settings, self._spec)
        if not idle.join(start=True):
            return False
        self._idle, self._started = idle, time.monotonic()
        return True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def is_own(self) -> bool:
        return self._own is not None

    @property
    def has_our_settings(self) -> bool:
        """Return whether the workers run with the settings of this command: its own, or those that stay."""
        return self._own is not None or self._idle is not None

    def stop(self) -> None:
        """Let our own workers finish what they have begun, and end them; leave those that stay. Does nothing
        the second time."""
        idle, self._idle = self._idle, None
        if idle is not None:
            idle.leave()
        own, self._own = self._own, None
        if own is not None:
            with _LeftAtOnce(own), busy("finishing the calls in flight"):
                own.stop()

    def look(self, idle_seconds: float) -> None:
        """Called while a job runs: does something where it has not moved for long.

        Starts workers when the others have left; raises ServerError when our own do not come up.
        """
        now = time.monotonic()
        if idle_seconds < LOOK_SECONDS or now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        if self._idle is not None:
            self._look_at_idle(now - self._started > LATE_SECONDS and idle_seconds > LATE_SECONDS)
        elif self._own is None:
            if not self._is_served():
                note("speeko: no worker that holds the job's account responds; starting local workers")
                self._start()
        elif now - self._started > LATE_SECONDS and idle_seconds > LATE_SECONDS:
            self._own.wait_ready(PATIENCE_SECONDS)

    def drain(self, job: int) -> None:
        """Wait until workers that stay have finished the calls in flight of a paused job."""
        if self._idle is None:
            return
        until = time.monotonic() + supervisor.STOP_SECONDS
        with busy("finishing the calls in flight"):
            while job_queries.progress(self._context, job).in_flight and time.monotonic() < until:
                time.sleep(DRAIN_LOOK_SECONDS)

    def _look_at_idle(self, is_late: bool) -> None:
        assert self._idle is not None
        if not self._idle.is_alive():
            note("speeko: the workers ended unexpectedly; starting them again")
            self._idle.leave()
            self._idle = None
            self._find_workers()
        elif is_late and not self._is_served():
            logs = self._context.settings.home_path / "logs"
            raise ServerError(f"the workers do not respond: see the logs in {logs}")

    def _is_served(self) -> bool:
        """Return whether workers answer, and one of them holds an account of this job."""
        if not fleet_queries.workers_answer(self._context):
            return False
        return not accounts.no_worker_serves(self._context.database, self._spec)

    def _start(self) -> None:
        settings = self._context.settings
        accounts.require_held(settings, self._spec)
        own = supervisor.Supervisor(settings, supervisor.nodes(settings))
        self._own, self._started = own, time.monotonic()
        own.__enter__()


class _LeftAtOnce:
    """While workers stop: a second Ctrl-C leaves them to it and ends this command at once."""

    def __init__(self, own: supervisor.Supervisor) -> None:
        self._pids = list(own.pids().values())
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._leave)

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type]

    def _leave(self, _: int, __: FrameType | None) -> NoReturn:
        """Workers end by themselves, and the servers stay for them: nothing paid for is lost."""
        for pid in self._pids:
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                continue
        os.write(sys.stderr.fileno(), b"\x1b[?25h" if sys.stderr.isatty() else b"")
        os.write(sys.stderr.fileno(), b"\nspeeko: left at once; calls in flight end in the background\n")
        os._exit(130)
