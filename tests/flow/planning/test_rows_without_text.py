"""Rows without text are left out: no failure, no file, no money, and every sum still holds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.errors import CatalogError, NoTextError
from tests.fixtures.inprocess import InProcess

SHOPIFY = ("Handle", "Title", "Body (HTML)", "Variant SKU", "Image Src")
PICTURES = [
    ("oak-lamp", "Oak lamp", "<p>A tall oak lamp.</p>", "L1", "https://x.example/1.jpg"),
    ("oak-lamp", "", "", "", "https://x.example/2.jpg"),
    ("oak-lamp", "", "", "", "https://x.example/3.jpg"),
    ("oak-desk", "Oak desk", "<p>A wide oak desk.</p>", "D1", "https://x.example/4.jpg"),
    ("oak-desk", "", "", "", "https://x.example/5.jpg"),
]
WOO = ("ID", "Type", "SKU", "Name", "Description", "Parent")
ENDS = ("rows", "delivered", "unchanged", "failed", "refused", "left_out", "calls")


def ends(summary: dict[str, Any]) -> tuple[int, ...]:
    return tuple(summary[name] for name in ENDS)


def test_pictures_of_a_product_are_no_failures_and_ids_come_from_the_handle(flow: InProcess) -> None:
    source = flow.catalog(PICTURES, SHOPIFY)
    plan = flow.estimate(source)
    assert (plan.rows, plan.refused, plan.left_out, plan.calls) == (5, 0, 3, 2)
    assert plan.changes == {"added": 2}
    summary = flow.run(source)
    assert (summary["state"], ends(summary)) == ("done", (5, 2, 0, 0, 0, 3, 2))
    assert flow.audio_files() == ["oak-desk.mp3", "oak-lamp.mp3"]
    assert [(line["row"], line["id"]) for line in flow.manifest()] == [(1, "oak-lamp"), (4, "oak-desk")]
    assert not (flow.output / "failed.csv").exists() or flow.table("failed.csv") == []
    assert "without text, left out" in (flow.output / "report.html").read_text("utf-8")
    again = flow.run(source)
    assert (again["state"], ends(again)) == ("done", (5, 0, 2, 0, 0, 3, 0))


def test_variants_of_woocommerce_are_left_out_though_most_rows_are_variants(flow: InProcess) -> None:
    rows = []
    for n in range(8):
        rows.append((str(n), "variable", f"P{n}", f"Shirt {n}", f"A shirt of kind {n}.", ""))
        rows += [(f"{n}{i}", "variation", f"P{n}-{i}", f"Shirt {n} {i}", "", f"P{n}") for i in range(3)]
    summary = flow.run(flow.catalog(rows, WOO))
    assert (summary["state"], ends(summary)) == ("done", (32, 8, 0, 0, 0, 24, 8))
    assert flow.audio_files() == [f"{n}.mp3" for n in range(8)]


def test_no_row_has_text(flow: InProcess) -> None:
    source = flow.catalog([("a", "", "x"), ("b", "<p>&nbsp;</p>", "y")], ("id", "text", "other"), "shop.csv")
    for options in ({"text": ("text",)}, {}):
        with pytest.raises(NoTextError) as caught:
            flow.submit(source, **options)
        assert caught.value.exit_code == 3
        assert "2 rows has text" in str(caught.value) or "2 of 2 rows have no text" in str(caught.value)
        with pytest.raises(NoTextError):
            flow.estimate(source, **options)
    assert flow.books.one("SELECT count(*) FROM speeko.job") == 0


def test_a_guessed_column_that_most_rows_lack_is_told_and_a_named_one_is_not(flow: InProcess) -> None:
    rows = [("a", "The first text.", "One"), ("b", "", "Two"), ("c", "", "Three")]
    source = flow.catalog(rows, ("id", "description", "title"), "shop.csv")
    wanted = (
        r'^shop\.csv: 2 of 3 rows have no text in "description", a column that was guessed: nothing was'
        r" started; choose the column with --text$"
    )
    with pytest.raises(NoTextError, match=wanted):
        flow.submit(source)
    summary = flow.run(source, text=("description",))
    assert (summary["state"], ends(summary)) == ("done", (3, 1, 0, 0, 0, 2, 1))


def test_half_of_the_rows_is_not_most(flow: InProcess) -> None:
    assert flow.estimate(flow.catalog([("a", "One."), ("b", "")])).left_out == 1


def test_a_row_that_lost_its_text_is_removed(flow: InProcess) -> None:
    rows = [(f"r{n}", f"Text {n}.") for n in range(20)]
    flow.run(flow.catalog(rows))
    rows[3] = ("r3", "")
    source = flow.catalog(rows)
    plan = flow.estimate(source)
    assert plan.left_out == 1
    summary = flow.run(source)
    assert (summary["removed"], ends(summary)) == (1, (20, 0, 19, 0, 0, 1, 0))
    assert "r3.mp3" in flow.audio_files()
    summary = flow.run(source, {"prune": True})
    assert (summary["removed"], ends(summary)) == (1, (20, 0, 19, 0, 0, 1, 0))
    assert "r3.mp3" not in flow.audio_files()
    rows[3] = ("r3", "It speaks again.")
    assert ends(flow.run(flow.catalog(rows))) == (20, 1, 19, 0, 0, 0, 1)


def test_rows_of_a_failed_csv_that_still_lack_text_are_left_out(flow: InProcess) -> None:
    flow.run(flow.catalog([("a", "One."), ("b", "!"), ("c", "?"), ("d", "-")]))
    failed = flow.output / "failed.csv"
    corrected = failed.read_text("utf-8").replace("b,!", "b,Two.").replace("c,?", "c,").replace("d,'-", "d,")
    source = flow.folder / "corrected.csv"
    source.write_text(corrected, "utf-8")
    summary = flow.run(str(source))
    assert (summary["state"], summary["merges"], ends(summary)) == ("done", True, (3, 1, 0, 0, 0, 2, 1))


def test_strict_lets_rows_without_text_pass(flow: InProcess) -> None:
    assert ends(flow.run(flow.catalog([("a", "One."), ("b", "")]), strict=True)) == (2, 1, 0, 0, 0, 1, 1)
    with pytest.raises(CatalogError, match="nothing to speak"):
        flow.submit(flow.catalog([("a", "One."), ("b", "!")]), strict=True)


def test_retry_and_the_ledger_are_as_without_such_rows(flow: InProcess) -> None:
    flow.provider.script(
        [{"match": "Refuse", "status": 400, "body": {"error": {"message": "no"}}, "times": -1}]
    )
    job, _ = flow.submit(
        flow.catalog([("a", "One."), ("b", ""), ("c", "Refuse this."), ("d", "")], name="x.csv")
    )
    assert flow.drive(job).state == "done_with_errors"
    assert ends(flow.summary()) == (4, 1, 0, 1, 0, 2, 1)
    row = jobs.show(flow.context.database, job)
    assert (row.rows, row.served, row.plan["left_out"]) == (2, 2, 2)
    assert [each["id"] for each in flow.table("failed.csv")] == ["c"]


def test_unchanged_chunks_with_such_rows_are_delivered_at_the_release(flow: InProcess) -> None:
    small = flow.again(chunk_rows=10)
    rows = [(f"r{n}", "" if n % 3 == 0 or 200 <= n < 240 else f"Text {n % 50}.") for n in range(1, 301)]
    first = small.run(small.catalog(rows))
    without = sum(1 for _, text in rows if not text)
    assert ends(first)[:6] == (300, 300 - without, 0, 0, 0, without)
    job, plan = small.submit(small.catalog(rows))
    assert (plan.left_out, plan.changes) == (without, {"unchanged": 300 - without})
    # chunks past the first 16 are whole, but for those in which no row has text
    assert small.chunks(job, "planned") == [*range(1, 17), 21, 22, 23, 24]
    small.drive(job)
    small.check()
    assert ends(small.summary()) == (300, 0, 300 - without, 0, 0, without, 0)
    assert [line["row"] for line in small.manifest()] == [n for n, (_, text) in enumerate(rows, 1) if text]


def test_a_job_of_an_older_version_has_none(flow: InProcess) -> None:
    source = flow.catalog([("a", "One."), ("b", "")])
    job, _ = flow.submit(source)
    flow.books.execute("UPDATE speeko.job SET rows = 1, plan = plan - 'left_out'")
    flow.drive(job)
    assert ends(flow.summary()) == (1, 1, 0, 0, 0, 0, 1)
    assert json.loads((flow.output / "summary.json").read_text())["left_out"] == 0
    # and the refused row of its catalog is left out by the next run
    assert ends(flow.run(source)) == (2, 0, 1, 0, 0, 1, 0)
