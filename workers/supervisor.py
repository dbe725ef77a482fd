"""Workers as processes that come back: Celery nodes started, watched, restarted and stopped in good order.

One node synthesizes (its tasks are long and use the event loop), one delivers and does control work, so
that audio is delivered while calls go on. The supervisor also asks for a sweep every 15 seconds, so that
workers without a beat recover too.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from speeko_jobs import private_files
from speeko_jobs.adapters.celery_queue.queue import CONTROL, DELIVER, QUEUES, SWEEP_SECONDS, SYNTHESIZE, Queue
from speeko_jobs.core.model.suggestions import suggestion
from speeko_jobs.embedded.servers import held_locks
from speeko_jobs.errors import ConfigError, ServerError
from speeko_jobs.settings import Settings
from speeko_workers.registration import Registration

READY_SECONDS = 60.0
STOP_SECONDS = 330.0  # a task may take its hard limit to finish what it has begun
RESTART_SECONDS = (0.2, 1.0, 5.0, 15.0)  # pauses between restarts of a node that keeps dying
STEADY_SECONDS = 60.0
LOGS = ("files", "stderr")
LOCK = private_files.WORKERS_LOCK
log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class CeleryNode:
    """One Celery worker to run: its queues and how many processes it forks."""

    name: str
    queues: tuple[str, ...]
    processes: int


def nodes(settings: Settings, queues: tuple[str, ...] = QUEUES) -> list[CeleryNode]:
    """The nodes for these queues on this machine."""
    unknown = sorted(set(queues) - set(QUEUES))
    if unknown:
        near = suggestion(unknown[0], QUEUES)
        raise ConfigError(f"there is no queue {unknown[0]!r}{near}: {', '.join(QUEUES)}")
    processes = settings.workers or min(os.cpu_count() or 1, 4)
    found = []
    if SYNTHESIZE in queues:
        found.append(CeleryNode("synthesize", (SYNTHESIZE,), processes))
    rest = tuple(queue for queue in (DELIVER, CONTROL) if queue in queues)
    if rest:
        found.append(CeleryNode("deliver" if DELIVER in rest else "control", rest, max(1, min(2, processes))))
    return found


def at_work(home: Path) -> bool:
    """Whether workers of this home run: a lock tells, which the kernel frees however they end."""
    return private_files.is_locked(home / LOCK)


def environment(settings: Settings) -> dict[str, str]:
    """This process's environment with all settings in it: nothing secret goes into arguments."""
    out = dict(os.environ)
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        out[f"SPEEKO_{field.name.upper()}"] = str(value)  # "" too: what is not set here is not set there
    for name in [name for name in out if name.startswith("SPEEKO_ACCOUNT_")]:
        del out[name]  # they are in `accounts`
    out["PYTHONUNBUFFERED"] = "1"
    out["SPEEKO_SUPERVISED"] = "1"
    out.pop("SPEEKO_CONFIG", None)  # all of it is in the environment now
    return out


class Supervisor:
    """Runs nodes until `stop`. Use as a context manager; `wait_ready` returns when they take work."""

    def __init__(self, settings: Settings, wanted: list[CeleryNode], *, beat: bool = False) -> None:
        self._settings = settings
        self._nodes = wanted
        self._beat = beat
        self._environment = environment(settings)
        self._stopping = threading.Event()
        self._ready: dict[str, threading.Event] = {node.name: threading.Event() for node in wanted}
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._logs: Path = settings.home_path / "logs"
        self._at_work: IO[bytes] | None = None
        self._registration: Registration | None = None
        if settings.logs not in LOGS:
            raise ConfigError(f"logs is one of {', '.join(LOGS)}, not {settings.logs!r}")

    def __enter__(self) -> Supervisor:
        private_files.folder(self._logs)
        self._at_work = private_files.append(self._settings.home_path / LOCK)
        fcntl.flock(self._at_work, fcntl.LOCK_SH)
        queues = [queue for node in self._nodes for queue in node.queues]
        self._registration = Registration(self._settings, queues, sum(n.processes for n in self._nodes))
        self._registration.open()
        for node in self._nodes:
            self._start(node.name, self._watch, node.name, worker_command(node), self._ready[node.name])
        if self._beat:
            schedule = self._settings.home_path / "beat-schedule"
            self._start("beat", self._watch, "beat", _beat_command(schedule), threading.Event())
        else:
            self._start("sweeper", self._ask_for_sweeps)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait until every node takes work. ServerError, with the log's place, when one does not."""
        end = time.monotonic() + seconds
        for name, ready in self._ready.items():
            if not ready.wait(max(end - time.monotonic(), 0)):
                raise ServerError(f"the {name} worker did not start in {seconds:g} s: see {self._log(name)}")

    def stop(self) -> None:
        """Warm stop: no new task, what is begun is finished, then the processes end."""
        self._stopping.set()
        if self._registration is not None:
            self._registration.stopping()
        with self._lock:
            running = list(self._running.values())
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        end = time.monotonic() + STOP_SECONDS
        for process in running:
            try:
                process.wait(max(end - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                log.warning("a worker did not stop in %g s and is killed", STOP_SECONDS)
                process.kill()
        for thread in self._threads:
            thread.join(5)
        if self._registration is not None:
            self._registration.close()
            self._registration = None
        if self._at_work is not None:
            self._at_work.close()

    def kill(self) -> None:
        """Kill the nodes with their children at once. For a home that was removed."""
        self._stopping.set()
        for pid in self.pids().values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)

    def pids(self) -> dict[str, int]:
        """The node processes that run now, by name."""
        with self._lock:
            return {name: p.pid for name, p in self._running.items() if p.poll() is None}

    def _log(self, name: str) -> Path | str:
        return "its log on stderr" if self._settings.logs == "stderr" else self._logs / f"worker-{name}.log"

    def _open_log(self, name: str) -> IO[bytes]:
        path = self._log(name)
        return private_files.append(path) if isinstance(path, Path) else os.fdopen(os.dup(2), "wb", 0)

    def _start(self, name: str, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, name=f"watch-{name}", daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _watch(self, name: str, command: list[str], ready: threading.Event) -> None:
        """Run one node, and again when it ends before it should."""
        failures = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            with self._open_log(name) as log_file:
                process = self._spawn(name, command, self._environment, log_file)
                if process is None:
                    return
                assert process.stdin is not None
                assert process.stdout is not None
                with process.stdin, process.stdout as said:
                    for line in said:
                        if line.startswith("ready "):
                            ready.set()
                code = process.wait()
            if self._stopping.is_set():
                return
            ready.clear()
            failures = 0 if time.monotonic() - started > STEADY_SECONDS else failures + 1
            pause = RESTART_SECONDS[min(failures, len(RESTART_SECONDS) - 1)]
            log.warning("the %s worker ended (%s) and starts again: see %s", name, code, self._log(name))
            self._stopping.wait(pause)

    def _spawn(
        self, name: str, command: list[str], environ: Mapping[str, str], log_file: IO[bytes]
    ) -> subprocess.Popen[str] | None:
        with self._lock:
            if self._stopping.is_set():
                return None
            assert self._at_work is not None
            process = subprocess.Popen(
                command,
                env=dict(environ),
                cwd=self._logs,  # Celery imports from the current folder first
                stdin=subprocess.PIPE,  # its end tells the worker that we are gone
                stdout=subprocess.PIPE,
                stderr=log_file,
                text=True,
                errors="replace",
                # while it finishes its work after our death, the servers stay, and others know of it
                pass_fds=(*held_locks(), self._at_work.fileno()),
                start_new_session=True,  # the terminal's Ctrl-C is ours to handle
            )
            self._running[name] = process
            return process

    def _ask_for_sweeps(self) -> None:
        queue = Queue(self._settings.queue_url)
        while not self._stopping.wait(SWEEP_SECONDS):
            try:
                queue.sweep()
                queue.tick()
            except Exception as error:  # whatever a broker says while it starts again: the next time
                log.warning("no sweep was asked for: %s", type(error).__name__)
        queue.close()


def worker_command(node: CeleryNode) -> list[str]:
    """The command line of one node. Settings are not in it: see `environment`."""
    host = f"{node.name}-{os.getpid()}@{socket.gethostname()}"
    return [
        *(sys.executable, "-m", "speeko_workers.celery_node"),
        *("--queues", ",".join(node.queues), "--concurrency", str(node.processes), "--hostname", host),
    ]


def _beat_command(schedule: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "celery", "-A", "speeko_workers.app", "--quiet", "beat"),
        *("--schedule", str(schedule), "--pidfile", "", "--loglevel", "INFO"),
    ]
