"""All audio of a job as one stream: while it runs, after a later job, and with files missing."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from speeko_jobs.adapters.audio_store import Store
from speeko_jobs.core.catalog.file_names import audio_path
from speeko_jobs.errors import JobError, StoreError
from speeko_jobs.flow.delivery import archive_files, chunk_delivery
from speeko_jobs.flow.reporting.job_archive import open_archive
from tests.fixtures.inprocess import InProcess

ROWS = [(f"R-{n}", f"Text number {n}.") for n in range(12)]
REPORTS = {"manifest.jsonl", "manifest.csv", "summary.json"}


def archived(flow: InProcess, job: int) -> dict[str, bytes]:
    found = open_archive(flow.context, job)
    assert found.name == f"speeko-job-{job}.zip"
    with zipfile.ZipFile(io.BytesIO(b"".join(found.blocks))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def delivered(flow: InProcess) -> dict[str, bytes]:
    return {name: (flow.output / name).read_bytes() for name in flow.audio_files()}


def test_all_audio_and_the_manifest(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog([*ROWS, ("bad", "🙂")]))
    flow.drive(job)
    found = archived(flow, job)
    assert found.keys() == REPORTS | {f"R-{n}.mp3" for n in range(12)}
    assert {name: data for name, data in found.items() if name not in REPORTS} == delivered(flow)
    assert found["manifest.jsonl"] == (flow.output / "manifest.jsonl").read_bytes()
    assert found["manifest.csv"] == (flow.output / "manifest.csv").read_bytes()
    assert json.loads(found["summary.json"])["refused"] == 1


@pytest.mark.parametrize("spec", [{"loudness": -20.0}, {"segments": "sentence"}])
def test_audio_that_was_made_for_delivery(flow: InProcess, spec: dict[str, object]) -> None:
    job, _ = flow.submit(flow.catalog([("a", "One thing. And another."), ("b", "Third.")]), spec)
    flow.drive(job)
    found = archived(flow, job)
    assert {name: data for name, data in found.items() if name not in REPORTS} == delivered(flow)


def test_a_job_that_runs_says_that_more_is_to_come(flow: InProcess) -> None:
    small = flow.again(chunk_rows=5)
    job, _ = small.submit(flow.catalog(ROWS))
    with pytest.raises(JobError, match="has no delivered audio yet"):
        open_archive(flow.context, job)
    small.synthesize(job)
    chunk_delivery.deliver(flow.context, job, 1)
    found = archived(flow, job)
    assert len(found.keys() - REPORTS - {"NOTE.txt"}) >= 4
    assert b"has not ended" in found["NOTE.txt"]


def test_unchanged_rows_and_what_a_later_job_replaced(flow: InProcess) -> None:
    first, _ = flow.submit(flow.catalog(ROWS))
    flow.drive(first)
    old = delivered(flow)
    second, _ = flow.again(chunk_rows=1).submit(flow.catalog(ROWS))
    flow.drive(second)
    third, _ = flow.submit(flow.catalog([("R-3", "Other words altogether."), *ROWS[4:]]))
    flow.drive(third)
    for job in (first, second):  # its own audio, out of the store
        found = archived(flow, job)
        assert {name: data for name, data in found.items() if name not in REPORTS} == old
    assert archived(flow, third)["R-3.mp3"] == (flow.output / "R-3.mp3").read_bytes() != old["R-3.mp3"]


def test_a_missing_file_is_named(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog(ROWS))
    flow.drive(job)
    key = next(bytes.fromhex(line["key"]) for line in flow.manifest() if line["id"] == "R-5")
    Store(flow.spec().store).delete([audio_path(key, "mp3")])
    (flow.output / "R-5.mp3").unlink()
    found = archived(flow, job)
    assert "R-5.mp3" not in found
    assert len(found.keys() - REPORTS) == 12  # eleven and the note
    assert b"1 files are missing" in found["NOTE.txt"] or b"1 file is missing" in found["NOTE.txt"]
    assert b"R-5.mp3" in found["NOTE.txt"]


def test_large_files_are_read_in_blocks(flow: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_files, "MAX_BATCH_BYTES", 100)
    job, _ = flow.submit(flow.catalog(ROWS[:3]))
    flow.drive(job)
    found = archived(flow, job)
    assert {name: data for name, data in found.items() if name not in REPORTS} == delivered(flow)


def test_a_store_that_is_away_is_an_error_at_once(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog(ROWS))
    flow.drive(job)
    store = flow.folder / "home" / "audio"
    store = store if store.is_dir() else next(flow.folder.rglob("audio")).parent / "audio"
    store.rename(store.with_name("away"))
    with pytest.raises(StoreError):
        next(open_archive(flow.context, job).blocks)


def test_a_job_that_is_not_there(flow: InProcess) -> None:
    with pytest.raises(JobError, match="there is no job 99999"):
        open_archive(flow.context, 99999)
