"""Speeko as others install it: a wheel of this checkout, in an environment without the checkout."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = (
    "pyproject.toml",
    "requirements.lock",
    "README.md",
    "LICENSE",
    "speeko_jobs",
    "workers",
    "cli",
)
INSTALL_SECONDS = 900.0  # a machine without a cache fetches some 60 packages


def uv() -> str:
    """The uv that `make` has installed, or one on the PATH."""
    own = ROOT / ".tools" / "uv" / "bin" / "uv"
    found = str(own) if own.exists() else shutil.which("uv")
    if found is None:
        pytest.fail("there is no uv: `make venv` installs one into .tools")
    return found


def plain_environ(**more: str) -> dict[str, str]:
    """The environment without what is set for this checkout, its tests or a shell's own Python."""
    ours = ("SPEEKO_", "FLOWER_", "PYTHON", "VIRTUAL_ENV", "UV_NO_CONFIG", "UV_PYTHON")
    return {k: v for k, v in os.environ.items() if not k.startswith(ours)} | more


def call(*words: str | Path, cwd: Path, environ: Mapping[str, str] | None = None) -> str:
    """Run a step of an installation; its output. Fails with it, and says so where the network is at fault."""
    done = subprocess.run(
        list(map(str, words)),
        cwd=cwd,
        env=dict(environ or plain_environ()),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=INSTALL_SECONDS,
    )
    if done.returncode:
        offline = any(w in done.stdout for w in ("dns error", "error sending request", "onnect error"))
        why = "no package index is reachable, and this test installs from one" if offline else "it failed"
        pytest.fail(f"{why}: {' '.join(map(str, words))}\n{done.stdout}", pytrace=False)
    return done.stdout


def sources(folder: Path) -> Path:
    """A copy of what is built, so that nothing is left in the checkout."""
    folder.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def wheel(folder: Path) -> Path:
    """Build the wheel below a folder; its path."""
    call(uv(), "build", "-q", "--wheel", "-o", folder / "dist", sources(folder / "src"), cwd=folder)
    (found,) = (folder / "dist").glob("*.whl")
    return found


def environment(folder: Path) -> Path:
    """An empty environment of the Python that runs the tests."""
    call(uv(), "venv", "-q", "--no-config", "--python", sys.executable, folder, cwd=folder.parent)
    return folder


class Installed:
    """An environment with the wheel in it, a home and the processes that a test starts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.wheel = wheel(folder)
        self.bin = environment(folder / "env") / "bin"
        call(uv(), "pip", "install", "-q", "--python", self.bin / "python", self.wheel, cwd=folder)
        self.environ = plain_environ(SPEEKO_HOME=str(folder / "home"))
        self.processes = ExitStack()

    def speeko(
        self, *words: str | Path, cwd: Path | None = None, before: Sequence[str] = (), **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a verb to its end; `before`: what starts it, such as setpriv."""
        return subprocess.run(
            [*before, str(self.bin / "speeko"), *map(str, words)],
            cwd=cwd or self.folder,
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=150,
        )

    def start(self, *words: str) -> Path:
        """Start a verb that goes on; its log. It must end well at the test's end."""
        log = self.folder / f"{words[0]}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [self.bin / "speeko", *words],
                cwd=self.folder,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )

        def end() -> None:
            process.send_signal(signal.SIGTERM)
            code = process.wait(60)
            assert code == 0, (words, code, log.read_text())

        self.processes.callback(end)
        return log
