"""Where planned rows go: items and texts of a job, lines of its manifest, or nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.adapters.postgres.plan_loading import Item, UnchangedFile
from speeko_jobs.core.catalog.change_detection import SourceFacts, source_sum
from speeko_jobs.core.job.row_reader import SpokenRow, content_of
from speeko_jobs.errors import CatalogError
from speeko_jobs.flow.planning.duplicate_ids import FileNameRegistry
from speeko_jobs.flow.planning.key_lookup import KeyRank
from speeko_jobs.flow.planning.row_sink import JobSink, NullSink, PlannedBatch
from tests.fixtures.books import key_of
from tests.fixtures.inprocess import InProcess

VOICE = "kokoro-professional"
ITEMS = (
    "SELECT row_no, path, voice, keys, kept, error, source_sum, change, content FROM speeko.item"
    " ORDER BY row_no"
)
TEXTS = "SELECT key, state, text, chars, cost_micros FROM speeko.utterance ORDER BY text"


def row(no: int, text: str, voice: str = VOICE) -> SpokenRow:
    return SpokenRow(no, f"r{no}", f"r{no}.mp3", voice, "", len(text), (key_of(text),), (text,), text)


def batch(
    rows: list[SpokenRow],
    ranks: Mapping[bytes, KeyRank] | None = None,
    unchanged: Mapping[int, UnchangedFile] | None = None,
    kind: str = "added",
    **more: Any,
) -> PlannedBatch:
    held = unchanged or {}
    facts = [SourceFacts(source_sum(one.source), one.voice, "", "engine", "mp3") for one in rows]
    changed = {at: (kind, facts[at]) for at in range(len(rows)) if at not in held}
    wanted = {one.keys[0]: (one.texts[0], one) for at, one in enumerate(rows) if at not in held}
    values = {"refused": [], "stand_ins": {}} | more
    return PlannedBatch(rows, values["refused"], held, changed, wanted, ranks or {}, values["stand_ins"])


@pytest.fixture
def small(flow: InProcess) -> InProcess:
    """The same flow, with chunks of four rows: the first 64 rows are items whatever they hold."""
    return flow.again(chunk_rows=4)


def sink_of(flow: InProcess, **options: Any) -> tuple[JobSink, int]:
    spec, source = flow.spec(), flow.catalog([("x", "of no matter")])
    database = flow.context.database
    where = database.run(lambda t: jobs.destination(t, spec.output, "mark"))
    job = database.run(lambda t: jobs.create(t, spec, tenant="shop", destination_id=where))
    return JobSink(flow.context, spec, flow.orders(source, **options), job, where), job


def test_rows_become_items_and_only_texts_to_buy_become_known(flow: InProcess) -> None:
    sink, _ = sink_of(flow)
    rows = [row(1, "cached"), row(2, "to buy", "kokoro-friendly"), row(3, "in flight")]
    ranks = {key_of("to buy"): KeyRank.TO_BUY, key_of("in flight"): KeyRank.IN_FLIGHT}
    refused = [Item(4, "r4", None, None, None, 0, (), error="the text is empty", source="")]
    sink.write(batch(rows, ranks, refused=refused))
    assert flow.books.execute(ITEMS) == [
        (1, "r1.mp3", None, [key_of("cached")], False, None, source_sum("cached"), "added", None),
        (
            2,
            "r2.mp3",
            "kokoro-friendly",
            [key_of("to buy")],
            False,
            None,
            source_sum("to buy"),
            "added",
            None,
        ),
        (3, "r3.mp3", None, [key_of("in flight")], False, None, source_sum("in flight"), "added", None),
        (4, None, None, None, False, "the text is empty", None, None, None),
    ]
    assert flow.books.execute(TEXTS) == [
        (key_of("in flight"), "missing", "in flight", 9, 15 * 9 + 1),
        (key_of("to buy"), "missing", "to buy", 6, 15 * 6 + 1),
    ]


def test_a_stand_in_is_bought_by_nobody_and_keeps_the_content_of_the_row(flow: InProcess) -> None:
    sink, _ = sink_of(flow)
    own, other = key_of("spoken"), key_of("spoken, as wav")
    sink.write(batch([row(1, "spoken")], {own: KeyRank.REUSED}, stand_ins={own: other}))
    ((*_, keys, _, _, _, _, content),) = flow.books.execute(ITEMS)
    assert (keys, content) == ([other], content_of((own,)))
    assert flow.books.execute(TEXTS) == []


def test_unchanged_rows_of_the_first_chunks_are_items(small: InProcess) -> None:
    sink, _ = sink_of(small)
    sink.write(batch([row(1, "same")], unchanged={0: UnchangedFile(100, 500, True)}))
    ((row_no, _, _, _, kept, _, total, change, _),) = small.books.execute(ITEMS)
    assert (row_no, kept, total, change) == (1, True, None, None)
    assert sink.unchanged is not None
    assert sink.unchanged.stretches == []


def test_later_unchanged_rows_go_straight_into_the_manifest(small: InProcess) -> None:
    sink, job = sink_of(small)
    rows = [row(no, f"text {no}") for no in range(65, 70)]
    unchanged = {at: UnchangedFile(100, 500, True) for at in (0, 1, 2, 3, 4)}
    del unchanged[4]
    sink.write(batch(rows, unchanged=unchanged))
    sink.finish(69)
    assert [found[0] for found in small.books.execute(ITEMS)] == [69]
    assert sink.unchanged is not None
    ((stretch),) = sink.unchanged.stretches
    assert (stretch.no, stretch.whole, stretch.rows, stretch.audio_bytes) == (17, True, 4, 400)
    part = small.context.store_of(small.spec().store).get(f"jobs/{job}/manifest-000017.jsonl")
    assert part.count(b"\n") == 4


def test_no_line_is_written_where_rows_may_be_left_out_later(small: InProcess) -> None:
    sink, _ = sink_of(small, on_duplicate_id="first")
    assert sink.unchanged is None
    sink.write(batch([row(65, "same")], unchanged={0: UnchangedFile(100, 500, True)}))
    assert len(small.books.execute(ITEMS)) == 1


def test_rows_to_be_renamed_get_free_names_by_their_items(flow: InProcess) -> None:
    sink, _ = sink_of(flow, on_duplicate_id="suffix")
    rows = [row(1, "one"), row(2, "two")._replace(path="r1.mp3")]
    sink.write(batch(rows))
    names = FileNameRegistry()
    names.add([one.path for one in rows], [1, 2])
    assert sink.rename(names, names.collisions("suffix")) == {2: "r1-2.mp3"}
    names.close()


def test_a_file_of_the_users_own_is_not_overwritten(flow: InProcess) -> None:
    flow.output.mkdir()
    (flow.output / "r1.mp3").write_bytes(b"mine")
    sink, _ = sink_of(flow)
    sink.write(batch([row(1, "one")]))
    with pytest.raises(CatalogError, match=r"holds files that no job has delivered there \(r1\.mp3\)"):
        sink.check_names([])


def test_new_names_are_looked_at_as_well(flow: InProcess) -> None:
    flow.output.mkdir()
    (flow.output / "r1-2.mp3").write_bytes(b"mine")
    sink, _ = sink_of(flow)
    sink.write(batch([row(1, "one")]))
    with pytest.raises(CatalogError, match=r"r1-2\.mp3"):
        sink.check_names(["r1-2.mp3"])


def test_an_estimate_reports_what_changes_and_writes_nothing(flow: InProcess) -> None:
    seen: list[tuple[int, str]] = []
    sink = NullSink(lambda one, kind: seen.append((one.row_no, kind)))
    rows = [row(1, "same"), row(2, "after")]
    sink.write(batch(rows, unchanged={0: UnchangedFile(100, 500, True)}, kind="text"))
    sink.check_names(["r1.mp3"])
    sink.finish(2)
    sink.close()
    assert seen == [(2, "text")]
    assert flow.books.one("SELECT count(*) FROM speeko.item") == 0
