"""New texts a second through real workers, beside the ideal and a bare loop against the same server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.bench.table import show
from tests.e2e.conftest import MakeSpine
from tests.fixtures.spine import Spine, texts, write_catalog
from workers.supervisor import nodes

pytestmark = pytest.mark.bench
SCRIPT = Path(__file__).with_name("a_bare_loop.py")
CALLS, IN_FLIGHT, LATENCY_SECONDS = 6_000, 100, 0.15
IDEAL = IN_FLIGHT / LATENCY_SECONDS


def steady(ends: Sequence[float]) -> float:
    """Calls a second between the first and the last tenth."""
    at = sorted(ends)
    first, last = len(at) // 10, len(at) * 9 // 10
    return (last - first) / (at[last] - at[first])


def bare(spine: Spine) -> tuple[float, float]:
    """Steady rate and whole rate of the bare loop."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), spine.provider.url, str(CALLS), str(IN_FLIGHT)],
        env={**os.environ, "BARE_LOOP_KEY": spine.provider.api_key},
        stdout=subprocess.PIPE,
        check=True,
    )
    begun, *ends = json.loads(done.stdout)
    return steady(ends), len(ends) / (max(ends) - begun)


def test_rate_of_new_texts(make_spine: MakeSpine) -> None:
    provider = {"latency_ms": LATENCY_SECONDS * 1000, "audio_bytes": 30_000, "fsync": False}
    spine = make_spine(provider=provider, max_concurrency=IN_FLIGHT)
    catalog = write_catalog(spine.folder / "catalog.csv", texts(CALLS))
    bare_steady, bare_whole = bare(spine)
    spine.start_workers(*nodes(spine.settings))

    before = spine.provider.calls
    started = time.monotonic()
    job = spine.submit(catalog)
    planned = time.monotonic() - started
    summary = spine.wait(job, seconds=150)
    whole = time.monotonic() - started

    assert summary["calls"] == spine.provider.calls - before == CALLS
    assert spine.provider.summary()["max_in_flight"] <= IN_FLIGHT
    ends = [float(row[0]) for row in spine.sql("SELECT extract(epoch FROM settled_at) FROM speeko.attempt")]
    rate = steady(ends)
    rows: list[list[str | float]] = [
        ["ideal (in flight / latency)", IDEAL, 100.0],
        ["bare loop, steady", bare_steady, 100 * bare_steady / IDEAL],
        ["bare loop, whole", bare_whole, 100 * bare_whole / IDEAL],
        ["speeko, steady", rate, 100 * rate / IDEAL],
        ["speeko, release to summary", CALLS / (whole - planned), 100 * CALLS / (whole - planned) / IDEAL],
        ["speeko, with planning", CALLS / whole, 100 * CALLS / whole / IDEAL],
    ]
    title = f"{CALLS:,} new texts, {IN_FLIGHT} in flight, {LATENCY_SECONDS * 1000:g} ms, 30 KB"
    show(title, ["rate", "texts/s", "% of ideal"], rows)
