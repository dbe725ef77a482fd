"""`speeko config`: what is in force, where it came from, and no secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from speeko_cli.runtime.invocation import Invocation


def in_force(here: Any, *words: str) -> dict[str, Any]:
    code, out, _ = here("config", "--json", *words)
    assert code == 0
    return {entry["name"]: entry for entry in json.loads(out)}


def test_flags_win_over_environment_over_file_over_defaults(
    here: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert in_force(here)["voice"]["source"] == "default"
    (tmp_path / "speeko.toml").write_text('voice = "from-file"\nlog_level = "ERROR"\nspeed = 2\n')
    found = in_force(here)
    assert (found["voice"]["value"], found["voice"]["source"]) == ("from-file", "speeko.toml")
    assert found["speed"]["value"] == 2.0
    monkeypatch.setenv("SPEEKO_VOICE", "from-environment")
    monkeypatch.setenv("SPEEKO_LOG_LEVEL", "INFO")
    found = in_force(here)
    assert (found["voice"]["value"], found["voice"]["source"]) == ("from-environment", "SPEEKO_VOICE")
    assert found["log_level"]["value"] == "INFO"
    found = in_force(here, "-vv", "--home", "elsewhere")
    assert (found["log_level"]["value"], found["log_level"]["source"]) == ("DEBUG", "flag")
    assert (found["home"]["value"], found["home"]["source"]) == ("elsewhere", "flag")


def test_secrets_are_masked(here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEEKO_API_KEY", "sk-123456")
    monkeypatch.setenv("SPEEKO_DATABASE_URL", "postgresql://user:hunter2@host/name")
    monkeypatch.setenv("SPEEKO_REDIS_URL", "redis://:hunter2@host/0")
    found = in_force(here)
    assert [found[name]["value"] for name in ("api_key", "database_url", "redis_url")] == ["(set)"] * 3
    code, out, err = here("config")
    assert code == 0
    assert "api_key" in out
    assert "SPEEKO_API_KEY" in out
    assert not {"sk-123456", "hunter2"} & set((out + err).split())
    assert "hunter2" not in out + err


def test_places_are_made_absolute_and_urls_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = Invocation(home="h").settings({"output": "out", "store": "s3://bucket/audio"})
    assert found.output == str(tmp_path / "out")
    assert found.home == str(tmp_path / "h")
    assert found.store == "s3://bucket/audio"
    assert Invocation(home="h").settings({"output": "~/x"}).output == str(Path.home() / "x")
