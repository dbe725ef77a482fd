"""--notify: run a user's command at the end of a job. The command that waits runs it, never a worker."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from speeko_cli.output.console import note


def notify(command: str, summary: Mapping[str, Any]) -> None:
    """Run the command with the summary as JSON on its stdin, and SPEEKO_JOB and SPEEKO_STATE set.

    Runs without a shell. Its output goes to stderr, because stdout is for the summary. A failure is reported
    on stderr; the exit code stays the job's.
    """
    told = {"SPEEKO_JOB": str(summary["job"]), "SPEEKO_STATE": str(summary["state"])}
    sys.stderr.flush()
    try:
        done = subprocess.run(
            shlex.split(command),
            input=json.dumps(summary, ensure_ascii=False).encode(),
            stdout=2,  # stderr, whatever sys.stderr is by now
            env={**os.environ, **told},
            check=False,
        )
    except (OSError, ValueError, IndexError) as error:  # IndexError: no word in it
        why = getattr(error, "strerror", None) or error
        note(f"speeko: --notify: {command!r} did not run: {why}")
        return
    if done.returncode:
        note(f"speeko: --notify: {command!r} {_ended(done.returncode)}")


def _ended(code: int) -> str:
    """Return how a command ended; a negative code is the signal that killed it."""
    return f"was killed by signal {-code}" if code < 0 else f"failed with exit code {code}"
