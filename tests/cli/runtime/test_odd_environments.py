"""Values, files and streams that nobody means to give: one line each, never a traceback or a bug."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(sys.executable).with_name("speeko")


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("workers = 1e400", "workers takes a whole number, not inf"),
        ("workers = nan", "workers takes a whole number, not nan"),
        ("workers = 1.5", "workers takes a whole number, not 1.5"),
        ("workers = true", "workers takes a whole number, not True"),
        ("speed = nan", "speed takes 0.1 to 10, not nan"),
        ("voice = {a = 1}", "voice takes a text"),
        ("accounts = 5", "takes a table for each account"),
        ("[[", "not valid TOML"),
    ],
)
def test_values_of_a_settings_file(here: Any, tmp_path: Path, toml: str, told: str) -> None:
    (tmp_path / "speeko.toml").write_text(toml)
    code, _, err = here("config")
    assert code == 1
    assert told in err
    assert len(err.splitlines()) == 1


def test_a_whole_number_may_be_written_as_a_float(here: Any, tmp_path: Path) -> None:
    (tmp_path / "speeko.toml").write_text("workers = 2.0")
    found = {one["name"]: one["value"] for one in here.json("config")}
    assert found["workers"] == 2


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SPEEKO_WORKERS", "9" * 5000, "workers takes a whole number, not '999"),
        ("SPEEKO_VOICE", "\udcff", "SPEEKO_VOICE: voice is not UTF-8: write it in UTF-8"),
        ("SPEEKO_OUTPUT", "\udcff", "SPEEKO_OUTPUT: output is not UTF-8"),
        ("SPEEKO_CONFIG", "/proc/self/mem", "/proc/self/mem: cannot be read"),
        ("SPEEKO_CONFIG", "/", "/: a folder, not a settings file"),
        (
            "SPEEKO_HOME",
            "~nobody-of-this-name/x",
            "a path begins with ~, and that user has no home",
        ),
    ],
)
def test_values_of_the_environment(
    here: Any, monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)
    code, _, err = here("config")
    assert code == 1
    assert told in err
    assert len(err.splitlines()) == 1
    assert len(err) < 300


@pytest.mark.parametrize("price", ["1e400", "1000001", "9" * 30])
def test_prices_that_nobody_charges(here: Any, tmp_path: Path, price: str) -> None:
    (tmp_path / "c.csv").write_text("id,text\n1,One.\n")
    code, _, err = here("estimate", "c.csv", "--price-per-million", price)
    assert code == 1
    assert "price_per_million takes at most 1,000,000 dollars a million characters" in err


@pytest.mark.parametrize(
    ("redirection", "code", "err"),
    [
        (">/dev/full", 1, "speeko: No space left on device\n"),
        (">&-", 0, ""),
        ("<&- >&-", 0, ""),
        (">/dev/full 2>/dev/full", 1, ""),
        (">&- 2>&-", 0, ""),
    ],
)
@pytest.mark.parametrize("words", ["config", "config --json"])
def test_streams_that_are_closed_or_full(
    tmp_path: Path, redirection: str, code: int, err: str, words: str
) -> None:
    command = f"{SCRIPT} {words} {redirection}"
    environ = os.environ | {"SPEEKO_HOME": str(tmp_path)}
    done = subprocess.run(["bash", "-c", command], env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", err)
