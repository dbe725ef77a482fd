"""Only what changed: why each row is delivered, what left the catalog, and what --prune deletes."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from speeko_jobs.errors import CatalogError
from speeko_jobs.flow.delivery import finalize
from speeko_jobs.flow.planning import planner, submit
from tests.fixtures.inprocess import InProcess

ROWS = [(f"r{n}", f"Text number {n} with a word.") for n in range(1, 41)]


def kinds(flow: InProcess) -> dict[str, str | None]:
    return {line["id"]: line["change"] for line in flow.manifest() if line["change"]}


def files(flow: InProcess) -> set[str]:
    return {path.name for path in flow.output.glob("*.mp3")}


def diff(flow: InProcess, rows: Any, spec: dict[str, Any] | None = None) -> planner.Loaded:
    made = flow.spec(**spec or {})
    where = submit.destination_of(flow.context, made)
    return planner.estimate(flow.context, made, flow.orders(flow.catalog(rows)), where)


def test_each_row_says_why_it_was_delivered(flow: InProcess, tmp_path: Path) -> None:
    first = flow.run(
        flow.catalog([(*row, "") for row in ROWS], ("id", "text", "voice")), voice_column="voice"
    )
    assert first["changes"] == {"added": 40}
    assert set(kinds(flow).values()) == {"added"}
    lexicon = tmp_path / "words.toml"
    lexicon.write_text('"number 7" = "number seven"\n')
    changed = [(*row, "") for row in ROWS[:38]]
    changed[1] = ("r2", "Another text.", "")
    changed[2] = ("r3", ROWS[2][1], "kokoro-friendly")
    changed.append(("new", "A new one.", ""))
    spec = {"lexicon": (str(lexicon),)}
    told = diff(flow, [row[:2] for row in changed], spec)
    assert sorted(told.removed) == ["r39.mp3", "r40.mp3"]
    summary = flow.run(flow.catalog(changed, ("id", "text", "voice")), spec, voice_column="voice")
    assert kinds(flow) == {"r2": "text", "r3": "voice", "r7": "lexicon", "new": "added"}
    assert summary["changes"] == {"unchanged": 35, "added": 1, "text": 1, "voice": 1, "lexicon": 1}
    assert (summary["removed"], summary["calls"], summary["previous_job"]) == (2, 4, 1)
    assert len(files(flow)) == 41  # nothing is deleted unasked


def test_another_format_or_loudness_is_no_purchase(flow: InProcess) -> None:
    flow.run(flow.catalog(ROWS))
    louder = flow.run(flow.catalog(ROWS), {"loudness": -20.0})
    assert (louder["changes"], louder["calls"]) == ({"format": 40}, 0)
    again = flow.run(flow.catalog(ROWS), {"loudness": -20.0})
    assert again["changes"] == {"unchanged": 40}


def test_prune_deletes_what_left_the_catalog_and_nothing_else(flow: InProcess) -> None:
    flow.run(flow.catalog(ROWS))
    (flow.output / "mine.mp3").write_bytes(b"not ours")
    with pytest.raises(
        CatalogError, match="15 of the 40 files in the output are not in the catalog any more"
    ):
        flow.submit(flow.catalog(ROWS[:25]), {"prune": True})
    assert len(files(flow)) == 41
    summary = flow.run(flow.catalog(ROWS[:37]), {"prune": True})
    assert (summary["removed"], summary["unchanged"]) == (3, 37)
    assert files(flow) == {f"r{n}.mp3" for n in range(1, 38)} | {"mine.mp3"}
    assert (flow.output / "removed.csv").read_text().split() == ["path", "r38.mp3", "r39.mp3", "r40.mp3"]
    before = (flow.output / "removed.csv").read_bytes()
    job = flow.books.one("SELECT max(id) FROM speeko.job")
    finalize.finalize(flow.context, job)
    assert (flow.output / "removed.csv").read_bytes() == before
    back = flow.run(flow.catalog(ROWS), {"prune": True})
    assert (back["delivered"], back["calls"], back["removed"]) == (3, 0, 0)


def test_a_larger_share_may_be_allowed(flow: InProcess) -> None:
    flow.run(flow.catalog(ROWS))
    orders = flow.orders(flow.catalog(ROWS[:10]))
    job, _ = submit.submit(
        flow.context, flow.spec(prune=True), orders, tenant="shop", most_deleted_share=Decimal(1)
    )
    flow.drive(job)
    assert files(flow) == {f"r{n}.mp3" for n in range(1, 11)}


def test_what_another_job_puts_meanwhile_stays(flow: InProcess) -> None:
    flow.run(flow.catalog(ROWS))
    job, _ = flow.submit(flow.catalog([*ROWS[:39], ("x", "One more.")]), {"prune": True})
    # a submitter of v0.1.0 does not look whether the output is free
    flow.books.execute(f"UPDATE speeko.job SET state = 'done' WHERE id = {job} RETURNING 1")
    later, _ = flow.submit(flow.catalog([("r40", "It is back.")]))
    flow.books.execute(f"UPDATE speeko.job SET state = 'running' WHERE id = {job} RETURNING 1")
    flow.drive(later)
    flow.drive(job)
    assert "r40.mp3" in files(flow)


def test_nothing_there_and_nothing_changed(flow: InProcess) -> None:
    assert diff(flow, ROWS).plan.changes == {"added": 40}
    flow.run(flow.catalog(ROWS))
    told = diff(flow, ROWS)
    assert (told.plan.changes, told.removed, told.plan.calls) == ({"unchanged": 40}, [], 0)
    assert json.loads(json.dumps(told.plan.to_json()))["changes"] == {"unchanged": 40}


DATA = Path(__file__).parents[4] / "shared" / "data"


@pytest.mark.skipif(not DATA.is_dir(), reason="the catalogs in ../shared/data are not here")
def test_the_questions_of_two_days(flow: InProcess) -> None:
    """An FAQ of 2020-03-22 and of 03-27, known by link and question, into one output."""
    columns = {"id": ("link", "question"), "text": ("answer",)}
    first = flow.run(str(DATA / "covid_faq_2020-03-22.tsv"), on_duplicate_id="first", **columns)
    before = {path.name: path.stat().st_mtime_ns for path in flow.output.glob("*.mp3")}
    bought = [entry["text"] for entry in flow.provider.bill()]
    summary = flow.run(str(DATA / "covid_faq_2020-03-27.tsv"), on_duplicate_id="first", **columns)
    changes = summary["changes"]
    texts = [entry["text"] for entry in flow.provider.bill()][len(bought) :]
    assert len(texts) == len(set(texts)) == summary["calls"]
    assert not set(texts) & set(bought)
    after = {path.name: path.stat().st_mtime_ns for path in flow.output.glob("*.mp3")}
    written = {name for name, time in after.items() if before.get(name) != time}
    assert written <= {line["path"] for line in flow.manifest() if line["change"]}
    assert changes["text"] + changes["same_sound"] == 228
    # 131 questions are gone; those without an answer never had a file
    assert (changes["added"], summary["removed"] + first["left_out"], first["left_out"]) == (516, 131, 5)
