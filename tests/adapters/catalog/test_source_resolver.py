"""Where catalogs come from: files, folders, patterns, pipes, standard input, HTTP, object stores."""

from __future__ import annotations

import gzip
import io
import os
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests

from speeko_jobs.adapters.catalog import open_catalog
from speeko_jobs.errors import CatalogError

CSV = b"id,text\n1,Hello\n2,World\n"
ROWS = [["1", "Hello"], ["2", "World"]]


def test_several_files_in_the_order_given(tmp_path: Path, read_sources) -> None:
    for name in ("b.csv", "a.csv"):
        (tmp_path / name).write_bytes(CSV)
    assert [t.name for t in read_sources(tmp_path / "b.csv", tmp_path / "a.csv")] == ["b.csv", "a.csv"]


def test_folders_and_patterns(tmp_path: Path, read_sources) -> None:
    for name in ("b.csv", "a.jsonl", ".hidden.csv", "notes.md", "c.csv.gz"):
        data = b'{"id":1,"text":"a"}' if name == "a.jsonl" else CSV
        (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    (tmp_path / "d.csv").mkdir()
    assert [t.name for t in read_sources(tmp_path)] == ["a.jsonl", "b.csv", "c.csv.gz"]
    assert [t.name for t in read_sources(tmp_path.as_uri())] == ["a.jsonl", "b.csv", "c.csv.gz"]
    assert [t.name for t in read_sources(tmp_path / "*.csv*")] == ["b.csv", "c.csv.gz"]
    (tmp_path / "x[1].csv").write_bytes(CSV)
    assert read_sources(tmp_path / "x[1].csv")[0].rows == ROWS


def test_same_names_are_told_apart(tmp_path: Path, read_sources) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.csv").write_bytes(CSV)
    names = [t.name for t in read_sources(tmp_path / "one", tmp_path / "two")]
    assert names == [str(tmp_path / "one" / "x.csv"), str(tmp_path / "two" / "x.csv")]


def test_what_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(CSV)
    (tmp_path / "empty").mkdir()
    for missing, what in [
        (tmp_path / "b.csv", "no such file"),
        (tmp_path / "*.tsv", "no file matches"),
        (tmp_path / "empty", "no catalog files in this folder"),
        ("ftp://host/x.csv", "ftp:// is an unsupported URL scheme"),
        ("s3:/bucket/x.csv", "did you mean s3://bucket/x.csv"),
        ("http:/host/x.csv", "did you mean http://host/x.csv"),
    ]:
        with pytest.raises(CatalogError, match=what):
            open_catalog([str(tmp_path / "a.csv"), str(missing)])
    with pytest.raises(CatalogError, match="no catalog is named"):
        open_catalog([])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path, read_sources) -> None:
    (tmp_path / "a.csv").write_bytes(CSV)
    (tmp_path / "a.csv").chmod(0)
    with pytest.raises(CatalogError, match="Permission denied"):
        read_sources(tmp_path / "a.csv")


def test_the_file_before_is_closed(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_bytes(CSV * 100_000)

    def files() -> list[str]:
        links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        return [link.resolve().name for link in links if tmp_path in link.resolve().parents]

    tables = open_catalog([str(tmp_path / "a.csv"), str(tmp_path / "b.csv")])
    next(tables)
    assert files() == ["a.csv"]
    next(tables)
    assert files() == ["b.csv"]
    tables.close()  # type: ignore[attr-defined]
    assert files() == []


@pytest.mark.parametrize("name", ["x.csv.gz", "x.csv", "X.CSV.GZ", "x"])
def test_gzip_by_its_first_bytes(read, name: str) -> None:
    packed = gzip.compress(CSV[:12]) + gzip.compress(CSV[12:])  # as `cat a.gz b.gz` makes it
    assert read(packed, name).rows == ROWS


def test_gzip_that_is_cut_or_damaged(read) -> None:
    packed = gzip.compress("".join(f"{i},text {i * 7919}\n" for i in range(50_000)).encode())
    with pytest.raises(CatalogError, match=r"x\.csv\.gz: the gzip data is truncated"):
        read(packed[: len(packed) // 2], "x.csv.gz")
    with pytest.raises(CatalogError, match=r"x\.csv\.gz: the gzip data"):
        read(packed[:5000] + b"?????" + packed[5005:], "x.csv.gz")
    with pytest.raises(CatalogError, match=r"x\.csv\.gz: the gzip data"):
        read(packed[:4], "x.csv.gz")


def test_a_pipe_is_read_once(tmp_path: Path, read_sources) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(gzip.compress(CSV),))
    writer.start()
    assert read_sources(pipe)[0].rows == ROWS
    writer.join()


@pytest.mark.parametrize(
    "data", [CSV, gzip.compress(CSV, mtime=0), b'[{"id":1,"text":"Hello"},{"id":2,"text":"World"}]']
)
def test_standard_input(monkeypatch: pytest.MonkeyPatch, read_sources, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(data))))  # type: ignore[arg-type]
    (table,) = read_sources("-")
    assert (table.name, table.rows) == ("stdin", ROWS)


class Web(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/moved":
            return self.answer(302, b"", {"Location": "/dir/goods.csv"})
        if path == "/loop":
            return self.answer(302, b"", {"Location": "/loop"})
        if path == "/outside":
            return self.answer(302, b"", {"Location": "file:///etc/passwd"})
        if path == "/dir/goods.csv":
            return self.answer(200, CSV, {})
        if path == "/goods.csv.gz":
            return self.answer(200, gzip.compress(CSV), {"Content-Encoding": "gzip"})
        if path == "/packed.csv.gz":
            return self.answer(200, gzip.compress(CSV), {})
        if path == "/cut.csv":
            self.close_connection = True
            return self.answer(200, CSV * 1000, {"Content-Length": "9999999"})
        return self.answer(500 if path == "/broken" else 404, b"no", {})

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Web)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    "path", ["dir/goods.csv", "moved", "goods.csv.gz", "packed.csv.gz", "dir/goods.csv?sig=x#top"]
)
def test_http(web: str, read_sources, path: str) -> None:
    (table,) = read_sources(f"http://{web}/{path}")
    assert table.rows == ROWS
    assert "sig" not in table.name


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("gone.csv", "answers 404"),
        ("broken", "answers 500"),
        ("loop", "too many redirects"),
        ("outside", "not http or https"),
        ("cut.csv", "cut"),
    ],
)
def test_http_that_fails_keeps_secrets(web: str, read_sources, path: str, what: str) -> None:
    with pytest.raises(CatalogError, match=what) as caught:
        read_sources(f"http://user:hunter2@{web}/{path}?signature=hunter3")
    assert "hunter" not in str(caught.value)
    assert path in str(caught.value)


def test_http_without_a_server(read_sources) -> None:
    with pytest.raises(CatalogError, match="no connection to the server"):
        read_sources("http://127.0.0.1:1/x.csv")


def test_object_store(s3_url: str, s3_environment: str, read_sources) -> None:
    bucket = f"{s3_environment}/{s3_url.removeprefix('s3://')}"
    for key, data in {
        "in/b c.csv": CSV,
        "in/a.csv.gz": gzip.compress(CSV),
        "in/.x.csv": CSV,
        "in/deep/y.csv": CSV,
    }.items():
        requests.put(f"{bucket}/{key}", data=data, timeout=60).raise_for_status()
    assert read_sources(f"{s3_url}/in/b c.csv")[0].rows == ROWS
    tables = read_sources(f"{s3_url}/in/")
    assert [(t.name, t.rows) for t in tables] == [("a.csv.gz", ROWS), ("b c.csv", ROWS)]
    for missing, what in [
        (f"{s3_url}/in/nope.csv", "no such object"),
        ("s3://no-such-bucket-here/x.csv", "no such object or bucket"),
        (s3_url, "names a bucket"),
        (f"{s3_url}/none/", "no catalog files under this prefix"),
    ]:
        with pytest.raises(CatalogError, match=what):
            read_sources(missing)


def test_more_than_one_range_of_an_object(s3_url: str, s3_environment: str, read_sources) -> None:
    data = b"id,text\n" + b"".join(b"%d,A text to be spoken %d\n" % (i, i) for i in range(200_000))
    requests.put(
        f"{s3_environment}/{s3_url.removeprefix('s3://')}/big.csv", data=data, timeout=60
    ).raise_for_status()
    (table,) = read_sources(f"{s3_url}/big.csv")
    assert len(table.rows) == 200_000
    assert table.rows[-1] == ["199999", "A text to be spoken 199999"]
