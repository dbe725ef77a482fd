"""A destination that refuses pauses the job with the reason; mended and resumed, it delivers the rest."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.core.model.pause_reasons import PauseKind, kind_of
from speeko_jobs.core.model.states import JobState
from speeko_jobs.errors import StoreError
from speeko_jobs.flow.delivery import finalize
from speeko_jobs.flow.lifecycle import control, crash_recovery
from tests.fixtures.inprocess import InProcess

ROWS = [(f"r{n}", f"This is text {n}.") for n in range(40)]


def a_link(output: Path) -> Callable[[], None]:
    """The folder of the files is a symbolic link out of the destination."""
    (output.parent / "elsewhere").mkdir()
    (output / "sub").symlink_to(output.parent / "elsewhere")
    return (output / "sub").unlink


def a_file(output: Path) -> Callable[[], None]:
    """A file stands where the folder of the files should be."""
    (output / "sub").write_text("not a folder")
    return (output / "sub").unlink


def no_folder(output: Path) -> Callable[[], None]:
    """The whole destination has been replaced by a file."""
    shutil.rmtree(output)
    output.write_text("not a folder")
    return output.unlink


FAULTS = {"link": (a_link, "symbolic link"), "file": (a_file, "symbolic link"), "gone": (no_folder, "")}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_job_pauses_with_the_reason_and_goes_on_when_mended(flow: InProcess, fault: str) -> None:
    breaks, words = FAULTS[fault]
    job, _ = flow.submit(flow.catalog(ROWS), {"name": "sub/{id}.{ext}", "webhook": "https://example.com/"})
    mend = breaks(flow.output)

    paused = flow.drive(job)

    assert paused.state is JobState.PAUSED
    assert kind_of(paused.reason) is PauseKind.DESTINATION
    assert paused.reason.startswith(f"destination: {flow.output}: ")
    assert words in paused.reason
    assert flow.books.execute("SELECT event, reason FROM speeko.hook") == [("paused", paused.reason)]
    calls = flow.provider.calls
    assert calls == len({entry["key"] for entry in flow.provider.bill()})
    assert crash_recovery.sweep(flow.context).lying.deliver == []  # nothing is tried in vain while it waits
    flow.deliver(job)
    assert jobs.show(flow.context.database, job).delivered == 0

    mend()
    control.resume(flow.context, job)
    assert flow.drive(job).state is JobState.DONE
    flow.check()
    assert flow.provider.calls == len(ROWS)
    assert len(flow.audio_files()) == len(ROWS)
    assert flow.summary()["delivered"] == len(ROWS)


def test_nothing_is_bought_after_the_refusal(flow: InProcess) -> None:
    """Sixty chunks; the destination refuses the first one, and the engine stops claiming."""
    small = flow.again(chunk_rows=5, max_concurrency=4)
    job, _ = small.submit(
        small.catalog([(f"r{n}", f"Text number {n}.") for n in range(300)]), {"name": "sub/{id}.{ext}"}
    )
    mend = a_link(small.output)
    first = small.chunks(job, "planned")[0]
    small.synthesize(job, first)  # all that one engine gets before anything is delivered
    bought = flow.provider.calls
    small.deliver(job)
    assert jobs.show(small.context.database, job).state is JobState.PAUSED
    for no in small.chunks(job, "planned", "synthesizing"):
        small.synthesize(job, no)
    assert flow.provider.calls == bought
    mend()
    control.resume(small.context, job)
    assert small.drive(job).state is JobState.DONE
    assert flow.provider.calls == 300


def test_a_cached_catalog_pauses_in_the_engine_that_delivers_it(flow: InProcess) -> None:
    """What is known already is delivered by the engine itself, without the task `deliver`."""
    source = flow.catalog(ROWS)
    flow.run(source)
    flow.output = flow.folder / "second"
    job, _ = flow.submit(source, {"name": "sub/{id}.{ext}"})
    mend = a_link(flow.output)
    flow.synthesize(job)
    paused = jobs.show(flow.context.database, job)
    assert (paused.state, kind_of(paused.reason)) == (JobState.PAUSED, PauseKind.DESTINATION)
    mend()
    control.resume(flow.context, job)
    assert flow.drive(job).state is JobState.DONE
    assert flow.provider.calls == len(ROWS)


def test_joined_files_that_cannot_be_written_pause_the_job(flow: InProcess) -> None:
    long = " ".join(f"Sentence number {n} is harmless." for n in range(200))
    job, _ = flow.submit(flow.catalog([("long", long)]), {"name": "sub/{id}.{ext}"})
    mend = a_link(flow.output)
    assert kind_of(flow.drive(job).reason) is PauseKind.DESTINATION
    mend()
    control.resume(flow.context, job)
    assert flow.drive(job).state is JobState.DONE


@pytest.mark.parametrize("name", ["manifest.jsonl", "summary.json", "report.html", "removed.csv"])
def test_reports_that_cannot_be_written_pause_the_job(flow: InProcess, name: str) -> None:
    flow.run(flow.catalog(ROWS))
    job, _ = flow.submit(flow.catalog(ROWS[:38]), {"prune": True})
    (flow.output / name).unlink(missing_ok=True)
    (flow.output / name).mkdir()
    paused = flow.drive(job)
    assert (paused.state, kind_of(paused.reason)) == (JobState.PAUSED, PauseKind.DESTINATION)
    assert name in paused.reason
    assert paused.chunks_open == 0
    (flow.output / name).rmdir()
    control.resume(flow.context, job)
    assert jobs.show(flow.context.database, job).state is JobState.FINALIZING
    assert flow.drive(job).state is JobState.DONE
    assert len(flow.audio_files()) == 38
    assert len(flow.manifest()) == 38


@pytest.mark.parametrize("delivered", [False, True], ids=["files", "reports"])
def test_a_job_that_is_cancelled_ends_though_its_destination_refuses(
    flow: InProcess, delivered: bool
) -> None:
    job, _ = flow.submit(flow.catalog(ROWS))
    flow.synthesize(job)
    if delivered:
        flow.deliver(job)
    no_folder(flow.output)
    if delivered:
        finalize.finalize(flow.context, job)
    else:
        flow.deliver(job)
    assert jobs.show(flow.context.database, job).state is JobState.PAUSED
    control.cancel(flow.context, job)
    flow.deliver(job)
    finalize.finalize(flow.context, job)
    ended = jobs.show(flow.context.database, job)
    assert ended.state is JobState.CANCELLED
    assert flow.books.one("SELECT finalized FROM speeko.job")
    assert "could not be written" in ended.reason
    assert str(flow.output) in ended.reason
    assert ended.failed == (0 if delivered else len(ROWS))


def test_a_full_disk_pauses_the_job(flow: InProcess) -> None:
    """The audio is on another disk than the output, so files are copied: 64 KB are full after a few."""
    flow.output.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(flow.output)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a disk of its own can only be mounted by root (with the right to mount)")
    try:
        job, _ = flow.submit(flow.catalog(ROWS))
        paused = flow.drive(job)
        assert (paused.state, kind_of(paused.reason)) == (JobState.PAUSED, PauseKind.DESTINATION)
        assert paused.reason.endswith(f"no space left on the disk: free some, then `speeko resume {job}`")
        subprocess.run(["mount", "-o", "remount,size=100m", str(flow.output)], check=True)
        control.resume(flow.context, job)
        assert flow.drive(job).state is JobState.DONE
        assert len(flow.audio_files()) == flow.provider.calls == len(ROWS)
    finally:
        subprocess.run(["umount", "--lazy", str(flow.output)], check=True)


def test_a_destination_that_cannot_be_written_is_refused_before_anything_is_bought(flow: InProcess) -> None:
    """It is there with its mark, as an earlier job left it."""
    flow.run(flow.catalog(ROWS[:2]))
    mark = flow.output / ".speeko-destination"
    mark.unlink()
    mark.mkdir()
    (mark / "x").write_text("")
    with pytest.raises(StoreError, match="speeko-destination"):
        flow.submit(flow.catalog(ROWS))
    assert flow.provider.calls == 2


def test_a_bucket_that_is_gone_pauses_and_is_delivered_to_when_it_is_back(
    flow: InProcess, s3_url: str, s3_environment: str
) -> None:
    job, _ = flow.submit(flow.catalog(ROWS), {"output": f"{s3_url}/out"})
    bucket = f"{s3_environment}/{s3_url.removeprefix('s3://')}"
    flow.context.store_of(f"{s3_url}/out").delete([".speeko-destination"])
    requests.delete(bucket, timeout=60).raise_for_status()
    paused = flow.drive(job)
    assert paused.state is JobState.PAUSED
    assert paused.reason.startswith(f"destination: {s3_url}/out: ")
    assert paused.reason.endswith("there is no such bucket: create it, or correct the URL")
    requests.put(bucket, timeout=60).raise_for_status()
    control.resume(flow.context, job)
    assert flow.drive(job).state is JobState.DONE
    assert flow.provider.calls == len(ROWS)


def test_an_audio_store_that_cannot_take_a_part_of_the_manifest_pauses_as_store(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog(ROWS))
    flow.synthesize(job)
    parts = Path(flow.settings.store_url) / "jobs"
    shutil.rmtree(parts, ignore_errors=True)
    parts.write_text("not a folder")
    flow.deliver(job)
    paused = jobs.show(flow.context.database, job)
    assert (paused.state, kind_of(paused.reason)) == (JobState.PAUSED, PauseKind.STORE)
    parts.unlink()
    control.resume(flow.context, job)
    assert flow.drive(job).state is JobState.DONE
    assert flow.provider.calls == len(ROWS)
