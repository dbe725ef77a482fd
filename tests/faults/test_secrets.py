"""Canaries: keys, passwords and texts are planted, everything fails, and they are looked for everywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import sqlalchemy

from tests.e2e.test_secrets import everything
from tests.fixtures.database import migrated_template, migrated_url, plain_url  # noqa: F401
from tests.fixtures.metered import API_KEY
from tests.fixtures.spine import broker

DATABASE_PASSWORD, REDIS_PASSWORD = "canary-db-7711", "canary-redis-8822"
WRONG_KEY, URL_PASSWORD, SIGNATURE = "sk-canary-wrong-9933", "canary-url-1144", "canary-sig-2255"
SECRETS = (API_KEY, DATABASE_PASSWORD, REDIS_PASSWORD, WRONG_KEY, URL_PASSWORD, SIGNATURE)
TEXT = "canarytext5e1f"
ROWS = "".join(f"{n},{TEXT} says that number {n} is here today\n" for n in range(20))


class Catalog(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = self.path.startswith("/goods.csv")
        body = f"id,text\n{ROWS}".encode() if found else b"no"
        self.send_response(200 if found else 500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[str]:
    """host:port of a server that has a catalog."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Catalog) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class Watched:
    """Runs `speeko` and keeps all that it said, and the arguments of all processes it started."""

    def __init__(self, cli: Any) -> None:
        self.cli = cli
        self.said: list[str] = []
        self.arguments: set[str] = set()

    def __call__(self, *words: str, **environ: str) -> int:
        command = [str(Path(sys.executable).with_name("speeko")), *words]
        return self.run(command, **environ)

    def run(self, command: list[str], **environ: str) -> int:

        process = subprocess.Popen(
            command,
            cwd=self.cli.folder,
            env=self.cli.environ | environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        watcher = threading.Thread(target=self._watch, args=(process,))
        watcher.start()
        self.said.append(process.communicate(timeout=120)[0])
        watcher.join()
        return process.returncode

    def _watch(self, process: subprocess.Popen[str]) -> None:
        """The children's arguments; what the user typed is the user's own (a child has it until its exec)."""
        while process.poll() is None:
            try:
                typed = psutil.Process(process.pid).cmdline()
                for child in psutil.Process(process.pid).children(recursive=True):
                    if (arguments := child.cmdline()) != typed:
                        self.arguments.add(" ".join(arguments))
            except psutil.Error:
                continue
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue


def with_password(url: str) -> str:
    return sqlalchemy.make_url(url).set(password=DATABASE_PASSWORD).render_as_string(hide_password=False)


def all_rows(url: str) -> str:
    """Every row of every table that is not the texts themselves."""
    with psycopg.connect(plain_url(url)) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'speeko'").fetchall()
        rows = [
            row
            for (name,) in names
            for row in connection.execute(f"SELECT t::text FROM speeko.{name} t".encode()).fetchall()
        ]
    return "\n".join(str(row[0]) for row in rows)


def fail_in_every_way(speeko: Watched, url: str, fresh_database: str) -> None:
    """Calls that cannot come to a good end, each with a secret at hand."""
    dead = "127.0.0.1:1"
    database = f"postgresql://u:{DATABASE_PASSWORD}@{dead}/x"
    assert speeko("status", SPEEKO_DATABASE_URL=database) == 1
    assert speeko("jobs", "--json", SPEEKO_DATABASE_URL=f"mysql://u:{DATABASE_PASSWORD}@h/x") == 1
    assert speeko("doctor", SPEEKO_REDIS_URL=f"redis://:{REDIS_PASSWORD}@{dead}") == 1
    assert speeko("doctor", SPEEKO_REDIS_URL="redis://:wrong-" + REDIS_PASSWORD + "@" + dead) == 1
    assert speeko("jobs", SPEEKO_DATABASE_URL=fresh_database) == 1  # no schema
    assert speeko("run", url.replace("goods", "gone"), "--output", "out") == 1
    assert speeko("run", url, "--output", "a-file/out") == 1
    assert speeko("run", url, "--output", f"s3://bucket/x?secret_access_key={SIGNATURE}") == 1
    assert speeko("run", url, "--output", f"s3://AKIA:{URL_PASSWORD}@bucket/x") == 1
    assert speeko("voices", SPEEKO_API_URL=f"http://u:{URL_PASSWORD}@{dead}") == 1
    assert speeko("voices", SPEEKO_API_KEY=WRONG_KEY) == 1
    code = (
        "import sys, os, speeko_jobs.flow.planning.submit as s\n"
        "names = [name for name in os.environ if 'SPEEKO' in name]\n"
        "def broken(*a, **k): raise RuntimeError(' '.join(os.environ[name] for name in names))\n"
        "s.submit = broken\n"
        "from speeko_cli.main import run\n"
        "sys.exit(run(sys.argv[1:]))\n"
    )
    words = ["run", url, "--output", "out"]
    assert speeko.run([sys.executable, "-c", code, *words]) == 1
    assert "a bug in speeko: RuntimeError" in speeko.said[-1]


def test_canaries_are_found_nowhere(
    cli: Any,
    metered: Any,
    web: str,
    tmp_path: Path,
    migrated_url: str,  # noqa: F811
    database_url: str,
) -> None:
    speeko = Watched(cli)
    (cli.folder / "a-file").write_text("")
    url = f"http://user:{URL_PASSWORD}@{web}/goods.csv?X-Amz-Signature={SIGNATURE}"
    said = f"'{TEXT} says' is refused for the key {API_KEY}"
    metered.script(
        [
            {"match": "number 3 ", "status": 400, "body": {"error": {"message": said, "type": said}}},
            {"match": "number 4 ", "status": 500, "body": f"Traceback: {said}"},
            {"match": "number 5 ", "garbage": "html"},
            {"match": "number 6 ", "reset": "after"},
        ]
    )
    with broker(tmp_path) as node, node.container.client as admin:
        admin.config_set("requirepass", REDIS_PASSWORD)
        admin.execute_command("AUTH", REDIS_PASSWORD)
        cli.environ |= {
            "SPEEKO_DATABASE_URL": with_password(migrated_url),
            "SPEEKO_REDIS_URL": node.url.replace("unix://", f"unix://:{REDIS_PASSWORD}@"),
            "SPEEKO_API_URL": metered.url,
            "SPEEKO_API_KEY": API_KEY,
            "SPEEKO_PROVIDER": "speeko",
        }
        assert speeko("run", url, "--output", "out", "-vv", SPEEKO_API_KEY=WRONG_KEY) == 4
        assert speeko("resume", "1", "-vv") == 3
        fail_in_every_way(speeko, url, with_password(database_url))
        for words in (["config"], ["config", "--json"], ["status", "--json"], ["jobs"], ["limits"]):
            assert speeko(*words) == 0
        redis = everything(admin).decode("utf-8", "replace")

    logs = "".join(path.read_text(errors="replace") for path in (cli.home / "logs").iterdir())
    assert list((cli.home / "logs").glob("crash-*.txt"))
    summary = (cli.folder / "out" / "summary.json").read_text()
    places = {
        "what was said": "\n".join(speeko.said),
        "logs": logs,
        "arguments": "\n".join(speeko.arguments),
        "Redis": redis,
        "the database": all_rows(migrated_url),
        "the summary": summary,
        "the manifest": (cli.folder / "out" / "manifest.jsonl").read_text(),
    }
    assert "speeko_workers.celery_node" in places["arguments"]
    for place, found in places.items():
        assert found
        for secret in SECRETS:
            assert secret not in found, (secret, place, found[max(found.index(secret) - 300, 0) :][:400])
        if place not in ("the database", "what was said"):
            assert TEXT not in found, (place, found[max(found.index(TEXT) - 300, 0) :][:400])
    assert json.loads(summary)["calls"] >= 18
    assert os.environ.get("SPEEKO_API_KEY") is None
