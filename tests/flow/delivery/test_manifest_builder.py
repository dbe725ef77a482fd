"""A chunk's lines, counts and savings, with money to the micro-dollar. No servers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from speeko_jobs.adapters.postgres.chunks import ItemRow, JobContext
from speeko_jobs.adapters.postgres.deliveries import DeliveredFile, SavedCosts, Settlement
from speeko_jobs.core.model.speech import Record
from speeko_jobs.core.model.states import AudioSource, JobState, UtteranceState
from speeko_jobs.flow.delivery.manifest_builder import ManifestBuilder
from speeko_jobs.flow.delivery.row_classification import Deliver, classify
from tests.fixtures.books import SPEC, key_of

JOB, RELEASED = 7, 9_000.0
ONE, TWO = key_of("one"), key_of("two")
CONTEXT = JobContext(JOB, SPEC, "shop", RELEASED, 1, JobState.RUNNING, 0, 1.0, 10_000.0)
LISTED = 15 * 3 + 1  # three characters and a call
FILE = DeliveredFile("r1.mp3", ONE, 120, 600)


def row(no: int = 1, keys: list[bytes] | None = None, **more: Any) -> ItemRow:
    values = dict.fromkeys(ItemRow._fields) | {
        "row_no": no, "row_id": f"r{no}", "path": f"r{no}.mp3", "chars": 3, "keys": keys or [ONE],
    }  # fmt: skip
    return ItemRow(**values | more)


def bought(job: int = JOB, row_no: int = 1, settled: float = RELEASED + 5) -> Record:
    return Record(100, 500, job, row_no, int(settled * 1000), 40)


def served(one: ItemRow, *records: Record) -> Deliver:
    ends = [Settlement(UtteranceState.DONE, record, "") for record in records]
    (found,) = classify([one], dict(zip(one.keys or [], ends, strict=True)), CONTEXT)
    assert isinstance(found, Deliver)
    return found


@pytest.mark.parametrize(
    ("record", "source", "paid"),
    [
        (bought(), AudioSource.SYNTHESIZED, 40),
        (bought(row_no=2), AudioSource.DUPLICATE, 0),
        (bought(job=8), AudioSource.COALESCED, 0),
        (bought(job=6, settled=RELEASED - 1), AudioSource.CACHE, 0),
    ],
)
def test_a_row_pays_only_for_the_text_that_was_bought_for_it(
    record: Record, source: AudioSource, paid: int
) -> None:
    manifest = ManifestBuilder(CONTEXT)
    manifest.add_delivered(served(row(change="added"), record), FILE)
    (line,) = manifest.lines()
    assert (line.source, line.cost_micros, line.millis, line.bytes) == (source, paid, 600, 120)
    assert (line.row, line.id, line.path, line.voice, line.change) == (1, "r1", "r1.mp3", SPEC.voice, "added")
    assert line.key == ONE.hex()
    counts = manifest.counts()
    assert (counts["delivered"], counts[source.value], counts["list_micros"]) == (1, 1, LISTED)
    assert (counts["audio_millis"], counts["audio_bytes"], counts["chars"]) == (600, 120, 3)
    saved = [] if paid else [SavedCosts(SPEC.voice, source.value, 1, 3, LISTED)]
    assert manifest.savings() == saved


def test_a_row_bought_in_part_books_what_its_other_texts_saved() -> None:
    manifest = ManifestBuilder(CONTEXT)
    manifest.add_delivered(served(row(1, [ONE, TWO]), bought(), bought(row_no=3)), FILE)
    (line,) = manifest.lines()
    assert (line.source, line.cost_micros) == (AudioSource.SYNTHESIZED, 40)
    assert manifest.savings() == [SavedCosts(SPEC.voice, "segments", 1, 0, LISTED + 1 - 40)]


def test_a_text_that_a_row_has_twice_was_paid_for_once() -> None:
    manifest = ManifestBuilder(CONTEXT)
    (one,) = classify([row(1, [ONE, ONE])], {ONE: Settlement(UtteranceState.DONE, bought(), "")}, CONTEXT)
    assert isinstance(one, Deliver)
    manifest.add_delivered(one, FILE)
    assert [line.cost_micros for line in manifest.lines()] == [40]
    assert manifest.savings() == [SavedCosts(SPEC.voice, "segments", 1, 0, LISTED + 1 - 40)]


def test_an_unchanged_row_costs_nothing_and_counts_with_the_file_that_is_there() -> None:
    manifest = ManifestBuilder(CONTEXT)
    manifest.add_unchanged(row(held=ONE, held_job=3, held_bytes=90, held_millis=450))
    (line,) = manifest.lines()
    assert (line.source, line.cost_micros, line.bytes, line.millis) == (AudioSource.UNCHANGED, 0, 90, 450)
    assert manifest.savings() == [SavedCosts(SPEC.voice, "unchanged", 1, 3, LISTED)]
    counts = manifest.counts()
    assert (counts["unchanged"], counts["delivered"], counts["audio_bytes"]) == (1, 0, 90)


def test_rows_without_a_file_are_counted_and_keep_their_reason() -> None:
    manifest = ManifestBuilder(CONTEXT)
    manifest.add_refused(row(3, error="the text is empty", path=None, change="x")._replace(keys=None))
    manifest.add_failed(row(2, change="text"), "no such voice")
    manifest.add_unmade(row(1), "the disk is full")
    assert [(line.row, line.path, line.source, line.change, line.error) for line in manifest.lines()] == [
        (1, "", None, "", "its file could not be made: the disk is full"),
        (2, "", None, "", "no such voice"),
        (3, "", None, "", "the text is empty"),
    ]
    counts = manifest.counts()
    assert counts == {"delivered": 0, "unchanged": 0, "failed": 2, "refused": 1}
    assert manifest.savings() == []


def test_savings_add_up_by_voice_and_source() -> None:
    manifest = ManifestBuilder(CONTEXT)
    for no, voice in ((1, None), (2, None), (3, "kokoro-friendly")):
        manifest.add_delivered(served(row(no, voice=voice), bought(job=6, settled=1)), FILE)
    assert manifest.savings() == [
        SavedCosts("kokoro-friendly", "cache", 1, 3, LISTED),
        SavedCosts(SPEC.voice, "cache", 2, 6, 2 * LISTED),
    ]


def test_counts_may_be_asked_for_again() -> None:
    manifest = ManifestBuilder(CONTEXT)
    manifest.add_delivered(served(row(), bought()), FILE)
    assert manifest.counts() == manifest.counts()
    assert manifest.counts()["delivered"] == 1


def test_only_rows_with_a_file_have_an_address() -> None:
    spec = replace(SPEC, public_base_url="https://cdn.example/voices")
    manifest = ManifestBuilder(replace(CONTEXT, spec=spec))
    manifest.add_delivered(served(row(1), bought()), FILE)
    manifest.add_failed(row(2), "no such voice")
    first, second = manifest.lines()
    assert first.url is not None
    assert first.url.startswith("https://cdn.example/voices/r1.mp3")
    assert second.url == ""
