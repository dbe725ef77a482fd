"""Planning alone, in a fresh process: rows a second and peak memory, everything known and nothing known.

SPEEKO_BENCH_ROWS (1000000). The baseline only reads the file and makes a SHA-256 of each text.
"""

from __future__ import annotations

import csv
import hashlib
import time
from pathlib import Path

import pytest

from tests.bench.bought import deliver_on_paper, write_lines
from tests.bench.programs import planned
from tests.bench.table import show, size
from tests.e2e.conftest import MakeSpine

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3_600)]


def bare_rate(catalog: Path) -> float:
    """Rows a second of the least that any planner does."""
    started, rows = time.monotonic(), 0
    with catalog.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        next(reader)
        for row in reader:
            hashlib.sha256(row[2].encode()).digest()
            rows += 1
    return rows / (time.monotonic() - started)


def test_rate_and_memory_of_planning(make_spine: MakeSpine) -> None:
    count = size("ROWS", 1_000_000)
    spine = make_spine()
    catalog = write_lines(spine.folder / "catalog.csv", count)
    bare = bare_rate(catalog)
    table: list[list[str | int | float]] = [["a bare loop: CSV and SHA-256", bare, "", "", "", ""]]

    def add(what: str, target: str, found: dict[str, float], to_buy: int) -> None:
        assert (found["rows"], found["to_buy"]) == (count, to_buy)
        rates = count / found["seconds"], count / found["cpu_seconds"]
        table.append([what, rates[0], target, rates[0] / bare, rates[1], found["peak_bytes"] / 1e6])

    add("estimate, nothing known", "≥ 150,000", planned(spine, "estimate", catalog), count)
    add("submit, nothing known", "", deliver_on_paper(spine, catalog), count)
    add("estimate, all known to Postgres", "≥ 150,000", planned(spine, "estimate", catalog), 0)
    add("estimate, all known to Redis", "≥ 150,000", planned(spine, "estimate", catalog), 0)
    add("submit, all known, to a new folder", "", planned(spine, "submit", catalog, "new"), 0)
    header = ["planning", "rows/s", "target", "of the bare loop", "rows/CPU s", "peak MB"]
    show(f"Planning {count:,} rows in a fresh process", header, table)
