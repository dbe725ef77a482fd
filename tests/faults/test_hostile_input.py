"""Catalogs made to do harm: they are refused or made inert, in bounded memory and inside the output."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from speeko_jobs.adapters.catalog import decompression_limits, open_catalog
from speeko_jobs.adapters.http import address_policy
from speeko_jobs.errors import CatalogError
from tests.adapters.catalog.test_spreadsheet_reader import write_xlsx

ACTS = re.compile(
    rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xaa-\xae]|\xe2\x81[\xa6-\xa9]"
)
LOOK = """
import resource, sys
from speeko_jobs.adapters.catalog import BadRow, open_catalog
from speeko_jobs.errors import CatalogError
resource.setrlimit(resource.RLIMIT_AS, (700_000_000, 700_000_000))
good = bad = 0
try:
    for table in open_catalog(sys.argv[1:]):
        for row in table.rows:
            bad += isinstance(row, BadRow)
            good += not isinstance(row, BadRow)
    print(good, bad)
except CatalogError as error:
    print(error)
"""


def read_in_little_memory(path: Path) -> str:
    """What a process of at most 700 MB makes of a catalog."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK, str(path)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


def write_gzip(path: Path, *parts: tuple[bytes, int]) -> Path:
    """Each part so many times, packed once."""
    with path.open("wb") as file:
        for data, times in parts:
            file.write(gzip.compress(data, 6) * times)
    return path


def test_a_gzip_bomb_of_one_row_costs_one_row(tmp_path: Path) -> None:
    bomb = (b"a" * 10_000_000, 60)
    path = write_gzip(tmp_path / "x.csv.gz", (b"id,text\n1,Hello\n2,", 1), bomb, (b"\n3,World\n", 1))
    assert path.stat().st_size < 1_000_000
    assert read_in_little_memory(path) == "2 1"


def test_a_gzip_bomb_of_one_json_line_costs_one_row(tmp_path: Path) -> None:
    first = b'{"id":1,"text":"Hello"}\n{"id":2,"text":"'
    path = write_gzip(tmp_path / "x.jsonl.gz", (first, 1), (b"a" * 10_000_000, 30), (b'"}\n', 1))
    assert read_in_little_memory(path) == "1 1"


def test_cells_of_50_mb_and_two_thousand_columns(tmp_path: Path) -> None:
    names = ",".join(["id", "text", *(f"c{n}" for n in range(1_998))])
    rows = "".join(f"{n},Text {n}{',x' * 1_998}\n" for n in range(200))
    (tmp_path / "wide.csv").write_text(f"{names}\n{rows}")
    assert read_in_little_memory(tmp_path / "wide.csv") == "200 0"
    big = "b" * 50_000_000
    (tmp_path / "big.csv").write_text(f'id,text\n1,a\n2,"{big}"\n3,c\n')
    assert read_in_little_memory(tmp_path / "big.csv") == "2 1"
    (tmp_path / "big.json").write_text(json.dumps([{"id": 1, "text": "a"}, {"id": 2, "text": big}]))
    assert read_in_little_memory(tmp_path / "big.json") in ("1 1", "1 0")


def write_bomb(path: Path, member: str, size: int, *, declared: int | None = None) -> Path:
    """A spreadsheet with one part that inflates to `size` bytes, and says it is `declared`."""
    write_xlsx(path, {"S": [["id", "text"], ["1", "Hello"]]})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as book, book.open(member, "w") as part:
        for _ in range(size // 10_000_000):
            part.write(b" " * 10_000_000)
    if declared is not None:
        data = bytearray(path.read_bytes())
        at = data.rfind(b"PK\x01\x02")
        data[at + 24 : at + 28] = declared.to_bytes(4, "little")
        path.write_bytes(data)
    return path


@pytest.mark.parametrize("declared", [None, 100])
@pytest.mark.parametrize("member", ["xl/sharedStrings.xml", "docProps/x.bin"])
def test_a_spreadsheet_that_unpacks_past_all_sense(tmp_path: Path, member: str, declared: int | None) -> None:
    path = write_bomb(tmp_path / "x.xlsx", member, 250_000_000, declared=declared)
    assert path.stat().st_size < 1_000_000
    told = read_in_little_memory(path)
    assert told == "x.xlsx: it unpacks to far more than a catalog holds: save it as CSV"


def test_a_spreadsheet_of_honest_size_is_read(tmp_path: Path) -> None:
    path = write_bomb(tmp_path / "x.xlsx", "xl/media.bin", 50_000_000)
    assert read_in_little_memory(path) == "1 0"


@pytest.mark.parametrize("far", ["XFD1048576", "xfd1048576", "ZZ100000"])
def test_a_sheet_of_two_cells_far_apart(tmp_path: Path, far: str) -> None:
    path = write_xlsx(tmp_path / "x.xlsx", {"S": [["id", "text"], ["1", "Hello"]]})
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    sheet = parts["xl/worksheets/s1.xml"]
    row = re.sub(r"[A-Za-z]", "", far)
    cell = f'<row r="{row}"><c r="{far}" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
    parts["xl/worksheets/s1.xml"] = sheet.replace(b"</sheetData>", cell.encode())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, data in parts.items():
            book.writestr(name, data)
    assert path.stat().st_size < 5_000
    assert "remove the cells that are far out, or save it as CSV" in read_in_little_memory(path)


def test_a_parquet_file_that_is_packed_past_all_sense(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    text = pyarrow.array(["x" * 1_000_000] * 40)
    table = pyarrow.table({"id": list(range(40)), "text": text})
    options = {"compression": "zstd", "use_dictionary": False}
    parquet.write_table(table, tmp_path / "x.parquet", **options)
    assert read_in_little_memory(tmp_path / "x.parquet") == "40 0"
    wide = pyarrow.table({f"c{n}": ["a"] for n in range(decompression_limits.MAX_COLUMNS + 1)})
    parquet.write_table(wide, tmp_path / "wide.parquet")
    assert "at most 16,384 are read" in read_in_little_memory(tmp_path / "wide.parquet")


# addresses


class Redirecting(BaseHTTPRequestHandler):
    """Answers by path: /to?<url> redirects there, /n/<number> so many times, all else is a catalog."""

    hits: list[str]

    def do_GET(self) -> None:
        self.hits.append(self.path)
        where = ""
        if "/to?" in self.path:
            where = unquote(self.path.partition("/to?")[2])
        elif match := re.search(r"/n/(\d+)$", self.path):
            where = f"/n/{int(match[1]) - 1}" if int(match[1]) else "/goods.csv"
        body = b"never read" if where else b"id,text\n1,Hello\n"
        self.send_response(302 if where else 200)
        if where:
            self.send_header("Location", where)
        self.send_header("Content-Length", str(10**15 if where else len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[tuple[str, list[str]]]:
    """A server's address, and what it was asked for."""
    hits: list[str] = []
    handler = type("Handler", (Redirecting,), {"hits": hits})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", hits
        finally:
            server.shutdown()
            thread.join()


def rows_of(url: str) -> int:
    return sum(1 for table in open_catalog([url]) for _ in table.rows)


METADATA = (
    "http://169.254.169.254/latest/meta-data/", "http://[fe80::1]/", "http://[::ffff:169.254.169.254]/",
    "http://[64:ff9b::a9fe:a9fe]/", "http://2852039166/", "http://0xa9fea9fe/", "http://100.100.100.200/",
    "http://[fd00:ec2::254]/latest",
)  # fmt: skip


@pytest.mark.parametrize("target", METADATA)
def test_metadata_addresses_are_never_asked(target: str) -> None:
    with serving() as (url, hits):
        for asked in (target, f"{url}/to?{target}"):
            with pytest.raises(CatalogError, match="link-local or metadata address"):
                rows_of(asked)
        assert len(hits) == 1


def test_redirects_are_followed_five_times_to_http_alone() -> None:
    with serving() as (url, hits):
        assert rows_of(f"{url}/n/4") == 1
        hits.clear()
        with pytest.raises(CatalogError, match="too many redirects"):
            rows_of(f"{url}/n/9")
        assert len(hits) == 6
        for target in ("file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/", "//[x"):
            with pytest.raises(CatalogError, match=r"not http or https|an invalid address"):
                rows_of(f"{url}/to?{target}")


def test_a_public_server_cannot_send_us_to_a_private_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as (proxy, seen), serving() as (secret, hits):
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, proxy)  # stands for the public server, which tests cannot reach
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.setenv(name, "")
        assert rows_of("http://93.184.216.34/goods.csv") == 1
        for target in (f"{secret}/inside.csv", "http://10.0.0.1/", "http://[::1]/", "http://192.168.1.1/"):
            with pytest.raises(CatalogError, match="redirected from a public server to a private address"):
                rows_of(f"http://93.184.216.34/to?{target}")
        assert hits == []
        assert len(seen) == 5


def test_the_address_is_looked_at_again_once_it_is_connected() -> None:
    from speeko_jobs.adapters.catalog.http_source import CatalogGuard

    guard = CatalogGuard()
    guard.public_only = True  # a redirect from a public server whose name resolved to a public address first
    with socket.create_server(("127.0.0.1", 0)) as server:
        connection = socket.create_connection(server.getsockname())
        with pytest.raises(CatalogError, match="private address"):
            guard.check_connection(connection)
        assert connection.fileno() == -1


@pytest.mark.parametrize(
    ("address", "public"),
    [("8.8.8.8", True), ("10.0.0.1", False), ("127.0.0.1", False), ("::1", False), ("fc00::1", False),
     ("2606:4700::1111", True), ("100.64.0.1", False), ("::ffff:192.168.0.1", False), ("0.0.0.0", False),
     ("224.0.0.1", False), ("2002:7f00:1::", False)],
)  # fmt: skip
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert address_policy.is_public(address_policy.plain(address)) is public
    assert bool(address_policy.refusal([address_policy.plain(address)], public_only=True)) is not public
    assert address_policy.refusal([address_policy.plain(address)], public_only=False) == ""


# names and texts, from the catalog to the files

IDS = [
    "../escape", "../../etc/passwd", "/absolute", "a\0b", "x" * 300, "CON", "nul.txt", ".", "..", ".hidden",
    "twin", "TWIN", "e\u0301", "\u00e9", "a/b\\c", "-rf", "=1+1", "+1", "@sum", "\uff1dcmd", "\ttab",
    "esc\x1b[2J\x1b]8;;http://evil\x07link\x1b]8;;\x07", "c1\x9b31m", "rtl\u202egnp.exe",
    "cr\r\nERROR: forged",
    "bell\x07", "~root", "$(touch pwned)", "`id`", "a;b|c", "%2e%2e%2f", "日本語" * 50, "\ud83d",
]  # fmt: skip


def hostile_rows() -> Iterator[dict[str, str]]:
    for number, id in enumerate(IDS):
        yield {"id": id, "text": f"Text {number} \x1b[31mred\x07 \u202ebidi\u202c \r\nERROR: forged <b>"}


def listing(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def modes(home: Path) -> Iterator[tuple[Path, int]]:
    for folder, _, files in os.walk(home):
        for name in files:
            path = Path(folder) / name
            if not path.is_symlink() and path.is_file():
                yield path, path.stat().st_mode & 0o777


def check_nobody_else_reads(home: Path) -> None:
    """Though the umask would let everybody."""
    assert home.stat().st_mode & 0o077 == 0
    for name in ("logs", "audio", "servers"):
        assert (home / name).stat().st_mode & 0o077 == 0, name
    for path, mode in modes(home / "logs"):
        assert mode & 0o077 == 0, path


def test_a_hostile_catalog_stays_inside_the_output_and_off_the_terminal(cli: Any, metered: Any) -> None:
    evil = "\x1b]8;;http://evil\x07click\x1b]8;;\x07\r\nERROR \u202eforged \x9b31m"
    metered.script(
        [
            {"match": "Text 4 ", "status": 400, "body": {"error": {"message": evil, "type": evil}}},
            {"match": "Text 5 ", "status": 400, "body": evil},
        ]
    )
    catalog = cli.folder / "hostile\x1b[31m.jsonl"
    catalog.write_text("".join(json.dumps(row) + "\n" for row in hostile_rows()))
    before = listing(cli.folder)
    cli.environ |= {"SPEEKO_API_URL": metered.url, "SPEEKO_API_KEY": metered.api_key}
    cli.environ |= {"SPEEKO_PROVIDER": "speeko", "PYTHONUTF8": "1"}
    cli.home = cli.folder / "home" / "deep" / "er"
    cli.environ["SPEEKO_HOME"] = str(cli.home)
    words = ["--output", "out", "--on-duplicate-id", "suffix", "-vv"]
    done = subprocess.run(
        [str(Path(sys.executable).with_name("speeko")), "run", str(catalog), *words],
        cwd=cli.folder,
        env=cli.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        umask=0o022,
    )
    assert done.returncode == 3, done.stderr.decode(errors="replace")
    fresh = listing(cli.folder) - before
    assert all(name.split("/")[0] in ("out", "home", "bill.jsonl") for name in fresh)
    assert not any(".." in Path(name).parts for name in fresh)
    out = cli.folder / "out"
    summary = json.loads((out / "summary.json").read_text())
    lines = [json.loads(line) for line in (out / "manifest.jsonl").read_text("utf-8").splitlines()]
    audio = {str(path.relative_to(out)) for path in out.rglob("*.mp3")}
    assert audio == {line["path"] for line in lines if line["path"]}
    assert len(audio) == summary["delivered"] >= len(IDS) - 6
    assert len({name.casefold() for name in audio}) == len(audio)
    assert all("/" not in name and len(name.encode()) <= 255 for name in audio)

    logs = b"".join(path.read_bytes() for path in (cli.home / "logs").iterdir())
    for what, said in (("stdout", done.stdout), ("stderr", done.stderr), ("logs", logs)):
        assert not ACTS.search(said), (what, ACTS.search(said))
        assert b"\nERROR" not in said, what
    table = (out / "manifest.csv").read_bytes()
    assert not ACTS.search(table), ACTS.search(table)
    for name in ("manifest.csv", "failed.csv"):
        for row in csv.reader(io.StringIO((out / name).read_text("utf-8"), newline="")):
            assert not any(cell.lstrip().startswith(("=", "+", "-", "@", "\uff1d")) for cell in row), row
    raw = {line["id"] for line in lines}
    assert {"../escape", "rtl\u202egnp.exe", "=1+1"} <= raw  # what is exact stays exact
    status = cli("status")
    assert not ACTS.search((status.stdout + status.stderr).encode())
    check_nobody_else_reads(cli.home)
