"""compose.yaml by its schema, and what no schema sees: names known elsewhere, secrets, time to stop."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from speeko_cli.dashboard.auth import access
from speeko_cli.main import VERBS
from speeko_jobs.errors import ConfigError
from speeko_workers.supervisor import STOP_SECONDS
from tests.deploy import compose
from tests.deploy.compose import DEPLOY, KNOWN
from tests.fixtures.database import plain_url

FILLED = {
    "POSTGRES_PASSWORD": "canary-password",
    "FLOWER_BASIC_AUTH": "user:canary-flower",
    "SPEEKO_DASHBOARD_TOKEN": "canary-dashboard",
}


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return compose.load(FILLED)


@pytest.fixture(scope="module")
def ours(found: dict[str, Any]) -> dict[str, Any]:
    """The services that run our image."""
    return {name: s for name, s in found["services"].items() if "build" in s}


def test_it_is_what_the_specification_allows() -> None:
    tool = str(Path(sys.executable).with_name("check-jsonschema"))
    words = ["--builtin-schema", "vendor.compose-spec", str(DEPLOY / "compose.yaml")]
    done = subprocess.run([tool, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", sorted(FILLED))
def test_a_missing_secret_stops_it(name: str) -> None:
    with pytest.raises(KeyError, match=name):
        compose.load({k: v for k, v in FILLED.items() if k != name})


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, None),
        ({"SPEEKO_DASHBOARD_TOKEN": "", "SPEEKO_DASHBOARD_AUTH": "user:correct horse"}, None),
        ({"SPEEKO_DASHBOARD_TOKEN": ""}, "set SPEEKO_DASHBOARD_TOKEN"),
        ({"SPEEKO_DASHBOARD_AUTH": "user:correct horse"}, "not both"),
    ],
    ids=["token", "login", "neither", "both"],
)
def test_the_dashboard_lets_nobody_in_who_is_not_known(given: dict[str, str], why: str | None) -> None:
    service = compose.load(FILLED | given)["services"]["dashboard"]
    bind = service["command"][service["command"].index("--bind") + 1]
    if why is None:
        assert not access(bind, service["environment"], allow_actions=False).is_open
    else:
        with pytest.raises(ConfigError, match=why):
            access(bind, service["environment"], allow_actions=False)


def test_the_dashboard_only_reads_what_it_plays(found: dict[str, Any]) -> None:
    assert found["services"]["dashboard"]["volumes"] == ["data:/data:ro"]
    assert "--allow-actions" not in found["services"]["dashboard"]["command"]


def test_what_is_named_is_there(found: dict[str, Any]) -> None:
    for name, service in found["services"].items():
        needs = service.get("depends_on", {})
        assert set(needs) <= set(found["services"]), name
        for needed, how in needs.items():
            checked = (
                "test" in found["services"][needed].get("healthcheck", {})
                or "build" in found["services"][needed]
            )
            assert how["condition"] != "service_healthy" or checked, (name, needed)
        assert set(service.get("networks", [])) <= set(found["networks"]), name
        assert set(service.get("secrets", [])) <= set(found["secrets"]), name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in found["volumes"] or source.startswith("./"), (name, volume)
            if source.startswith("./") and source != "./catalogs":
                assert (DEPLOY / source).is_dir(), (name, volume)
    used = {v.split(":")[0] for s in found["services"].values() for v in s.get("volumes", [])}
    assert set(found["volumes"]) <= used


def test_every_setting_in_it_is_known(ours: dict[str, Any]) -> None:
    for name, service in ours.items():
        assert {n for n in service["environment"] if n.startswith("SPEEKO_")} <= KNOWN, name
        assert service["command"][0] in {verb for verbs in VERBS.values() for verb in verbs}, name


def test_every_service_is_looked_after(found: dict[str, Any]) -> None:
    for name, service in found["services"].items():
        limits = service["deploy"]["resources"]["limits"]
        assert set(limits) == {"cpus", "memory"}, name
        assert service["restart"] in ("unless-stopped", "on-failure:5", "no"), name
        assert service["logging"]["options"]["max-size"], name
        assert re.fullmatch(r"[a-z.]+/\S+:[\w.-]*\d[\w.-]*|speeko-jobs:latest", service["image"]), name
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), (name, port)


def test_servers_have_no_way_out_and_no_way_in(found: dict[str, Any]) -> None:
    assert found["networks"]["inside"] == {"internal": True}
    for name in ("postgres", "redis"):
        assert found["services"][name]["networks"] == ["inside"]
        assert "ports" not in found["services"][name]


def test_workers_get_the_time_that_they_need_to_stop(found: dict[str, Any]) -> None:
    grace = found["services"]["worker"]["stop_grace_period"]
    assert int(grace.removesuffix("s")) >= STOP_SECONDS + 10


def test_no_secret_is_in_a_command_line_or_a_label(found: dict[str, Any]) -> None:
    for name, service in found["services"].items():
        told = {key: value for key, value in service.items() if key not in ("environment", "env_file")}
        assert "canary" not in str(told), name
        if "build" not in service:
            assert "canary" not in str(service.get("environment")), name


def test_postgres_knows_its_options(found: dict[str, Any], database_url: str) -> None:
    program, *options = found["services"]["postgres"]["command"]
    assert program == "postgres"
    assert options[::2] == ["-c"] * (len(options) // 2)
    with psycopg.connect(plain_url(database_url)) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM pg_settings")}
    assert {option.split("=")[0] for option in options[1::2]} <= names
