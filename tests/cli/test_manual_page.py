"""The man page: what the help says of every command, in roff that formats without a warning."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from speeko_cli.main import VERBS
from speeko_cli.manual_page import page
from speeko_jobs.settings import Settings


def test_the_page_has_every_command_setting_and_exit_code() -> None:
    text = page()
    for verbs in VERBS.values():
        for name in verbs:
            assert f".SS speeko {name}" in text
    for name in Settings.__dataclass_fields__:
        assert f".B SPEEKO_{name.upper()}" in text
    assert "speeko cache warm" in text
    assert not re.search(r"^\.(?!TH|SH|SS|PP|TP|B|nh)", text, re.M), "a line of the help has become a request"
    assert not re.search(r"(?<!\\)-", re.sub(r"^\.TH .*$", "", text, flags=re.M)), (
        "a hyphen for an option's dash"
    )


def test_the_page_can_be_read() -> None:
    if (groff := shutil.which("groff")) is None:
        pytest.skip("there is no groff")
    words = [groff, "-man", "-Tutf8", "-ww", "-P-c"]
    done = subprocess.run(words, input=page(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert done.stderr == ""
    shown = re.sub(r"\s+", " ", re.sub(".\b", "", done.stdout))
    assert "speeko run [OPTIONS] FILES..." in shown
    assert "--budget USD maximum cost of the job" in shown
