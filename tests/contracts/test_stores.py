"""What every store promises, whatever is behind its URL: one suite for folder, memory and S3."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from speeko_jobs.adapters.audio_store import MissingObject, Store
from speeko_jobs.core.catalog.file_names import audio_path, earlier_audio_path
from speeko_jobs.errors import StoreError
from tests.fixtures.s3 import s3_endpoint, s3_environment, s3_url  # noqa: F401

KINDS = ("folder", "memory", "s3")
AUDIO = bytes(range(256)) * 120  # 30 KB


@pytest.fixture
def make_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """kind → a URL of that kind with nothing behind it yet."""

    def make(kind: str) -> str:
        name = uuid.uuid4().hex
        if kind == "s3":
            return f"{request.getfixturevalue('s3_url')}/{name}"
        return f"memory://{name}" if kind == "memory" else str(tmp_path / name)

    return make


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, make_url: Callable[[str], str]) -> Store:
    return Store(make_url(request.param))


def test_what_was_put_can_be_got_again(store: Store) -> None:
    objects = [(audio_path(bytes([n]) * 32, "mp3"), AUDIO + bytes([n])) for n in range(70)]
    store.put_many(objects)
    paths = [path for path, _ in objects]
    assert store.get_many(paths) == [data for _, data in objects]
    assert store.sizes(paths) == [len(AUDIO) + 1] * 70
    assert sorted(store.list()) == sorted(paths)


def test_nothing_in_nothing_out(store: Store) -> None:
    store.put_many([])
    store.delete([])
    assert store.get_many([]) == []
    assert store.sizes([]) == []
    assert store.place(store, []) == []
    assert list(store.list()) == []


def test_an_empty_object_is_an_object(store: Store) -> None:
    store.put("empty.txt", b"")
    assert store.get("empty.txt") == b""
    assert store.size("empty.txt") == 0
    assert b"".join(store.reader("empty.txt")) == b""


def test_names_may_hold_what_safe_names_hold(store: Store) -> None:
    names = [
        "ü/日本語 1.mp3",
        "a b/c%41.mp3",
        "x&y=z+1.mp3",
        "#1 'q'.mp3",
        "a/b/c/d/e.mp3",
        "~.mp3",
        "-1.mp3",
    ]
    store.put_many([(name, name.encode()) for name in names])
    assert store.get_many(names) == [name.encode() for name in names]
    assert sorted(store.list()) == sorted(names)
    assert sorted(store.list("a b")) == ["a b/c%41.mp3"]
    store.delete(names)
    assert list(store.list()) == []


def test_a_put_replaces(store: Store) -> None:
    store.put("a/x.mp3", b"old, and longer")
    store.put("a/x.mp3", b"new")
    assert store.get("a/x.mp3") == b"new"
    assert list(store.list()) == ["a/x.mp3"]


def test_missing_objects_are_named(store: Store) -> None:
    store.put("there.mp3", b"1")
    with pytest.raises(MissingObject, match=r"nope.mp3 \(and 1 more\) is not in the store") as caught:
        store.get_many(["nope.mp3", "there.mp3", "a/gone.mp3", "nope.mp3"])
    assert caught.value.paths == ["nope.mp3", "a/gone.mp3"]
    with pytest.raises(MissingObject):
        store.reader("nope.mp3")
    assert store.sizes(["nope.mp3", "there.mp3", "there.mp3/below"]) == [None, 1, None]
    assert store.size("nope.mp3") is None


def test_delete_takes_what_is_there_and_forgives_the_rest(store: Store) -> None:
    store.put_many([(f"d/{n}.mp3", b"1") for n in range(5)])
    store.delete(["d/0.mp3", "nope.mp3", "d/1.mp3", "no/folder.mp3", "d/0.mp3"])
    assert sorted(store.list()) == ["d/2.mp3", "d/3.mp3", "d/4.mp3"]
    store.delete(["d/0.mp3"])


def test_list_goes_by_whole_folders(store: Store) -> None:
    store.put_many([(path, b"1") for path in ("a/1.mp3", "a/b/2.mp3", "ab/3.mp3", "a.mp3")])
    assert sorted(store.list("a")) == ["a/1.mp3", "a/b/2.mp3"]
    assert sorted(store.list("a/")) == ["a/1.mp3", "a/b/2.mp3"]
    assert list(store.list("c")) == []


def test_a_writer_streams_and_appears_at_the_end(store: Store) -> None:
    blocks = [bytes([n]) * (1 << 20) for n in range(12)]  # more than one part of a multipart upload
    with store.writer("job/manifest.jsonl") as out:
        for block in blocks:
            out.write(block)
        assert store.size("job/manifest.jsonl") is None
    assert b"".join(store.reader("job/manifest.jsonl")) == b"".join(blocks)
    assert list(store.list()) == ["job/manifest.jsonl"]


def test_a_writer_takes_text_through_the_standard_wrapper(store: Store) -> None:
    with store.writer("manifest.csv") as out:
        text = io.TextIOWrapper(out, "utf-8", newline="")
        csv.writer(text).writerows([["id", "path"], ["ü", "ü.mp3"]])
        text.close()
    assert store.get("manifest.csv").decode() == "id,path\r\nü,ü.mp3\r\n"


@pytest.mark.parametrize("megabytes", [0, 1, 20])
def test_a_writer_that_fails_leaves_what_was_there(store: Store, megabytes: int) -> None:
    store.put("report.html", b"of yesterday")
    for name in ("report.html", "other.html"):
        with pytest.raises(ZeroDivisionError), store.writer(name) as out:  # noqa: PT012
            out.write(b"x" * (megabytes << 20))
            raise ZeroDivisionError
    assert store.get("report.html") == b"of yesterday"
    assert list(store.list()) == ["report.html"]


def test_an_empty_writer_makes_an_empty_object(store: Store) -> None:
    with store.writer("failed.csv"):
        pass
    assert store.get("failed.csv") == b""


@pytest.mark.parametrize(
    "path",
    ["", "/x", "../x", "a/../x", "a/..", "..", ".", "a//b", "a/", "./a", "a\0b", "\ud800", ".speeko-tmp/x"],
)
def test_no_name_leads_out_of_the_store(store: Store, path: str) -> None:
    attempts: list[Callable[[], object]] = [
        lambda: store.put(path, b"1"),
        lambda: store.put_many([("fine.mp3", b"1"), (path, b"1")]),
        lambda: store.get(path),
        lambda: store.sizes([path]),
        lambda: store.delete([path]),
        lambda: store.writer(path),
        lambda: store.reader(path),
        lambda: store.place(store, [("fine.mp3", path)]),
        lambda: store.place(store, [(path, "fine.mp3")]),
    ]
    for attempt in attempts:
        with pytest.raises(StoreError, match="is not a valid object name") as caught:
            attempt()
        assert "\n" not in str(caught.value)
    assert list(store.list()) == []


def test_check_writable_leaves_nothing(store: Store) -> None:
    store.check_writable()
    assert list(store.list()) == []


@pytest.mark.parametrize("to_kind", KINDS)
def test_placing_between_any_two_stores(store: Store, to_kind: str, make_url: Callable[[str], str]) -> None:
    target = Store(make_url(to_kind))
    keys = [audio_path(bytes([n]) * 32, "mp3") for n in range(70)]
    store.put_many([(key, AUDIO[:n]) for n, key in enumerate(keys)])
    pairs = [(key, f"en/sku-{n}.mp3") for n, key in enumerate(keys)] + [(keys[5], "twin.mp3")]
    for _ in range(2):  # a chunk may be delivered again at any time
        assert target.place(store, pairs) == [*range(70), 5]
        assert target.get_many([to for _, to in pairs]) == [AUDIO[:n] for n in [*range(70), 5]]
        assert sorted(target.list()) == sorted(to for _, to in pairs)
    target.place(store, [(keys[9], "en/sku-0.mp3")])
    assert target.get("en/sku-0.mp3") == AUDIO[:9]


@pytest.mark.parametrize("to_kind", KINDS)
def test_what_is_missing_is_told_after_the_rest_was_placed(
    store: Store, to_kind: str, make_url: Callable[[str], str]
) -> None:
    target = Store(make_url(to_kind))
    store.put_many([("audio/1.mp3", b"1"), ("audio/3.mp3", b"333")])
    pairs = [
        ("audio/1.mp3", "a.mp3"),
        ("audio/2.mp3", "b.mp3"),
        ("audio/3.mp3", "c.mp3"),
        ("audio/2.mp3", "d.mp3"),
    ]
    with pytest.raises(MissingObject) as caught:
        target.place(store, pairs)
    assert caught.value.paths == ["audio/2.mp3"]
    assert caught.value.sizes == [1, None, 3, None]
    assert sorted(target.list()) == ["a.mp3", "c.mp3"]


@pytest.mark.parametrize(
    ("from_kind", "to_kind"), [(a, b) for a in KINDS for b in KINDS if a != b or a == "folder"]
)
def test_what_has_another_sum_is_missing(
    from_kind: str, to_kind: str, make_url: Callable[[str], str]
) -> None:
    """Wherever the bytes go through this process, or lie in a folder."""
    store, target = Store(make_url(from_kind)), Store(make_url(to_kind))
    store.put_many([("good.mp3", AUDIO), ("bad.mp3", AUDIO[:-1] + b"!"), ("any.mp3", b"any")])
    told, pairs = hashlib.sha256(AUDIO).digest(), [(f"{n}.mp3", f"{n}.mp3") for n in ("good", "bad", "any")]
    with pytest.raises(MissingObject) as caught:
        target.place(store, pairs, [told, told, b""])
    assert (caught.value.paths, caught.value.sizes) == (["bad.mp3"], [len(AUDIO), None, 3])
    assert sorted(target.list()) == ["any.mp3", "good.mp3"]


def test_placing_within_one_store(store: Store) -> None:
    store.put("audio/1.mp3", b"1")
    assert store.place(store, [("audio/1.mp3", "out/1.mp3"), ("audio/1.mp3", "audio/1.mp3")]) == [1, 1]
    store.delete(["audio/1.mp3"])
    assert store.get("out/1.mp3") == b"1"


def test_s3_objects_carry_headers_also_when_the_server_copies(s3_url: str) -> None:  # noqa: F811
    from obstore.store import from_url

    store, target = Store(f"{s3_url}/audio"), Store(f"{s3_url}/out")
    store.put_many([("1.mp3", b"1"), ("2.opus", b"2")])
    target.place(store, [("1.mp3", "sku.mp3"), ("2.opus", "sku.opus")])
    target.put("manifest.csv", b"id\r\n")
    with target.writer("report.html") as out:
        out.write(b"<html>")
    Store(s3_url, cache_control="max-age=60").place(store, [("1.mp3", "short.mp3")])
    bucket = from_url(s3_url, client_options={"allow_http": True})
    immutable = "public, max-age=31536000, immutable"
    for path, content, cache in [
        ("audio/1.mp3", "audio/mpeg", immutable),
        ("out/sku.mp3", "audio/mpeg", immutable),
        ("out/sku.opus", "audio/ogg", immutable),
        ("out/manifest.csv", "text/csv; charset=utf-8", "no-cache"),
        ("out/report.html", "text/html; charset=utf-8", "no-cache"),
        ("short.mp3", "audio/mpeg", "max-age=60"),
    ]:
        headers = bucket.get(path).attributes
        assert (headers["Content-Type"], headers["Cache-Control"]) == (content, cache)


def _earlier(paths: list[str]) -> list[str]:
    found = [earlier_audio_path(path) for path in paths]
    assert None not in found
    return [path for path in found if path is not None]


def _laid_out_earlier(store: Store, count: int = 9) -> tuple[list[str], list[bytes]]:
    """Audio where versions before schema 0010 put it: the paths it has now, and the bytes."""
    paths = [audio_path(hashlib.sha256(bytes([n])).digest(), "mp3") for n in range(count)]
    audio = [AUDIO + bytes([n]) for n in range(count)]
    store.put_many(list(zip(_earlier(paths), audio, strict=True)))
    return paths, audio


@pytest.mark.parametrize("verb", ["sizes", "get_many", "reader", "place"])
def test_audio_of_the_earlier_layout_is_found_and_moved(
    store: Store, verb: str, make_url: Callable[[str], str]
) -> None:
    paths, audio = _laid_out_earlier(store)
    gone = audio_path(b"\1" * 32, "mp3")
    if verb == "sizes":
        assert store.sizes([*paths, gone]) == [*map(len, audio), None]
    elif verb == "get_many":
        with pytest.raises(MissingObject) as error:
            store.get_many([*paths, gone])
        assert error.value.paths == [gone]
        assert store.get_many(paths) == audio
    elif verb == "reader":
        assert [b"".join(store.reader(path)) for path in paths] == audio
    else:
        other = Store(make_url("folder"))
        pairs = [(path, f"{n}.mp3") for n, path in enumerate(paths)]
        sums = [hashlib.sha256(data).digest() for data in audio]
        assert other.place(store, pairs, sums) == [*map(len, audio)]
        assert other.get_many([name for _, name in pairs]) == audio
    assert sorted(store.list()) == sorted(paths)  # and nothing is left behind


def test_what_is_deleted_is_deleted_in_the_earlier_layout_too(store: Store) -> None:
    paths, _ = _laid_out_earlier(store)
    store.delete(paths[1:])
    assert list(store.list()) == _earlier(paths[:1])


def test_both_layouts_may_hold_an_object(store: Store) -> None:
    paths, audio = _laid_out_earlier(store)
    store.put(paths[0], audio[0])
    assert store.get_many(paths) == audio
    assert store.get_many(paths) == audio


def test_a_store_that_is_read_only_gives_what_lies_in_the_earlier_layout(
    make_url: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store = Store(make_url("folder"))
    paths, audio = _laid_out_earlier(store)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "rename", refuse)
    monkeypatch.setattr(os, "mkdir", refuse)
    assert store.sizes(paths) == [*map(len, audio)]
    assert store.get_many(paths) == audio
    assert sorted(store.list()) == sorted(_earlier(paths))


def test_two_processes_that_meet_the_same_earlier_object_both_have_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths, audio = _laid_out_earlier(store)
    other = Store(store.url)
    asked: list[int] = []
    driver = store._driver
    move = driver.move

    def late(pairs: Any) -> None:
        if not asked:
            asked.append(1)
            assert other.get_many(paths) == audio  # meanwhile another process has moved all
        move(pairs)

    monkeypatch.setattr(driver, "move", late)
    assert store.get_many(paths) == audio
    assert asked
