"""What `doctor` checks: a probe of the store leaves nothing behind, Redis of another database is refused."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from speeko_jobs.core.providers.profiles import profile_of
from speeko_jobs.embedded.servers import ServerUrls
from speeko_jobs.errors import ConfigError, ServerError, StoreError
from speeko_jobs.flow.reporting import doctor_checks
from speeko_jobs.flow.reporting.redis_owner import foreign_redis_warning
from tests.fixtures.database import own_database
from tests.fixtures.inprocess import InProcess


def test_a_probe_leaves_no_folder_behind(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    assert doctor_checks.writable_store(str(folder)) == str(folder)
    assert not folder.exists()


def test_a_folder_that_was_there_stays(tmp_path: Path) -> None:
    assert doctor_checks.writable_store(str(tmp_path)) == str(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="a file or a symbolic link stands where a folder should be"):
        doctor_checks.writable_store(str(tmp_path / "file"))


def test_redis_of_another_database_is_refused(
    flow: InProcess, servers: ServerUrls, migrated_template: str
) -> None:
    assert foreign_redis_warning(flow.context) == ""
    assert doctor_checks.context_redis(flow.context).text.endswith("answers")
    with own_database(servers, "other", migrated_template) as url:
        other = flow.again(database_url=url)
        assert "another database" in foreign_redis_warning(other.context)
        with pytest.raises(ServerError, match="another database"):
            doctor_checks.context_redis(other.context)
        other.close()


def test_postgres_tells_version_and_free_connections(flow: InProcess) -> None:
    found = doctor_checks.postgres(flow.context)
    assert re.fullmatch(r"18\.\d+ answers; \d+ of 97 connections are free", found.text)
    assert not found.is_warning


def test_few_connections_are_a_warning_that_says_what_to_do(
    flow: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_checks, "MIN_FREE_CONNECTIONS", 98)
    found = doctor_checks.postgres(flow.context)
    assert found.is_warning
    assert found.text.endswith("raise max_connections, put PgBouncer in front of it, or run fewer workers")


def test_a_clock_that_differs_is_a_warning(flow: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_checks, "MAX_CLOCK_SECONDS", 0.0)
    for found in (doctor_checks.postgres(flow.context), doctor_checks.redis(flow.context.cache.server)):
        assert found.is_warning
        assert "this machine's: synchronize both (NTP)" in found.text


def test_room_on_disks_is_told_once_a_disk(flow: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    home = flow.settings.home
    assert doctor_checks.disks(flow.settings) == [home]
    assert not doctor_checks.room(f"{home}/not/there").is_warning
    monkeypatch.setattr(doctor_checks, "LOW_BYTES", 10**18)
    assert doctor_checks.room(home).is_warning
    monkeypatch.setattr(doctor_checks, "MIN_BYTES", 10**18)
    with pytest.raises(ConfigError, match=r"only .* free at .*: free some"):
        doctor_checks.room(home)


def test_voice_and_model_are_looked_up(flow: InProcess) -> None:
    espeak = dataclasses.replace(flow.settings, provider="espeak", voice="", model="")
    profile = profile_of("espeak")
    assert "espeak-ng-1.52" in doctor_checks.speech(profile, espeak).text
    with pytest.raises(ConfigError, match="espeak has no voice 'nobody'"):
        doctor_checks.speech(profile, dataclasses.replace(espeak, voice="nobody"))
    unknown = doctor_checks.speech(profile, dataclasses.replace(espeak, model="espeak-ng-1.51"))
    assert unknown.is_warning
    assert "does not list the model 'espeak-ng-1.51'" in unknown.text
