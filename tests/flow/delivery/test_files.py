"""Manifest, failed.csv and summary: what they say, and that they say it again in the same bytes."""

from __future__ import annotations

import json

from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.flow.delivery import finalize
from speeko_jobs.flow.lifecycle import control
from tests.fixtures.inprocess import InProcess

NAMES = ("manifest.jsonl", "manifest.csv", "failed.csv", "summary.json")
RUDE = {"match": "rude", "times": -1, "status": 400, "body": {"error": {"message": "We do not say that."}}}


def written(flow: InProcess) -> dict[str, bytes]:
    return {name: (flow.output / name).read_bytes() for name in NAMES}


def test_every_row_has_its_line_in_order(flow: InProcess) -> None:
    rows = [("a", "one"), ("b", "two"), ("c", "one"), ("d", "!")]
    flow.run(flow.catalog(rows))
    lines = flow.manifest()
    assert [line["id"] for line in lines] == ["a", "b", "c", "d"]
    assert [line["row"] for line in lines] == [1, 2, 3, 4]
    assert [line["source"] for line in lines] == ["synthesized", "synthesized", "duplicate", None]
    assert [line["cost_usd"] for line in lines] == ["0.000046", "0.000046", "0.000000", "0.000000"]
    assert [line["path"] for line in lines] == ["a.mp3", "b.mp3", "c.mp3", ""]
    assert lines[0]["key"] == lines[2]["key"] != lines[1]["key"]
    assert all(line["audio_seconds"] > 0 and line["bytes"] > 0 for line in lines[:3])
    assert lines[3]["error"] == "there is nothing to speak in the text"
    table = flow.table("manifest.csv")
    assert [row["id"] for row in table] == ["a", "b", "c", "d"]
    assert list(table[0]) == list(lines[0])
    assert [row["error"] for row in table] == ["", "", "", "there is nothing to speak in the text"]


def test_a_second_finalize_writes_the_same_bytes(flow: InProcess) -> None:
    flow.provider.script([RUDE])
    job, _ = flow.submit(
        flow.catalog([(str(n), f"Text {n % 40}.") for n in range(120)] + [("x", "rude"), ("y", "!")])
    )
    flow.drive(job)
    before = written(flow)
    assert len(flow.chunks(job, "delivered")) > 3
    assert not finalize.finalize(flow.context, job)
    assert written(flow) == before


def test_what_comes_later_does_not_change_what_was_written(flow: InProcess) -> None:
    """The failed text is bought by another job: the first job's files still say how it ended."""
    flow.provider.script([RUDE])
    first = flow.output
    job, _ = flow.submit(flow.catalog([("x", "rude"), ("y", "fine")]))
    flow.drive(job)
    before = written(flow)
    flow.provider.script([])
    flow.output = flow.folder / "second"
    assert flow.run(flow.catalog([("x", "rude")]))["delivered"] == 1
    flow.output = first
    finalize.finalize(flow.context, job)
    assert written(flow) == before


def test_a_finalizer_that_does_not_get_to_the_summary_is_made_up_for(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog([("a", "one")]))
    flow.synthesize(job)
    flow.deliver(job)
    (flow.output / "summary.json").mkdir(parents=True)
    assert not finalize.finalize(flow.context, job)
    assert jobs.show(flow.context.database, job).state == "paused"
    (flow.output / "summary.json").rmdir()
    control.resume(flow.context, job)
    flow.drive(job)
    assert flow.summary()["state"] == "done"


def test_a_refused_text_fails_its_rows_only_and_says_why(flow: InProcess) -> None:
    flow.provider.script([RUDE])
    rows = [("a", "one"), ("b", "so rude"), ("c", "two"), ("d", "so rude")]
    summary = flow.run(flow.catalog(rows))
    assert (summary["delivered"], summary["failed"], summary["state"]) == (2, 2, "done_with_errors")
    assert flow.audio_files() == ["a.mp3", "c.mp3"]
    failed = flow.table("failed.csv")
    assert [(row["id"], row["text"], row["row"]) for row in failed] == [
        ("b", "so rude", "2"),
        ("d", "so rude", "4"),
    ]
    assert all("We do not say that" in row["error"] for row in failed)
    (reason,) = summary["failures"]
    assert reason["rows"] == 2
    assert "We do not say that" in reason["reason"]


def test_failed_rows_are_a_catalog_again(flow: InProcess) -> None:
    flow.provider.script([RUDE])
    rows = [
        ("=1+1", "a rude text, with a comma"),
        ("-x", "=rude(A1)"),
        ("b", "fine"),
        ("c", 'so "rude"\nindeed'),
    ]
    flow.run(flow.catalog(rows))
    keys = {line["id"]: line["key"] for line in flow.manifest()}
    assert len(flow.table("failed.csv")) == 3
    flow.provider.script([])
    failed = flow.folder / "failed-again.csv"
    failed.write_bytes((flow.output / "failed.csv").read_bytes())
    summary = flow.run(str(failed))
    assert (summary["delivered"], summary["failed"]) == (3, 0)
    again = {line["id"]: line["key"] for line in flow.manifest()}
    assert again == keys
    assert len(flow.audio_files()) == 4


def test_no_cell_is_a_formula(flow: InProcess) -> None:
    flow.provider.script([{**RUDE, "match": "SUM"}])
    ids = ["=1+1", "+1", "-1", "@x", "\t=3", "\uff1d2"]
    flow.run(flow.catalog([*[(name, f"Text {n}.") for n, name in enumerate(ids)], ("f", "=SUM(A1)")]))
    for name in ("manifest.csv", "failed.csv"):
        for row in flow.table(name):
            for column, cell in row.items():
                safe = not cell.lstrip(" \u3000").startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d"))
                assert safe, (name, column, cell)
    assert {line["id"] for line in flow.manifest()} >= {"=1+1", "@x"}  # JSON is exact


def test_a_row_of_which_one_segment_fails_is_counted_with_its_reason(flow: InProcess) -> None:
    flow.provider.script([RUDE])
    long = " ".join([f"Sentence number {n} is harmless." for n in range(200)] + ["The last is rude."])
    summary = flow.run(flow.catalog([("long", long), ("b", "fine")]))
    assert (summary["delivered"], summary["failed"]) == (1, 1)
    assert [f["rows"] for f in summary["failures"]] == [1]
    assert "We do not say that" in summary["failures"][0]["reason"]


def test_the_summary_is_exact_json(flow: InProcess) -> None:
    summary = flow.run(flow.catalog([("a", "one"), ("b", "two"), ("c", "one")]))
    assert summary["cost_usd"] == f"{flow.provider.micros / 1e6:.6f}"
    assert summary["list_cost_usd"] == "0.000138"
    assert summary["saved_usd"] == "0.000046"
    assert summary["unique_texts"] == 2
    assert summary["audio_bytes"] == sum(line["bytes"] for line in flow.manifest())
    assert summary["chars"] == 9
    assert summary["billed_chars"] == 6
    assert (
        json.dumps(summary, indent=2, ensure_ascii=False) + "\n" == (flow.output / "summary.json").read_text()
    )
