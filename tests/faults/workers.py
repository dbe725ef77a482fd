"""Worker processes for these tests: started under orders to die or to freeze, and waited for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil

from speeko_jobs.flow.lifecycle.crash_recovery import sweep
from speeko_jobs.settings import Settings
from speeko_workers.supervisor import environment
from tests.fixtures.inprocess import InProcess
from tests.wait import wait_until

SCRIPT = Path(__file__).with_name("a_worker.py")


class WorkerChild:
    """One `a_worker.py`. Its life ends by itself, by its orders, or with `end`."""

    def __init__(
        self,
        settings: Settings,
        job: int,
        how: str = "",
        *,
        crash: str = "",
        text: str = "",
        signal_name: str = "",
        before: Callable[[], None] | None = None,
    ) -> None:
        orders = {"SPEEKO_CRASH": crash, "SPEEKO_CRASH_TEXT": text, "SPEEKO_CRASH_SIGNAL": signal_name}
        environ = {**environment(settings), **{name: value for name, value in orders.items() if value}}
        self.log = settings.home_path / f"child-{os.urandom(4).hex()}.log"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(SCRIPT), str(job), *([how] if how else [])],
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=before,
            )

    def wait(self, seconds: float = 60.0) -> int:
        return self.process.wait(seconds)

    def killed(self) -> None:
        """Wait for its death by SIGKILL; any other end is a failure of the test."""
        code = self.wait()
        assert code == -signal.SIGKILL, (code, self.said())

    def ended(self, seconds: float = 60.0) -> None:
        code = self.wait(seconds)
        assert code == 0, (code, self.said())

    def frozen(self) -> None:
        """Wait until it has stopped itself."""
        status = psutil.Process(self.process.pid).status
        wait_until(lambda: status() == psutil.STATUS_STOPPED, f"a frozen worker: {self.said()}")

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def finish(flow: InProcess, job: int, *, at_once: bool = True) -> None:
    """Another worker, this process, does what is left: as soon as the dead one's lease has run out, or, at
    once, as if it had."""
    if at_once:
        flow.books.execute("UPDATE speeko.claimant SET lease_until = clock_timestamp() - interval '1 second'")

    def buried() -> bool:
        sweep(flow.context)
        return not flow.books.execute("SELECT 1 FROM speeko.claimant")

    wait_until(buried, "the burial of the dead")
    flow.drive(job)
