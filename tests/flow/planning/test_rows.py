"""What becomes of each row: refused, left out, renamed, joined; every one is accounted for."""

from __future__ import annotations

import json
import os
import shutil
import unicodedata
from pathlib import Path

import pytest

from speeko_jobs.errors import CatalogError
from tests.fixtures.inprocess import InProcess

TWICE = [("a", "one"), ("b", "two"), ("a", "three"), ("c", "four"), ("a", "five")]


def spoken(flow: InProcess) -> dict[str, str]:
    """Path → the text that was bought for it."""
    bill = {entry["key"]: entry["text"] for entry in flow.provider.bill()}
    return {line["path"]: bill[line["key"]] for line in flow.manifest() if line["path"]}


def test_repeated_ids_are_an_error_and_nothing_is_started(flow: InProcess) -> None:
    with pytest.raises(
        CatalogError, match=r"1 ids or file names occur more than once \('a' in rows 1, 3, 5\)"
    ):
        flow.submit(flow.catalog(TWICE))
    assert flow.books.one("SELECT count(*) FROM speeko.job") == 0
    assert flow.books.one("SELECT count(*) FROM speeko.item") == 0


@pytest.mark.parametrize(
    ("rule", "found", "skipped"),
    [
        ("first", {"a.mp3": "one", "b.mp3": "two", "c.mp3": "four"}, 2),
        ("last", {"a.mp3": "five", "b.mp3": "two", "c.mp3": "four"}, 2),
        (
            "suffix",
            {"a.mp3": "one", "b.mp3": "two", "a-2.mp3": "three", "c.mp3": "four", "a-3.mp3": "five"},
            0,
        ),
    ],
)
def test_rules_for_repeated_ids(flow: InProcess, rule: str, found: dict[str, str], skipped: int) -> None:
    source = flow.catalog(TWICE)
    told = flow.estimate(source, on_duplicate_id=rule)
    summary = flow.run(source, on_duplicate_id=rule)
    assert spoken(flow) == found
    assert (summary["rows"], summary["skipped"], summary["calls"]) == (len(found), skipped, len(found))
    assert (told.rows, told.skipped, told.calls) == (len(found), skipped, len(found))
    assert told.cost_micros == flow.provider.micros


def test_a_suffix_that_is_taken_counts_on(flow: InProcess) -> None:
    flow.run(flow.catalog([("a", "one"), ("a-2", "two"), ("a", "three")]), on_duplicate_id="suffix")
    assert spoken(flow) == {"a.mp3": "one", "a-2.mp3": "two", "a-3.mp3": "three"}


def test_rows_without_speech_are_refused_and_cost_nothing(flow: InProcess) -> None:
    rows = [("a", "one"), ("b", ""), ("c", "   "), ("d", "!!!"), ("e", "<p></p>"), ("f", "one")]
    summary = flow.run(flow.catalog(rows))
    assert (summary["rows"], summary["delivered"], summary["refused"], summary["calls"]) == (6, 2, 1, 1)
    assert summary["left_out"] == 3
    assert summary["state"] == "done_with_errors"
    assert {r["id"]: r["error"] for r in flow.table("failed.csv")} == {
        "d": "there is nothing to speak in the text",
    }
    reasons = {f["reason"]: f["rows"] for f in summary["failures"]}
    assert reasons == {"there is nothing to speak in the text": 1}


def test_strict_starts_nothing(flow: InProcess) -> None:
    source = flow.catalog([("a", "one"), ("b", "!")], name="shop.csv")
    with pytest.raises(
        CatalogError,
        match=r"shop.csv, row 2: there is nothing to speak in the text \(--strict: nothing was started\)",
    ):
        flow.submit(source, strict=True)
    assert flow.books.one("SELECT count(*) FROM speeko.job") == 0
    flow.run(flow.catalog([("a", "one")]), strict=True)


def test_a_changed_row_is_the_only_one_touched(flow: InProcess) -> None:
    rows = [(f"r{n}", f"This is text {n}.") for n in range(60)]
    flow.run(flow.catalog(rows))
    before = {name: (flow.output / name).stat().st_mtime_ns for name in flow.audio_files()}
    rows[17] = ("r17", "This is another text.")
    summary = flow.run(flow.catalog([*rows, ("new", "This is text 3.")]))
    assert (summary["unchanged"], summary["delivered"], summary["calls"]) == (59, 2, 1)
    assert summary["sources"]["synthesized"] == 1
    after = {name: (flow.output / name).stat().st_mtime_ns for name in flow.audio_files()}
    assert {name for name in after if after[name] != before.get(name)} == {"r17.mp3", "new.mp3"}
    assert spoken(flow)["r17.mp3"] == "This is another text."


@pytest.mark.parametrize("leave_hidden", [False, True], ids=["removed", "emptied as rm * does"])
def test_an_emptied_destination_is_delivered_anew(flow: InProcess, leave_hidden: bool) -> None:
    source = flow.catalog([("a", "one"), ("b", "two")])
    flow.run(source)
    for path in flow.output.iterdir():
        if not (leave_hidden and path.name.startswith(".")):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    summary = flow.run(source)
    assert (summary["delivered"], summary["unchanged"], summary["calls"]) == (2, 0, 0)
    assert flow.audio_files() == ["a.mp3", "b.mp3"]


def test_another_destination_is_served_from_the_cache(flow: InProcess) -> None:
    source = flow.catalog([("a", "one"), ("b", "two"), ("c", "one")])
    flow.run(source)
    flow.output = flow.folder / "second"
    summary = flow.run(source)
    assert summary["sources"]["cache"] == 3
    assert (summary["calls"], flow.provider.calls) == (0, 2)


def test_without_redis_records_the_second_run_costs_nothing_too(flow: InProcess) -> None:
    source = flow.catalog([("a", "one"), ("b", "two")])
    flow.run(source)
    flow.context.cache._redis.flushdb()
    flow.output = flow.folder / "second"
    assert flow.run(source)["calls"] == 0


def test_long_texts_are_split_and_joined(flow: InProcess) -> None:
    sentences = [f"This is sentence number {n} of a long, long story that is told." for n in range(150)]
    long = " ".join(sentences)
    source = flow.catalog([("long", long), ("short", "Hello there.")])
    told = flow.estimate(source)
    summary = flow.run(source, {"format": "wav"})
    pieces = -(-len(long) // 4096)
    assert told.calls == summary["calls"] == flow.provider.calls
    assert pieces <= summary["calls"] - 1 <= pieces + 1
    assert told.cost_micros == flow.provider.micros
    line = next(line for line in flow.manifest() if line["id"] == "long")
    assert line["source"] == "synthesized"
    bill = [entry for entry in flow.provider.bill() if entry["text"] != "Hello there."]
    assert line["cost_usd"] == f"{sum(e['micros'] for e in bill) / 1e6:.6f}"
    joined = sorted(bill, key=lambda e: long.index(e["text"]))
    assert " ".join(e["text"] for e in joined) == long
    import soundfile

    whole = soundfile.info(str(flow.output / "long.wav"))
    assert abs(whole.frames / whole.samplerate - line["audio_seconds"]) < 0.01
    store = Path(flow.settings.store_url)
    parts = [soundfile.info(str(p)) for p in store.rglob("*.wav")]
    longest = sum(p.frames / p.samplerate for p in parts)
    assert line["audio_seconds"] > longest * 0.9
    # again: nothing is bought; elsewhere: it is joined from what is there
    assert flow.run(source, {"format": "wav"})["unchanged"] == 2
    flow.output = flow.folder / "second"
    assert flow.run(source, {"format": "wav"})["calls"] == 0


def test_openai_batch_files(flow: InProcess) -> None:
    def row(n: int, **body: object) -> str:
        full = {"model": "kokoro", "input": f"Text {n}.", "voice": "kokoro-friendly", **body}
        return json.dumps({"custom_id": f"r{n}", "method": "POST", "url": "/v1/audio/speech", "body": full})

    path = flow.folder / "batch.jsonl"
    lines = [row(1), row(2, voice="kokoro-professional"), row(3, model="another"), row(4, speed=1.5)]
    path.write_text(
        "\n".join([*lines, row(5, instructions="Whisper."), row(6, speed=1, response_format="mp3")])
    )
    summary = flow.run(str(path))
    assert (summary["delivered"], summary["refused"]) == (3, 3)
    assert {line["id"]: line["voice"] for line in flow.manifest() if line["path"]} == {
        "r1": "kokoro-friendly",
        "r2": "kokoro-professional",
        "r6": "kokoro-friendly",
    }
    assert sorted(e["voice"] for e in flow.provider.bill()) == [
        "kokoro-friendly", "kokoro-friendly", "kokoro-professional",
    ]  # fmt: skip
    reasons = {line["id"]: line["error"] for line in flow.manifest() if line["error"]}
    assert "model 'another'" in reasons["r3"]
    assert "speed '1.5'" in reasons["r4"]
    assert "instructions" in reasons["r5"]


def test_a_voice_column(flow: InProcess) -> None:
    rows = [
        ("a", "Hi.", ""),
        ("b", "Hi.", "kokoro-friendly"),
        ("c", "Hi.", "kokoro-low-latency"),
        ("d", "Hi.", " "),
    ]
    source = flow.catalog(rows, ("id", "text", "voice"))
    told = flow.estimate(source)
    summary = flow.run(source)
    assert summary["calls"] == 3
    assert told.cost_micros == flow.provider.micros
    voices = {entry["voice"]: entry["micros"] for entry in flow.provider.bill()}
    assert set(voices) == {"kokoro-professional", "kokoro-friendly", "kokoro-low-latency"}
    assert voices["kokoro-low-latency"] < voices["kokoro-friendly"]


def test_twins_by_case_or_unicode_do_not_overwrite_each_other(flow: InProcess) -> None:
    composed, apart = "caf\u00e9", unicodedata.normalize("NFD", "caf\u00e9")
    source = flow.catalog([("Abc", "one"), ("abc", "two"), (composed, "three"), (apart, "four")])
    with pytest.raises(CatalogError, match="2 ids or file names occur more than once"):
        flow.submit(source)
    flow.run(source, on_duplicate_id="suffix")
    assert sorted(spoken(flow).values()) == ["four", "one", "three", "two"]
    assert len({unicodedata.normalize("NFC", name).casefold() for name in flow.audio_files()}) == 4


def test_ids_that_look_like_paths_stay_inside(flow: InProcess) -> None:
    ids = ["../up", "/etc/passwd", "..", ".", "a/b", "c:\\d", "CON", "x" * 300, "nul\u202eb", "~root", "-rf"]
    summary = flow.run(flow.catalog([(name, f"Text {n}.") for n, name in enumerate(ids)]))
    assert summary["delivered"] == len(ids)
    assert len(flow.audio_files()) == len(ids)
    assert not (flow.folder / "up.mp3").exists()
    inside = flow.output.resolve()
    assert all((flow.output / line["path"]).resolve().is_relative_to(inside) for line in flow.manifest())
    assert all(os.sep not in name for name in flow.audio_files())


@pytest.mark.parametrize("name", ["a\0b", "a\ud800b", "\ud83d"])
def test_ids_that_postgres_cannot_hold(flow: InProcess, name: str) -> None:
    path = flow.folder / "odd.jsonl"
    path.write_text("\n".join(json.dumps({"id": i, "text": "Hello."}) for i in (name, "plain")))
    summary = flow.run(str(path))
    assert summary["rows"] == 2
    assert "plain.mp3" in flow.audio_files()


@pytest.mark.parametrize("voice", ["a\0b", "a\ud800b"])
def test_voices_that_postgres_cannot_hold(flow: InProcess, voice: str) -> None:
    path = flow.folder / "odd.jsonl"
    rows = [{"id": "odd", "text": "Hello.", "voice": voice}, {"id": "plain", "text": "Hello.", "voice": ""}]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    summary = flow.run(str(path))
    assert (summary["rows"], summary["refused"] + summary["failed"]) == (2, 1)
    assert flow.audio_files() == ["plain.mp3"]


def test_output_in_a_bucket(flow: InProcess, s3_url: str) -> None:
    source = flow.catalog([("a", "one"), ("b", "two"), ("c", "one"), ("d", "!")])
    job, _ = flow.submit(source, {"output": s3_url, "store": s3_url + "/store"})
    assert flow.drive(job).state == "done_with_errors"
    out = flow.context.store_of(s3_url)
    names = {n for n in out.list() if not n.startswith("store/")}
    assert {
        "a.mp3",
        "b.mp3",
        "c.mp3",
        "manifest.jsonl",
        "manifest.csv",
        "failed.csv",
        "summary.json",
    } <= names
    assert json.loads(out.get("summary.json"))["delivered"] == 3
    again, _ = flow.submit(source, {"output": s3_url, "store": s3_url + "/store"})
    flow.drive(again)
    assert json.loads(out.get("summary.json"))["unchanged"] == 3
    assert flow.provider.calls == 2
