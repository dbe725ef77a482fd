"""Submitters as processes, so that they can run at once or be killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from speeko_workers.supervisor import environment
from tests.fixtures.spine import Spine

SCRIPT = Path(__file__).with_name("a_submitter.py")


class Submitter:
    """A process that is about to submit a catalog; `go` lets it."""

    def __init__(self, spine: Spine, catalog: Path, output: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(catalog), str(spine.folder / output)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(spine.settings),
            cwd=spine.folder,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def job(self) -> int:
        """The number of the job, when it is submitted."""
        out, _ = self.process.communicate(timeout=60)
        return int(out)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()
