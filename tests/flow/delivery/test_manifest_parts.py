"""Rows that the destination holds already: straight into the manifest, past items and workers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.errors import CatalogError
from speeko_jobs.flow.delivery import finalize
from speeko_jobs.flow.delivery.manifest_parts import part_paths
from speeko_jobs.flow.lifecycle import crash_recovery
from tests.fixtures.inprocess import InProcess

CHUNK_ROWS = 5
ROWS = 16 * CHUNK_ROWS + 23  # the first sixteen chunks go the long way, whatever they hold


@pytest.fixture
def small(flow: InProcess) -> Iterator[InProcess]:
    """The same, with chunks so small that a short catalog has many."""
    opened = flow.again(chunk_rows=CHUNK_ROWS)
    yield opened
    opened.close()


def rows(**changed: str) -> list[tuple[str, str]]:
    return [(f"r{n}", changed.get(f"r{n}", f"Text {n % 90}.")) for n in range(1, ROWS + 1)]


def items(flow: InProcess, job: int) -> int:
    return int(flow.books.one(f"SELECT count(*) FROM speeko.item WHERE job_id = {job}"))


def newest(flow: InProcess) -> int:
    return jobs.newest(flow.context.database, 1)[0].id


def test_a_catalog_that_did_not_change_makes_the_same_manifest(small: InProcess) -> None:
    first = small.run(small.catalog(rows()))
    before = small.manifest()
    summary = small.run(small.catalog(rows()))
    after = small.manifest()
    assert (summary["unchanged"], summary["delivered"], summary["calls"]) == (ROWS, 0, 0)
    assert summary["rows"] == ROWS
    same = {"cost_usd": "0.000000", "source": "unchanged", "change": None}
    assert after == [line | same for line in before]
    for name in ("audio_seconds", "audio_bytes", "chars", "list_cost_usd"):
        assert summary[name] == first[name], name
    assert summary["saved_usd"] == first["list_cost_usd"]
    assert items(small, newest(small)) == 16 * CHUNK_ROWS
    assert [row["row"] for row in small.table("manifest.csv")] == [str(n) for n in range(1, ROWS + 1)]


def test_what_is_saved_is_booked_once_for_every_unchanged_row(small: InProcess) -> None:
    small.run(small.catalog(rows()))
    small.run(small.catalog(rows()))
    booked = "SELECT sum(requests)::int FROM speeko.cost_daily WHERE source = 'unchanged'"
    assert small.books.one(booked) == ROWS


def test_changed_new_and_bad_rows_between_unchanged_ones(small: InProcess) -> None:
    small.run(small.catalog(rows()))
    last = ROWS - 1
    changed = rows(**{"r85": "Another text.", f"r{last}": "One more.", "r86": "!"})
    summary = small.run(small.catalog([*changed, ("new", "A new row.")]))
    lines = {line["id"]: line for line in small.manifest()}
    assert [line["row"] for line in small.manifest()] == list(range(1, ROWS + 2))
    assert {i for i, line in lines.items() if line["source"] == "synthesized"} == {"r85", f"r{last}", "new"}
    assert lines["r86"]["error"] == "there is nothing to speak in the text"
    assert (summary["delivered"], summary["unchanged"], summary["refused"]) == (3, ROWS - 3, 1)
    assert summary["calls"] == 3
    job = newest(small)
    assert items(small, job) == 16 * CHUNK_ROWS + 4
    small.check()
    before = (small.output / "manifest.jsonl").read_bytes()
    finalize.finalize(small.context, job)
    assert (small.output / "manifest.jsonl").read_bytes() == before


def test_a_failed_row_among_unchanged_ones_is_tried_again(small: InProcess) -> None:
    small.run(small.catalog(rows()))
    small.provider.script(
        [{"match": "Rude", "times": 1, "status": 400, "body": {"error": {"message": "No."}}}]
    )
    summary = small.run(small.catalog(rows(r90="Rude.")))
    assert (summary["failed"], summary["unchanged"]) == (1, ROWS - 1)
    job = newest(small)
    from speeko_jobs.flow.lifecycle import control

    assert control.retry(small.context, job) == 1
    small.drive(job)
    summary = small.summary()
    assert (summary["failed"], summary["unchanged"], summary["delivered"]) == (0, ROWS - 1, 1)
    assert len(small.manifest()) == ROWS


def test_rules_for_repeated_names_see_every_row(small: InProcess) -> None:
    small.run(small.catalog(rows()))
    twice = [*rows(), ("r100", "Text 10.")]
    with pytest.raises(CatalogError, match=r"'r100' in rows 100, 104"):
        small.submit(small.catalog(twice))
    summary = small.run(small.catalog(twice), on_duplicate_id="first")
    assert (summary["rows"], summary["unchanged"], summary["skipped"]) == (ROWS, ROWS, 1)


def test_a_plan_that_fails_leaves_nothing_in_the_store(small: InProcess) -> None:
    small.run(small.catalog(rows()))
    store = small.context.store_of(small.settings.store_url)
    before = sorted(store.list("jobs"))
    with pytest.raises(CatalogError):
        small.submit(small.catalog([*rows(), ("r100", "Text 10.")]))
    assert sorted(store.list("jobs")) == before


def test_a_part_that_was_lost_is_made_again_or_missed(small: InProcess) -> None:
    """A chunk with items is written anew; lines that are nowhere else are never made up."""
    small.run(small.catalog(rows()))
    job, _ = small.submit(small.catalog(rows(r1="New.", r84="Newer.")))
    store = small.context.store_of(small.settings.store_url)
    for no in small.chunks(job, "planned", "synthesizing"):
        small.synthesize(job, no)
        small.deliver(job)
    store.delete([*part_paths(job, 1), *part_paths(job, 17)])
    crash_recovery.sweep(small.context)
    small.drive(job)
    assert len(small.manifest()) == ROWS
    small.check()
