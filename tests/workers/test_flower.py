"""Flower as people use it, while a job runs: what it shows, what it does not, and what it remembers."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from pytest_celery import CeleryBrokerCluster

from speeko_jobs.adapters.celery_queue.queue import DELIVER, QUEUES, SYNTHESIZE
from tests.e2e.conftest import MakeSpine
from tests.fixtures.browser import Page, expect
from tests.fixtures.flower import Flower
from tests.fixtures.metered import API_KEY
from tests.fixtures.spine import DELIVERING, SYNTHESIZING, Spine, texts, write_catalog
from tests.wait import wait_until

REDIS_PASSWORD, FLOWER_PASSWORD, SAID = "canary-redis", "canary-flower", "canary said"
SECRETS = ("canary", API_KEY)


@pytest.fixture
def guarded(celery_broker_cluster: CeleryBrokerCluster) -> None:
    """The broker on a Unix socket, with a password, in a db that is not the first."""
    server = celery_broker_cluster[0].container
    with server.client as client:
        client.config_set("requirepass", REDIS_PASSWORD)
    server.url = server.url.replace("unix://", f"unix://:{REDIS_PASSWORD}@").replace("db=0", "db=3")


@pytest.fixture
def spine(guarded: None, make_spine: MakeSpine) -> Spine:
    return make_spine(provider={"latency_ms": 300}, max_concurrency=4, chunk_rows=10, lease_seconds=3.0)


@pytest.fixture
def open_flower(spine: Spine) -> Iterator[Callable[..., Flower]]:
    """Starts Flower on the spine's broker and home; they end with the test."""
    started: list[Flower] = []

    def start(password: str = "") -> Flower:
        started.append(Flower(spine.settings, spine.folder, password))
        started[-1].ready()
        return started[-1]

    yield start
    for flower in started:
        if flower.status == "running":
            flower.teardown()


def row(page: Page, words: str) -> Any:
    return page.locator("tr", has_text=words)


def test_a_walk_through_flower(
    spine: Spine, open_flower: Callable[..., Flower], open_page: Callable[..., Page]
) -> None:
    flower = open_flower(FLOWER_PASSWORD)
    page = open_page(http_credentials={"username": "user", "password": FLOWER_PASSWORD})
    shown = []

    def look(path: str, words: str) -> None:
        """Open a page, wait for the words, and keep all that it says."""
        page.goto(flower.url + path)
        expect(page.locator("main")).to_contain_text(words)
        shown.append(page.content())

    job = spine.submit(write_catalog(spine.folder / "catalog.csv", [f"{SAID} {t}" for t in texts(60)]))
    spine.context.queue.deliver([(10**9, 1)])
    lengths = waiting(spine, flower)
    look("/broker", "synthesize")
    for name, count in lengths.items():
        cells = [cell.text_content() for cell in row(page, name).locator("td").all()]
        assert (cells[:2], cells[3:5]) == ([name, str(count)], [str(count), "0"])

    with spine.redis.client as client:
        wait_until(lambda: client.exists("speeko:_kombu.binding.celeryev"), "Flower to listen")
    page.goto(f"{flower.url}/workers")
    workers = spine.start_workers(SYNTHESIZING, DELIVERING)
    for node in ("synthesize-", "deliver-"):
        expect(page.locator("#workers-table")).to_contain_text(node)
    shown.append(page.content())

    about = kill_a_task(spine, flower, workers[0].container.children()[0])
    assert re.fullmatch(rf"job {job}, chunk \d+", about)

    look("/broker", "synthesize")
    assert [row(page, name).locator("td").nth(4).text_content() for name in QUEUES] == ["1"] * 3
    page.goto(f"{flower.url}/tasks")
    open_killed_task(page, about)
    shown.append(page.content())

    spine.wait(job, sweeping=True)
    check_results(flower, job)

    (name,) = [name for name in flower.get("/api/workers?refresh=1").json() if name.startswith("synth")]
    look(f"/worker/{name}", name)
    expect(page.locator("#tab-broker")).to_contain_text("redis+socket://:**@")
    shown.append(flower.everything())
    assert "flower_task_runtime_seconds_count" in flower.get("/metrics").text
    check_secrets(flower, shown)

    seen = flower.tasks()
    page.goto("about:blank")
    flower.teardown()
    saved = list(spine.settings.home_path.glob("flower*"))
    assert saved
    assert not [path for path in saved if path.stat().st_mode & 0o077]
    flower = open_flower()
    kept = flower.get("/tasks/datatable?draw=1&start=0&length=1000&order[0][column]=0&columns[0][data]=name")
    assert {task["uuid"] for task in kept.json()["data"]} >= seen.keys()
    assert about in kept.text
    check_open_flower(flower, name)


def waiting(spine: Spine, flower: Flower) -> dict[str, int]:
    """How many messages wait in each queue, in Redis as in Flower."""
    with spine.redis.client as client:
        lengths = {name: client.llen(f"speeko:{name}") for name in QUEUES}
    assert lengths[SYNTHESIZE] > 5
    assert lengths[DELIVER] == 1
    assert flower.lengths() == lengths
    return lengths


def kill_a_task(spine: Spine, flower: Flower, child: int) -> str:
    """Kill a worker's child at work; what Flower says its task, which Celery tries again, is about."""
    wait_until(lambda: states(flower, "STARTED"), "Flower to see a task at work")
    spine.wait_for_calls(4)
    os.kill(child, signal.SIGKILL)
    again = wait_until(lambda: states(flower, "RETRY"), "Celery to try the killed task again")
    return str(again[0]["args"])


def open_killed_task(page: Page, about: str) -> None:
    page.get_by_role("combobox").select_option("100")  # newer tasks may fill the first page
    killed = row(page, about).filter(has_text="RETRY")
    expect(killed).to_contain_text("synthesize")
    killed.locator("a[href*='/task/']").click()
    expect(page.locator(".task-name-value")).to_have_text("synthesize")
    expect(page.locator("main")).to_contain_text(about)


def check_results(flower: Flower, job: int) -> None:
    wait_until(lambda: "finished" in results(flower), "Flower to see the end")
    assert {"delivered", "finished"} <= results(flower)
    assert any(re.fullmatch(r"\d+ calls?", result) for result in results(flower))
    assert {task["args"] for task in flower.tasks().values() if task["name"] == "finalize"} == {f"job {job}"}


def check_open_flower(flower: Flower, name: str) -> None:
    """Without a password Flower serves this machine only, and changes nothing."""
    assert requests.get(flower.url, headers={"Host": "a-web-site.test"}, timeout=60).status_code == 403
    assert requests.get(f"{flower.url}/api/tasks", timeout=60).status_code == 401
    assert "Shut Down" not in flower.get(f"/worker/{name}").text


def check_secrets(flower: Flower, shown: list[str]) -> None:
    """Without the password nothing is shown, and with it no secret."""
    for path in ("/tasks", "/broker", "/api/queues/length", "/api/workers"):
        assert requests.get(flower.url + path, timeout=60).status_code == 401
    for secret in SECRETS:
        places = [text[max(text.find(secret) - 200, 0) :][:400] for text in shown if secret in text]
        assert not places


def states(flower: Flower, state: str) -> list[dict[str, Any]]:
    return [task for task in flower.tasks().values() if task["state"] == state]


def results(flower: Flower) -> set[str]:
    return {str(task["result"]) for task in flower.tasks().values()}
