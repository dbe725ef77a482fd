"""Rows a second where nothing is bought: the same catalog again, unchanged, and to a new place."""

from __future__ import annotations

import time

import pytest

from tests.bench.table import show
from tests.e2e.conftest import MakeSpine
from tests.fixtures.spine import texts, write_catalog
from workers.supervisor import nodes

pytestmark = pytest.mark.bench
ROWS, TEXTS = 20_000, 2_000


def test_rate_of_rows_that_are_known(make_spine: MakeSpine) -> None:
    spine = make_spine(provider={"audio_bytes": 30_000, "fsync": False})
    catalog = write_catalog(spine.folder / "catalog.csv", texts(TEXTS) * (ROWS // TEXTS))
    spine.start_workers(*nodes(spine.settings))
    rows: list[list[str | float]] = []
    for what, output in (("bought", "out"), ("unchanged", "out"), ("to a new folder", "again")):
        started = time.monotonic()
        job = spine.submit(catalog, output=output)
        planned = time.monotonic() - started
        summary = spine.wait(job, seconds=150)
        whole = time.monotonic() - started
        assert summary["delivered"] + summary["unchanged"] == ROWS
        rows.append([what, ROWS / planned, ROWS / (whole - planned), ROWS / whole])
    assert spine.provider.calls == TEXTS
    title = f"{ROWS:,} rows of {TEXTS:,} texts, 30 KB each"
    show(title, ["rows/s", "planning", "release to summary", "both"], rows)
