"""deploy/compose.yaml as data, its variables filled in, and its commands as processes of this machine.

What stands for what here: the image's entry point is the console script beside this Python, /data is a
folder of the test, the hosts `postgres` and `redis` are servers of the test, ports are free ones.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from speeko_cli.dashboard.auth import LOGIN_VARIABLE, TOKEN_VARIABLE
from speeko_jobs.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
SPEEKO = str(Path(sys.executable).with_name("speeko"))
# what something of ours reads; how one signs in to the dashboard is no setting: it looks there itself
KNOWN = {f"SPEEKO_{f.name.upper()}" for f in dataclasses.fields(Settings)} | {TOKEN_VARIABLE, LOGIN_VARIABLE}
_VARIABLE = re.compile(r"\$\{(\w+)(?:(:?)([-?])([^}]*))?\}")


def load(environ: Mapping[str, str]) -> dict[str, Any]:
    """The file with ${NAME}, ${NAME:-default}, ${NAME:?why} and ${NAME?why} filled in.

    Raises KeyError for one that is missing.
    """
    parsed: dict[str, Any] = _filled(yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8")), environ)
    return parsed


def _filled(value: Any, environ: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(each, environ) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, environ) for each in value]
    return _VARIABLE.sub(lambda m: _value(m, environ), value) if isinstance(value, str) else value


def _value(found: re.Match[str], environ: Mapping[str, str]) -> str:
    name, colon, kind, word = found.groups()
    if environ.get(name) or (name in environ and not colon):
        return environ[name]
    if kind == "?":
        raise KeyError(f"{name}: {word}")
    return word if kind == "-" else ""


def image_check() -> list[str]:
    """The command of the image's own health check."""
    check = next(line for line in (DEPLOY / "Dockerfile").read_text().splitlines() if "HEALTHCHECK" in line)
    words: list[str] = json.loads(check[check.index("[") :])
    return words


class Here:
    """Where things of the containers are on this machine."""

    def __init__(self, folder: Path, addresses: Mapping[str, str]) -> None:
        """`addresses`: what stands in an environment or a command → what it is here."""
        self.folder, self._addresses = folder, addresses
        (folder / "data").mkdir()

    def word(self, word: str) -> str:
        there = "|".join(map(re.escape, self._addresses))
        word = re.sub(
            there, lambda found: self._addresses[found[0]], word
        )  # nothing that it put there itself
        return re.sub(r"^/(data|catalogs)\b", rf"{self.folder}/\1", word)

    def environ(self, service: Mapping[str, Any]) -> dict[str, str]:
        """The environment of a container of the service: that of the image, and the service's own."""
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("SPEEKO_", "FLOWER_"))}
        plain["PATH"] = f"{Path(sys.executable).parent}:{plain['PATH']}"
        return plain | {name: self.word(str(value)) for name, value in service["environment"].items()}

    def start(self, name: str, service: Mapping[str, Any]) -> subprocess.Popen[bytes]:
        """Start the service's command; it logs to a file of its name."""
        words = [self.word(word) for word in service["command"]]
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [SPEEKO, *words],
                env=self.environ(service),
                cwd=self.folder / "data",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def healthy(self, service: Mapping[str, Any]) -> bool:
        """Whether the service's health check (or the image's) passes; `alive` is the script in deploy/."""
        _, *words = service.get("healthcheck", {}).get("test", ["CMD", *image_check()])
        assert words[0] == "alive"
        command = [str(DEPLOY / "alive"), *(self.word(word) for word in words[1:])]
        return subprocess.run(command, env=self.environ(service), capture_output=True).returncode == 0

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text("utf-8", "replace")


def stop(process: subprocess.Popen[bytes], signal_name: str = "SIGTERM") -> int:
    """Stop it as Docker does, with a signal to the main process; its exit code."""
    process.send_signal(signal.Signals[signal_name])
    return process.wait(120)
