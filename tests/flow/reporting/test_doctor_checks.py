"""What `doctor` checks: a probe of the store leaves nothing behind, Redis of another database is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from speeko_jobs.embedded.servers import ServerUrls
from speeko_jobs.errors import ServerError, StoreError
from speeko_jobs.flow.reporting import doctor_checks
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
    assert doctor_checks.foreign_redis_warning(flow.context) == ""
    assert doctor_checks.redis_version(flow.context)
    with own_database(servers, "other", migrated_template) as url:
        other = flow.again(database_url=url)
        assert "another database" in doctor_checks.foreign_redis_warning(other.context)
        with pytest.raises(ServerError, match="another database"):
            doctor_checks.redis_version(other.context)
        other.close()
