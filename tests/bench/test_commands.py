"""How long commands take, beside a start of Python that imports click, in the same run.

Servers and workers stay after the first command. Each figure is the fastest of several, since other work on
the machine only adds to it. Goals: `status` 4 times the start of Python, `run` of 40 known rows 8 times.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.bench.table import show, size

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]
SPEEKO = str(Path(sys.executable).with_name("speeko"))
ROWS = 40


def fastest(command: list[str], environ: dict[str, str], folder: Path, times: int) -> float:
    """Return the seconds of the fastest of some calls."""
    found = []
    for _ in range(times):
        started = time.perf_counter()
        subprocess.run(command, cwd=folder, env=environ, check=True, capture_output=True)
        found.append(time.perf_counter() - started)
    return min(found)


def test_commands(tmp_path: Path) -> None:
    plain = {k: v for k, v in os.environ.items() if not k.startswith("SPEEKO_")}
    environ = plain | {"SPEEKO_HOME": str(tmp_path / "home"), "SPEEKO_LINGER_SECONDS": "600"}
    catalog = tmp_path / "catalog.csv"
    catalog.write_text("id,text\n" + "".join(f"r{n},Sentence number {n}.\n" for n in range(ROWS)))
    run = [SPEEKO, "run", str(catalog), "--output", "out"]
    times = size("COMMANDS", 5)
    try:
        first = fastest(run, environ, tmp_path, 1)
        fastest(run, environ, tmp_path, 1)
        start = fastest([sys.executable, "-c", "import click"], environ, tmp_path, times)
        figures = {
            "speeko --version": fastest([SPEEKO, "--version"], environ, tmp_path, times),
            "speeko status": fastest([SPEEKO, "status"], environ, tmp_path, times),
            f"speeko run, {ROWS} known rows": fastest(run, environ, tmp_path, times),
        }
        cold = environ | {"SPEEKO_LINGER_SECONDS": "0"}
        figures["speeko status, nothing running"] = fastest([SPEEKO, "status"], cold, tmp_path, 2)
        figures[f"speeko run, {ROWS} known rows, nothing running"] = fastest(run, cold, tmp_path, 2)
    finally:
        subprocess.run([SPEEKO, "down"], cwd=tmp_path, env=environ, check=False, capture_output=True)
    rows = [
        ["python -c 'import click'", start, 1.0],
        [f"speeko run, {ROWS} new rows, new home", first, first / start],
    ]
    rows += [[name, seconds, seconds / start] for name, seconds in figures.items()]
    show("commands, servers and workers staying", ("command", "seconds", "times"), rows)
