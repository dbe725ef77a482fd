"""The limit that tunes itself, on a real provider and real processes: how much is thrown back, how much used.

A provider that takes 20 calls at once, four processes that could do 200; later it takes 10. Beside it what a
bare loop gets out of the same provider on this machine when it keeps just 20 calls open.
"""

from __future__ import annotations

import time

import pytest

from speeko_workers.supervisor import CeleryNode
from tests.bench.programs import bare_calls, steady
from tests.bench.table import show
from tests.e2e.conftest import MakeSpine
from tests.fixtures.spine import DELIVERING, SYNTHESIZING, Spine, texts, write_catalog
from tests.wait import wait_until

pytestmark = [pytest.mark.bench, pytest.mark.timeout(400)]
LATENCY_SECONDS, CAPACITY = 0.15, 20
ROWS, CALLS = 12_000, 1_000


def seen(spine: Spine, since: float, until: float, capacity: int) -> tuple[int, float, float]:
    """Answers in a stretch of time (epoch seconds), the share thrown back, the share of capacity used."""
    between = f"BETWEEN to_timestamp({since}) AND to_timestamp({until})"
    ((good, back),) = spine.sql(
        "SELECT count(*) FILTER (WHERE status = 200), count(*) FILTER (WHERE status = 429)"
        f" FROM speeko.attempt WHERE settled_at {between}"
    )
    ideal = capacity / LATENCY_SECONDS * (until - since)
    return good + back, back / max(good + back, 1), good / ideal


def test_it_finds_a_limit_of_twenty_and_then_of_ten(make_spine: MakeSpine) -> None:
    provider = {"latency_ms": LATENCY_SECONDS * 1000, "limit": CAPACITY, "fsync": False, "audio_bytes": 8_000}
    spine = make_spine(provider=provider, max_concurrency=200)
    bare_used = steady(bare_calls(spine, CALLS, CAPACITY)[1]) / (CAPACITY / LATENCY_SECONDS)
    spine.start_workers(CeleryNode("synthesize", SYNTHESIZING.queues, 4), DELIVERING)
    job = spine.submit(write_catalog(spine.folder / "catalog.csv", texts(ROWS)))
    spine.wait_for_calls(CALLS + 1)
    begun = time.time()
    limits: list[tuple[float, int]] = []

    def watch(until: float) -> bool:
        limits.append((time.time() - begun, spine.sql('SELECT "limit" FROM speeko.account')[0][0]))
        return time.time() >= until

    wait_until(lambda: watch(begun + 40), "forty seconds")
    spine.provider.take_at_once(CAPACITY // 2)
    halved = time.time()
    wait_until(lambda: watch(halved + 40), "forty more")
    rows: list[list[str | float]] = [["a bare loop of 20", CALLS, "0.0", f"{100 * bare_used:.0f}"]]
    for what, since, until, capacity in (
        ("20 at once, 0 to 10 s", begun, begun + 10, CAPACITY),
        ("20 at once, 10 to 40 s", begun + 10, halved, CAPACITY),
        ("10 at once, 0 to 15 s", halved, halved + 15, CAPACITY // 2),
        ("10 at once, 15 to 40 s", halved + 15, halved + 40, CAPACITY // 2),
    ):
        answers, back, used = seen(spine, since, until, capacity)
        rows.append([what, answers, f"{100 * back:.1f}", f"{100 * used:.0f}"])
    shown = ", ".join(str(limit) for at, limit in limits[:: max(1, len(limits) // 40)])
    show("One limit over four processes", ["", "answers", "% thrown back", "% used"], rows)
    print(f"  the limit over time: {shown}")
    spine.provider.take_at_once(0)
    spine.wait(job, seconds=200)
    assert spine.provider.calls == ROWS + CALLS
    assert spine.sql("SELECT count(*) FROM speeko.attempt WHERE state = 'stored'") == [(ROWS,)]
