"""--notify: a user's command that gets how a job ended. Run by the verb that waits, never by workers."""

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

    No shell reads it. What it prints goes to stderr, since stdout is for the summary. Its failure is told
    and changes nothing: the exit code is the job's.
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
        note(f"speeko: --notify: {getattr(error, 'strerror', None) or error}")
        return
    if done.returncode:
        note(f"speeko: --notify: the command ended with {done.returncode}")
