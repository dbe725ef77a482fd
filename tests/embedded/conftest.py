"""Homes that leave no server behind, and commands that use them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from speeko_jobs.embedded.servers import EmbeddedServers

A_USER = Path(__file__).with_name("a_user.py")


class User:
    """A process that holds the servers of a home."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(A_USER), str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def says(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def leave(self) -> None:
        self.process.communicate(timeout=60)
        assert self.process.returncode == 0

    def kill(self) -> None:
        with self.process:
            self.process.kill()


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that does not exist yet, with a short path, for one test's servers."""
    parent = Path(tempfile.mkdtemp(prefix="speeko-test-"))
    yield parent / "home"
    clean(parent / "home")
    shutil.rmtree(parent)


@pytest.fixture(scope="session")
def made() -> Iterator[Path]:
    """A home whose databases are made, and at rest."""
    parent = Path(tempfile.mkdtemp(prefix="speeko-test-"))
    with EmbeddedServers(parent / "made"):
        pass
    yield parent / "made"
    shutil.rmtree(parent)


@pytest.fixture
def used_home(home: Path, made: Path) -> Path:
    """`home`, with servers that ran before: for tests that are not about a first start."""
    subprocess.run(["cp", "-a", made, home], check=True)  # keeps owners, which shutil does not
    return home


@pytest.fixture
def user(home: Path) -> Iterator[Callable[[], User]]:
    """Starts one more command that uses the servers of `home`."""
    with ExitStack() as users:

        def start() -> User:
            started = User(home)
            users.callback(started.kill)
            return started

        yield start


def clean(home: Path) -> None:
    """Stop what runs there, as the last user."""
    if (home / "servers").is_dir():
        stack = EmbeddedServers(home, database=False, redis=False)
        stack.start()
        stack.stop()
