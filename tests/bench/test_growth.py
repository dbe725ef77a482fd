"""What size costs: rows a second, peak memory and messages from ten thousand to millions of rows.

SPEEKO_BENCH_SIZES (10000,100000,1000000,5000000): catalogs that are delivered and unchanged, and the same
with every hundredth row changed to one of a hundred texts that are known, so that every chunk has work for
the workers. SPEEKO_BENCH_UTTERANCES (10000000): at last the largest catalog of at most a million rows once
more, with so many texts in the cache.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.bench.bought import clear, deliver_on_paper, fill_cache, write_lines
from tests.bench.processes import Watch, at_work
from tests.bench.programs import planned
from tests.bench.table import show, size
from tests.bench.test_warm_rate import Cells, bound
from tests.e2e.conftest import MakeSpine
from tests.fixtures.spine import Spine, texts, write_catalog

pytestmark = [pytest.mark.bench, pytest.mark.timeout(4 * 3_600)]
SIZES = [int(n) for n in os.environ.get("SPEEKO_BENCH_SIZES", "10000,100000,1000000,5000000").split(",")]
EVERY = 100
SAYS = texts(100, "latest news")


def night(spine: Spine, catalog: Path, changed: Path, output: str) -> tuple[list[float], list[float], int]:
    """The same catalog, then the changed one, by fresh workers: rows/s of both, megabytes at the peak of
    both submitters and of the largest child of either node, and the most messages."""
    rates, megabytes = [], []
    with at_work(spine) as crew, Watch(crew) as watch:
        for file, other in ((catalog, 0), (changed, 1)):
            found = planned(spine, "run", file, output)
            count = found["rows"]
            job, delivered = spine.job(found["job"]), other * -(-count // EVERY)
            assert (job.delivered, job.unchanged, job.calls) == (delivered, count - delivered, 0)
            rates.append(count / found["whole_seconds"])
            megabytes.append(found["peak_bytes"] / 1e6)
    assert watch.most_messages <= bound(spine)
    megabytes += [watch.peaks_bytes[name] / 1e6 for name in ("synthesize: child", "deliver: child")]
    return rates, megabytes, watch.most_messages


def test_what_size_costs(make_spine: MakeSpine) -> None:
    spine = make_spine(provider={"audio_bytes": 30_000, "fsync": False})
    with at_work(spine):
        planned(spine, "run", write_catalog(spine.folder / "says.csv", SAYS), "says")
    rates: list[Cells] = []
    memory: list[Cells] = []

    def measure(what: str, catalog: Path, changed: Path, output: str) -> None:
        both, megabytes, messages = night(spine, catalog, changed, output)
        rates.append([what, both[0], both[1], messages])
        memory.append([what, *megabytes])

    again = max((count for count in SIZES if count <= 1_000_000), default=0)
    for count in SIZES:
        output = f"out-{count}"
        catalog = write_lines(spine.folder / f"{count}.csv", count)
        changed = write_lines(spine.folder / f"{count}-changed.csv", count, every=EVERY, says=SAYS)
        deliver_on_paper(spine, catalog, output)
        measure(f"{count:,} rows", catalog, changed, output)
        clear(spine, output)
        if count != again:
            catalog.unlink()
            changed.unlink()
    utterances = size("UTTERANCES", 10_000_000)
    if again and utterances:
        fill_cache(spine, utterances)
        catalog, changed = (spine.folder / f"{again}{end}.csv" for end in ("", "-changed"))
        deliver_on_paper(spine, catalog, "elsewhere")
        measure(f"{again:,} rows, {utterances:,} texts cached", catalog, changed, "elsewhere")
    assert spine.provider.calls == len(SAYS)
    header = ["rows/s, submit to done", "unchanged", "1% changed", "most messages"]
    show(f"Growth (target: flat within 20% from 100,000 on; messages ≤ {bound(spine)})", header, rates)
    header = ["peak MB", "submitter, unchanged", "submitter, 1% changed", "synthesize child", "deliver child"]
    show("Peak memory (target: the same within 10% at 1 M and 5 M rows, each ≤ 200 MB)", header, memory)
