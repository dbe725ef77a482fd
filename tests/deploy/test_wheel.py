"""The wheel, installed without the lock file and without tools of development: all of it runs."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import requests

from tests.deploy.installed import ROOT, Installed, call, environment, plain_environ, uv
from tests.fixtures.ports import held_port, number
from tests.wait import wait_until

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
# run in the environment: imports all there is, and what Celery imports by name
IMPORTS = """
import importlib, pkgutil
for top in ("speeko_jobs", "speeko_workers", "speeko_cli"):
    for found in pkgutil.walk_packages(importlib.import_module(top).__path__, top + "."):
        if not found.name.endswith(("__main__", ".migrations.env")) and ".versions." not in found.name:
            importlib.import_module(found.name)
for name in ("kombu.transport.redis", "kombu.transport.pyamqp", "celery.backends.redis", "celery.app.control",
             "flower.app", "flower.command"):
    importlib.import_module(name)
"""


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


@pytest.mark.timeout(1200)
def test_every_module_can_be_imported(installed: Installed) -> None:
    redis = installed.environ | {"SPEEKO_REDIS_URL": "redis://127.0.0.1:1/0", "PYTHONWARNINGS": "ignore"}
    call(installed.bin / "python", "-c", IMPORTS, cwd=installed.folder, environ=redis)


def test_only_what_is_declared_is_installed(installed: Installed) -> None:
    """No tool of development hides a dependency that is not declared, and none brings a package unawares."""
    call(uv(), "pip", "check", "--python", installed.bin / "python", cwd=installed.folder)
    listed = call(uv(), "pip", "freeze", "-q", "--python", installed.bin / "python", cwd=installed.folder)
    names = {re.split(r"[ =@]", line)[0].lower().replace("_", "-") for line in listed.splitlines()}
    locked = re.findall(r"^([\w.-]+)(?:\[.*\])?==", (ROOT / "requirements.lock").read_text(), re.M)
    assert names - {name.lower().replace("_", "-") for name in locked} == {"speeko-jobs"}
    assert not names & {"pytest", "mypy", "ruff", "moto", "playwright"}
    assert {"packaging", "kombu", "redis"} <= names


@pytest.mark.timeout(600)
def test_a_catalog_beat_flower_and_a_dashboard(installed: Installed) -> None:
    with (installed.folder / "catalog.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("id", "text"), ("a", "Good morning."), ("b", "Good night.")])
    with installed.processes:
        # servers that stay for all that follows, and workers
        worker = installed.start("up")
        wait_until(lambda: "ready" in worker.read_text().lower(), "workers that are ready", 120)
        done = installed.speeko("run", "catalog.csv", "--output", "audio")
        assert done.returncode == 0, done.stderr
        made = {path.name for path in (installed.folder / "audio").iterdir()}
        assert {"a.mp3", "b.mp3", "manifest.csv", "report.html"} <= made

        board = installed.start("dashboard", "--port", "0")
        wait_until(lambda: "dashboard: http" in board.read_text(), "the dashboard", 60)
        found = re.search(r"dashboard: (\S+)", board.read_text())
        assert found
        jobs = requests.get(f"{found[1]}/api/jobs", timeout=60).json()["jobs"]
        assert [job["state"] for job in jobs] == ["done"]
        assert requests.get(found[1], timeout=60).ok

        held = held_port()
        port = number(held)
        installed.start("flower", "--port", str(port))
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/healthcheck"), "Flower", 120)
        held.close()

        beat = installed.start("beat")
        wait_until(lambda: "ready" in beat.read_text(), "beat", 120)


def test_an_older_python_is_told_by_pip(installed: Installed) -> None:
    """pip for another version: it reads what the wheel requires, as a pip of that version would."""
    env = environment(installed.folder / "pip")
    call(uv(), "pip", "install", "-q", "--python", env / "bin" / "python", "pip", cwd=installed.folder)
    words = [
        "install",
        "--no-deps",
        "--no-index",
        "--only-binary=:all:",
        "--python-version",
        "3.10",
        "-t",
        "x",
    ]
    done = subprocess.run(
        [env / "bin" / "python", "-m", "pip", *words, installed.wheel],
        cwd=installed.folder,
        env=plain_environ(PIP_DISABLE_PIP_VERSION_CHECK="1"),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("ERROR"))
    assert "requires a different Python: 3.10" in line
    assert "'>=3.11'" in line


def test_an_older_python_is_told_by_make(tmp_path: Path) -> None:
    old = tmp_path / "python3.10"
    pretend = "import sys; sys.version_info = (3, 10, 13, 'final', 0); exec(sys.argv[2])"
    old.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{pretend}" "$@"\n')
    old.chmod(0o755)
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    for target in ("venv", "demo", "test"):
        done = subprocess.run(
            ["make", "-s", target, f"PY={old}"], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        told = f"speeko_jobs needs Python 3.11 or later, and {old} is 3.10: make PY=python3.11"
        assert done.returncode != 0
        assert [line for line in done.stderr.splitlines() if not line.startswith("make")] == [told]
    assert not (tmp_path / ".venv").exists()


def test_the_versions_claimed_are_those_that_are_tested() -> None:
    """All tests run on the version of the lock file and the image; others are not claimed."""
    pattern = r"Programming Language :: Python :: (3\.\d+)"
    claimed = [found[1] for c in PROJECT["project"]["classifiers"] if (found := re.fullmatch(pattern, c))]
    locked = re.findall(r"--python-version (\S+)", (ROOT / "Makefile").read_text())
    image = re.findall(r"^ARG PYTHON=\S+python:(3\.\d+)", (ROOT / "deploy" / "Dockerfile").read_text(), re.M)
    assert claimed == locked == image == ["3.11"]
    assert PROJECT["project"]["requires-python"] == ">=3.11"


def test_the_man_page_is_installed(installed: Installed) -> None:
    text = (installed.bin.parent / "share" / "man" / "man1" / "speeko.1").read_text("utf-8")
    assert f'.TH SPEEKO 1 "" "speeko {PROJECT["project"]["version"]}"' in text
    assert ".SS speeko run [OPTIONS] FILES..." in text
