"""Files of voices and rules: found, read, and told of in one line where they are no good."""

from __future__ import annotations

from pathlib import Path

import pytest

from speeko_jobs.adapters.voice_files import FILE_NAME, MAX_BYTES, read_rules, read_voices
from speeko_jobs.core.providers.profiles import PROFILES
from speeko_jobs.errors import ConfigError

MINE = "[speeko.mine]\nlatency_ms = 10\nquality = 0.5\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(own: str = "") -> list[str]:
    return [voice.name for voice in read_voices(own)["speeko"]]


def test_there_are_voices_for_every_provider(folder: Path) -> None:
    assert set(read_voices()) == set(PROFILES)
    assert names() == ["kokoro-professional", "kokoro-friendly", "kokoro-low-latency"]


def test_the_file_of_the_folder_is_taken_and_another_where_it_is_named(folder: Path) -> None:
    (folder / FILE_NAME).write_text(MINE)
    assert names()[-1] == "mine"
    (folder / "other.toml").write_text("\ufeff" + MINE.replace("mine", "other"), "utf-8")
    assert names("other.toml")[3:] == ["other"]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"[speeko.a]\nquality = \n", "f.toml: not valid TOML: .*line 2"),
        (b"\n# caf\xe9\n", r"f.toml: not valid TOML: not UTF-8 \(at line 2\)"),
        (b"# " + b"x" * MAX_BYTES, "f.toml: larger than 4 MB"),
        (b"\x00\xff\xd8\xff" * 9, "f.toml: not valid TOML"),
    ],
    ids=["no value", "latin 1", "huge", "binary"],
)
def test_a_file_that_is_no_good(folder: Path, data: bytes, told: str) -> None:
    (folder / "f.toml").write_bytes(data)
    for read in (read_voices, read_rules):
        with pytest.raises(ConfigError, match=told) as caught:
            read("f.toml")
        assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_is_none(folder: Path) -> None:
    (folder / "d").mkdir()
    for path, told in (
        ("no.toml", "no.toml: there is no such file"),
        ("d", "d: cannot be read"),
        ("\0", "read"),
    ):
        for read in (read_voices, read_rules):
            with pytest.raises(ConfigError, match=told):
                read(path)


def test_rules_keep_their_order(folder: Path) -> None:
    text = "".join(f'[[rule]]\nwhen = {{category = "c{n}"}}\nvoice = "v{n}"\n' for n in range(20))
    (folder / "rules.toml").write_text(text)
    assert [rule.voice for rule in read_rules("rules.toml")] == [f"v{n}" for n in range(20)]
