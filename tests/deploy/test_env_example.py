"""env.example names every setting, with its default, and no other; its lines are what all readers take."""

from __future__ import annotations

import dataclasses
import re

from speeko_jobs import settings
from speeko_jobs.settings import Settings
from tests.deploy.compose import DEPLOY, KNOWN

LINES = (DEPLOY / "env.example").read_text("utf-8").splitlines()
ASSIGNED = re.compile(r"(?:# )?([A-Z][A-Z_]+)=(.*)")
OTHERS = {"POSTGRES_PASSWORD", "FLOWER_BASIC_AUTH", "GRAFANA_PASSWORD", "SPEEKO_CONFIG"}
STORES = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT_URL", "AWS_ALLOW_HTTP"}
STORES |= {"GOOGLE_APPLICATION_CREDENTIALS"}
STORES |= {f"AZURE_STORAGE_{name}" for name in ("ACCOUNT_NAME", "ACCOUNT_KEY", "SAS_KEY", "ENDPOINT")}
OTHERS |= STORES
OTHERS |= KNOWN - {f"SPEEKO_{field.name.upper()}" for field in dataclasses.fields(Settings)}


def as_line(field: dataclasses.Field[object]) -> str:
    value = f"{field.default:g}" if isinstance(field.default, float) else str(field.default)
    return f"# SPEEKO_{field.name.upper()}={value}"


def test_every_setting_is_there_with_its_default_and_no_other() -> None:
    wanted = {as_line(field): field.metadata["help"] for field in dataclasses.fields(Settings)}
    there = {line for line in LINES if line.startswith("# SPEEKO_") and line.split("=")[0][2:] not in OTHERS}
    missing = "\n\n".join(f"# {help}\n{line}" for line, help in wanted.items() if line not in there)
    assert not missing, f"env.example lacks:\n\n{missing}\n"
    assert there <= set(wanted), "stale"


def test_names_stand_once() -> None:
    names = [found[1] for line in LINES if (found := ASSIGNED.fullmatch(line))]
    assert len(names) == len(set(names))
    assert {name for name in names if not name.startswith("SPEEKO_")} <= OTHERS <= set(names)


def test_what_is_not_filled_in_counts_as_not_set() -> None:
    environ = {found[1]: found[2] for line in LINES if (found := ASSIGNED.fullmatch(line))}
    origins = settings.explain({}, environ, None)
    assert {o.name: o.value for o in origins} == {f.name: f.default for f in dataclasses.fields(Settings)}


def test_lines_are_plain() -> None:
    """No quotes, no comment behind a value: compose, systemd and kubectl each read those in their own way."""
    for line in LINES:
        assert not line or line.startswith("#") or re.fullmatch(r"[A-Z_]+=\S*", line), line
        assert '="' not in line
