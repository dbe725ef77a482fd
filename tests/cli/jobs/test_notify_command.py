"""--notify: the user's command hears of the end, and changes nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from speeko_cli.jobs.notify_command import notify
from speeko_jobs.embedded.servers import EmbeddedServers

SUMMARY = {"job": 7, "state": "paused", "rows": 3, "reason": "ünïcode \u202e"}
TELL = """
import json, os, pathlib, sys
told = {"summary": json.load(sys.stdin.buffer)}
told |= {name: os.environ[f"SPEEKO_{name.upper()}"] for name in ("job", "state")}
pathlib.Path(sys.argv[1]).write_text(json.dumps(told))
print("on stdout")
sys.exit(int(sys.argv[2]))
"""


def command(tmp_path: Path, code: int = 0) -> str:
    script = tmp_path / "tell me.py"
    script.write_text(TELL)
    return f"'{sys.executable}' '{script}' '{tmp_path / 'told; $(x).json'}' {code}"


def told(tmp_path: Path) -> Any:
    return json.loads((tmp_path / "told; $(x).json").read_text())


def test_the_command_has_the_summary_and_what_it_prints_is_not_on_stdout(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    notify(command(tmp_path), SUMMARY)
    assert told(tmp_path) == {"summary": SUMMARY, "job": "7", "state": "paused"}
    out, err = capfd.readouterr()
    assert (out, err) == ("", "on stdout\n")


def test_a_command_that_fails_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    notify(command(tmp_path, 3), SUMMARY)
    notify("/no/such/command", SUMMARY)
    notify("'not closed", SUMMARY)
    notify("", SUMMARY)
    err = capfd.readouterr().err
    assert "failed with exit code 3\n" in err
    assert "speeko: --notify: '/no/such/command' did not run: No such file or directory" in err
    assert "No closing quotation" in err
    assert "Traceback" not in err


def test_run_and_wait_tell_it_and_keep_their_exit_codes(cli: Any, tmp_path: Path) -> None:
    catalog = cli.catalog([("a", "Hello"), ("b", "!")])
    summary = cli.json("run", catalog, "--notify", command(tmp_path, 9), code=3)
    assert told(tmp_path) == {"summary": summary, "job": "1", "state": "done_with_errors"}
    (tmp_path / "told; $(x).json").unlink()
    with EmbeddedServers(cli.home):
        assert cli("wait", "1", "--notify", command(tmp_path)).returncode == 3
    assert told(tmp_path)["job"] == "1"
    assert (Path(cli.folder) / "speeko-output" / "report.html").is_file()


def test_a_command_that_is_killed_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    notify("sh -c 'kill -9 $$'", SUMMARY)
    assert "was killed by signal 9" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (
            "no-such-command --x",
            "--notify: there is no command 'no-such-command': give a program on the PATH",
        ),
        ("'not closed", "--notify: No closing quotation"),
        (" ", "--notify: the command is empty"),
        ("echo done && true", "--notify runs without a shell, which && needs: give --notify 'sh -c "),
        ("cat > summary.json", "--notify runs without a shell, which > needs: give --notify 'sh -c "),
    ],
)
def test_a_command_that_cannot_run_is_refused_before_the_job(here: Any, command: str, told: str) -> None:
    for words in (("run", "a.csv"), ("submit", "a.csv"), ("wait", "1"), ("watch", "1")):
        code, out, err = here(*words, "--notify", command)
        assert (code, out) == (2, "")
        assert told in err
        assert len(err.splitlines()) == 1
