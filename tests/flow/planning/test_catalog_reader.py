"""Read a catalog: batches in order, refusals with their places, and which file the words mean."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from speeko_jobs.core.text.pipeline import Wording
from speeko_jobs.core.voices.availability import VoiceOffer
from speeko_jobs.errors import CatalogError
from speeko_jobs.flow.planning import catalog_reader
from speeko_jobs.flow.planning.catalog_reader import CatalogOptions, CatalogReader
from tests.fixtures.books import SPEC

SILENT = "there is nothing to speak in the text"


def reader(*sources: Path, **options: Any) -> CatalogReader:
    spec = replace(SPEC, name="{id}.{ext}")
    found = CatalogOptions(tuple(map(str, sources)), **options)
    return CatalogReader(spec, found, Wording(), VoiceOffer(spec.profile, any_voice=False))


def catalog(folder: Path, name: str, *lines: str) -> Path:
    file = folder / name
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_rows_are_numbered_over_all_files_and_each_file_knows_its_first(tmp_path: Path) -> None:
    one = catalog(tmp_path, "one.csv", "id,text", "a,First.", "b,Second.")
    two = catalog(tmp_path, "two.csv", "id,text", "c,Third.")
    read = reader(one, two)
    rows = [row for batch in read.batches() for row in batch.rows]
    assert [(row.row_no, row.id, row.texts) for row in rows] == [
        (1, "a", ("First.",)),
        (2, "b", ("Second.",)),
        (3, "c", ("Third.",)),
    ]
    assert read.files == [{"name": "one.csv", "first_row": 1}, {"name": "two.csv", "first_row": 3}]
    assert (read.rows, read.name) == (3, "2 files")


def test_a_refused_row_is_an_item_without_keys_and_named_by_its_place_in_its_file(tmp_path: Path) -> None:
    one = catalog(tmp_path, "one.csv", "id,text", "a,First.")
    two = catalog(tmp_path, "two.csv", "id,text", "b,Second.", "c,!", "d,?")
    read = reader(one, two)
    refused = [item for batch in read.batches() for item in batch.refused]
    assert [(item.row_no, item.row_id, item.keys, item.error) for item in refused] == [
        (3, "c", (), SILENT),
        (4, "d", (), SILENT),
    ]
    assert (read.refused, dict(read.reasons)) == (2, {SILENT: 2})
    assert read.first_refusals == [f"two.csv, row 2: {SILENT}", f"two.csv, row 3: {SILENT}"]


def test_only_the_first_refusals_are_kept(tmp_path: Path) -> None:
    source = catalog(tmp_path, "one.csv", "id,text", "a,First.", *(f"r{n},!" for n in range(15)))
    read = reader(source)
    list(read.batches())
    assert read.refused == 15
    assert len(read.first_refusals) == catalog_reader.SHOWN_REFUSALS == 10
    assert read.first_refusals[-1] == f"one.csv, row 11: {SILENT}"


def test_strict_refuses_the_catalog_at_the_first_such_row(tmp_path: Path) -> None:
    source = catalog(tmp_path, "one.csv", "id,text", "a,First.", "b,!")
    wanted = rf"^one\.csv, row 2: {SILENT} \(--strict: nothing was started\)$"
    with pytest.raises(CatalogError, match=wanted):
        list(reader(source, strict=True).batches())


def test_batches_are_bounded_and_none_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog_reader, "BATCH_ROWS", 4)
    source = catalog(tmp_path, "one.csv", "id,text", *(f"r{n},Text {n}." for n in range(1, 11)))
    read = reader(source)
    assert [[row.row_no for row in batch.rows] for batch in read.batches()] == [
        [1, 2, 3, 4],
        [5, 6, 7, 8],
        [9, 10],
    ]
    assert read.rows == 10


def test_a_catalog_without_rows_is_refused_by_its_name(tmp_path: Path) -> None:
    source = catalog(tmp_path, "empty.csv", "id,text")
    with pytest.raises(CatalogError, match=r"empty\.csv: there are no rows$"):
        list(reader(source).batches())


def test_ids_are_read_once_more(tmp_path: Path) -> None:
    source = catalog(tmp_path, "one.csv", "id,text", "a,First.", "b,Second.", "c,Third.")
    assert reader(source).ids({1, 3}) == {1: "a", 3: "c"}


def test_standard_input_is_not_read_twice() -> None:
    assert reader(Path("-")).ids({1}) == {}


def test_only_files_of_failed_rows_make_a_rerun(tmp_path: Path) -> None:
    header = "id,text,voice,language,segments,as_spoken,file,row,error"
    failed = catalog(tmp_path, "failed.csv", header, "a,First.,,,,,one.csv,1,lost")
    plain = catalog(tmp_path, "one.csv", "id,text", "b,Second.")
    rerun, mixed = reader(failed), reader(failed, plain)
    list(rerun.batches())
    list(mixed.batches())
    assert (rerun.is_rerun, mixed.is_rerun) == (True, False)


def test_what_postgres_cannot_hold_is_replaced_in_a_refused_row() -> None:
    assert catalog_reader._storable("a\0 \ud800 b") == "a\ufffd ? b"
