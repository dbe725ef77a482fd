"""The systemd units: parsed, verified where systemd is, hardened, and with the time that workers need."""

from __future__ import annotations

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

from speeko_cli.main import VERBS
from speeko_workers.supervisor import STOP_SECONDS
from tests.deploy.compose import DEPLOY, SPEEKO

FILES = sorted((DEPLOY / "systemd").glob("*.service"))
PROGRAM = "/opt/speeko/bin/speeko"
HARDENING = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "RestrictNamespaces": "yes",
    "SystemCallFilter": "@system-service",
}
names = pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)


def parsed(file: Path) -> configparser.ConfigParser:
    unit = configparser.ConfigParser(interpolation=None, strict=True)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(file, "utf-8")
    return unit


def test_all_are_there() -> None:
    found = {file.stem for file in FILES}
    assert found == {"speeko-worker@", "speeko-beat", "speeko-dashboard", "speeko-flower", "speeko-metrics"}


@names
def test_a_unit_runs_a_verb_with_its_settings_from_a_file(file: Path) -> None:
    service = parsed(file)["Service"]
    program, verb, *_ = service["ExecStart"].split()
    assert program == PROGRAM
    assert verb in {verb for verbs in VERBS.values() for verb in verbs}
    assert service["EnvironmentFile"] == "/etc/speeko/speeko.env"
    assert service["User"] == "speeko"
    assert service["Restart"] == "always"
    assert service["KillMode"] == "mixed"  # control-group would stop the children before their parent
    assert {name: service[name] for name in HARDENING} == HARDENING


def test_workers_get_the_time_that_they_need_to_stop() -> None:
    (file,) = (file for file in FILES if file.stem == "speeko-worker@")
    assert int(parsed(file)["Service"]["TimeoutStopSec"]) >= STOP_SECONDS + 10


@names
def test_systemd_takes_it(file: Path, tmp_path: Path) -> None:
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("there is no systemd-analyze on this machine")
    unit = tmp_path / file.name.replace("@", "@1")
    unit.write_text(file.read_text("utf-8").replace(PROGRAM, SPEEKO), "utf-8")
    done = subprocess.run([tool, "verify", "--man=no", str(unit)], capture_output=True, text=True)
    assert (done.returncode, [line for line in done.stderr.splitlines() if unit.name in line]) == (0, [])
