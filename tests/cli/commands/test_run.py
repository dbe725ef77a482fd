"""`speeko run` and the verbs around a job, through the console script, with embedded servers and espeak."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
import redis

from speeko_jobs.adapters.redis.server import OWNER
from speeko_jobs.embedded.servers import EmbeddedServers, running
from tests.fixtures.database import migrated_template, migrated_url  # noqa: F401

ROWS = [("a", "Hello world"), ("b", "Good day to you"), ("c", "Hello world"), ("d", "!")]
PRICED = ("--price-per-million", "15")


def test_a_job_from_the_catalog_to_the_results(cli: Any, here: Any) -> None:
    catalog = cli.catalog(ROWS)

    plan = cli.json("estimate", catalog, *PRICED)
    assert (plan["rows"], plan["refused"], plan["to_buy"], plan["cost_usd"]) == (4, 1, 2, "0.000390")
    assert plan["first_refusals"] == ["catalog.csv, row 4: there is nothing to speak in the text"]
    assert here.json("jobs") == []

    first = cli("run", catalog, "--output", "out", *PRICED)
    assert first.returncode == 3
    assert "cost $0.00039 of $0.00039 planned · $0.000165 saved" in " ".join(first.stdout.split())
    assert "job 1: done, some rows failed, 75%, 3 of 4 rows with audio" in first.stderr
    assert "Traceback" not in first.stderr
    out: Path = cli.folder / "out"
    assert {path.name for path in out.glob("*.mp3")} == {"a.mp3", "b.mp3", "c.mp3"}
    with (out / "failed.csv").open(encoding="utf-8") as file:
        assert [row["id"] for row in csv.DictReader(file)] == ["d"]
    assert running(cli.home) == {}

    with EmbeddedServers(cli.home):  # so that each verb below does not start and stop them
        look_at_the_job(cli, here, catalog, out)


def look_at_the_job(cli: Any, here: Any, catalog: Path, out: Path) -> None:
    """The same run once more, and all verbs that look at the two."""
    second = cli.json("run", catalog, "--output", "out", *PRICED, code=3)
    assert (second["unchanged"], second["calls"], second["cost_usd"]) == (3, 0, "0.000000")
    assert second == json.loads((out / "summary.json").read_text())

    assert here.json("status")["job"] == 2
    assert here.json("status", "1")["delivered"] == 3
    lines = [json.loads(line) for line in here("results", "1")[1].splitlines()]
    assert [line["id"] for line in lines] == ["a", "b", "c", "d"]
    document = here.json("results", "1", "--follow")
    assert (document["rows"], document["state"]) == (lines, "done_with_errors")
    assert [(job["job"], job["state"]) for job in here.json("jobs")] == [
        (2, "done_with_errors"),
        (1, "done_with_errors"),
    ]
    table = here("jobs")[1].splitlines()
    assert table[0].split() == [
        "job", "state", "rows", "with", "audio", "done", "cost", "started", "output",
    ]  # fmt: skip
    assert re.split(r"  +", table[2].strip())[:6] == [
        "1",
        "done, some rows failed",
        "4",
        "3",
        "75%",
        "$0.00039",
    ]
    assert str(out) in table[2]

    assert here("wait", "1")[0] == 3
    for words, told in (
        (["pause", "1"], "job 1 is done, some rows failed"),
        (["resume", "1"], "job 1 is done, some rows failed"),
        (["cancel", "1"], "job 1 is done, some rows failed"),
        (["status", "99"], "there is no job 99"),
    ):
        code, _, err = here(*words)
        assert code == 1
        assert told in err
        assert len(err.splitlines()) == 1


def test_a_redis_of_another_database_is_told_once_in_a_run(
    cli: Any,
    migrated_url: str,  # noqa: F811
    redis_url: str,
) -> None:
    with redis.Redis.from_url(redis_url) as server:
        server.set(OWNER, "f" * 16)
    servers = {"SPEEKO_DATABASE_URL": migrated_url, "SPEEKO_REDIS_URL": redis_url}
    done = cli("run", cli.catalog(ROWS[:3]), "--output", "out", SPEEKO_LOGS="stderr", **servers)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("this Redis belongs to another database") == 1


def test_all_rows_served_is_success_and_leaves_relative_places_where_they_were_meant(cli: Any) -> None:
    catalog = cli.catalog([("x/y", "One small step"), ("z", "one Ω row")])
    done = cli(
        "run", catalog, "--output", "here/there", "--format", "wav", "--home", "my home", "--workers", "1"
    )
    assert done.returncode == 0, done.stderr
    assert "every row has its audio" in done.stdout
    assert len(list((cli.folder / "here" / "there").rglob("*.wav"))) == 2
    assert (cli.folder / "my home" / "audio").is_dir()


def test_a_submitted_job_waits_is_paused_and_is_finished_by_resume(cli: Any, here: Any) -> None:
    catalog = cli.catalog(ROWS[:3])
    cli.started.enter_context(EmbeddedServers(cli.home))
    done = cli("submit", catalog, "--output", "out", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["job"] == 1
    assert "no worker runs" in done.stderr
    assert "speeko resume 1" in done.stderr
    assert here.json("pause", "1")["state"] == "paused"
    assert here("pause", "1")[0] == 0
    assert here("wait", "1")[0] == 4
    assert here.json("resume", "1", "--no-wait")["state"] == "running"
    summary = cli.json("resume", "1")
    assert (summary["state"], summary["delivered"]) == ("done", 3)


def test_a_cancelled_job_does_not_go_on(cli: Any, here: Any) -> None:
    catalog = cli.catalog(ROWS[:3])
    cli.started.enter_context(EmbeddedServers(cli.home))
    assert cli("submit", catalog, "--output", "out").returncode == 0
    assert here.json("cancel", "1")["state"] == "cancelled"
    assert here("wait", "1")[0] == 1
    code, _, err = here("resume", "1")
    assert code == 1
    assert "job 1 is cancelled" in err


def test_a_key_that_is_not_accepted_pauses_the_job(cli: Any, metered: Any) -> None:
    catalog = cli.catalog(ROWS[:3])
    cli.environ |= {"SPEEKO_API_URL": metered.url, "SPEEKO_API_KEY": "wrong-key-77"}
    done = cli("run", catalog, "--output", "out", "--provider", "speeko")
    assert done.returncode == 4, done.stderr
    assert re.search(r"job 1 is paused: provider rejected the account: .*(401|key)", done.stderr)
    assert "correct the API key (SPEEKO_API_KEY), then go on with: speeko resume 1" in done.stderr
    assert "wrong-key-77" not in done.stdout + done.stderr
    assert metered.calls == 0

    cli.environ["SPEEKO_API_KEY"] = metered.api_key
    summary = cli.json("resume", "1")
    assert (summary["state"], summary["delivered"]) == ("done", 3)
    assert summary["cost_usd"] == f"0.{metered.micros:06d}"


@pytest.mark.parametrize("provider", ["espeak", "speeko"])
def test_the_doctor_looks_at_everything(cli: Any, metered: Any, provider: str) -> None:
    cli.environ |= {"SPEEKO_API_URL": metered.url, "SPEEKO_API_KEY": metered.api_key}
    done = cli("doctor", "--provider", provider)
    assert done.returncode == 0, done.stdout
    lines = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
    names = ["postgres", "redis", "schema", "workers", "audio", "jobs", "webhooks", "store", "output", "disk"]
    names += ["provider", "voice"]
    assert [(ok, name) for ok, name, _ in lines] == [("ok", name) for name in names]
    assert not (cli.folder / "speeko-output").exists()


def test_the_doctor_says_what_is_wrong(cli: Any) -> None:
    (cli.folder / "file").write_text("")
    document = cli.json("doctor", "--provider", "speeko", "--output", "file/out", code=1)
    wrong = {check["name"]: check["message"] for check in document["checks"] if not check["ok"]}
    assert set(wrong) == {"output", "provider"}
    assert "SPEEKO_API_KEY" in wrong["provider"]
    away = cli(
        "doctor",
        SPEEKO_DATABASE_URL="postgresql://u:pw-55@127.0.0.1:1/x",
        SPEEKO_REDIS_URL="redis://127.0.0.1:1",
    )
    assert away.returncode == 1
    assert "FAIL  servers" in away.stdout
    assert "pw-55" not in away.stdout + away.stderr


def test_the_schema_of_a_database_elsewhere_is_made_by_db_upgrade(
    here: Any, database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPEEKO_DATABASE_URL", database_url)
    monkeypatch.setenv("SPEEKO_REDIS_URL", redis_url)
    code, _, err = here("jobs")
    assert code == 1
    assert "run `speeko db upgrade`" in err
    assert here("doctor")[0] == 1
    made = here.json("db", "upgrade")
    assert made["before"] == ""
    assert here.json("db", "upgrade")["before"] == made["revision"]
    assert here.json("jobs") == []


def test_the_demo_runs_twice_and_pays_once(cli: Any) -> None:
    import subprocess
    import sys

    def demo() -> str:
        done = subprocess.run(
            [sys.executable, "-m", "speeko_cli.demo"],
            cwd=cli.folder,
            env=cli.environ,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return " ".join(done.stdout.split())

    first = demo()
    assert "39 delivered · 1 without text left out" in first
    assert "32 bought · 7 same text as another row" in first
    assert "cost $0.03 " in first
    assert (cli.folder / "demo-output" / "audio" / "lamp-en.mp3").stat().st_size > 1_000
    second = demo()
    assert "39 unchanged · 1 without text left out" in second
    assert "cost $0.00 " in second
