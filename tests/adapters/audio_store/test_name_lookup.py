"""Names that are taken in a folder: the same answer one by one, listed, and in a folder of many names."""

from __future__ import annotations

from pathlib import Path

import pytest

from speeko_jobs.adapters.audio_store import Store, name_lookup
from speeko_jobs.errors import StoreError

FREE = [f"SKU-{n}.mp3" for n in range(name_lookup.MIN_PATHS)]
TAKEN = ["a.mp3", "a.mp3/below.mp3", "folder", "folder/b.mp3", "dangling.mp3", "größe.mp3", ".hidden"]
OTHERS = ["folder/c.mp3", "folder/b", "fol", "b.mp3"]


@pytest.fixture(params=["few names", "many names"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    for name in ("a.mp3", "folder/b.mp3", "größe.mp3", ".hidden"):
        (tmp_path / name).touch()
    (tmp_path / "dangling.mp3").symlink_to("nowhere")
    if request.param == "many names":
        for n in range(name_lookup.MAX_LISTED):
            (tmp_path / f"other-{n}").touch()
    return tmp_path


@pytest.mark.parametrize("free", [[], FREE], ids=["looked up", "listed"])
def test_everything_that_has_a_name_is_seen(root: Path, free: list[str]) -> None:
    paths = [*TAKEN, *free, *OTHERS]
    taken = Store(str(root)).taken(paths)
    assert [path for path, is_taken in zip(paths, taken, strict=True) if is_taken] == TAKEN


def test_a_name_in_another_case_is_looked_up(root: Path) -> None:
    """Whether it is taken the file system says."""
    paths = ["A.mp3", "GRÖSSE.mp3", *FREE]
    assert Store(str(root)).taken(paths) == [(root / path).exists() for path in paths]


def test_nothing_is_taken_where_there_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for root in ("missing", "file"):
        assert not any(Store(str(tmp_path / root)).taken([*TAKEN, *FREE]))


def test_a_name_that_cannot_be_looked_up_is_one_clear_line(root: Path) -> None:
    (root / "loop").symlink_to("loop")
    with pytest.raises(StoreError, match="loop"):
        Store(str(root)).taken(["loop/a.mp3", *FREE])
