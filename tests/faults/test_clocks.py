"""No decision hangs on a worker's clock: times are the database's, spans are monotonic.

The source is searched for readings of that clock; and workers whose clocks are a day ahead, a day behind and
jumping do a job together.
"""

from __future__ import annotations

import ast
import re
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

import speeko_jobs
from speeko_workers.supervisor import CeleryNode
from tests.fixtures.faulty import MakeSpine
from tests.fixtures.ledger import check_ledger, check_served
from tests.fixtures.spine import DELIVERING, SYNTHESIZING, Spine, texts, write_catalog
from tests.wait import wait_until

ROOT = Path(speeko_jobs.__file__).parent
WRONG_CLOCK = Path(__file__).with_name("wrong_clock")
READS_THE_CLOCK = {
    ("time", "time"), ("time", "time_ns"), ("time", "gmtime"), ("time", "localtime"),
    ("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"),
}  # fmt: skip
MAY_READ_IT = {
    # the providers' drivers, for servers that tell no time of their own: they pass it on
    "adapters/providers/discovery.py",
    "adapters/providers/http_provider.py",
    # `doctor` compares the servers' clocks with it
    "adapters/postgres/server_fitness.py",
    "adapters/redis/server.py",
    # shows until when idle servers stay; what is decided is monotonic
    "embedded/idle_shutdown.py",
}
ROOMS = [ROOT / "flow", ROOT / "adapters", ROOT / "embedded"]
FILES = [*ROOT.glob("*.py"), *(path for room in ROOMS for path in room.rglob("*.py"))]
SOURCES = sorted(path for path in FILES if str(path.relative_to(ROOT)) not in MAY_READ_IT)
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


def local_day() -> date:
    return datetime.now().astimezone().date()


def start_wrong(spine: Spine, node: CeleryNode, clock: str) -> None:
    """A worker whose processes all have that clock."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(WRONG_CLOCK), prepend=":")
        patch.setenv("WRONG_CLOCK", clock)
        spine.start_workers(node)


def test_workers_with_wrong_clocks_take_nobody_for_dead_and_pay_nothing_twice(make_spine: MakeSpine) -> None:
    """Calls go on for longer than a lease, so a lease measured by one of these clocks would have run out."""
    rows = texts(160)
    spine = make_spine(
        provider={"latency_ms": 200, "ignore_idempotency": True, "fsync": False},
        max_concurrency=8,
        lease_seconds=3.0,
        work_seconds=2.0,
        chunk_rows=20,
    )
    days = {local_day()}
    start_wrong(spine, CeleryNode("ahead", SYNTHESIZING.queues, 1), "86400")
    start_wrong(spine, CeleryNode("behind", SYNTHESIZING.queues, 1), "-86400")
    start_wrong(spine, DELIVERING, "jumps")

    job = spine.submit(write_catalog(spine.folder / "catalog.csv", rows))
    living = "SELECT count(*) FROM speeko.claimant WHERE lease_until > clock_timestamp()"
    wait_until(lambda: spine.sql(living) == [(2,)], "both to be at work")
    summary = spine.wait(job, sweeping=True)

    check_served(spine, summary, {str(number): text for number, text in enumerate(rows, start=1)})
    ledger = check_ledger(spine)
    assert (ledger.pop("stored"), spine.provider.calls) == (len(rows), len(rows))
    assert set(ledger) <= {"refused"}  # an engine whose time is up gives back what it has no permit for
    assert summary["seconds"] > spine.settings.lease_seconds
    within = (
        "SELECT count(*) FROM speeko.attempt a JOIN speeko.job j ON j.id = a.job_id"
        " WHERE a.at BETWEEN j.released_at AND j.finished_at AND a.settled_at BETWEEN a.at AND j.finished_at"
    )
    assert spine.sql(within) == [(len(rows),)]
    days.add(local_day())
    for name, wrong in (("ahead", timedelta(days=1)), ("behind", timedelta(days=-1))):  # they really were
        log = (spine.folder / f"worker-{name}.log").read_text()
        assert any(str(day + wrong) in log for day in days)
