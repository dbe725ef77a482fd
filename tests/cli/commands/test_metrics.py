"""`speeko metrics` answers every scrape soon and well-formed, whatever Postgres, Redis and the broker do."""

from __future__ import annotations

import itertools
import json
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from speeko_cli.monitoring import prometheus as exporter
from speeko_cli.monitoring.prometheus import Exporter
from speeko_jobs.errors import ServerError
from speeko_jobs.flow.reporting.metrics import Family
from tests.cli.conftest import Cli
from tests.faults.proxy import Proxy
from tests.fixtures.database import migrated_template, migrated_url  # noqa: F401
from tests.wait import wait_until

Reading = Callable[[], list[Family]]


def scraped(exporter: Exporter) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(exporter)
    return samples(generate_latest(registry).decode())


def samples(text: str) -> dict[str, float]:
    """Name and labels → value, of a scrape that Prometheus' own parser can read."""
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def made(postgres: Reading, redis: Reading = list, broker: Reading = list) -> Exporter:
    return Exporter({"postgres": postgres, "redis": redis, "broker": broker})


def figure(value: float) -> list[Family]:
    return [Family("speeko_x", "X.", "counter", ("tenant",), {('a"b\n\\c',): value})]


@pytest.fixture
def stale(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is fresh, so that every scrape reads."""
    monkeypatch.setattr(exporter, "FRESH_SECONDS", 0.0)


def test_many_scrapers_cost_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporter, "FRESH_SECONDS", 3_600.0)
    count = itertools.count(1)
    one = made(lambda: figure(next(count)))
    found = []
    threads = [threading.Thread(target=lambda: found.append(scraped(one))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [f['speeko_x_total a"b\n\\c'] for f in found] == [1.0] * 16
    assert next(count) == 2


def test_it_is_read_anew_once_it_is_old(stale: None) -> None:
    count = itertools.count(1)
    one = made(lambda: figure(next(count)))
    assert [scraped(one)['speeko_x_total a"b\n\\c'] for _ in range(3)] == [1.0, 2.0, 3.0]


def test_what_hangs_is_down_and_hides_nothing_else(stale: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporter, "WAIT_SECONDS", 1.0)  # enough for those that answer
    go_on, reading = threading.Event(), threading.Semaphore(0)

    def hang() -> list[Family]:
        reading.release()
        go_on.wait(60)
        return figure(1)

    one = made(hang, lambda: [Family("speeko_y", "Y.", "gauge", (), {(): 7})])
    for _ in range(3):
        found = scraped(one)
        assert (found["speeko_up"], found["speeko_redis_up"], found["speeko_y"]) == (0, 1, 7)
        assert not any(name.startswith("speeko_x") for name in found)
    assert reading.acquire(timeout=30)
    assert not reading.acquire(blocking=False)  # one look hangs, not three
    go_on.set()
    wait_until(lambda: scraped(one)["speeko_up"] == 1, "Postgres to be up again")


def test_what_fails_is_down_and_old_figures_are_not_told(
    stale: None, caplog: pytest.LogCaptureFixture
) -> None:
    answers: list[Any] = [figure(1), ServerError("Postgres went away"), RuntimeError("a canary"), figure(2)]

    def read() -> list[Family]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]

    one = made(read)
    ups = []
    for _ in range(4):
        found = scraped(one)
        ups.append(found["speeko_up"])
        assert ('speeko_x_total a"b\n\\c' in found) is (ups[-1] == 1)
    assert ups == [1, 0, 0, 1]
    assert [record.getMessage() for record in caplog.records] == [
        "no figures of postgres: Postgres went away",
        "no figures of postgres: RuntimeError",
    ]


def test_registering_asks_nobody() -> None:
    def never() -> list[Family]:
        raise AssertionError

    CollectorRegistry().register(made(never, never, never))


@pytest.fixture
def line(migrated_url: str) -> Iterator[Proxy]:  # noqa: F811
    """The line to Postgres."""
    query = sqlalchemy.make_url(migrated_url).query
    with Proxy(Path(str(query["host"])) / ".s.PGSQL.5432") as proxy:
        yield proxy


def test_the_verb(
    cli: Cli,
    line: Proxy,
    migrated_url: str,  # noqa: F811
    redis_url: str,
) -> None:
    url = sqlalchemy.make_url(migrated_url)
    cli.environ |= {
        "SPEEKO_DATABASE_URL": url.set(host="127.0.0.1", port=line.port, query={}).render_as_string(
            hide_password=False
        ),
        "SPEEKO_REDIS_URL": redis_url,
    }
    process = cli.start("metrics", "--port", "0", "--json")
    assert process.stdout is not None
    text = ""
    while not text.endswith("}\n"):
        text += process.stdout.readline()
    address = json.loads(text)["url"]

    def scrape() -> dict[str, float]:
        answer = requests.get(address, timeout=60)
        assert answer.status_code == 200
        assert "Traceback" not in answer.text
        assert re.search(r"^# TYPE speeko_calls_total counter$", answer.text, re.M) or (
            samples(answer.text)["speeko_up"] == 0
        )
        return samples(answer.text)

    ups = ("speeko_up", "speeko_redis_up", "speeko_broker_up")

    def all_up() -> dict[str, float] | None:
        found = scrape()
        return found if [found[name] for name in ups] == [1, 1, 1] else None

    found = wait_until(all_up, "all to answer in time")
    assert found is not None
    assert found["speeko_workers"] == 0
    assert found["speeko_idle_chunks"] == 0
    line.hang()
    wait_until(lambda: scrape()["speeko_up"] == 0, "Postgres to be missed")
    wait_until(lambda: scrape()["speeko_redis_up"] == 1, "Redis to be told of beside it")
    line.resume()
    wait_until(lambda: scrape()["speeko_up"] == 1, "Postgres to be found again")
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in err


def test_a_port_that_is_taken_is_one_line(
    cli: Cli,
    migrated_url: str,  # noqa: F811
    redis_url: str,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = cli(
            *("metrics", "--port", str(port)), SPEEKO_DATABASE_URL=migrated_url, SPEEKO_REDIS_URL=redis_url
        )
    assert done.returncode == 1
    assert done.stderr == f"speeko: cannot listen at 127.0.0.1:{port}: Address already in use\n"
