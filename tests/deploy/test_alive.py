"""deploy/alive: what counts as living, by the age of files."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path

from tests.deploy.compose import DEPLOY

HOST = socket.gethostname()


def alive(home: Path, *words: str) -> bool:
    environ = os.environ | {"SPEEKO_HOME": str(home)}
    done = subprocess.run([str(DEPLOY / "alive"), *words], env=environ, capture_output=True)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode == 0


def touch(path: Path, seconds_ago: float = 0) -> None:
    path.parent.mkdir(exist_ok=True)
    path.touch()
    at = time.time() - seconds_ago
    os.utime(path, (at, at))


def test_a_worker_lives_when_both_of_its_nodes_do(tmp_path: Path) -> None:
    nodes = tmp_path / "alive"
    assert not alive(tmp_path, "worker")
    touch(nodes / f"synthesize-7@{HOST}")
    assert not alive(tmp_path, "worker")
    assert alive(tmp_path, "worker", "1")
    touch(nodes / "deliver-7@another-container")
    assert not alive(tmp_path, "worker")
    touch(nodes / f"deliver-7@{HOST}")
    assert alive(tmp_path, "worker")
    touch(nodes / f"synthesize-7@{HOST}", 130)
    assert not alive(tmp_path, "worker")


def test_beat_lives_when_it_writes_its_schedule(tmp_path: Path) -> None:
    assert not alive(tmp_path, "beat")
    touch(tmp_path / "beat-schedule-alone.db")
    assert alive(tmp_path, "beat")
    touch(tmp_path / "beat-schedule-alone.db", 600)
    assert not alive(tmp_path, "beat")


def test_nothing_that_listens_is_dead(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        assert not alive(tmp_path, "http", f"http://127.0.0.1:{held.getsockname()[1]}/")
