"""A rerun of part of a catalog merges into what the output holds: manifest, failed rows, report."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.errors import CatalogError, ConfigError
from speeko_jobs.flow.delivery import finalize
from tests.fixtures.inprocess import InProcess

RUDE = {"match": "rude", "times": -1, "status": 400, "body": {"error": {"message": "We do not say that."}}}
ROWS = [(f"r{n}", f"{'A rude' if n in (3, 7, 8) else 'A fine'} text, number {n}.") for n in range(1, 11)]
NAMES = ("manifest.jsonl", "manifest.csv", "failed.csv", "summary.json")


def with_failures(flow: InProcess) -> None:
    """Ten rows, of which three fail."""
    flow.provider.script([RUDE])
    assert flow.run(flow.catalog(ROWS, name="products.csv"))["failed"] == 3


def written(flow: InProcess) -> dict[str, bytes]:
    return {name: (flow.output / name).read_bytes() for name in NAMES}


@pytest.mark.parametrize("elsewhere", [False, True], ids=["in the output", "copied"])
def test_failed_rows_run_again_take_their_places(flow: InProcess, elsewhere: bool) -> None:
    with_failures(flow)
    flow.provider.script([RUDE | {"match": "number 7"}])
    before = {line["id"]: line for line in flow.manifest()}
    source = flow.output / "failed.csv"
    if elsewhere:
        source = Path(shutil.copy(source, flow.folder / "failed-rows.csv"))

    summary = flow.run(str(source))

    assert (summary["rows"], summary["delivered"], summary["failed"]) == (3, 2, 1)  # what it did itself
    assert summary["merges"] is True
    assert summary["removed"] == 0
    lines = flow.manifest()
    assert [(line["row"], line["id"]) for line in lines] == [(n, f"r{n}") for n in range(1, 11)]
    assert [line["id"] for line in lines if line["error"]] == ["r7"]
    others = [line for line in lines if line["id"] not in ("r3", "r7", "r8")]
    assert others == [before[line["id"]] for line in others]
    assert [line["source"] for line in lines if line["id"] in ("r3", "r8")] == ["synthesized"] * 2
    table = flow.table("manifest.csv")
    assert [(row["row"], row["id"]) for row in table] == [(str(n), f"r{n}") for n in range(1, 11)]
    assert [row["path"] for row in table] == [line["path"] for line in lines]
    (failed,) = flow.table("failed.csv")
    assert (failed["id"], failed["file"], failed["row"]) == ("r7", "products.csv", "7")
    assert len(flow.audio_files()) == 9
    page = (flow.output / "report.html").read_text()
    assert "r10.mp3" in page  # a file of the earlier run

    flow.provider.script([])
    assert flow.run(str(flow.output / "failed.csv"))["failed"] == 0
    assert len([line for line in flow.manifest() if line["error"] is None]) == 10
    assert flow.table("failed.csv") == []
    assert flow.run(flow.catalog(ROWS))["unchanged"] == 10  # the whole catalog once more: all is there


def test_a_second_finalize_merges_to_the_same_bytes(flow: InProcess) -> None:
    with_failures(flow)
    flow.provider.script([RUDE | {"match": "number 7"}])
    flow.run(str(flow.output / "failed.csv"))
    before = written(flow)
    finalize.finalize(flow.context, jobs.newest(flow.context.database, 1)[0].id)
    assert written(flow) == before


def test_a_part_of_a_catalog_is_merged_on_request(flow: InProcess) -> None:
    """Two changed rows and a new one; the others stay, and so do failed rows of the first run."""
    with_failures(flow)
    part = [("r2", "Another text."), ("new", "A new row."), ("r3", "A fine text now.")]
    summary = flow.run(flow.catalog(part), {"merge": True})
    assert (summary["rows"], summary["delivered"], summary["removed"]) == (3, 3, 0)
    lines = flow.manifest()
    assert [(line["row"], line["id"]) for line in lines] == [
        *[(n, f"r{n}") for n in range(1, 11)],
        (11, "new"),
    ]
    assert {line["id"] for line in lines if line["error"]} == {"r7", "r8"}
    assert lines[1]["change"] == "text"
    assert [row["id"] for row in flow.table("failed.csv")] == ["r7", "r8"]


def test_without_the_request_a_catalog_is_the_whole_one(flow: InProcess) -> None:
    with_failures(flow)
    summary = flow.run(flow.catalog(ROWS[:2]))
    assert (summary["removed"], summary["merges"]) == (5, False)
    assert len(flow.manifest()) == 2


def test_a_part_never_prunes(flow: InProcess) -> None:
    with_failures(flow)
    with pytest.raises(CatalogError, match=r"failed\.csv: these are rows that failed.*--prune"):
        flow.submit(str(flow.output / "failed.csv"), {"prune": True})
    with pytest.raises(ConfigError, match="--merge"):
        flow.spec(merge=True, prune=True)
    assert len(flow.audio_files()) == 7


def test_ids_that_are_formulas_are_found_again(flow: InProcess) -> None:
    flow.provider.script([RUDE])
    flow.run(flow.catalog([("=1+1", "a rude text"), ("b", "fine"), ("-x", "=rude(A1)")]))
    flow.provider.script([])
    flow.run(str(flow.output / "failed.csv"))
    assert [(line["row"], line["id"], line["error"]) for line in flow.manifest()] == [
        (1, "=1+1", None),
        (2, "b", None),
        (3, "-x", None),
    ]


def test_an_output_that_holds_nothing_gets_what_there_is(flow: InProcess) -> None:
    with_failures(flow)
    source = str(flow.output / "failed.csv")
    flow.provider.script([])
    flow.output = flow.folder / "second"
    flow.run(source)
    assert [(line["row"], line["id"]) for line in flow.manifest()] == [(1, "r3"), (2, "r7"), (3, "r8")]


def test_a_bucket_is_merged_too(flow: InProcess, s3_url: str) -> None:
    flow.provider.script([RUDE])
    output = f"{s3_url}/out"
    job, _ = flow.submit(flow.catalog(ROWS), {"output": output})
    flow.drive(job)
    bucket = flow.context.store_of(output)
    failed = flow.folder / "failed.csv"
    failed.write_bytes(bucket.get("failed.csv"))
    flow.provider.script([])
    job, _ = flow.submit(str(failed), {"output": output})
    flow.drive(job)
    assert len(bucket.get("manifest.jsonl").splitlines()) == 10
    assert bucket.get("failed.csv").count(b"\n") == 1
