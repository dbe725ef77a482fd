"""Rows a second where nothing is bought: the catalog of the night before, and a first delivery elsewhere.

SPEEKO_BENCH_ROWS (1000000): rows that are all bought, delivered and unchanged, planned in a fresh process.
SPEEKO_BENCH_SEED_ROWS (20000): of them, those that the seed's way is asked for, five times.
SPEEKO_BENCH_DELIVERED_ROWS (20000) of SPEEKO_BENCH_DELIVERED_TEXTS (2000): really bought, 30 KB each.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from tests.bench.bought import deliver_on_paper, forget_redis, write_lines
from tests.bench.processes import Watch, at_work, more, ours
from tests.bench.programs import planned, seeds_way
from tests.bench.table import show, size
from tests.e2e.conftest import MakeSpine
from tests.fixtures.spine import Spine, texts, write_catalog

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3_600)]
Cells = list[str | int | float]
SEEDS = {
    "asked": "the seed's way: a GET a row",
    "counted": "the same with its hit counter",
    "blocking": "the same with a client that blocks",
    "written": "counted, and written to files",
    "restored": "Redis empty, from Postgres",
}


def test_rows_that_are_unchanged(make_spine: MakeSpine) -> None:
    count = size("ROWS", 1_000_000)
    seed_rows = min(count, size("SEED_ROWS", 20_000))
    spine = make_spine()
    catalog = write_lines(spine.folder / "catalog.csv", count)
    deliver_on_paper(spine, catalog)
    seed = seeds_way(spine, catalog, seed_rows)
    with at_work(spine) as crew, Watch(crew) as watch:
        before = crew.cpu_seconds()
        found = planned(spine, "run", catalog)
        used = more(crew.cpu_seconds(), before)

    job = spine.job(found["job"])
    assert (job.unchanged, job.delivered, job.failed, job.calls) == (count, 0, 0, 0)
    with (spine.folder / "out" / "manifest.jsonl").open() as manifest:
        assert sum(1 for _ in manifest) == count
    assert watch.most_messages <= bound(spine)
    planning, whole = found["seconds"], found["whole_seconds"]
    rate = count / whole
    seeds: list[Cells] = [[what, seed[name], "", seed_rows / seed[name]] for name, what in SEEDS.items()]
    seeds += [[f"times {what}", rate / seed[name], "≥ 30", ""] for name, what in SEEDS.items()]
    rows: list[Cells] = [
        ["submit to done", rate, "≥ 75,000", whole],
        ["  of it planning, to the release", count / planning, "", planning],
        ["  of it release to done", count / max(whole - planning, 1e-3), "", whole - planning],
        *seeds,
        ["most messages in Redis at a time", watch.most_messages, f"≤ {bound(spine)}", ""],
    ]
    show(f"{count:,} rows that are delivered and unchanged", ["", "rows/s", "target", "s"], rows)
    cpu: list[Cells] = [["the submitter, to the release", 1e6 * found["cpu_seconds"] / count]]
    cpu += [[name, 1e6 * seconds / count] for name, seconds in used.items() if name != "the provider"]
    cpu.append(["together", 1e6 * (ours(used) + found["cpu_seconds"]) / count])
    show("CPU of the same job", ["", "µs a row"], cpu)


def bound(spine: Spine) -> int:
    """The most messages that a job may have in the broker: a window of chunks to be synthesized, and as many
    that are ready; and a few for control."""
    return 2 * spine.settings.window + 8


def test_rows_that_are_delivered_first(make_spine: MakeSpine) -> None:
    count, different = size("DELIVERED_ROWS", 20_000), size("DELIVERED_TEXTS", 2_000)
    spine = make_spine(provider={"audio_bytes": 30_000, "fsync": False})
    known = texts(different) * (count // different)
    count = len(known)
    catalog = write_catalog(spine.folder / "catalog.csv", known)
    fresh = texts(count // 100, "newcomer")
    changed = [fresh[n // 100] if n % 100 == 0 else text for n, text in enumerate(known)]
    rows: list[Cells] = []
    with at_work(spine) as crew, other_disk() as elsewhere:
        for what, target, file, output, delivered in (
            ("bought", "", catalog, "out", count),
            ("to a new folder: links", "≥ 15,000", catalog, "links", count),
            ("to another file system: copies", "", catalog, elsewhere, count),
            ("unchanged", "", catalog, "out", 0),
            (
                "1% changed, bought anew",
                "",
                write_catalog(spine.folder / "1.csv", changed),
                "out",
                len(fresh),
            ),
        ):
            if output is None:
                rows.append([what, "there is none", "", "", target, ""])
                continue
            if what == "unchanged":
                forget_redis(spine)
            before = crew.cpu_seconds()
            found = planned(spine, "run", file, str(output))
            used = ours(more(crew.cpu_seconds(), before)) + found["cpu_seconds"]
            job, planning, whole = spine.job(found["job"]), found["seconds"], found["whole_seconds"]
            assert (job.delivered, job.unchanged, job.failed) == (delivered, count - delivered, 0)
            rates = [count / whole, count / planning, count / (whole - planning)]
            rows.append([what, rates[0], *rates[1:], target, 1e6 * used / count])
        link, copy = (count / bare_seconds(spine, count, how) for how in (os.link, shutil.copyfile))
        rows.append(["a bare loop of links", link, "", "", "", ""])
        rows.append(["a bare loop of copies", copy, "", "", "", ""])
    assert spine.provider.calls == different + len(fresh)
    header = ["rows/s", "both", "planning", "release to done", "target", "CPU µs a row"]
    show(f"{count:,} rows of {different:,} texts, 30 KB each", header, rows)


class other_disk:
    """A new folder in memory, where that is a file system of its own; else None."""

    def __enter__(self) -> Path | None:
        memory = Path("/dev/shm")
        self._folder = tempfile.TemporaryDirectory(dir=memory) if os.access(memory, os.W_OK) else None
        return Path(self._folder.name) / "out" if self._folder is not None else None

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            self._folder.cleanup()


def bare_seconds(spine: Spine, count: int, how: object) -> float:
    """How long a plain loop takes to put so many files beside the store's objects."""
    assert callable(how)
    objects = list(Path(spine.settings.store_url).rglob("*.mp3"))
    with tempfile.TemporaryDirectory(dir=spine.folder) as folder:
        started = time.monotonic()
        for n in range(count):
            how(objects[n % len(objects)], Path(folder) / f"{n}.mp3")
        return time.monotonic() - started
