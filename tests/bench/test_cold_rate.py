"""New texts a second through real workers, beside the ideal and a bare loop against the same server.

SPEEKO_BENCH_SECONDS (15): how long the calls would take at the ideal rate. The workers are those of one
machine (speeko_workers.supervisor.nodes); the provider is one process on the same machine, and its share is
shown: near 100% of a core it is the provider that is measured.
"""

from __future__ import annotations

import psutil
import pytest

from speeko_workers.supervisor import nodes
from tests.bench.processes import at_work, more, ours
from tests.bench.programs import bare_calls, planned, steady
from tests.bench.table import show, size
from tests.e2e.conftest import MakeSpine
from tests.fixtures.spine import Spine, texts, write_catalog

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]
LATENCY_SECONDS = 0.15
Cells = list[str | int | float]


def bare_rate(spine: Spine, calls: int, in_flight: int) -> tuple[float, float]:
    """Steady calls a second of the bare loop, and how busy it kept the provider (1: a core)."""
    provider = psutil.Process(spine.provider.process.pid)
    before = sum(provider.cpu_times()[:2])
    begun, ends = bare_calls(spine, calls, in_flight)
    return steady(ends), (sum(provider.cpu_times()[:2]) - before) / (max(ends) - begun)


@pytest.mark.parametrize(("in_flight", "target"), [(100, 95), (256, 90)])
def test_rate_of_new_texts(make_spine: MakeSpine, in_flight: int, target: int) -> None:
    ideal = in_flight / LATENCY_SECONDS
    calls = round(ideal * size("SECONDS", 15))
    provider = {"latency_ms": LATENCY_SECONDS * 1000, "audio_bytes": 30_000, "fsync": False}
    spine = make_spine(provider=provider, max_concurrency=in_flight)
    catalog = write_catalog(spine.folder / "catalog.csv", texts(calls))
    bare, bare_busy = bare_rate(spine, calls, in_flight)
    with at_work(spine) as crew:
        before = crew.cpu_seconds()
        found = planned(spine, "run", catalog)
        used = more(crew.cpu_seconds(), before) | {"the submitter": found["cpu_seconds"]}
    planning, whole = found["seconds"], found["whole_seconds"]

    assert spine.job(found["job"]).calls == spine.provider.calls - calls == calls
    assert spine.provider.summary()["max_in_flight"] <= in_flight
    assert spine.sql("SELECT sum(cost_micros) FROM speeko.attempt WHERE state = 'stored'") == [
        (sum(line["micros"] for line in spine.provider.bill()[calls:]),)
    ]
    ends = [float(row[0]) for row in spine.sql("SELECT extract(epoch FROM settled_at) FROM speeko.attempt")]
    rate, after_release = steady(ends), calls / (whole - planning)
    busy = 100 * used["the provider"] / (max(ends) - min(ends))
    rows: list[Cells] = [
        ["ideal (in flight / latency)", ideal, 100.0, "", ""],
        ["a bare loop, steady", bare, 100 * bare / ideal, "", 100 * bare_busy],
        ["speeko, steady", rate, 100 * rate / ideal, f"≥ {target}", busy],
        ["speeko, release to done", after_release, 100 * after_release / ideal, "", ""],
        ["speeko, submit to done", calls / whole, 100 * calls / whole / ideal, "", ""],
    ]
    shown = " and ".join(f"{node.processes} {node.name}" for node in nodes(spine.settings))
    title = (
        f"{calls:,} new texts, {in_flight} in flight, {LATENCY_SECONDS * 1000:g} ms, 30 KB; {shown} processes"
    )
    show(title, ["", "texts/s", "% of ideal", "target", "provider's % of a core"], rows)
    cpu: list[Cells] = [[name, 1e3 * seconds / calls, ""] for name, seconds in used.items()]
    cpu.append(["all of ours together", 1e3 * ours(used) / calls, "≤ 0.8"])
    show(f"CPU of the same run, {in_flight} in flight", ["", "ms a bought row", "target"], cpu)
