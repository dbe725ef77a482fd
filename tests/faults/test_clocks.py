"""No decision hangs on a worker's clock: times are the database's, spans are monotonic.

So there is nothing that a clock which is wrong by a day, or jumps, could change. This looks at the source.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import speeko_jobs

ROOT = Path(speeko_jobs.__file__).parent
READS_THE_CLOCK = {
    ("time", "time"), ("time", "time_ns"), ("time", "gmtime"), ("time", "localtime"),
    ("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"),
}  # fmt: skip
SOURCES = sorted([*(ROOT / "flow").rglob("*.py"), *(ROOT / "adapters" / "postgres").rglob("*.py")])
STATEMENTS = sorted((ROOT / "adapters" / "postgres" / "sql").glob("*.sql"))


def clock_reads(source: str) -> list[int]:
    """Lines that read the wall clock."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            if (owner, node.attr) in READS_THE_CLOCK:
                found.append(node.lineno)
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            found += [node.lineno for name in node.names if ("time", name.name) in READS_THE_CLOCK]
    return found


def test_the_search_finds_what_it_looks_for() -> None:
    assert clock_reads("import time\ntime.time()\ntime.monotonic()") == [2]
    assert clock_reads("import datetime\ndatetime.datetime.now()") == [2]
    assert clock_reads("from time import time") == [1]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_flow_and_no_transaction_reads_the_clock(path: Path) -> None:
    assert clock_reads(path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", STATEMENTS, ids=lambda path: path.name)
def test_statements_ask_for_the_time_of_the_moment(path: Path) -> None:
    """now() and its kin are the transaction's start: a lease that waited for a lock begins in the past."""
    frozen = re.compile(
        r"\b(now\(\)|current_timestamp|current_date|localtimestamp|transaction_timestamp)", re.I
    )
    lines = path.read_text("utf-8").splitlines()
    assert [line for line in lines if frozen.search(line) and not line.startswith("--")] == []
