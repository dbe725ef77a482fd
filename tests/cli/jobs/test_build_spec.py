"""Which outputs are one ZIP file."""

from __future__ import annotations

from pathlib import Path

from speeko_cli.jobs.build_spec import names_archive


def test_a_folder_that_is_called_so_stays_a_folder(tmp_path: Path) -> None:
    (tmp_path / "old.zip").mkdir()
    assert not names_archive(str(tmp_path / "old.zip"))
    assert names_archive(str(tmp_path / "new.zip"))
    assert names_archive("s3://bucket/new.zip")
    assert not names_archive("s3://bucket/folder")
