"""Every error is one line on stderr with the exit code of its kind; never a traceback."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from speeko_cli.runtime import error_reporting
from speeko_cli.runtime.invocation import Invocation
from speeko_jobs.errors import CatalogError, UsageError
from speeko_jobs.settings import Settings

SCRIPT = Path(sys.executable).with_name("speeko")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["rum"], 2, "there is no command 'rum' (did you mean run"),
        (["run"], 2, "missing argument 'FILES...'"),
        (["run", "a.csv", "--colour"], 2, "there is no option --colour: `speeko run --help`"),
        (["run", "a.csv", "--speed", "fast"], 2, "'fast' is not a valid float"),
        (["run", "a.csv", "--quoting", "some"], 2, "'some' is not one of"),
        (["jobs", "--tenant", "\udcff"], 2, "'\\udcff' is not UTF-8"),
        (["status", "twelve"], 2, "'twelve' is not a valid integer"),
        (["status", "0"], 2, "0 is not in the range"),
        (["run", "a.csv", "--provider", "parrot"], 1, "there is no provider 'parrot': espeak, speeko"),
        (["run", "a.csv", "--provider", "speeko"], 1, "speeko needs a key: set SPEEKO_API_KEY"),
        (["run", "a.csv", "--format", "midi"], 1, "--format takes mp3, ogg, opus, wav, flac"),
        (["run", "a.csv", "--speed", "nan"], 1, "speed takes 0.1 to 10, not nan"),
        (["run", "a.csv", "--price-per-million", "cheap"], 1, "takes dollars such as 15, or 15, 12 from"),
        (["run", "a.csv", "--output", "s3:/shop/audio"], 1, "did you mean s3://shop/audio?"),
        (["voices", "--provider", "parrot"], 1, "there is no provider 'parrot'"),
        (["config", "--config", "no.toml"], 1, "no.toml: no such settings file"),
        (["worker", "--queues", "x"], 1, "there is no queue 'x'"),
        (["flower", "--address", "0.0.0.0"], 1, "set FLOWER_BASIC_AUTH=user:password first"),
        (["status"], 1, "there are no jobs yet"),
        (["status", "7"], 1, "there are no jobs yet"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_in_one_line(here: Any, words: list[str], code: int, told: str) -> None:
    got, out, err = here(*words)
    assert (got, out) == (code, "")
    assert told in err
    assert err.startswith("speeko: ")
    assert len(err.splitlines()) == 1


def test_errors_in_json_are_one_document(here: Any) -> None:
    for words, code in ((["status", "7", "--json"], 1), (["run", "--json"], 2)):
        got, out, err = here(*words)
        assert got == code
        assert json.loads(out)["error"] in err


def test_a_bad_settings_file_names_itself(here: Any, tmp_path: Path) -> None:
    (tmp_path / "speeko.toml").write_text("voice = \n")
    assert here("config")[2].startswith("speeko: speeko.toml: not valid TOML")
    (tmp_path / "speeko.toml").write_text("vioce = 'a'\n")
    assert "there is no setting 'vioce'" in here("config")[2]
    (tmp_path / "speeko.toml").write_text("log_level = 'LOUD'\n")
    assert "log_level is one of" in here("config")[2]


@pytest.fixture
def call(tmp_path: Path) -> Invocation:
    url = "postgresql://user:dbpass99@host/name"
    return Invocation(resolved=Settings(home=str(tmp_path), api_key="sk-very-secret", database_url=url))


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (CatalogError("a.csv: no"), 1, "speeko: a.csv: no\n"),
        (UsageError("no"), 2, "speeko: no\n"),
        (error_reporting.Interrupted("job 1 is paused"), 130, "speeko: job 1 is paused\n"),
        (KeyboardInterrupt(), 130, "speeko: interrupted\n"),
        (click.Abort(), 130, "speeko: interrupted\n"),
        (PermissionError(13, "Permission denied", "/x"), 1, "speeko: /x: Permission denied\n"),
        (click.exceptions.Exit(3), 3, ""),
        (CatalogError("evil \x1b[2J row"), 1, "speeko: evil \\x1b[2J row\n"),
        (CatalogError("key sk-very-secret is bad"), 1, "speeko: key *** is bad\n"),
    ],
)  # fmt: skip
def test_errors_and_their_codes(
    call: Invocation, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, told: str
) -> None:
    assert error_reporting.code_of(error, call) == code
    assert capsys.readouterr() == ("", told)


def test_a_bug_leaves_a_report_without_secrets(
    call: Invocation, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(ZeroDivisionError) as bug:
        raise ZeroDivisionError("with sk-very-secret\nand postgresql://user:dbpass99@host/name")
    assert error_reporting.code_of(bug.value, call) == 1
    err = capsys.readouterr().err
    assert err.startswith("speeko: a bug in speeko: ZeroDivisionError: with ***; the traceback is in ")
    assert len(err.splitlines()) == 1
    (report,) = (tmp_path / "logs").glob("crash-*.txt")
    text = report.read_text()
    assert str(report) in err
    assert "Traceback" in text
    assert "sk-very-secret" not in text
    assert "dbpass99" not in text
    assert stat.S_IMODE(report.stat().st_mode) == 0o600


@pytest.mark.parametrize("words", [["config"], ["config", "--json"], ["voices"], ["--help"]])
def test_a_reader_that_leaves_is_no_error(cli: Any, words: list[str]) -> None:
    left, stdout = os.pipe()
    os.close(left)
    try:
        done = subprocess.run(
            [SCRIPT, *words],
            env=cli.environ,
            cwd=cli.folder,
            stdout=stdout,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    finally:
        os.close(stdout)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize(
    ("text", "words", "told"),
    [
        ("id,text\n1,a\n", ["--text", "nme"], 'there is no column "nme"'),
        ("id,text\n1,a\n", ["b.csv"], "b.csv: no such file"),
        ("", [], "the file is empty"),
        ("id,text\n1,Hello there\n1,Good day\n", [], "choose another --id or --name"),
        (
            "id,text\n1,Hello there\n2,!\n",
            ["--strict"],
            "row 2: there is nothing to speak in the text (--strict",
        ),
        ("id,text\n1,Hello there\n", ["--name", "{nme}.mp3"], "nme"),
    ],
)
def test_catalogs_that_cannot_be_a_job(
    standing_cli: Any, here: Any, monkeypatch: pytest.MonkeyPatch, text: str, words: list[str], told: str
) -> None:
    monkeypatch.setenv("SPEEKO_HOME", str(standing_cli.home))
    Path("a.csv").write_text(text)
    code, out, err = here("estimate", "a.csv", *words)
    assert code in (1, 2)
    assert told in err
    assert len(err.splitlines()) == 1
    assert out == ""
