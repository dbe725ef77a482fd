"""The guides have an entry for each alert, pause and wait; what they name exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from speeko_cli.main import VERBS
from speeko_jobs.core.model.pause_reasons import PauseKind
from speeko_jobs.core.reporting.wait_reasons import SHORT, WaitKind
from tests.deploy.compose import DEPLOY, KNOWN

TEXT = (DEPLOY / "OPERATIONS.md").read_text("utf-8")
TROUBLESHOOTING = (DEPLOY / "guide" / "troubleshooting.md").read_text("utf-8")
PAGES = [DEPLOY.parent / "README.md", DEPLOY / "OPERATIONS.md", *sorted((DEPLOY / "guide").glob("*.md"))]


def test_every_alert_has_its_paragraph_and_no_other() -> None:
    groups = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text("utf-8"))["groups"]
    alerts = [rule["alert"] for group in groups for rule in group["rules"]]
    assert re.findall(r"^### (\w+)$", TEXT, re.M) == alerts
    assert set(re.findall(r"\bSpeeko[A-Z]\w+", TEXT)) <= set(alerts)


def test_every_pause_and_every_wait_has_its_entry() -> None:
    assert re.findall(r"^### (.+)$", TROUBLESHOOTING, re.M) == [kind.value for kind in PauseKind]
    (table,) = re.findall(r"^\| waits for \|.*\n\|[-|]+\n((?:\|.*\n)+)", TROUBLESHOOTING, re.M)
    assert sorted(re.findall(r"^\| ([^|]+?) \|", table, re.M)) == sorted(SHORT[kind] for kind in WaitKind)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_settings_commands_and_files_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    named = set(re.findall(r"SPEEKO_[A-Z_]+", text))
    notify = {"SPEEKO_JOB", "SPEEKO_STATE"}  # what a command of --notify gets
    assert {name for name in named - notify if not name.startswith("SPEEKO_ACCOUNT_")} <= KNOWN
    verbs = {verb for verbs in VERBS.values() for verb in verbs}
    assert set(re.findall(r"`speeko ([a-z]+)", text)) <= verbs
    for path in re.findall(r"`deploy/([\w./-]+)`", text):
        assert (DEPLOY / path).exists(), path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_lines_fit(page: Path) -> None:
    lines = page.read_text("utf-8").splitlines()
    assert [line for line in lines if len(line) > 130 and not line.startswith("|")] == []
