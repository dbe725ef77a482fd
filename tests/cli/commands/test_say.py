"""`speeko say`: files that appear whole, streams that begin early, and what is left when it is cut short."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from speeko_cli.output.audio_sink import PART, AudioSink, chosen, named_after
from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.core.audio.validation import inspect
from speeko_jobs.errors import UsageError
from tests.cli.conftest import SCRIPT, Cli, Here
from tests.fixtures.books import Books, broken_rules
from tests.fixtures.database import migrated_template, migrated_url  # noqa: F401
from tests.fixtures.metered import MeteredProvider
from tests.metered.audio import read_stamp, stamp_of
from tests.wait import wait_until

TEXT = "The ferry is full, the next one goes at noon."
COST_USD = "0.000676"
STAMP = stamp_of(TEXT, "kokoro-professional")


class Desk:
    """One database, Redis and billing provider, and commands that use them."""

    def __init__(self, cli: Cli, environ: dict[str, str], metered: MeteredProvider, books: Books) -> None:
        self.cli, self.metered, self.books = cli, metered, books
        self.environ = {**cli.environ, **environ}

    def start(self, *words: str, **environ: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [str(SCRIPT), "say", *words],
            cwd=self.cli.folder,
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        self.cli.started.enter_context(process)
        self.cli.started.callback(process.kill)
        return process

    def hold(self) -> None:
        """The next answer stops half-way."""
        self.metered.script([{"match": "*", "hold_after_bytes": 4_000}])

    def release(self) -> None:
        self.metered.release()

    def states(self) -> list[str]:
        return [s for (s,) in self.books.execute("SELECT state FROM speeko.attempt ORDER BY id")]

    def check(self) -> None:
        """The sums hold, and the ledger is the bill."""
        assert broken_rules(self.books) == {}
        query = "SELECT sum(spent_micros)::bigint, sum(possible_micros)::bigint FROM speeko.job"
        ((spent, possible),) = self.books.execute(query)
        assert spent <= self.metered.micros <= spent + possible


@pytest.fixture
def environ(migrated_url: str, redis_url: str, metered: MeteredProvider) -> dict[str, str]:  # noqa: F811
    return {
        "SPEEKO_DATABASE_URL": migrated_url,
        "SPEEKO_REDIS_URL": redis_url,
        "SPEEKO_PROVIDER": "speeko",
        "SPEEKO_API_URL": metered.url,
        "SPEEKO_API_KEY": metered.api_key,
    }


@pytest.fixture
def desk(cli: Cli, environ: dict[str, str], metered: MeteredProvider) -> Iterator[Desk]:
    database = Database(environ["SPEEKO_DATABASE_URL"])
    yield Desk(cli, environ, metered, Books(database))
    database.close()


@pytest.fixture
def speeko(here: Here, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Here:
    """`speeko` in this process, on the test's servers."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return here


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file() and path.name != "bill.jsonl")


def test_it_speaks_out_of_the_box(cli: Cli) -> None:
    done = cli("say", "Hello", "--out", "hello.wav", "-v")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("hello.wav: 0.")
    assert "bought for $0.00" in done.stdout
    assert "first byte after" in done.stderr
    assert inspect((cli.folder / "hello.wav").read_bytes(), "wav", len("Hello")).seconds > 0.2


def test_a_file_its_price_and_the_second_time_for_nothing(
    speeko: Here, metered: MeteredProvider, tmp_path: Path
) -> None:
    code, out, err = speeko("say", TEXT, "--out", "a.mp3", "-v")
    assert (code, out) == (0, f"a.mp3: 4.0 s, bought for ${COST_USD}\n"), err
    assert f"bought, 1 call for ${COST_USD}" in err
    assert read_stamp((tmp_path / "a.mp3").read_bytes(), "mp3") == STAMP
    found = speeko.json("say", TEXT, "--out", "b.mp3")
    assert (found["source"], found["calls"], found["cost_usd"]) == ("cache", 0, "0.000000")
    assert found["saved_usd"] == COST_USD
    assert found["first_byte_ms"] > 0
    assert (tmp_path / "a.mp3").read_bytes() == (tmp_path / "b.mp3").read_bytes()
    assert files(tmp_path) == ["a.mp3", "b.mp3"]
    assert (metered.calls, f"0.{metered.micros:06d}") == (1, COST_USD)


def test_the_ending_gives_the_format_and_the_option_wins(speeko: Here, tmp_path: Path) -> None:
    assert speeko.json("say", TEXT, "--out", "a.flac")["format"] == "flac"
    assert speeko.json("say", TEXT, "--out", "b.flac", "--format", "wav")["format"] == "wav"
    assert inspect((tmp_path / "a.flac").read_bytes(), "flac", len(TEXT))
    assert inspect((tmp_path / "b.flac").read_bytes(), "wav", len(TEXT))


def test_without_a_name_and_a_pipe_the_file_is_named_after_the_text(speeko: Here, tmp_path: Path) -> None:
    names = [speeko.json("say", TEXT)["out"] for _ in range(2)]
    assert names == [
        "the-ferry-is-full-the-next-one-goes-at.mp3",
        "the-ferry-is-full-the-next-one-goes-at-2.mp3",
    ]
    assert files(tmp_path) == sorted(names)


def test_the_text_may_come_from_standard_input(speeko: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"\ufeff{TEXT}\n".encode())))
    assert speeko.json("say", "-", "--out", "a.mp3")["cost_usd"] == COST_USD
    assert speeko.json("say", TEXT, "--out", "a.mp3")["source"] == "cache"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"caf\xe9")))
    assert speeko("say", "-", "--out", "a.mp3") == (2, "", "speeko: standard input: not UTF-8 at byte 3\n")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["...", "--out", "a.mp3"], 2, "nothing to speak"),
        ([TEXT, "--out", "-", "--json"], 2, "--json writes to standard output"),
        ([TEXT, "--out", "no/folder/a.mp3"], 1, "no/folder/a.mp3"),
        ([TEXT, "--out", "."], 1, "directory"),
        ([TEXT, "--out", "a.mp3", "--budget", "0.000675"], 1, "costs $0.000676, the budget is $0.000675"),
        ([TEXT, "--out", "a.mp3", "--speed", "9"], 1, "--speed takes"),
        ([TEXT, "--out", "a.mp3", "--provider", "nobody"], 1, "there is no provider"),
    ],
    ids=["silent", "json", "folder", "directory", "budget", "speed", "provider"],
)
def test_what_cannot_be_is_told_before_anything_is_paid(
    speeko: Here, metered: MeteredProvider, tmp_path: Path, words: list[str], code: int, says: str
) -> None:
    done, _, err = speeko("say", *words)
    assert (done, metered.calls) == (code, 0), err
    assert says in err
    assert err.count("\n") == 1
    assert files(tmp_path) == []


@pytest.mark.parametrize("stream", [[], ["--stream"]], ids=["whole", "stream"])
def test_audio_that_fails_the_check_leaves_no_file(
    speeko: Here, metered: MeteredProvider, tmp_path: Path, stream: list[str]
) -> None:
    metered.script([{"match": "*", "garbage": "silence"}])
    code, out, err = speeko("say", TEXT, "--out", "a.mp3", *stream)
    assert (code, out) == (1, "")
    assert err.startswith("speeko: audio failed validation: silence")
    assert f"it was paid (${COST_USD})" in err
    assert err.count("\n") == 1
    assert files(tmp_path) == []
    assert speeko("say", TEXT, "--out", "a.mp3", *stream)[0] == 0
    assert files(tmp_path) == ["a.mp3"]


def test_the_pipe_gets_the_first_bytes_before_the_last_have_come(desk: Desk) -> None:
    desk.hold()
    process = desk.start(TEXT, "--out", "-", "-v")
    assert process.stdout is not None
    first = b""
    while len(first) < 1_000:
        more = process.stdout.read(1_000)
        assert more, process.communicate()
        first += more
    assert desk.metered.summary()["in_flight"] == 1
    assert desk.states() == ["sending"]
    desk.release()
    rest, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert read_stamp(first + rest, "mp3") == STAMP
    assert inspect(first + rest, "mp3", len(TEXT)).seconds == pytest.approx(4.0, abs=0.1)
    assert b"first byte after" in err
    desk.check()


def test_two_commands_at_once_make_one_call(desk: Desk) -> None:
    desk.hold()
    first = desk.start(TEXT, "--out", "a.mp3")
    wait_until(lambda: desk.metered.calls or first.poll() is not None, "the call")
    second = desk.start(TEXT, "--out", "b.mp3", "-v")
    assert second.stderr is not None
    assert b"waiting for it" in second.stderr.readline()
    desk.release()
    for process in (first, second):
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    assert (desk.metered.calls, desk.states()) == (1, ["stored"])
    folder = desk.cli.folder
    assert (folder / "a.mp3").read_bytes() == (folder / "b.mp3").read_bytes()
    desk.check()


def test_when_the_first_is_killed_the_second_takes_over(desk: Desk) -> None:
    desk.hold()
    lease = {"SPEEKO_LEASE_SECONDS": "3"}
    first = desk.start(TEXT, "--out", "a.mp3", **lease)
    wait_until(lambda: desk.metered.calls or first.poll() is not None, "the call")
    second = desk.start(TEXT, "--out", "b.mp3", "-v", **lease)
    assert second.stderr is not None
    assert b"waiting for it" in second.stderr.readline()
    first.kill()
    _, err = second.communicate(timeout=60)
    assert second.returncode == 0, err
    assert read_stamp((desk.cli.folder / "b.mp3").read_bytes(), "mp3") == STAMP
    assert desk.states() == ["unknown", "stored"]
    assert desk.metered.calls == 1  # the provider knows the key of the call, and bills it once
    desk.check()


def test_ctrl_c_finishes_and_keeps_the_paid_audio(desk: Desk) -> None:
    desk.hold()
    process = desk.start(TEXT, "--out", "a.mp3")
    wait_until(lambda: desk.metered.calls or process.poll() is not None, "the call")
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert process.stderr.readline() == b"\n"
    assert b"stopping after the call in flight" in process.stderr.readline()
    desk.release()
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert err.decode() == (
        "speeko: interrupted: what was paid is kept, the same command goes on from there\n"
    )
    assert files(desk.cli.folder) == []
    assert desk.states() == ["stored"]
    desk.check()


def test_a_second_ctrl_c_books_the_call_as_possible(desk: Desk) -> None:
    desk.hold()
    process = desk.start(TEXT, "--out", "a.mp3", "--stream")
    wait_until(lambda: desk.metered.calls or process.poll() is not None, "the call")
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    process.stderr.readline()
    process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.decode() == "speeko: stopped at once: a call in flight is recorded as possibly charged\n"
    assert files(desk.cli.folder) == []
    assert desk.states() == ["unknown"]
    assert desk.books.one("SELECT count(*) FROM speeko.claimant") == 0
    desk.check()


def test_on_a_terminal_there_are_never_bytes(
    speeko: Here, metered: MeteredProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    code, out, err = speeko("say", TEXT, "--out", "-")
    assert (code, out, metered.calls) == (2, "", 0)
    assert "a terminal shows no audio" in err
    name = "the-ferry-is-full-the-next-one-goes-at.mp3"
    assert speeko("say", TEXT)[:2] == (0, f"{name}: 4.0 s, bought for ${COST_USD}\n")
    assert files(tmp_path) == [name]


# where it goes


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Hello", "hello.mp3"),
        ("Grüße aus Köln!", "grüße-aus-köln.mp3"),
        ("../../etc/passwd", "etc-passwd.mp3"),
        ("con", None),
        ("!!!", "speech.mp3"),
        ("a" * 300, "a" * 40 + ".mp3"),
    ],
)
def test_names(text: str, name: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = named_after(text, "mp3")
    assert found == name or (name is None and found != "con.mp3")
    Path(found).touch()
    assert named_after(text, "mp3") != found


def test_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert chosen("a.mp3", TEXT, "mp3") == "a.mp3"
    assert chosen("", TEXT, "mp3") == "-"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert chosen("", "Hi", "mp3") == "hi.mp3"
    with pytest.raises(UsageError, match="terminal"):
        chosen("-", TEXT, "mp3")


@pytest.mark.parametrize("stream", [False, True])
def test_a_file_grows_beside_its_name_or_under_it(tmp_path: Path, stream: bool) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(b"of yesterday")
    outlet = AudioSink(str(path), stream=stream)
    outlet.write(b"audio that ")
    growing = "a.mp3" if stream else f"a.mp3.*{PART}"
    wait_until(lambda: [p for p in tmp_path.glob(growing) if p.read_bytes() == b"audio that "], "a part")
    assert (path.read_bytes() == b"of yesterday") is not stream
    outlet.write(b"comes")
    outlet.finish()
    assert path.read_bytes() == b"audio that comes"
    AudioSink(str(path)).finish(b"the parts as one")
    assert path.read_bytes() == b"the parts as one"
    assert files(tmp_path) == ["a.mp3"]
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_named_pipe_is_written_itself(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        outlet = AudioSink(str(pipe))
        outlet.write(b"some ")
        outlet.write(b"audio")
        outlet.finish(b"something whole, for files")
        assert os.read(reader, 100) == b"some audio"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    assert files(tmp_path) == []


def test_a_reader_that_leaves_is_told_of_at_the_end(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    outlet = AudioSink(str(pipe))
    os.close(reader)
    for _ in range(100):
        outlet.write(bytes(65_536))
    with pytest.raises(BrokenPipeError):
        outlet.finish()


def test_a_reader_that_does_not_read_holds_nobody_up(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        outlet = AudioSink(str(pipe))
        for _ in range(100):
            outlet.write(bytes(65_536))
        outlet.drop()
    finally:
        os.close(reader)


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    link = tmp_path / "a.mp3"
    link.symlink_to("/dev/full")
    outlet = AudioSink(str(link))
    outlet.write(b"audio")
    with pytest.raises(OSError, match="No space left") as caught:
        outlet.finish()
    assert caught.value.filename == str(link)
