"""`speeko rebuy` as a user meets it: the price, then the new audio, then the command that delivers it."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli
from tests.fixtures.metered import MeteredProvider
from tests.metered.audio import read_stamp, stamp_of

ROWS = [("one", "The first of three texts."), ("two", "The second of three."), ("three", "And the third.")]
COST_USD = "0.000301"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("", "no texts selected: give --key, --job, --row, or --voice with --since"),
        ("--voice nova", "needs --since"),
        ("--since 2026-11-01", "need --voice"),
        ("--key abc", "is not a key: 64 hex digits"),
        ("--row 12", "is not JOB:ROW"),
        ("--row x:1", "is not JOB:ROW"),
        ("--job 0", "not in the range"),
        ("--voice nova --since yesterday", "does not match the format"),
    ],
)
def test_words_that_do_not_fit_are_told_in_one_line(here: Any, words: str, told: str) -> None:
    code, out, err = here("rebuy", *shlex.split(words))
    assert (code, out) == (2, "")
    assert told in err
    assert len(err.splitlines()) == 1


def is_right(folder: Path, name: str, text: str) -> bool:
    return read_stamp((folder / f"{name}.mp3").read_bytes(), "mp3") == stamp_of(text, "kokoro-professional")


def test_from_wrong_audio_to_right_files(cli: Cli, metered: MeteredProvider) -> None:
    cli.environ |= {
        "SPEEKO_PROVIDER": "speeko",
        "SPEEKO_API_URL": metered.url,
        "SPEEKO_API_KEY": metered.api_key,
    }
    out = cli.folder / "out"
    catalog = cli.catalog(ROWS)
    metered.script([{"match": ROWS[1][1], "times": 1, "say": "Something else, quite wrong."}])
    job = cli.json("run", catalog, "--output", out, "--workers", "1")["job"]
    assert [is_right(out, *row) for row in ROWS] == [True, False, True]

    row = f"{job}:two"
    told = cli.json("rebuy", "--row", row, "--dry-run")
    assert (told["texts"], told["price_usd"], told["jobs"]) == (1, COST_USD, [])
    asked = cli("rebuy", "--row", row)
    assert asked.returncode == 2
    assert "1 text with 20 characters to buy again for $0.000301" in asked.stdout
    assert "give --yes to spend $0.000301" in asked.stderr
    poor = cli("rebuy", "--row", row, "--yes", "--budget", "0.0003")
    assert poor.returncode != 0
    assert "nothing was started" in poor.stderr
    assert metered.calls == 3

    bought = cli.json("rebuy", "--row", row, "--yes", "--workers", "1")
    (summary,) = bought["jobs"]
    assert (summary["state"], summary["calls"], summary["cost_usd"]) == ("done", 1, COST_USD)
    ((files, command),) = [(one["files"], one["command"]) for one in bought["outdated"]]
    assert files == 1
    assert metered.calls == 4
    assert [is_right(out, *row) for row in ROWS] == [True, False, True]
    words = shlex.split(command)
    assert words[0] == "speeko"
    done: subprocess.CompletedProcess[str] = cli(*words[1:], "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert "1 rebought changed" in " ".join(done.stdout.split())
    assert all(is_right(out, *row) for row in ROWS)
    assert metered.calls == 4


def test_what_is_told_has_no_signs_of_control(cli: Cli) -> None:
    """Lines are printed one by one: a line's end within one would be shown as a backslash and an n."""
    catalog = cli.catalog(ROWS)
    out = cli.folder / "out"
    assert cli("run", catalog, "--output", out, "--workers", "1").returncode == 0
    told = [cli("rebuy", "--job", "1", "--yes", "--workers", "1"), cli("diff", catalog, "--output", out)]
    assert [done.returncode for done in told] == [0, 0]
    assert f"3 files in {out} with the old audio" in told[0].stdout
    assert told[1].stdout.splitlines()[-1] == "a run would make 0 calls for $0.00"
    assert all("\\n" not in done.stdout + done.stderr for done in told)
