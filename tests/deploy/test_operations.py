"""OPERATIONS.md says what to do at each alert, and names settings, verbs and files that there are."""

from __future__ import annotations

import re

import yaml

from speeko_cli.main import VERBS
from tests.deploy.compose import DEPLOY, KNOWN

TEXT = (DEPLOY / "OPERATIONS.md").read_text("utf-8")


def test_every_alert_has_its_paragraph_and_no_other() -> None:
    groups = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text("utf-8"))["groups"]
    alerts = [rule["alert"] for group in groups for rule in group["rules"]]
    assert re.findall(r"^### (\w+)$", TEXT, re.M) == alerts
    assert set(re.findall(r"\bSpeeko[A-Z]\w+", TEXT)) <= set(alerts)


def test_settings_verbs_and_files_are_known() -> None:
    assert set(re.findall(r"SPEEKO_[A-Z_]+", TEXT)) <= KNOWN
    verbs = {verb for verbs in VERBS.values() for verb in verbs}
    assert set(re.findall(r"`speeko (\w+)", TEXT)) <= verbs
    for path in re.findall(r"`deploy/([\w./-]+)`", TEXT):
        assert (DEPLOY / path).exists(), path


def test_lines_fit() -> None:
    assert [line for line in TEXT.splitlines() if len(line) > 130 and not line.startswith("|")] == []
