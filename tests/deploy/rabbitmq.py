"""A RabbitMQ of a test's own, on free ports of this machine, which can be killed and started again.

Erlang's name server is a process of ours too: left to itself it would outlive the test.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from speeko_jobs.adapters.celery_queue.queue import Queue
from speeko_jobs.errors import ServerError
from tests.fixtures.cluster import LocalProcess
from tests.fixtures.ports import held_port, number

_DEBIAN = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # the one on the PATH wants to be the user rabbitmq


class RabbitProcess(LocalProcess):
    """One node. What it was told to keep is on its disk, so `start` after `kill` finds it again."""

    def __init__(self, folder: Path) -> None:
        program = str(_DEBIAN) if _DEBIAN.exists() else shutil.which("rabbitmq-server")
        epmd = shutil.which("epmd")
        if program is None or epmd is None:
            pytest.skip(
                "there is no rabbitmq-server on this machine (Debian: apt-get install rabbitmq-server)"
            )
        home = folder / "rabbitmq"
        home.mkdir()
        (home / "plugins").write_text("[].\n")
        self._held = [held_port() for _ in range(3)]
        port, names, nodes = map(number, self._held)
        (home / "rabbitmq.conf").write_text(
            f"listeners.tcp.default = 127.0.0.1:{port}\nlog.console = true\nlog.console.level = warning\n"
            "log.file = false\n"
        )
        environ = os.environ | {
            "HOME": str(home),
            "RABBITMQ_NODENAME": f"speeko{port}@localhost",
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(home / "data"),
            "RABBITMQ_LOG_BASE": str(home / "log"),
            "RABBITMQ_PID_FILE": str(home / "pid"),
            "RABBITMQ_DIST_PORT": str(nodes),
            # no busy waiting, and nothing that listens beyond this machine
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none +sbwtdcpu none +sbwtdio none "
            "-kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_PORT": str(names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        self.url = f"amqp://guest:guest@127.0.0.1:{port}//"
        self._epmd = subprocess.Popen([epmd, "-port", str(names), "-address", "127.0.0.1"], env=environ)
        super().__init__("rabbitmq", [program], folder, environ)

    def is_up(self) -> bool:
        queue = Queue(self.url)
        try:
            return bool(queue.check())
        except ServerError:
            return False
        finally:
            queue.close()

    def die(self) -> None:
        """SIGKILL for the node and all its helpers, as when the machine goes."""
        self.kill(signal.SIGKILL)

    def teardown(self) -> None:
        super().teardown()
        self._epmd.kill()
        self._epmd.wait()
        for held in self._held:
            held.close()
