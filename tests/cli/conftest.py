"""The command line as a user runs it: the console script, in a folder and a home of the test's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from speeko_cli.main import run
from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.embedded.servers import EmbeddedServers
from tests.fixtures.books import Books
from tests.fixtures.database import migrated_template, migrated_url  # noqa: F401

SCRIPT = Path(sys.executable).with_name("speeko")
TIMEOUT_SECONDS = 120


class Cli:
    """Runs `speeko` in one folder with one home, in an environment without other SPEEKO_* variables."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.folder = folder
        self.home = folder / "home"
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("SPEEKO_", "FLOWER_"))}
        self.environ = plain | {"SPEEKO_HOME": str(self.home)} | environ
        self.started = ExitStack()

    def __call__(self, *words: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(SCRIPT), *map(str, words)],
            cwd=self.folder,
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )

    def json(self, *words: str | Path, code: int = 0) -> Any:
        """The one document on stdout of a call with --json."""
        done = self(*words, "--json")
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)

    def start(self, *words: str | Path) -> subprocess.Popen[str]:
        """Start a call that goes on beside the test; killed at the test's end."""
        process = subprocess.Popen(
            [str(SCRIPT), *map(str, words)],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.enter_context(process)
        self.started.callback(process.kill)
        return process

    def catalog(self, rows: list[tuple[str, str]], name: str = "catalog.csv") -> Path:
        path = self.folder / name
        path.write_text("id,text\n" + "".join(f'{id},"{text}"\n' for id, text in rows), "utf-8")
        return path


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    made = Cli(tmp_path)
    with made.started:
        yield made


@pytest.fixture(scope="module")
def standing_cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """One for all tests of a file, with servers that stay: for calls that leave nothing."""
    made = Cli(tmp_path_factory.mktemp("standing"))
    with EmbeddedServers(made.home):
        yield made


class Here:
    """Runs `speeko` in this process, for what needs no servers: quick, and coverage sees it."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str | Path) -> tuple[int, str, str]:
        """The exit code, stdout, stderr."""
        code = run([str(word) for word in words])
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def json(self, *words: str | Path) -> Any:
        """The one document on stdout of a call with --json that ends well."""
        code, out, err = self(*words, "--json")
        assert code == 0, err
        return json.loads(out)


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    for name in [name for name in os.environ if name.startswith("SPEEKO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SPEEKO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return Here(capsys)


@pytest.fixture
def books(migrated_url: str) -> Iterator[Books]:  # noqa: F811
    """A migrated database of the test's own."""
    database = Database(migrated_url)
    yield Books(database)
    database.close()


@pytest.fixture
def ready(here: Any, migrated_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: F811
    """`speeko` in this process on a migrated database."""
    monkeypatch.setenv("SPEEKO_DATABASE_URL", migrated_url)
    monkeypatch.setenv("SPEEKO_REDIS_URL", redis_url)
    return here
