"""One row explained: what is told is what a job then does, and nothing is written."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from speeko_jobs.core.reporting.explained_row import AudioOrigin, Explained
from speeko_jobs.core.voices.cheapest_voice import RoutingRequest
from speeko_jobs.errors import CatalogError, UsageError
from speeko_jobs.flow.planning.voice_routing import RoutingOptions, routed
from speeko_jobs.flow.reporting.row_explanation import explain
from tests.fixtures.inprocess import InProcess

HTML = "<p>Keeps you <b>warm</b> &amp; dry. Weighs 5 kg.</p>"


def told(
    flow: InProcess, source: str, row: int = 1, spec: dict[str, Any] | None = None, **orders: Any
) -> Explained:
    return explain(flow.context, flow.spec(**spec or {}), flow.orders(source, **orders), row=row)


def origins(found: Explained) -> list[AudioOrigin]:
    return [part.origin for part in found.parts]


def test_each_step_from_the_cell_to_the_words(flow: InProcess) -> None:
    path = flow.folder / "words.toml"
    path.write_text('"dry" = "very dry"\n')
    spec = {
        "lexicon": (str(path),),
        "read_numbers": True,
        "language": "en",
        "repair": True,
        "segments": "sentence",
    }
    found = told(flow, flow.catalog([("a", HTML)]), spec=spec)
    assert found.source == HTML
    assert found.steps == (
        ("repaired", HTML),
        ("cleaned", "Keeps you warm & dry. Weighs 5 kg."),
        ("numbers", "Keeps you warm & dry. Weighs five kilograms."),
        ("lexicon", "Keeps you warm & very dry. Weighs five kilograms."),
    )
    assert [part.text for part in found.parts] == ["Keeps you warm & very dry.", "Weighs five kilograms."]
    assert (found.voice, found.voice_why) == ("kokoro-professional", "default")
    assert (found.language, found.language_why) == ("en", "--language")
    assert (found.path, found.rendering) == ("a.mp3", "2 segments joined")
    assert found.cost_micros == flow.estimate(flow.catalog([("a", HTML)]), spec).cost_micros > 0


def test_where_the_audio_would_come_from(flow: InProcess) -> None:
    source = flow.catalog([("a", "One."), ("b", "Two."), ("c", "One."), ("d", "Rude.")])
    assert origins(told(flow, source)) == [AudioOrigin.TO_BUY]
    again = told(flow, source, 3)
    assert (origins(again), again.parts[0].detail, again.cost_micros) == ([AudioOrigin.DUPLICATE], "row 1", 0)
    job, _ = flow.submit(source)
    assert origins(told(flow, source, 2)) in ([AudioOrigin.IN_FLIGHT], [AudioOrigin.TO_BUY])
    flow.provider.script(
        [{"match": "Rude", "status": 400, "body": {"error": {"message": "no"}}, "times": -1}]
    )
    flow.drive(job)
    here = told(flow, source)
    assert (origins(here), here.cost_micros) == ([AudioOrigin.UNCHANGED], 0)
    assert here.parts[0].micros == 61
    failed = told(flow, source, 4)
    assert (origins(failed), failed.parts[0].detail) == (
        [AudioOrigin.TO_BUY],
        "it failed before: HTTP 400: no",
    )
    (flow.output / "a.mp3").unlink()
    assert origins(told(flow, source)) == [AudioOrigin.REDIS]
    flow.context.cache._redis.flushdb()
    assert origins(told(flow, source)) == [AudioOrigin.POSTGRES]
    flow.output = flow.folder / "elsewhere"
    assert origins(told(flow, source, 2)) == [AudioOrigin.POSTGRES]
    for path in Path(flow.settings.store_url).rglob("*.mp3"):
        path.unlink()
    gone = told(flow, source, 2)
    assert (origins(gone), gone.parts[0].detail) == ([AudioOrigin.TO_BUY], "its audio is gone from the store")


def test_a_text_that_another_job_buys(flow: InProcess) -> None:
    source = flow.catalog([("a", "One.")])
    flow.submit(source)
    key = told(flow, source).parts[0].key
    flow.books.execute("UPDATE speeko.utterance SET state = 'claimed' WHERE key = %s RETURNING key", [key])
    found = told(flow, source)
    assert (origins(found), found.cost_micros) == ([AudioOrigin.IN_FLIGHT], 0)


def test_what_is_rendered_is_unchanged_only_as_it_was_rendered(flow: InProcess) -> None:
    source = flow.catalog([("a", "One.")])
    flow.run(source)
    levelled = told(flow, source, spec={"loudness": -16.0})
    assert (origins(levelled), levelled.rendering) == ([AudioOrigin.REDIS], "levelled to -16 LUFS")
    assert origins(told(flow, source)) == [AudioOrigin.UNCHANGED]


def test_a_sentence_that_comes_twice_is_bought_once(flow: InProcess) -> None:
    found = told(flow, flow.catalog([("a", "Wash it. Dry it. Wash it.")]), spec={"segments": "sentence"})
    assert origins(found) == [AudioOrigin.TO_BUY, AudioOrigin.TO_BUY, AudioOrigin.DUPLICATE]
    assert found.parts[2].detail == "segment 1"
    assert found.parts[0].key == found.parts[2].key


def test_why_a_row_has_its_voice(flow: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(flow.folder)
    Path("rules.toml").write_text(
        '[[rule]]\nwhen = {kind = "toy"}\nvoice = "kokoro-friendly"\n'
        '[[rule]]\nwhen = {kind = "book"}\nvoice = "auto"\n'
    )
    rows = [("a", "x", "toy", ""), ("b", "x", "book", ""), ("c", "x", "", ""), ("d", "x", "toy", "auto")]
    source = flow.catalog(rows, ("id", "text", "kind", "voice"))
    wishes = RoutingOptions("auto", RoutingRequest(min_quality=0.9), "rules.toml")
    spec = routed(flow.context.database, flow.spec(voice="auto"), wishes)
    found = [explain(flow.context, spec, flow.orders(source), row=n) for n in (1, 2, 3, 4)]
    assert [(each.voice, each.voice_why) for each in found] == [
        ("kokoro-friendly", "rule 1"),
        ("kokoro-professional", "rule 2: auto, --min-quality 0.9"),
        ("kokoro-professional", "auto, --min-quality 0.9"),
        ("kokoro-professional", 'column "voice": auto, --min-quality 0.9'),
    ]
    plain = told(flow, source, spec={"voice": "kokoro-friendly"})
    assert (plain.voice, plain.voice_why) == ("kokoro-friendly", "--voice")


def test_a_row_that_cannot_be_spoken_says_why(flow: InProcess) -> None:
    ssml = "<speak>Hi</speak>"
    source = flow.catalog([("a", "<p> </p>"), ("b", ssml), ("c", "x\0y")])
    empty, tagged, broken = (told(flow, source, n) for n in (1, 2, 3))
    assert (empty.refused, empty.steps, empty.parts) == ("", (("cleaned", ""),), ())
    assert empty.is_left_out
    assert tagged.refused.startswith("the text is SSML")
    assert (tagged.steps, tagged.source) == ((), ssml)
    assert "NUL" in broken.refused
    assert (empty.to_json()["refused"], empty.to_json()["left_out"]) == (None, True)


def test_rows_are_counted_over_all_files_and_found_by_id(flow: InProcess) -> None:
    one = flow.catalog([("a", "One."), ("b", "Two.")], name="one.csv")
    two = flow.catalog([("c", "Three."), ("a", "Four.")], name="two.csv")
    orders = flow.orders(one)
    both = type(orders)((one, two))
    found = explain(flow.context, flow.spec(), both, row=4)
    assert (Path(found.file).name, found.file_row, found.row, found.id) == ("two.csv", 2, 4, "a")
    assert any("row 1 has the same file name: the job is refused" in note for note in found.notes)
    assert explain(flow.context, flow.spec(), both, row_id="c").source == "Three."
    for wanted, said in (
        ({"row": 5}, "no row number 5 among 4"),
        ({"row_id": "z"}, "with the id 'z' among 4"),
    ):
        with pytest.raises(CatalogError, match=said):
            explain(flow.context, flow.spec(), both, **wanted)
    for nothing in ({}, {"row": 0}, {"row": 1, "row_id": "a"}):
        with pytest.raises(UsageError):
            explain(flow.context, flow.spec(), both, **nothing)


def test_only_the_catalog_up_to_the_row_is_read(flow: InProcess) -> None:
    path = flow.folder / "endless.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["id", "text"], *[[f"r{n}", f"Text {n}."] for n in range(20_000)]])
    with path.open("ab") as file:
        file.write(b'"never closed' + b"x" * 100)
    assert told(flow, str(path), 6_000).id == "r5999"
    missing = flow.folder / "not-yet.csv"
    missing.write_text("id,text\n")  # a second file without rows would be an error of its own
    both = type(flow.orders(""))((str(path), str(missing)))
    assert explain(flow.context, flow.spec(), both, row=2).id == "r1"


def test_nothing_is_written(flow: InProcess) -> None:
    told(flow, flow.catalog([("a", "One.")]))
    assert not flow.output.exists()
    for table in ("job", "utterance", "destination", "item"):
        assert flow.books.one(f"SELECT count(*) FROM speeko.{table}") == 0
