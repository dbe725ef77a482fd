"""What the store holds is what was bought; what is not is forgotten, and bought again when it is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from speeko_jobs.core.catalog.file_names import audio_path
from speeko_jobs.core.model.states import JobState
from speeko_jobs.errors import StoreError
from speeko_jobs.flow.cache import integrity
from tests.fixtures.inprocess import InProcess
from tests.fixtures.s3 import s3_endpoint, s3_environment, s3_url  # noqa: F401

TEXTS = [(f"r{n}", f"This is text number {n}, of some length.") for n in range(20)]


def keys(flow: InProcess, state: str = "done") -> list[bytes]:
    rows = flow.books.execute("SELECT key FROM speeko.utterance WHERE state = %s ORDER BY key", [state])
    return [key for (key,) in rows]


def spoil(flow: InProcess, key: bytes) -> None:
    """Change a byte in the middle, and nothing else."""
    store = flow.context.store_of(flow.settings.store_url)
    audio = bytearray(store.get(audio_path(key, "mp3")))
    audio[len(audio) // 2] ^= 1
    store.put(audio_path(key, "mp3"), bytes(audio))


def test_what_is_whole_stays(flow: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrity, "PAGE_ROWS", 7)
    monkeypatch.setattr(integrity, "BATCH", 3)
    flow.run(flow.catalog(TEXTS))
    seen = []
    found = integrity.verify(flow.context, on_progress=lambda so_far: seen.append(so_far.entries))
    assert (found.entries, found.gone, found.damaged, found.last) == (20, [], [], keys(flow)[-1])
    assert found.size_bytes == flow.books.one("SELECT sum(bytes) FROM speeko.utterance")
    assert seen == [3, 6, 9, 12, 15, 18, 20]
    assert integrity.verify(flow.context, after=keys(flow)[11]).entries == 8
    flow.check()


def test_memory_holds_some_bytes_at_a_time(flow: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    flow.run(flow.catalog(TEXTS))
    most = flow.books.one("SELECT max(bytes) FROM speeko.utterance")
    monkeypatch.setattr(integrity, "BATCH_BYTES", most - 1)  # each alone, the largest too
    steps = []
    assert integrity.verify(flow.context, on_progress=lambda v: steps.append(v.entries)).entries == 20
    assert len(steps) == 20


def test_what_is_gone_or_damaged_is_bought_again(flow: InProcess) -> None:
    source = flow.catalog(TEXTS)
    flow.run(source)
    damaged, gone, empty = keys(flow)[3:6]
    spoil(flow, damaged)
    store = flow.context.store_of(flow.settings.store_url)
    store.delete([audio_path(gone, "mp3")])
    store.put(audio_path(empty, "mp3"), b"")
    found = integrity.verify(flow.context)
    assert (found.entries, found.gone, set(found.damaged)) == (20, [gone], {damaged, empty})
    assert keys(flow, "missing") == [damaged, gone, empty]
    assert set(store.sizes([audio_path(key, "mp3") for key in (damaged, gone, empty)])) == {None}
    assert set(flow.context.cache.get_many([damaged, gone, empty])) == set()
    assert integrity.verify(flow.context).entries == 17

    job, plan = flow.submit(source, {"output": str(flow.folder / "again")})
    assert flow.drive(job).state is JobState.DONE
    assert plan.calls == 3
    found = integrity.verify(flow.context)
    assert (found.entries, found.gone, found.damaged) == (20, [], [])


def damage_in_place(flow: InProcess, key: bytes) -> None:
    """As a bad disk does: in every file that is linked to it."""
    path = Path(flow.settings.store_url) / audio_path(key, "mp3")
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\0damaged\0")


def files_of(flow: InProcess, key: bytes) -> list[str]:
    """The files of a key in the output of the flow."""
    return [line["path"] for line in flow.manifest() if line["key"] == key.hex()]


def test_delivered_files_with_the_same_damage_are_listed_and_delivered_anew(flow: InProcess) -> None:
    source = flow.catalog([*TEXTS, ("twin", TEXTS[0][1])])
    flow.run(source)
    flow.run(source, {"output": str(flow.folder / "other"), "loudness": -20.0})  # made, not linked
    key = next(key for key in keys(flow) if len(files_of(flow, key)) == 1)
    (name,) = files_of(flow, key)
    damage_in_place(flow, key)
    whole = {path: path.read_bytes() for path in flow.output.glob("*.mp3") if path.name != name}
    found = integrity.verify(flow.context)
    assert (found.damaged, found.copies) == ([key], [f"{flow.output}/{name}"])
    told = flow.estimate(source)
    assert (told.to_buy, told.changes) == (1, {"added": 21})  # against no destination
    job, plan = flow.submit(source)
    assert plan.changes == {"unchanged": 20, "damaged": 1}
    flow.drive(job)
    assert {line["id"]: line["change"] for line in flow.manifest() if line["change"]} == {
        name.removesuffix(".mp3"): "damaged"
    }
    stored = flow.context.store_of(flow.settings.store_url).get(audio_path(key, "mp3"))
    assert (flow.output / name).read_bytes() == stored
    assert {path: path.read_bytes() for path in whole} == whole
    job, plan = flow.submit(source)
    assert plan.changes == {"unchanged": 21}
    flow.drive(job)


def test_a_file_that_does_not_share_the_damage_stays(flow: InProcess) -> None:
    source = flow.catalog(TEXTS)
    flow.run(source)
    key = keys(flow)[0]
    spoil(flow, key)  # the object is another file now, and the delivered one is whole
    found = integrity.verify(flow.context)
    assert (found.damaged, found.copies) == ([key], [])
    assert flow.run(source)["unchanged"] == 20


def test_damage_that_a_delivery_finds_is_followed_to_older_files(flow: InProcess) -> None:
    source = flow.catalog(TEXTS)
    flow.run(source)
    key = keys(flow)[0]
    (name,) = files_of(flow, key)
    damage_in_place(flow, key)
    job, _ = flow.submit(source, {"output": str(flow.folder / "other"), "buy_again": True})
    assert flow.drive(job).state is JobState.DONE
    job, plan = flow.submit(source)
    assert plan.changes == {"unchanged": 19, "damaged": 1}
    assert plan.calls == 0
    flow.drive(job)
    assert (flow.output / name).read_bytes() == (flow.folder / "other" / name).read_bytes()


def test_copies_in_a_bucket_are_compared_too(flow: InProcess, s3_url: str) -> None:  # noqa: F811
    there = flow.again(store=f"{s3_url}/store")
    spec = {"store": f"{s3_url}/store", "output": f"{s3_url}/out"}
    job, _ = there.submit(there.catalog(TEXTS), spec)
    there.drive(job)
    key = keys(there)[0]
    store, out = there.context.store_of(spec["store"]), there.context.store_of(spec["output"])
    audio = bytearray(store.get(audio_path(key, "mp3")))
    audio[len(audio) // 2] ^= 1
    store.put(audio_path(key, "mp3"), bytes(audio))
    ((path,),) = there.books.execute("SELECT path FROM speeko.delivered WHERE content = %s", [key])
    assert integrity.verify(there.context).copies == []  # the copy was made before
    out.put(path, bytes(audio))
    job, _ = there.submit(there.catalog(TEXTS), spec | {"output": f"{s3_url}/new"})  # buys it again
    there.drive(job)
    store.put(audio_path(key, "mp3"), bytes(audio))
    assert integrity.verify(there.context).copies == [f"{spec['output']}/{path}"]


@pytest.mark.parametrize("size", [1, 7, 20, 500])
def test_a_sample_is_that_large_and_looks_at_nothing_twice(
    flow: InProcess, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrity, "PAGE_ROWS", 6)
    flow.run(flow.catalog(TEXTS))
    assert integrity.verify(flow.context, sample=size).entries == min(size, 20)


def test_a_store_that_does_not_answer_is_no_damage(flow: InProcess) -> None:
    flow.run(flow.catalog(TEXTS))
    root = Path(flow.settings.store_url)
    root.rename(root.with_name("aside"))  # a disk that is not mounted
    with pytest.raises(StoreError, match="is its disk mounted"):
        integrity.verify(flow.context)
    assert len(keys(flow)) == 20


def test_an_empty_cache_is_fine(flow: InProcess) -> None:
    assert integrity.verify(flow.context).entries == 0
    assert integrity.verify(flow.context, sample=5).entries == 0
