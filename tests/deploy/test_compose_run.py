"""Every command of compose.yaml runs on this machine, and a job goes through all of them to its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
import redis
import requests

from speeko_jobs.embedded.redis import _program as redis_program
from tests.deploy import compose
from tests.deploy.compose import Here, stop
from tests.fixtures.database import plain_url
from tests.fixtures.ports import held_port, number
from tests.wait import wait_until

AUTH = ("someone", "a-password")
SETTINGS = {
    "POSTGRES_PASSWORD": "unused",
    "FLOWER_BASIC_AUTH": ":".join(AUTH),
    "SPEEKO_DASHBOARD_TOKEN": "a-token-of-the-dashboard",
    "SPEEKO_LOG_LEVEL": "INFO",
}
CATALOG = "id,text\n" + "".join(f"{n},Article {n} is in stock.\n" for n in range(1, 13))
NOT_HERE = {"postgres", "prometheus", "grafana"}  # no programs for them: test_compose.py looks at their lines


@pytest.fixture
def processes() -> Iterator[ExitStack]:
    with ExitStack() as started:
        yield started


def kept(processes: ExitStack, process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    """The process; at the test's end its whole group is gone."""

    def end() -> None:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    processes.callback(end)
    return process


def start_redis(service: dict[str, Any], port: int, folder: Path) -> subprocess.Popen[bytes]:
    """The service's own command line, with a program from a wheel, a free port and a folder."""
    program, *options = service["command"]
    assert program == "redis-server"
    options += ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)]
    with (folder / "redis.log").open("ab") as log:
        return subprocess.Popen(
            [str(redis_program()), *options], stdout=log, stderr=log, start_new_session=True
        )


def answers(port: int) -> bool:
    try:
        with redis.Redis(port=port, socket_timeout=20) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def served(url: str, **options: Any) -> requests.Response | None:
    try:
        return requests.get(url, timeout=60, **options)
    except requests.ConnectionError:
        return None


def test_a_job_goes_through_every_command(
    database_url: str, tmp_path: Path, processes: ExitStack, request: pytest.FixtureRequest
) -> None:
    services = compose.load(SETTINGS)["services"]
    held = [processes.enter_context(closing(held_port())) for _ in range(4)]
    redis_port, flower_port, metrics_port, dashboard_port = map(number, held)
    database = services["worker"]["environment"]["SPEEKO_DATABASE_URL"]
    here = Here(
        tmp_path,
        {
            database: plain_url(database_url),
            "redis://redis:6379": f"redis://127.0.0.1:{redis_port}",
            "0.0.0.0": "127.0.0.1",
            "5555": str(flower_port),
            "9808": str(metrics_port),
            "9810": str(dashboard_port),
        },
    )
    (tmp_path / "catalogs").mkdir()
    (tmp_path / "catalogs" / "products.csv").write_text(CATALOG, "utf-8")

    kept(processes, start_redis(services["redis"], redis_port, tmp_path))
    check_redis(redis_port)
    migrate = kept(processes, here.start("migrate", services["migrate"]))
    assert migrate.wait(120) == 0, here.log("migrate")

    names = [
        name
        for name in services
        if name not in NOT_HERE | {"redis", "migrate"} and not services[name].get("profiles")
    ]
    assert {"worker", "beat", "dashboard", "flower", "metrics"} <= set(names)
    running = {name: kept(processes, here.start(name, services[name])) for name in names}
    job = kept(processes, here.start("speeko", with_command(services["speeko"], SUBMIT)))
    for name in names:
        wait_until(
            lambda name=name: here.healthy(services[name]) or running[name].poll() is not None,  # type: ignore[misc]
            f"{name} to be healthy",
        )
        assert running[name].poll() is None, here.log(name)

    assert job.wait(120) == 0, here.log("speeko") + here.log("worker")
    output = tmp_path / "data" / "output"
    summary = json.loads((output / "summary.json").read_text("utf-8"))
    assert (summary["state"], summary["delivered"]) == ("done", 12)
    assert len(list(output.glob("*.mp3"))) == 12
    assert (output / "1.mp3").stat().st_nlink == 2  # a link: store and output are one volume
    check_flower(f"http://127.0.0.1:{flower_port}")
    check_dashboard(f"http://127.0.0.1:{dashboard_port}", (output / "1.mp3").read_bytes())
    figures = served(f"http://127.0.0.1:{metrics_port}/metrics")
    assert figures is not None
    assert "\nspeeko_up 1.0" in figures.text
    assert "Task synthesize" in here.log("worker"), "the nodes do not log to stderr"
    assert not list((tmp_path / "data" / "home" / "logs").glob("worker-*.log"))

    codes = {
        name: stop(process, services[name].get("stop_signal", "SIGTERM")) for name, process in running.items()
    }
    assert codes == dict.fromkeys(names, 0), {name: here.log(name)[-2000:] for name, c in codes.items() if c}


SUBMIT = ["submit", "/catalogs/products.csv", "--provider", "espeak", "--wait"]


def with_command(service: dict[str, Any], command: list[str]) -> dict[str, Any]:
    return service | {"command": command}


def check_redis(port: int) -> None:
    """Redis keeps what is written, and refuses more when it is full."""
    wait_until(lambda: answers(port), "Redis")
    with redis.Redis(port=port) as client:
        assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
        assert client.config_get("appendonly")["appendonly"] == "yes"


def check_flower(url: str) -> None:
    """Flower asks for the password that it was given, and knows the workers."""
    refused = served(f"{url}/api/workers")
    assert refused is not None
    assert refused.status_code == 401

    def known() -> bool:
        found = served(f"{url}/workers", params={"json": "1"}, auth=AUTH)
        return found is not None and len(found.json()["data"]) == 2

    wait_until(known, "Flower to know both nodes")


def check_dashboard(url: str, sound: bytes) -> None:
    """The dashboard asks for the token that it was given, knows the job, and plays its audio."""
    refused = served(f"{url}/api/jobs")
    assert refused is not None
    assert refused.status_code == 401
    token = {"Authorization": f"Bearer {SETTINGS['SPEEKO_DASHBOARD_TOKEN']}"}

    def told(path: str) -> requests.Response:
        answer = served(f"{url}{path}", headers=token)
        assert answer is not None
        assert answer.status_code == 200, answer.text
        return answer

    wait_until(lambda: told("/api/jobs").json()["counts"]["done"] == 1, "the dashboard to know the job")
    (job,) = told("/api/jobs").json()["jobs"]
    assert (job["state"], job["delivered"]) == ("done", 12)
    assert told(f"/api/jobs/{job['job']}/rows/1/audio").content == sound
    assert "products.csv" in told("/").text
    wait_until(lambda: len(told("/api/workers").json()["nodes"]) == 2, "the dashboard to know both nodes")
