"""A child process that belongs to this command: its settings in the environment, its end in our hands."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping
from types import FrameType

from cli.console import note
from speeko_jobs.errors import ServerError
from speeko_jobs.settings import Settings
from workers.supervisor import environment

STOP_SECONDS = 10.0


def run_child(command: list[str], settings: Settings, extra: Mapping[str, str] | None = None) -> int:
    """Run it until it ends or SIGINT or SIGTERM ends both. Raises ServerError when it ends by itself."""
    logs = settings.home_path / "logs"
    logs.mkdir(parents=True, exist_ok=True)
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
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # the terminal's Ctrl-C is ours to handle
    ) as child:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, stop)
        note("ready")
        code = child.wait()
    if not told:
        raise ServerError(f"{command[command.index('--quiet') + 1]} ended by itself (exit code {code})")
    return 0
