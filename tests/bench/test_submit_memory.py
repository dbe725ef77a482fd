"""What planning takes: peak memory at 10,000 and at 100,000 rows, and rows a second."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.bench.table import show
from tests.e2e.conftest import MakeSpine
from tests.fixtures.spine import Spine, texts, write_catalog
from workers.supervisor import environment

pytestmark = pytest.mark.bench
SCRIPT = Path(__file__).with_name("a_planner.py")


def planned(spine: Spine, verb: str, catalog: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), verb, str(catalog), str(spine.folder / f"{verb}-{catalog.stem}")],
        env=environment(spine.settings),
        stdout=subprocess.PIPE,
        check=True,
    )
    return dict(json.loads(done.stdout))


def test_memory_and_rate_of_planning(make_spine: MakeSpine) -> None:
    spine = make_spine()
    rows = []
    for count in (10_000, 100_000):
        catalog = write_catalog(spine.folder / f"{count}.csv", texts(count, f"article of {count}"))
        for verb in ("estimate", "submit"):
            found = planned(spine, verb, catalog)
            assert found["rows"] == count
            megabytes = [found[name] / 1e6 for name in ("before_bytes", "peak_bytes")]
            rates = [count / found["seconds"], count / found["cpu_seconds"]]
            rows.append([f"{verb}, {count:,} rows", *rates, *megabytes])
    assert spine.sql("SELECT count(*) FROM speeko.item") == [(110_000,)]
    header = ["planning, all texts new", "rows/s", "rows/CPU s", "MB before", "peak MB"]
    show("Planning in a fresh process", header, rows)
