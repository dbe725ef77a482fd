"""The Dockerfile: linted, what it copies is there, no root, no secrets, only what the lock file allows."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.deploy.compose import DEPLOY, image_check

ROOT = DEPLOY.parent
FILE = (DEPLOY / "Dockerfile").read_text("utf-8")


def test_the_linter_has_nothing_to_say() -> None:
    tool = str(Path(sys.executable).with_name("hadolint"))
    words = ["--config", str(ROOT / ".hadolint.yaml"), str(DEPLOY / "Dockerfile")]
    done = subprocess.run([tool, *words], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_what_is_copied_is_there_and_not_ignored() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    lines = [line.split()[1:] for line in FILE.splitlines() if line.startswith("COPY ")]
    sources = {w for words in lines if not words[0].startswith("--from") for w in words[:-1] if w[0] != "-"}
    assert sources == allowed
    for source in sources:
        assert (ROOT / source).exists(), source
    packaged = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]
    assert {name.removesuffix("*") for name in packaged["include"]} <= sources


def test_it_runs_as_nobody_in_particular() -> None:
    users = re.findall(r"^USER (.+)$", FILE, re.M)
    assert users == ["10001:10001"]
    assert FILE.index("\nUSER ") < FILE.index("\nENTRYPOINT")
    assert FILE.count("\nFROM ") == 2


def test_it_takes_only_what_the_lock_file_names() -> None:
    installs = re.findall(r"uv pip install [^\n]*", FILE)
    assert installs
    assert all("--require-hashes --constraint requirements.lock" in i or "--no-deps" in i for i in installs)
    assert "UV_NO_CONFIG=1" in FILE  # else [tool.uv] of pyproject.toml constrains without hashes: refused
    lock = (ROOT / "requirements.lock").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    for requirement in wanted:
        name = re.split(r"[^\w.-]", requirement)[0]
        assert re.search(rf"^{re.escape(name)}(\[.*\])?==", lock, re.M | re.I), f"{name} has no version there"


def test_it_holds_no_secret() -> None:
    named = re.findall(r"^(?:ARG|ENV) (.*)$|^    ([A-Z_]+)=", FILE, re.M)
    words = " ".join(word for pair in named for word in pair).upper()
    assert not re.search(r"KEY|PASSWORD|TOKEN|SECRET", words)


def test_its_health_check_knows_what_it_is_asked() -> None:
    assert image_check() == ["alive", "worker"]
    done = subprocess.run([str(DEPLOY / "alive"), "nonsense"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "not nonsense" in done.stderr
