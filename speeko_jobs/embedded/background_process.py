"""A process of a home that stays in the background: its lock, its state file, its start and its end.

The lock (see daemonize.py) is the proof that the process lives; the state file says what it is and until
when it stays. The state is information for screens and for commands that compare fingerprints: a stale file
without the lock means nothing. The process holds no terminal and no descriptor of the command that starts
it. Knows nothing of what such a process does.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from speeko_jobs import __version__
from speeko_jobs.embedded import daemonize, server_process
from speeko_jobs.embedded.data_dirs import Folders
from speeko_jobs.errors import ServerError

START_SECONDS = 30.0
END_SECONDS = 10.0
_POLL_SECONDS = 0.01
# never keys, never PG* settings; a lingering process of another home or user starts with the same
PASSED_ON = (
    *("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR", "HOME", "LANG", "LC_ALL", "TZ"),
    *("PYTHONPATH", "VIRTUAL_ENV"),
)


@dataclass(frozen=True)
class BackgroundState:
    """What a background process says of itself. `until`: Unix time of its end if nothing uses it, else 0."""

    pid: int
    version: str
    fingerprint: str
    until: float = 0.0


@dataclass(frozen=True)
class BackgroundProcess:
    """One background process of a home; its files are <home>/servers/NAME.lock, .json and .log."""

    folders: Folders
    name: str
    module: str  # what Python runs; it is part of the command line

    @property
    def lock(self) -> Path:
        return self.folders.lock(self.name)

    @property
    def log(self) -> Path:
        return self.folders.log(self.name)

    @property
    def _state(self) -> Path:
        return self.folders.root / f"{self.name}.json"

    def is_alive(self) -> bool:
        """Return whether a process holds the lock."""
        return self.pid() is not None

    def pid(self) -> int | None:
        """Return the id of the process that holds the lock, 0 while it starts, None where there is none."""
        try:
            return server_process.pid(self.lock)
        except ValueError:  # it is being written
            return 0

    def state(self) -> BackgroundState | None:
        """Return what the living process says of itself; None where none lives or it has said nothing yet."""
        pid = self.pid()
        if not pid:
            return None
        try:
            said = BackgroundState(**json.loads(self._state.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return said if said.pid == pid else None

    def publish(self, state: BackgroundState) -> None:
        """Write the state, whole or not at all. OSError where the home is gone."""
        new = self._state.with_suffix(".json.new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(state), file)
        new.replace(self._state)

    def start(self, command: Sequence[str], environ: Mapping[str, str] | None = None) -> None:
        """Start the process unless it lives; return when it holds the lock. Raises ServerError."""
        if environ is None:
            environ = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        # SIGTERM waits until the program has its handler, see `handle_end`; the mask passes to it
        before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM,))
        start = (sys.executable, "-I", "-S", daemonize.__file__, "serve", str(self.lock), str(self.log))
        try:
            done = subprocess.run(
                [*start, "/", "-", "-", *command],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=START_SECONDS,
                start_new_session=True,
                cwd="/",
                env=dict(environ),
            )
        except subprocess.TimeoutExpired:
            raise ServerError(f"the {self.name} process did not start in {START_SECONDS:g} s") from None
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if done.returncode not in (0, daemonize.LOCKED):
            said = done.stderr.strip() or f"exit code {done.returncode}"
            raise ServerError(f"the {self.name} process did not start: {said}; log: {self.log}")

    def end(self, seconds: float = END_SECONDS, number: signal.Signals = signal.SIGTERM) -> bool:
        """Send a signal and wait until the lock is free; return whether it is. The process may still end."""
        until = time.monotonic() + seconds
        sent = 0
        while (pid := self.pid()) is not None:
            if pid and pid != sent and self.is_process(pid):
                sent = pid
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
            if time.monotonic() > until:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def end_and_wait(self, seconds: float) -> bool:
        """Send SIGTERM and wait until the process is gone; return whether it is."""
        until = time.monotonic() + seconds
        pid = self.pid()
        if not self.end(seconds):
            return False
        while pid and self.is_process(pid):
            if time.monotonic() > until:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def is_process(self, pid: int) -> bool:
        """Return whether this is the id of such a process. One that starts holds the lock before it writes
        its id, so the id in the file may be an older one."""
        import psutil

        try:
            return self.module in psutil.Process(pid).cmdline()
        except psutil.Error:
            return False


class StatePublisher:
    """Publish what this process says of itself, whenever that changes."""

    def __init__(self, process: BackgroundProcess, fingerprint: str) -> None:
        self._process, self._fingerprint = process, fingerprint
        self._published: BackgroundState | None = None

    def publish(self, until: float) -> None:
        """Publish the Unix time at which this process ends if nothing uses it, 0 while something does."""
        state = BackgroundState(os.getpid(), __version__, self._fingerprint, round(until))
        if state != self._published:
            with contextlib.suppress(OSError):  # a full disk, or a home that is being removed
                self._process.publish(state)
                self._published = state


def handle_end(stop: Callable[..., None]) -> None:
    """Call `stop` on SIGTERM, also where it came while this process started. Ignore a terminal's signals."""
    signal.signal(signal.SIGTERM, stop)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM,))


def free_own_lock() -> None:
    """Free the lock that daemonize.py passed to this process, before the process itself ends."""
    held = os.environ.pop("LOCK_DESCRIPTOR", "")
    if held:
        fcntl.flock(int(held), fcntl.LOCK_UN)


def code_fingerprint() -> str:
    """Return a hash of this version, this Python and the installed code, so that an upgrade, and an edit in a
    checkout, retires what lingers from before."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256(f"{__version__}\0{sys.executable}\0{sys.version}\0{package}\0".encode())
    newest = max(_times(str(package)), default=0)
    for name in ("workers", "cli", "speeko_workers", "speeko_cli"):
        newest = max(newest, *_times(str(package.parent / name)), 0)
    digest.update(str(newest).encode())
    return digest.hexdigest()[:16]


def _times(folder: str) -> list[int]:
    """Return when each source file below a folder was written last, in nanoseconds."""
    found: list[int] = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    found += _times(entry.path)
            elif entry.name.endswith((".py", ".sql")):
                found.append(entry.stat().st_mtime_ns)
    return found
