"""The time from `speeko run` to the first audio file: the sample catalog, spoken by espeak.

Cold is a new home, where the database is made first. Warm: the home is there, its servers are down or still
up, or `speeko up` runs. Each run has texts of its own, so that all is really spoken. The floor is what the
command takes to say its version.
"""

from __future__ import annotations

import contextlib
import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import speeko_cli
from speeko_jobs.embedded.servers import EmbeddedServers
from tests.bench.table import show
from tests.wait import wait_until

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]
SPEEKO = str(Path(sys.executable).with_name("speeko"))
SAMPLE = Path(speeko_cli.__file__).with_name("sample_catalog.csv")
WITH_ERRORS = 3  # one row of the sample has no text


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that does not exist yet; commands see no other setting."""
    for name in [name for name in os.environ if name.startswith("SPEEKO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SPEEKO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def catalog(path: Path) -> tuple[Path, int]:
    """The sample with a word more in each text, and how many rows can be spoken."""
    rows = list(csv.DictReader(SAMPLE.read_text("utf-8").splitlines()))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(row | {"text": f"{row['text']} {path.stem}." if row["text"] else ""} for row in rows)
    return path, sum(1 for row in rows if row["text"])


def spoken(folder: Path, name: str) -> tuple[float, float]:
    """Seconds from the start of `speeko run` to the first file, and to its end."""
    file, rows = catalog(folder / f"{name}.csv")
    output = folder / name
    started = time.monotonic()
    command = [SPEEKO, "run", str(file), "--provider", "espeak", "--output", str(output)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        wait_until(lambda: any(output.glob("[!.]*.mp3")) or process.poll() is not None, "the first file")
        first = time.monotonic() - started
        _, said = process.communicate()
        whole = time.monotonic() - started
    assert process.returncode == WITH_ERRORS, said.decode()
    assert len(list(output.glob("[!.]*.mp3"))) == rows
    return first, whole


@contextlib.contextmanager
def up() -> Iterator[None]:
    """`speeko up`, ready, until the end of the block."""
    command = [SPEEKO, "up", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            assert any(b"ready" in line for line in process.stdout)
            yield
        finally:
            process.send_signal(signal.SIGINT)


def test_time_to_the_first_file(home: Path) -> None:
    folder = home.parent
    started = time.monotonic()
    subprocess.run([SPEEKO, "--version"], stdout=subprocess.DEVNULL, check=True)
    floor = time.monotonic() - started
    rows: list[list[str | float]] = [["the floor: speeko --version", floor, floor, ""]]
    rows.append(["cold: a new home", *spoken(folder, "cold"), "≤ 4"])
    rows.append(["the home is there, servers down", *spoken(folder, "again"), ""])
    with EmbeddedServers(home):
        rows.append(["warm: servers still up", *spoken(folder, "warm"), "≤ 2"])
    with up():
        rows.append(["workers up, too: speeko up", *spoken(folder, "up"), ""])
    show(f"`speeko run` of {SAMPLE.name}", ["", "s to the first file", "s to the end", "target"], rows)
