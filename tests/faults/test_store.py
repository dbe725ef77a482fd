"""Stores that are away, hang, cut uploads or damage what they hold; disks without room for the spool."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from speeko_jobs.adapters.postgres import jobs, leases
from speeko_jobs.core.model.states import JobState
from speeko_jobs.flow.lifecycle import control
from speeko_jobs.flow.lifecycle.crash_recovery import sweep
from speeko_jobs.flow.synthesis import settlement, spool
from tests.faults.proxy import Proxy
from tests.fixtures.books import broken_rules, key_of, stored
from tests.fixtures.inprocess import InProcess
from tests.metered.audio import read_stamp, stamp_of

ROWS = [(f"r{n}", f"This is text {n}.") for n in range(12)]


@pytest.fixture
def line(s3_url: str, s3_environment: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The line to an S3, which can be cut; clients find it in the environment."""
    parts = urlsplit(s3_environment)
    assert parts.hostname
    assert parts.port
    with Proxy((parts.hostname, parts.port)) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{proxy.port}")
        yield proxy


def spooled(flow: InProcess) -> int:
    return len(list(spool.folder(flow.context).glob("*.audio")))


@pytest.mark.parametrize("fault", ["down", "cut", "hang"])
def test_a_bucket_fails_and_the_audio_waits_in_the_spool(
    flow: InProcess, line: Proxy, s3_url: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settlement, "STORE_TRIES", 1)
    far = flow.again(store=f"{s3_url}?timeout={'1s' if fault == 'hang' else '60s'}")
    job, _ = far.submit(far.catalog(ROWS))
    if fault == "down":
        line.down()
    elif fault == "cut":
        line.resets, line.limit_data = True, 1_500
        line.reset_peer()
    else:
        line.hang()

    far.synthesize(job)

    paused = jobs.show(far.context.database, job)
    assert paused.state is JobState.PAUSED
    assert paused.reason.startswith("store: s3://")
    calls = flow.provider.calls
    assert 0 < spooled(far) == calls
    assert sweep(far.context).replayed == 0  # it fails still, and all is kept
    assert spooled(far) == calls

    line.limit_data = None
    line.resume()
    line.reset_peer()
    if fault == "down":
        line.up()
    assert sweep(far.context).replayed == calls
    control.resume(far.context, job)
    assert far.drive(job).state is JobState.DONE
    flow.check()
    assert flow.provider.calls == len(ROWS)
    assert spooled(far) == 0
    assert flow.summary()["unknown"]["calls"] == 0
    far.close()


def test_a_spool_without_room_stops_the_job_before_it_pays(flow: InProcess) -> None:
    greedy = flow.again(max_audio_mb=10_000_000)
    job, _ = flow.submit(flow.catalog(ROWS))
    assert spool.room(flow.context)
    assert not spool.room(greedy.context)

    greedy.synthesize(job)

    paused = jobs.show(flow.context.database, job)
    assert paused.state is JobState.PAUSED
    assert paused.reason.startswith("spool: ")
    assert flow.provider.calls == 0
    assert flow.books.one("SELECT count(*) FROM speeko.attempt") == 0
    control.resume(flow.context, job)
    assert flow.drive(job).state is JobState.DONE
    greedy.close()


@pytest.mark.parametrize("options", ["size=64k", "size=2g,nr_inodes=20"])
def test_a_small_disk_has_no_room(flow: InProcess, tmp_path: Path, options: str) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "none", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a disk of its own can only be mounted by root (with the right to mount)")
    try:
        settings = dataclasses.replace(flow.settings, home=str(disk / "home"), max_audio_mb=1)
        assert not spool.room(dataclasses.replace(flow.context, settings=settings))
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


# objects that are not what was stored


def objects(flow: InProcess) -> dict[str, Path]:
    return {path.stem: path for path in Path(flow.settings.store_url).rglob("*.mp3")}


def truncate(path: Path) -> None:
    """As a disk does that loses the end of a file: the name stays."""
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[: len(data) // 2])


def check_books(flow: InProcess) -> None:
    """All sums hold; what was damaged was paid for again, which no unknown call explains."""
    assert [*broken_rules(flow.books)] == ["a text is paid once, and once more for each unknown or bad call"]
    assert flow.books.one("SELECT sum(spent_micros)::bigint FROM speeko.job") == flow.provider.micros


def check_audio(flow: InProcess) -> None:
    for line in flow.manifest():
        text = dict(ROWS)[line["id"]]
        audio = (flow.output / line["path"]).read_bytes()
        assert len(audio) == line["bytes"]
        assert read_stamp(audio, "mp3") == stamp_of(text, line["voice"], "")


@pytest.mark.parametrize("forgetful", [False, True], ids=["known to Redis", "unknown to Redis"])
def test_a_truncated_object_is_not_delivered_but_bought_again(flow: InProcess, forgetful: bool) -> None:
    job, _ = flow.submit(flow.catalog(ROWS))
    flow.synthesize(job)
    keys = sorted(objects(flow))[:2]
    for key in keys:
        truncate(objects(flow)[key])
    if forgetful:
        flow.context.cache.drop([bytes.fromhex(key) for key in objects(flow)])

    flow.deliver(job)

    assert jobs.show(flow.context.database, job).delivered < len(ROWS) - 2  # their chunks wait
    placed = [path.read_bytes() for path in flow.output.rglob("*.mp3")]
    assert len(placed) == len(ROWS) - 2
    assert set(placed) == {path.read_bytes() for key, path in objects(flow).items() if key not in keys}
    assert flow.drive(job).state is JobState.PAUSED  # past its plan nothing is bought unasked
    control.resume(flow.context, job, buy_again=True)
    assert flow.drive(job).state is JobState.DONE
    assert flow.provider.calls == len(ROWS) + 2
    check_books(flow)
    check_audio(flow)


def test_a_truncated_part_of_a_long_text_is_bought_again(flow: InProcess) -> None:
    long = " ".join(f"This is sentence number {n} of a long text that goes on." for n in range(84))
    flow.provider.script([{"match": "*", "times": -1, "say": long[:500]}])  # quickly made
    job, _ = flow.submit(flow.catalog([("long", long)]))
    flow.synthesize(job)
    before = objects(flow)
    assert len(before) > 1
    truncate(before[min(before)])

    flow.deliver(job)

    assert flow.audio_files() == []
    assert flow.drive(job).state is JobState.PAUSED
    control.resume(flow.context, job, buy_again=True)
    assert flow.drive(job).state is JobState.DONE
    assert flow.provider.calls == len(before) + 1
    check_books(flow)


def test_a_later_job_finds_an_object_damaged(flow: InProcess) -> None:
    source = flow.catalog(ROWS)
    flow.run(source)
    truncate(objects(flow)[min(objects(flow))])
    flow.output = flow.folder / "second"
    job, _ = flow.submit(source)
    assert flow.drive(job).state is JobState.DONE
    summary = flow.summary()
    assert (summary["delivered"], summary["calls"]) == (len(ROWS), 1)
    check_books(flow)
    check_audio(flow)


def test_late_audio_that_replaces_an_object_is_no_damage(flow: InProcess) -> None:
    """Two calls of one text answer different bytes; the last to be put is what the object is."""
    books = flow.books
    job = books.job(["one"])
    slow, quick = books.engine(), books.engine()
    (late,) = books.claim(job, slow, books.start(job, 1, slow))
    books.expire(slow)
    leases.reap_expired(books.database)
    (first,) = books.claim(job, quick, books.wants(books.take(job, 1, quick) or pytest.fail("no chunk")))
    books.settle(stored(job, first))
    found = "SELECT bytes, millis, bought_job, bought_row, settled_at FROM speeko.utterance WHERE key = %s"
    (before,) = books.execute(found, [key_of("one")])

    settled = books.settle(dataclasses.replace(stored(job, late), audio_bytes=4_321, millis=777))

    (after,) = books.execute(found, [key_of("one")])
    assert after[:2] == (4_321, 777)
    assert after[2:] == before[2:]
    assert settled.records[key_of("one")].bytes == 4_321
