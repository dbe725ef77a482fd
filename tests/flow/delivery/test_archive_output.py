"""An output that is one ZIP file: what it holds, what a re-run changes, what is never overwritten."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from speeko_jobs.adapters.audio_store import Store
from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.adapters.postgres.output_locks import OutputBusyError
from speeko_jobs.core.job import job_spec
from speeko_jobs.core.job.job_spec import checked
from speeko_jobs.core.model.states import JobState
from speeko_jobs.errors import ConfigError
from speeko_jobs.flow.delivery import finalize
from tests.fixtures.inprocess import InProcess
from tests.fixtures.s3 import s3_endpoint, s3_environment, s3_url  # noqa: F401

REPORTS = {"manifest.jsonl", "manifest.csv", "failed.csv", "summary.json", "report.html"}
ROWS = [("a", "One article."), ("b/c", "Another article."), ("d", "!")]


def archived(flow: InProcess, rows: list[tuple[str, str]], **spec: Any) -> int:
    """A job that was driven to its end, with a ZIP file as its output."""
    wanted = {"output": str(flow.folder / "out.zip"), "archive": True} | spec
    job, _ = flow.submit(flow.catalog(rows), wanted)
    flow.drive(job)
    return job


def content(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as found:
        assert found.testzip() is None
        assert len(found.namelist()) == len({*found.namelist()})
        return {name: found.read(name) for name in found.namelist()}


def test_audio_and_reports_are_in_one_file(flow: InProcess) -> None:
    job = archived(flow, ROWS)
    found = content(flow.folder / "out.zip")
    assert found.keys() == REPORTS | {"a.mp3", "b_c.mp3"}
    lines = [json.loads(line) for line in found["manifest.jsonl"].splitlines()]
    assert [line["bytes"] for line in lines[:2]] == [len(found["a.mp3"]), len(found["b_c.mp3"])]
    assert json.loads(found["summary.json"])["output"] == str(flow.folder / "out.zip")
    assert b"there is nothing to speak in the text" in found["failed.csv"]
    assert b'href="./failed.csv"' in found["report.html"]
    assert [p.name for p in flow.folder.iterdir() if "out" in p.name] == ["out.zip"]  # nothing is beside it
    assert jobs.show(flow.context.database, job).destination == str(flow.folder / "out.zip")
    flow.check()


def test_a_second_finalizer_writes_the_same_bytes(flow: InProcess) -> None:
    job = archived(flow, ROWS)
    before = (flow.folder / "out.zip").read_bytes()
    (flow.folder / "out.zip").unlink()
    flow.books.execute("UPDATE speeko.job SET finalized = false, state = 'finalizing' WHERE id = %s", [job])
    assert finalize.finalize(flow.context, job)
    assert (flow.folder / "out.zip").read_bytes() == before


def test_a_rerun_buys_what_changed_and_replaces_the_file(flow: InProcess) -> None:
    archived(flow, [("a", "One article."), ("b", "Another article."), ("c", "A third.")])
    before, calls = content(flow.folder / "out.zip"), flow.provider.calls
    job = archived(flow, [("a", "One article."), ("b", "It changed.")])
    after = content(flow.folder / "out.zip")
    assert flow.provider.calls == calls + 1
    assert after["a.mp3"] == before["a.mp3"]
    assert after["b.mp3"] != before["b.mp3"]
    assert "c.mp3" not in after  # the archive is the catalog as it is now
    assert json.loads(after["summary.json"])["unchanged"] == 1
    assert jobs.show(flow.context.database, job).state is JobState.DONE


def test_a_deleted_archive_is_packed_again_for_nothing(flow: InProcess) -> None:
    archived(flow, ROWS)
    calls = flow.provider.calls
    (flow.folder / "out.zip").unlink()
    archived(flow, ROWS)
    assert flow.provider.calls == calls
    assert {"a.mp3", "b_c.mp3"} < content(flow.folder / "out.zip").keys()


def test_a_file_of_the_user_is_not_replaced(flow: InProcess) -> None:
    mine = flow.folder / "out.zip"
    mine.write_bytes(b"mine")
    with pytest.raises(ConfigError, match="was not written by speeko"):
        archived(flow, ROWS)
    assert mine.read_bytes() == b"mine"
    archived(flow, ROWS, overwrite=True)
    assert "a.mp3" in content(mine)
    mine.write_bytes(b"mine again")  # also where a job has written before
    with pytest.raises(ConfigError, match="or was changed since"):
        archived(flow, ROWS)
    assert flow.provider.calls == 2


def test_a_folder_of_that_name_is_refused(flow: InProcess) -> None:
    (flow.folder / "out.zip").mkdir()
    with pytest.raises(ConfigError, match="a folder or a link has this name"):
        archived(flow, ROWS)


def test_converted_audio_is_archived(flow: InProcess) -> None:
    archived(flow, ROWS[:1], loudness=-20.0)
    assert content(flow.folder / "out.zip")["a.mp3"]


def test_a_missing_staged_file_is_named(flow: InProcess) -> None:
    job = archived(flow, ROWS)
    staged = flow.context.destination_of(jobs.show(flow.context.database, job).spec)
    staged.delete(["a.mp3"])
    flow.books.execute("UPDATE speeko.job SET finalized = false, state = 'finalizing' WHERE id = %s", [job])
    finalize.finalize(flow.context, job)
    found = content(flow.folder / "out.zip")
    assert "a.mp3" not in found
    assert b"a.mp3" in found["MISSING.txt"]
    archived(flow, ROWS)  # the next run restores it
    found = content(flow.folder / "out.zip")
    assert "a.mp3" in found
    assert "MISSING.txt" not in found


def test_a_bucket_takes_an_archive(flow: InProcess, s3_url: str, tmp_path: Path) -> None:  # noqa: F811
    job = archived(flow, ROWS, output=f"{s3_url}/sounds/out.zip")
    store = Store(f"{s3_url}/sounds")
    (tmp_path / "copy.zip").write_bytes(store.get("out.zip"))
    assert content(tmp_path / "copy.zip").keys() == REPORTS | {"a.mp3", "b_c.mp3"}
    assert [*store.list()] == ["out.zip"]
    assert jobs.show(flow.context.database, job).destination == f"{s3_url}/sounds/out.zip"


def test_one_job_at_a_time_writes_an_archive(flow: InProcess) -> None:
    wanted = {"output": str(flow.folder / "out.zip"), "archive": True}
    first, _ = flow.submit(flow.catalog(ROWS), wanted)
    with pytest.raises(OutputBusyError, match=f"job {first}"):
        flow.submit(flow.catalog(ROWS), wanted)
    other, _ = flow.submit(flow.catalog(ROWS), wanted | {"output": str(flow.folder / "other.zip")})
    for job in (first, other):
        flow.drive(job)
    assert (flow.folder / "other.zip").is_file()


def test_headers_for_web_servers_are_refused(flow: InProcess) -> None:
    with pytest.raises(ConfigError, match="--cache-control is for files that a web server delivers"):
        checked(flow.spec(archive=True, cache_control="no-store", output="/x/out.zip"))


def test_workers_of_older_versions_take_other_jobs(flow: InProcess) -> None:
    assert "archive" not in flow.spec().to_json()
    spec = flow.spec(archive=True, output="/x/out.zip")
    assert job_spec.from_json(spec.to_json()) == spec


def test_a_finalizer_that_dies_leaves_the_old_file(flow: InProcess) -> None:
    archived(flow, ROWS)
    before = (flow.folder / "out.zip").read_bytes()
    wanted = {"output": str(flow.folder / "out.zip"), "archive": True}
    job, _ = flow.submit(flow.catalog([("a", "New words.")]), wanted)
    while jobs.show(flow.context.database, job).state is not JobState.FINALIZING:
        flow.synthesize(job)
        flow.deliver(job)
    code = "import json, sys\nfrom speeko_jobs import runtime, settings\n"
    code += "from speeko_jobs.flow.delivery import finalize\n"
    code += "context = runtime.open_context(settings.Settings(**json.loads(sys.argv[1])), pool_size=2)\n"
    code += "finalize.finalize(context, int(sys.argv[2]))\n"
    s = flow.settings
    given = {"home": s.home, "store": s.store, "database_url": s.database_url, "redis_url": s.redis_url}
    died = subprocess.run(
        [sys.executable, "-c", code, json.dumps(given), str(job)],
        env=os.environ | {"SPEEKO_CRASH": "in_archive:2"},
        check=False,
        timeout=120,
    )
    assert died.returncode == -9
    assert (flow.folder / "out.zip").read_bytes() == before
    assert flow.drive(job).state is JobState.DONE
    assert (flow.folder / "out.zip").read_bytes() != before
    assert flow.context.destination_of(jobs.show(flow.context.database, job).spec).size("a.mp3")
