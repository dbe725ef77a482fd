"""`speeko completion`: a real shell completes commands, options, values and file names."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BIN = Path(sys.executable).parent
SECONDS = 60


class Shell:
    """An interactive bash on a terminal of its own, with the completion of speeko."""

    def __init__(self, folder: Path) -> None:
        self._terminal, theirs = pty.openpty()
        environ = {
            "PATH": f"{BIN}:/usr/bin:/bin",
            "HOME": str(folder),
            "TERM": "dumb",
            "PS1": "> ",
            "INPUTRC": "/dev/null",
            "SPEEKO_HOME": str(folder / "home"),
        }
        self.process = subprocess.Popen(
            ["bash", "--norc", "--noprofile", "-i"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=folder,
            env=environ,
            start_new_session=True,
        )
        os.close(theirs)
        self.type("bind 'set enable-bracketed-paste off'; bind 'set bell-style none'\n")
        self.type('eval "$(speeko completion bash)"; echo set up: $?\n')
        self.read_until("set up: 0\r\n")

    def type(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def read_until(self, wanted: str) -> str:
        """Return what the shell shows, up to `wanted`."""
        seen, end = "", time.monotonic() + SECONDS
        while wanted not in seen:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._terminal], [], [], left)[0]:
                pytest.fail(f"the shell does not show {wanted!r}: {seen!r}")
            seen += os.read(self._terminal, 4096).decode(errors="replace")
        return seen

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._terminal)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    (tmp_path / "my catalog.csv").write_text("id,text\n")
    found = Shell(tmp_path)
    yield found
    found.close()


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("speeko est\t", "speeko estimate "),
        ("speeko schedule rem\t", "remove "),
        ("speeko run --lang\t", "--language"),
        ("speeko run --provider kok\t", "kokoro-fastapi "),
        ("speeko run --provider openai --voice allo\t", "alloy "),
        ("speeko run --segments sen\t", "sentence "),
        ("speeko run my\t", "my\\ catalog.csv "),
        ("speeko estimate --lexicon my\t", "my\\ catalog.csv "),
    ],
)
def test_bash_completes(shell: Shell, typed: str, shown: str) -> None:
    shell.type(typed)
    shell.read_until(shown)


@pytest.mark.parametrize("name", ["zsh", "fish"])
def test_other_shells_take_their_script(here: Any, tmp_path: Path, name: str) -> None:
    code, out, err = here("completion", name)
    assert (code, err) == (0, "")
    assert f"_SPEEKO_COMPLETE={name}_complete" in out
    if (program := shutil.which(name)) is None:
        return  # there is none here to ask
    (tmp_path / "script").write_text(out)
    done = subprocess.run([program, "-n", tmp_path / "script"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_no_shell_is_one_line(here: Any) -> None:
    code, out, err = here("completion", "tcsh")
    assert (code, out) == (2, "")
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'" in err
