"""What stays in the background after a command: embedded servers and idle workers, and until when."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from speeko_cli.output.console import note

if TYPE_CHECKING:
    from speeko_jobs.settings import Settings

DOWN_SECONDS = 60.0


def note_lingering(settings: Settings) -> None:
    """Say on stderr what stays after this command, and until when."""
    if line := lingering_line(settings.home_path, settings.linger_seconds):
        note(f"speeko: {line}")


def lingering_line(home: Path, seconds: float) -> str:
    """Return one line on what stays in the background; "" where nothing does.

    `seconds`: how long servers stay from now on, since the command that asks is their last use.
    """
    from speeko_jobs.embedded.servers import lingering_process
    from speeko_workers.idle_workers import idle_workers

    said = []
    if lingering_process(home).is_alive() and seconds:
        said.append(f"embedded servers stay until {_clock(time.time() + seconds)}")
    if workers := idle_workers(home).state():
        said.append(f"idle workers until {_clock(workers.until)}" if workers.until else "workers are busy")
    return f"{', '.join(said)}: `speeko down` ends them now" if said else ""


def _clock(when: float) -> str:
    return time.strftime("%H:%M", time.localtime(when))
