"""The store when things go wrong: killed writers, full and read-only disks, links, forks, missing buckets."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from speeko_jobs.adapters.audio_store import MissingObject, Store, StoreFull, dir_handles, store_errors
from speeko_jobs.core.catalog.file_names import audio_path
from speeko_jobs.errors import ConfigError, StoreError
from tests.fixtures.s3 import s3_endpoint, s3_environment, s3_url  # noqa: F401

AUDIO = bytes(range(256)) * 120
SHARED_MEMORY = Path("/dev/shm")


PUTS_IN_A_WRONG_TIME = """
import sys, time
sys.path.insert(0, "")
from speeko_jobs.adapters.audio_store import Store
assert sys.argv[2] == "jumps" or abs(time.time() - time.clock_gettime(time.CLOCK_REALTIME)) > 86_400
for n in range(3):
    Store(sys.argv[1]).put(f"other-{n}.json", b"{}")
"""


def script(text: str, *arguments: str, **options: object) -> subprocess.Popen[str]:
    """A Python process of its own, with this repository on its path."""
    head = "import os, sys\nfrom speeko_jobs.adapters.audio_store import Store, StoreFull\n"
    return subprocess.Popen(
        [sys.executable, "-c", head + textwrap.dedent(text), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
        **options,  # type: ignore[call-overload]
    )


def answer(process: subprocess.Popen[str]) -> str:
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out
    return out.strip()


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """options → a small file system of its own, for root only."""
    mounts: list[Path] = []

    def mount(options: str) -> Path:
        folder = tmp_path / f"disk{len(mounts)}"
        folder.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False
        )
        if done.returncode:
            pytest.skip("a small disk can only be mounted by root")
        mounts.append(folder)
        return folder

    yield mount
    for folder in mounts:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_writer_killed_half_way_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "out"
    store = Store(str(root))
    store.put("manifest.jsonl", b"of yesterday")
    child = script(
        """
        with Store(sys.argv[1]).writer("manifest.jsonl") as out:
            out.write(b"x" * 3_000_000)
            print("half", flush=True)
            sys.stdin.read()
        """,
        str(root),
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "half\n"
    child.send_signal(signal.SIGKILL)
    child.communicate(timeout=60)
    assert store.get("manifest.jsonl") == b"of yesterday"
    assert list(store.list()) == ["manifest.jsonl"]
    store.put("other.json", b"{}")
    assert len(list((root / ".speeko-tmp").iterdir())) == 1, "young staged files may belong to a live process"
    monkeypatch.setattr(dir_handles, "ORPHAN_SECONDS", -1)
    store.put("other.json", b"{}")
    store.put("other.json", b"{}")
    assert tree(root) == ["manifest.jsonl", "other.json"]


@pytest.mark.parametrize("clock", ["172800", "-172800", "jumps"])
def test_staged_files_of_others_outlive_a_worker_whose_clock_is_wrong(tmp_path: Path, clock: str) -> None:
    """Their age is told by the disk's clock; the worker's own may be days ahead."""
    root = tmp_path / "store"
    store = Store(str(root))
    wrong_clock = Path(__file__).parents[2] / "faults" / "wrong_clock"
    with store.writer("manifest.jsonl") as out:
        out.write(b"x" * 3_000_000)
        done = subprocess.run(
            [sys.executable, "-c", PUTS_IN_A_WRONG_TIME, str(root), clock],
            env={"PYTHONPATH": str(wrong_clock), "WRONG_CLOCK": clock, "PATH": os.environ["PATH"]},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
    assert store.get("manifest.jsonl") == b"x" * 3_000_000
    assert tree(root) == ["manifest.jsonl", *(f"other-{n}.json" for n in range(3))]


def test_objects_are_whole_whenever_the_process_is_killed(tmp_path: Path) -> None:
    for round_no in range(3):
        child = script(
            """
            store = Store(sys.argv[1])
            for version in range(1_000_000):
                store.put_many([(f"audio/{n}.mp3", bytes([version % 256]) * 50_000) for n in range(40)])
                print(version, flush=True)
            """,
            str(tmp_path),
        )
        assert child.stdout is not None
        for _ in range(2 + round_no):
            child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        child.communicate(timeout=60)
        store = Store(str(tmp_path))
        paths = list(store.list("audio"))
        assert len(paths) == 40
        for data in store.get_many(paths):
            assert data == data[:1] * 50_000


@pytest.mark.parametrize("options", ["size=256k", "nr_inodes=12"])
def test_a_full_disk_takes_nothing_by_halves(mounted: Callable[[str], Path], options: str) -> None:
    root = mounted(options)
    store = Store(str(root))
    store.put("audio/1.mp3", b"1")
    before = tree(root)
    with pytest.raises(StoreFull, match=r"no space left on the disk: free some") as caught:
        store.put_many([(f"audio/{n}.mp3", AUDIO) for n in range(1, 20)])
    assert "\n" not in str(caught.value)
    with pytest.raises(StoreFull):  # noqa: PT012
        for n in range(20):
            with store.writer(f"job/{n}.jsonl") as out:
                out.write(AUDIO * 2)
    assert store.get("audio/1.mp3") == b"1"
    assert tree(root)[:2] == before
    assert not (root / ".speeko-tmp").exists()
    store.delete(list(store.list("job")))
    store.put("audio/2.mp3", b"2")  # there is room again


def test_place_on_a_full_disk(mounted: Callable[[str], Path], tmp_path: Path) -> None:
    store, target = Store(str(tmp_path / "audio")), Store(str(mounted("size=256k")))
    store.put_many([(f"{n}.mp3", AUDIO) for n in range(20)])
    with pytest.raises(StoreFull):
        target.place(store, [(f"{n}.mp3", f"{n}.mp3") for n in range(20)])
    assert list(target.list()) == []
    target.place(store, [("1.mp3", "1.mp3")])


def test_a_file_larger_than_the_process_may_write(tmp_path: Path) -> None:
    child = script(
        """
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        store = Store(sys.argv[1])
        for attempt in (lambda: store.put("a.mp3", b"1" * 20_000), lambda: write()):
            def write():
                with store.writer("b.csv") as out:
                    out.write(b"1" * 20_000)
            try:
                attempt()
            except Exception as error:
                print(type(error).__name__, "ulimit -f" in str(error), sorted(os.listdir(sys.argv[1])))
        """,
        str(tmp_path / "out"),
    )
    assert answer(child).splitlines() == ["StoreError True []"] * 2


def test_a_read_only_folder(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if os.geteuid() == 0:
        root = request.getfixturevalue("mounted")("ro,size=256k")
    else:
        root = tmp_path / "closed"
        root.mkdir(mode=0o555)
    store = Store(str(root))
    for attempt in (store.check_writable, lambda: store.put("a/b.mp3", b"1")):
        with pytest.raises(StoreError, match=r"read-only|permission denied") as caught:
            attempt()
        assert str(root) in str(caught.value)


def test_symbolic_links_lead_nowhere(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    (outside / "secret.txt").write_bytes(b"secret")
    store, source = Store(str(root)), Store(str(tmp_path / "source"))
    source.put("1.mp3", b"1")
    store.put("fine.mp3", b"fine")
    (root / "away").symlink_to(outside)
    (root / "file.mp3").symlink_to(outside / "secret.txt")
    attempts: list[Callable[[], object]] = [
        lambda: store.put("away/x.mp3", b"1"),
        lambda: store.get("away/secret.txt"),
        lambda: store.get("file.mp3"),
        lambda: list(store.reader("file.mp3")),
        lambda: store.delete(["away/secret.txt"]),
        lambda: store.place(source, [("1.mp3", "away/x.mp3")]),
        lambda: source.place(store, [("file.mp3", "stolen.txt")]),
        lambda: source.place(store, [("away/secret.txt", "stolen.txt")]),
        lambda: store.writer("away/x.csv").__enter__(),
    ]
    for attempt in attempts:
        with pytest.raises(StoreError, match="symbolic link") as caught:
            attempt()
        assert not isinstance(caught.value, MissingObject)
    assert sorted(store.list()) == ["fine.mp3"]
    assert list(store.list("away")) == []
    store.place(source, [("1.mp3", "file.mp3")])  # replaces the link itself
    assert tree(outside) == ["secret.txt"]
    assert (outside / "secret.txt").read_bytes() == b"secret"
    assert store.get("file.mp3") == b"1"
    (root / ".speeko-tmp").symlink_to(outside)
    with pytest.raises(StoreError, match="symbolic link"):
        store.put("x.mp3", b"1")


def test_delivery_is_a_read_only_hard_link(tmp_path: Path) -> None:
    store, target = Store(str(tmp_path / "audio")), Store(str(tmp_path / "out"))
    key = audio_path(b"\1" * 32, "mp3")
    store.put_many([(key, AUDIO), ("notes.txt", b"1")])
    assert target.place(store, [(key, "sku.mp3")]) == [len(AUDIO)]
    original, delivered = (tmp_path / "audio" / key).stat(), (tmp_path / "out/sku.mp3").stat()
    assert (original.st_ino, original.st_nlink) == (delivered.st_ino, 2)
    assert stat.S_IMODE(delivered.st_mode) & 0o333 == 0
    assert stat.S_IMODE((tmp_path / "audio/notes.txt").stat().st_mode) & 0o200
    target.put("sku.mp3", b"another text")
    target.delete(["sku.mp3"])
    assert store.get(key) == AUDIO
    assert tree(tmp_path / "out") == []


@pytest.mark.skipif(not SHARED_MEMORY.is_dir(), reason="needs a second disk")
def test_delivery_to_another_disk_is_a_copy(tmp_path: Path) -> None:
    if SHARED_MEMORY.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second disk")
    import tempfile

    with tempfile.TemporaryDirectory(dir=SHARED_MEMORY) as other:
        store, target = Store(str(tmp_path / "audio")), Store(other)
        store.put_many([(f"{n}.mp3", bytes([n]) * 3_000_000) for n in range(3)])
        pairs = [(f"{n}.mp3", f"x/{n}.mp3") for n in (0, 1, 2)]
        for _ in range(2):
            assert target.place(store, pairs) == [3_000_000] * 3
            assert target.get_many([to for _, to in pairs]) == [bytes([n]) * 3_000_000 for n in range(3)]
        assert tree(Path(other)) == ["x", "x/0.mp3", "x/1.mp3", "x/2.mp3"]


def test_more_rows_of_one_text_than_a_file_can_have_links(tmp_path: Path) -> None:
    most = os.pathconf(tmp_path, "PC_LINK_MAX")
    if most > 70_000:
        pytest.skip("this disk allows more links than are worth trying")
    store, target = Store(str(tmp_path / "audio")), Store(str(tmp_path / "out"))
    store.put("one.mp3", b"one")
    rows = most + 5
    assert target.place(store, [("one.mp3", f"{n % 100}/{n}.mp3") for n in range(rows)]) == [3] * rows
    assert target.get(f"{(rows - 1) % 100}/{rows - 1}.mp3") == b"one"
    assert (tmp_path / "audio/one.mp3").stat().st_nlink == most


def test_a_reader_keeps_the_object_it_began_with(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    store.put("a.wav", b"1" * 3_000_000)
    chunks = store.reader("a.wav")
    first = next(chunks)
    store.put("a.wav", b"2" * 10)
    assert first + b"".join(chunks) == b"1" * 3_000_000


def test_a_folder_that_is_away_is_no_missing_object(tmp_path: Path) -> None:
    store, target = Store(str(tmp_path / "unmounted")), Store(str(tmp_path / "out"))
    for attempt in (lambda: store.get("a.mp3"), lambda: target.place(store, [("a.mp3", "a.mp3")])):
        with pytest.raises(StoreError, match="is its disk mounted") as caught:
            attempt()
        assert not isinstance(caught.value, MissingObject)
    assert store.sizes(["a.mp3"]) == [None]
    store.delete(["a.mp3"])
    assert list(store.list()) == []
    assert not (tmp_path / "unmounted").exists()


def test_a_bucket_that_is_not_there_is_no_missing_object(s3_environment: str) -> None:  # noqa: F811
    store = Store("s3://no-such-bucket/audio")
    attempts: list[Callable[[], object]] = [
        lambda: store.get("a.mp3"),
        lambda: store.sizes(["a.mp3", "b.mp3"]),
        lambda: store.put("a.mp3", b"1"),
        lambda: store.place(store, [("a.mp3", "b.mp3")]),
        lambda: Store("memory://x").place(store, [("a.mp3", "b.mp3")]),
        lambda: list(store.list()),
        lambda: store.reader("a.mp3"),
        store.check_writable,
    ]
    for attempt in attempts:
        with pytest.raises(StoreError, match="there is no such bucket") as caught:
            attempt()
        assert not isinstance(caught.value, MissingObject)
        assert "\n" not in str(caught.value)


def test_a_store_that_does_not_answer_says_so_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{free.getsockname()[1]}"
        options = (
            f"?region=eu-central-1&endpoint={endpoint}&access_key_id=AKCANARY&secret_access_key=SKCANARY"
        )
        store = Store(f"s3://bucket/audio{options}&allow_http=true")
        assert store.url == "s3://bucket/audio"
        for message, where in [
            ("does not answer", store),
            ("AWS_ALLOW_HTTP", Store(f"s3://bucket/audio{options}")),
        ]:
            with pytest.raises(StoreError, match=message) as caught:
                where.put("a.mp3", b"1")
            assert "CANARY" not in str(caught.value)
            assert "\n" not in str(caught.value)
            with pytest.raises(StoreError, match=message), where.writer("a.csv") as out:
                out.write(b"1")


def test_options_in_the_url(s3_url: str, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    options = f"?region=us-east-1&endpoint={s3_endpoint}&allow_http=true&access_key_id=a&secret_access_key=b"
    store = Store(f"{s3_url}/x/{options}")
    store.put("a.mp3", b"1")
    assert list(Store(f"{s3_url}{options}").list()) == ["x/a.mp3"]
    with pytest.raises(ConfigError, match="nonsense"):
        Store(f"{s3_url}?nonsense=1").put("a.mp3", b"1")


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("Error performing PUT https://a.blob.example/c?sig=CANARY in 3ms - odd", StoreError, "odd"),
        ("status code: 403 Forbidden: <Error><Code>AccessDenied</Code>", StoreError, "permission denied"),
        ("status code: 507 Insufficient Storage: ", StoreFull, "no space left"),
        ("<Code>XMinioStorageFull</Code>", StoreFull, "no space left"),
        ("status code: 503 Slow: <Code>SlowDown</Code>", StoreError, "SlowDown"),
        ("GET http://169.254.169.254/latest/api/token - HTTP error: x", StoreError, "AWS_ACCESS_KEY_ID"),
        ("evil \x1b[31m\nsecond line", StoreError, "evil"),
    ],
)
def test_what_object_stores_say_in_one_line(text: str, kind: type[StoreError], message: str) -> None:
    error = store_errors.object_error("s3://b", "a.mp3", Exception(f"{text}\n\nDebug source:\nCANARY"))
    assert type(error) is kind
    assert message in str(error)
    assert "CANARY" not in str(error)
    assert str(error).isprintable()


@pytest.mark.parametrize(
    "url",
    ["", " ", "http://x/y", "ftp://x", "s3://", "gs:///x", "s3://user:pass@bucket", "file://x/y", "file://",
     "s3:/x", "gs:/x", "az:/user:pass@x"],
)  # fmt: skip
def test_urls_that_mean_nothing(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Store(url)
    assert "pass" not in str(caught.value)


def test_all_ways_to_write_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    Store("a b").put("x.mp3", b"1")
    for url in (str(tmp_path / "a b"), "./a b/", (tmp_path / "a b").as_uri(), "~/a b"):
        store = Store(url)
        assert store.is_folder
        assert store.url == str(tmp_path / "a b")
        assert store.get("x.mp3") == b"1"
    assert not Store("memory://x").is_folder


def test_nothing_of_obstore_before_it_is_needed(tmp_path: Path) -> None:
    child = script(
        """
        Store("s3://bucket"); Store("gs://bucket"); Store("az://bucket"); Store("memory://x")
        Store(sys.argv[1]).put("a.mp3", b"1")
        print("obstore" in sys.modules)
        """,
        str(tmp_path),
    )
    assert answer(child) == "False"


FORK = """
import signal
store = Store(sys.argv[1])
if sys.argv[2] == "used":
    store.put("parent.mp3", b"1")
pid = os.fork()
if pid == 0:
    signal.alarm(60)
    try:
        store.put("child.mp3", b"2")
        print(store.get("child.mp3"), flush=True)
    except Exception as error:
        print(type(error).__name__, "forked" in str(error), flush=True)
    os._exit(0)
print(os.waitpid(pid, 0)[1])
"""


@pytest.mark.parametrize(("use", "expected"), [("unused", ["b'2'", "0"]), ("used", ["StoreError True", "0"])])
def test_a_bucket_over_a_fork(s3_url: str, use: str, expected: list[str]) -> None:  # noqa: F811
    assert answer(script(FORK, s3_url, use)).splitlines() == expected


def test_a_folder_over_a_fork(tmp_path: Path) -> None:
    assert answer(script(FORK, str(tmp_path), "used")).splitlines() == ["b'2'", "0"]


def test_many_folders_with_few_file_handles(tmp_path: Path) -> None:
    child = script(
        """
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        store, target = Store(sys.argv[1] + "/audio"), Store(sys.argv[1] + "/out")
        paths = [f"audio/{n % 256:02x}/{n}/{n}.mp3" for n in range(300)]
        store.put_many([(path, path.encode()) for path in paths])
        print(len(target.place(store, [(path, f"{n}/x.mp3") for n, path in enumerate(paths)])))
        print(store.get_many(paths) == [path.encode() for path in paths])
        """,
        str(tmp_path),
    )
    assert answer(child).splitlines() == ["300", "True"]


def test_many_threads_in_one_folder(tmp_path: Path) -> None:
    store, target = Store(str(tmp_path / "audio")), Store(str(tmp_path / "out"))

    def work(thread: int) -> None:
        for n in range(15):
            store.put_many([(f"audio/{n}/{thread}.mp3", b"own"), (f"audio/{n}/same.mp3", b"same")])
            target.place(
                store, [(f"audio/{n}/same.mp3", f"{n}.mp3"), (f"audio/{n}/{thread}.mp3", "last.mp3")]
            )

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, n) for n in range(8)]:
            done.result()
    assert len(list(store.list())) == 15 * 9
    assert len(list(target.list())) == 16
    assert not (tmp_path / "audio/.speeko-tmp").exists()
    assert not (tmp_path / "out/.speeko-tmp").exists()
