"""Every command that the README, the guide and OPERATIONS.md print in a block runs as it is printed.

README, guide and OPERATIONS.md are one session each; what a page exports stays to its end. Stand-ins take
the place of addresses that are examples: a provider that bills, an S3 server, a web server, the test's own
Postgres and Redis. Verbs that run until Ctrl-C go on to the end of their block, and must then end well.
"""

from __future__ import annotations

import functools
import http.server
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from speeko_jobs.embedded.postgres import _program
from speeko_jobs.embedded.servers import EmbeddedServers, ServerUrls
from tests.deploy.compose import DEPLOY
from tests.fixtures.database import own_database, plain_url
from tests.fixtures.metered import MeteredProvider
from tests.fixtures.s3 import s3_endpoint, s3_environment, s3_url  # noqa: F401
from tests.wait import wait_until

ROOT = DEPLOY.parent
GUIDES = {
    "README.md": [ROOT / "README.md"],
    "guide": sorted((DEPLOY / "guide").glob("*.md")),
    "OPERATIONS.md": [DEPLOY / "OPERATIONS.md"],
}
PAGES = [page for pages in GUIDES.values() for page in pages]
# how a line begins in a block of commands; other blocks show files or folders
PROGRAM = re.compile(
    r"(\$ |[A-Z_]+=\S+ )*(\.venv/bin/)?(speeko|make|export|[a-z_]+ctl|pg_dump|rclone|createdb)\b"
)
# commands that do not run here, and why
LEFT_OUT = {
    "make demo": "tests/deploy/test_odd_folders.py runs it, in a clone of its own",
    "make test": "it is what runs this",
    "make venv": "tests/deploy/test_odd_folders.py runs it, in a clone of its own",
    "speeko up": "the session's own workers are one; a home takes no second",
    "rclone": "a program of others; tests/deploy/test_restored_backup.py copies the store",
    "createdb": "programs of others; tests/deploy/test_restored_backup.py restores a dump with pg_restore",
    "rabbitmqctl": "a program of others; tests/deploy/rabbitmq.py sets up the same vhost and user",
}
ENDLESS = ("dashboard", "flower", "worker", "beat", "up", "metrics", "top")
READY = re.compile(r"ready|dashboard: http|metrics: http|live")
WORKERS = ("worker", "beat", "up")  # they serve the rest of their block
CODES = {  # exit codes that the guide itself tells of
    "costs reconcile": {0, 3},  # 3: something differs
}
TEXTS = [f"The article number {n} costs 19,99 € and comes in size XL, ready to ship." for n in range(6)]
JOB = 12  # whose budget the guide raises


class Here:
    """A folder with the files that the guides name, and what stands in for addresses."""

    def __init__(
        self, folder: Path, bucket: str, web: str, provider: MeteredProvider, urls: ServerUrls
    ) -> None:
        self.folder, self.bucket, self.provider = folder, bucket, provider
        self.stand_ins = {
            "SPEEKO_API_URL=https://…": f"SPEEKO_API_URL={provider.url}",
            "SPEEKO_API_KEY=…": f"SPEEKO_API_KEY={provider.api_key}",
            "https://shop.example/products.csv": f"{web}/products.csv",
            "s3://bucket": bucket,
            "postgresql://…": urls.database_url,
            "redis://…": urls.redis_url,
            "$DATABASE_URL": plain_url(urls.database_url),
        }
        programs = folder / "programs"
        programs.mkdir()
        for name in ("pg_dump",):
            (programs / name).symlink_to(_program(name))
        player = programs / "ffplay"  # hears an MP3 on its standard input
        player.write_text('#!/bin/sh\n[ "$1" = - ] && test "$(wc -c)" -gt 1000\n')
        player.chmod(0o755)
        ours = ("SPEEKO_", "FLOWER_", "PG")
        self.environ = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
        self.environ |= {
            "SPEEKO_HOME": str(folder / "home"),
            "SPEEKO_API_URL": provider.url,
            "SPEEKO_API_KEY": provider.api_key,
            "TERM": "xterm",
            "PATH": os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]),
        }
        self.write()

    def write(self) -> None:
        table = [("sku", "name", "description", "category", "price"), *(
            (f"p{n}", f"Article {n}", text, "toys" if n % 2 else "books", str(n * 10))
            for n, text in enumerate(TEXTS)
        )]  # fmt: skip
        plain = [
            ("id", "text", "category", "price"),
            *((f"r{n}", text, "toys", "5") for n, text in enumerate(TEXTS)),
        ]
        lone = [(f"A{n}", "en", text) for n, text in enumerate(TEXTS)]
        for name, rows in (
            ("products.csv", table), ("catalog.csv", plain), ("shop.csv", [plain[0], *plain[1:] * 4]),
            ("descriptions.csv", lone), ("usage.csv", [("key", "characters", "cost_micros", "day")]),
        ):  # fmt: skip
            if name == "shop.csv":  # ids of their own, so that row 17 is there
                rows = [rows[0], *((f"s{n}", *row[1:]) for n, row in enumerate(rows[1:]))]
            lines = [",".join(f'"{cell}"' for cell in row) for row in rows]
            (self.folder / name).write_text("\n".join(lines) + "\n", "utf-8")
        texts = "".join(f"j{n},The text {n} of a job that is dearer than its budget.\n" for n in range(6))
        (self.folder / "job-12.csv").write_text(f"id,text\n{texts}")
        (self.folder / "words.toml").write_text('"XL" = "extra large"\n')
        (rules,) = blocks(DEPLOY / "guide" / "text-and-voices.md", "toml")
        (self.folder / "voices-by-category.toml").write_text(rules)

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", f"set -o pipefail; {command}"],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=150,
        )

    def stood_in(self, command: str) -> str:
        for printed, real in self.stand_ins.items():
            command = command.replace(printed, real)
        return command.replace(".venv/bin/", "").removeprefix("$ ")


def blocks(path: Path, kind: str = "") -> list[str]:
    """The fenced blocks of a document that have this name, "" for none."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", path.read_text("utf-8"), re.M | re.S)
    return [text for name, text in found if name == kind]


def commands(block: str) -> list[str]:
    """The commands of a block, each on one line, without comments."""
    joined = re.sub(r"\\\n\s*", "", block)
    lines = [re.sub(r"\s+#.*$", "", line).strip() for line in joined.splitlines()]
    return [line for line in lines if PROGRAM.match(line)]


def left_out(command: str) -> bool:
    return any(command.removeprefix("$ ").startswith(name) for name in LEFT_OUT)


def verb(command: str) -> str:
    """What a command asks speeko for: its first word after the program's name, or two of a group."""
    words = [word for word in shlex.split(command) if "=" not in word or word.startswith("-")]
    after = words[words.index("speeko") + 1 :] if "speeko" in words else [""]
    return " ".join(after[:2]) if after[0] in ("costs", "db", "budget", "schedule") else after[0]


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """A web server over the test's folder; its URL."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def here(servers: ServerUrls, redis_url: str, s3_url: str, web: str, tmp_path: Path) -> Iterator[Here]:  # noqa: F811
    provider = MeteredProvider(tmp_path)
    with own_database(servers, "printed") as url:
        made = Here(tmp_path, s3_url, web, provider, ServerUrls(url, redis_url))
        with EmbeddedServers(tmp_path / "home") as embedded:
            for one in (embedded.database_url, url):
                made.environ["SPEEKO_DATABASE_URL"] = one
                assert made.run("speeko db upgrade").returncode == 0
            del made.environ["SPEEKO_DATABASE_URL"]
            with ExitStack() as going:  # workers that stay: each `run` would start its own
                workers = Session(made)
                workers.start("speeko up", "speeko up", going)
                prepare(made, embedded)
                yield made
            assert not workers.faults, workers.faults
    provider.stop()


def prepare(here: Here, embedded: ServerUrls) -> None:
    """What the guides take for granted: a job 12 that waits for a higher budget."""
    with psycopg.connect(plain_url(embedded.database_url), autocommit=True) as connection:
        connection.execute("SELECT setval('speeko.job_id_seq', %s)", [JOB - 1])
        done = here.run("speeko run job-12.csv --provider speeko --output job-12 --budget 0.0011 --partial")
        assert done.returncode == 4, done.stderr
        connection.execute("SELECT setval('speeko.job_id_seq', 1000)")


class Session:
    """Runs a document's blocks in order."""

    def __init__(self, here: Here) -> None:
        self.here = here
        self.faults: list[str] = []
        self.ran = self.blocks = 0

    def block(self, text: str) -> None:
        """Run a block's commands. Its outputs are empty at first."""
        self.blocks += 1
        if "s3://bucket" in self.here.stand_ins:
            self.here.stand_ins["s3://bucket"] = f"{self.here.bucket}/{self.blocks}"
        for name in ("audio", "speeko-output"):
            shutil.rmtree(self.here.folder / name, ignore_errors=True)
        with ExitStack() as going:
            for printed in commands(text):
                if left_out(printed):
                    continue
                command = self.here.stood_in(printed)
                self.ran += 1
                if command.startswith("export "):
                    self.here.environ |= dict(word.split("=", 1) for word in shlex.split(command)[1:])
                elif verb(command) in ENDLESS:
                    with ExitStack() as alone:
                        self.start(printed, command, going if verb(command) in WORKERS else alone)
                else:
                    done = self.here.run(command)
                    if done.returncode not in CODES.get(verb(command), {0}):
                        self.faults.append(f"{printed}\n  exit {done.returncode}: {done.stderr.strip()}")

    def start(self, printed: str, command: str, going: ExitStack) -> None:
        """Start what runs until Ctrl-C, wait until it says that it is ready, and end it with the block."""
        log = self.here.folder / f"log-{self.ran}-{verb(command)}"
        words = ["bash", "-c", f"exec env {command}"]
        if verb(command) == "top":  # it wants a terminal
            words = ["script", "-qefc", f"exec {command}", "/dev/null"]
        with log.open("wb") as out:
            process = subprocess.Popen(
                words,
                cwd=self.here.folder,
                env=self.here.environ,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
            )

        def end() -> None:
            process.send_signal(signal.SIGTERM)
            code = process.wait(60)
            if process.stdin:
                process.stdin.close()
            if code not in (0, -signal.SIGTERM if verb(command) == "top" else 0):
                self.faults.append(f"{printed}\n  exit {code}: {log.read_text('utf-8', 'replace')[-2000:]}")

        going.callback(end)

        def is_ready() -> bool:
            return process.poll() is not None or READY.search(log.read_text("utf-8", "replace")) is not None

        wait_until(is_ready, f"{printed} to be ready: {log.read_text('utf-8', 'replace')}", 120)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("guide", GUIDES)
def test_what_a_guide_prints_runs(here: Here, guide: str) -> None:
    session = Session(here)
    for page in GUIDES[guide]:
        before = dict(here.environ)
        for text in blocks(page):
            session.block(text)
        here.environ = before
    assert session.ran
    if session.faults:
        pytest.fail(f"{guide}: as printed, these do not run:\n" + "\n".join(session.faults), pytrace=False)


def test_what_is_left_out_is_printed_and_has_a_reason() -> None:
    printed = [line.removeprefix("$ ") for page in PAGES for text in blocks(page) for line in commands(text)]
    for name, reason in LEFT_OUT.items():
        assert any(line.startswith(name) for line in printed), name
        for path in re.findall(r"tests/[\w/.]+\.py", reason):
            assert (ROOT / path).exists()
    assert sum("speeko" in line for line in printed) > 25


def test_a_command_that_does_not_run_is_told(tmp_path: Path) -> None:
    """The session that judges the guides sees what is wrong with one."""

    here = Here.__new__(Here)  # without servers
    here.folder, here.stand_ins = tmp_path, {}
    here.environ = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    session = Session(here)
    session.block("$ speeko estimate catalog.csv --no-such-option   # a comment\nspeeko --version\n")
    (fault,) = session.faults
    assert "--no-such-option" in fault
    assert "exit 2" in fault
