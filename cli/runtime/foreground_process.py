"""A child process that belongs to this command: its settings in the environment, its end in our hands."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from types import FrameType

from speeko_cli.output.console import note
from speeko_jobs import private_files
from speeko_jobs.errors import ServerError
from speeko_jobs.settings import Settings
from speeko_workers.supervisor import environment

STOP_SECONDS = 5.0


def run_child(
    name: str, command: list[str], settings: Settings, extra: Mapping[str, str] | None = None
) -> int:
    """Run it until it ends or SIGINT or SIGTERM ends both. Raises ServerError when it ends by itself."""
    logs = private_files.folder(settings.home_path / "logs")
    told = False

    def stop(_: int, __: FrameType | None) -> None:
        nonlocal told
        told = True
        if child.poll() is None:
            child.terminate()

    with subprocess.Popen(
        command,
        env=environment(settings) | dict(extra or {}),
        cwd=logs,  # Celery imports from the current folder first
        stdin=subprocess.PIPE,  # its end tells beat that we are gone
        start_new_session=True,  # the terminal's Ctrl-C is ours to handle
    ) as child:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, stop)
        note("ready")
        code = _end_of(child, lambda: told)
    if not told:
        raise ServerError(f"{name} ended unexpectedly (exit code {code})")
    return 0


def _end_of(child: subprocess.Popen[bytes], told: Callable[[], bool]) -> int:
    """The exit code. A child that was told to end and does not is killed: Flower may wait for its threads."""
    deadline = 0.0
    while True:
        try:
            return child.wait(0.2)
        except subprocess.TimeoutExpired:
            now = time.monotonic()
            if told():
                deadline = deadline or now + STOP_SECONDS
                if now > deadline:
                    child.kill()
