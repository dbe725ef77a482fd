"""Neither keys and passwords nor a catalog's text get into logs, messages, Redis or what Flower shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
import sqlalchemy
from pytest_celery import CeleryBrokerCluster

from tests.e2e.conftest import MakeSpine
from tests.faults.proxy import Proxy
from tests.fixtures.flower import Flower
from tests.fixtures.metered import API_KEY
from tests.fixtures.spine import DELIVERING, SYNTHESIZING, Spine, texts, write_catalog
from tests.wait import wait_until

CANARY = "canary8d21"
REDIS_PASSWORD, DATABASE_PASSWORD, FLOWER_PASSWORD = "canary-redis", "canary-database", "canary-flower"


def everything(client: redis.Redis) -> bytes:
    """All keys and values, of whatever type."""
    found: list[Any] = []
    for key in client.scan_iter():
        found.append(key)
        kind = client.type(key)
        if kind == b"string":
            found.append(client.get(key))
        elif kind == b"list":
            found += client.lrange(key, 0, -1)
        elif kind == b"hash":
            found += [part for pair in client.hgetall(key).items() for part in pair]
        elif kind == b"zset":
            found += client.zrange(key, 0, -1)
        elif kind == b"set":
            found += client.smembers(key)
        elif kind != b"none":  # it went since the scan
            raise AssertionError(kind)
    return b"\n".join(found)


@pytest.fixture
def guarded_broker(celery_broker_cluster: CeleryBrokerCluster) -> Iterator[None]:
    """The broker on TCP, with a password."""
    server = celery_broker_cluster[0].container
    with server.client as client:
        socket_path = Path(client.get_connection_kwargs()["path"])
        client.config_set("requirepass", REDIS_PASSWORD)
    with Proxy(socket_path) as line:
        server.url = f"redis://:{REDIS_PASSWORD}@127.0.0.1:{line.port}/0"
        yield


@pytest.fixture
def spine(guarded_broker: None, make_spine: MakeSpine, database_url: str) -> Spine:
    """Servers with passwords, and four calls at a time."""
    url = sqlalchemy.make_url(database_url).set(password=DATABASE_PASSWORD)
    with_password = url.render_as_string(hide_password=False)
    return make_spine(provider={"latency_ms": 200}, database_url=with_password, max_concurrency=4)


def test_canaries_are_found_nowhere(spine: Spine) -> None:
    said = [f"{CANARY} {text}" for text in texts(60)]
    catalog = write_catalog(spine.folder / "catalog.csv", said)

    def refused(number: int) -> dict[str, Any]:
        return {"error": {"message": f"'{said[number]}' is refused for the key {API_KEY}", "type": "error"}}

    spine.provider.script(
        [
            {"match": "number 3 ", "status": 400, "body": refused(3)},
            {"match": "number 4 ", "status": 500, "body": f"Traceback: {said[4]} {API_KEY}"},
            {"match": "number 5 ", "garbage": "html"},
            {"match": "number 6 ", "reset": "after"},
            {"match": "number 7 ", "status": 401, "body": refused(7)},
        ]
    )
    flower = Flower(spine.settings, spine.folder, FLOWER_PASSWORD)
    try:
        with spine.redis.client as client:
            flower.ready()
            wait_until(lambda: client.exists("speeko:_kombu.binding.celeryev"), "Flower to listen")
            job = spine.submit(catalog)
            seen = everything(client)  # the messages that wait
            assert b"synthesize" in seen
            workers = spine.start_workers(SYNTHESIZING, DELIVERING)
            spine.wait_for_calls(1)  # the key may be refused soon after
            arguments = [
                " ".join(process.cmdline())
                for node in [*(worker.container for worker in workers), flower]
                for process in (lambda p: [p, *p.children()])(psutil.Process(node.process.pid))
            ]
            spine.until(lambda: spine.job(job).state == "paused", "the pause for the refused key")
            spine.context.queue.synthesize([(10**9, 1)])
            spine.sql("UPDATE speeko.job SET state = 'running', reason = ''")
            spine.until(lambda: "STARTED" in str(flower.tasks()), "Flower to see a task at work")
            shown = flower.everything()
            spine.wait(job, sweeping=True)
            wait_until(lambda: "finalize" in str(flower.tasks()), "Flower to see the end")
            shown += flower.everything()
            seen += everything(client)
    finally:
        flower.teardown()
    places = {
        "Redis": seen.decode("utf-8", "replace"),
        "the logs": spine.logs() + flower.logs(),
        "arguments": "\n".join(arguments),
        "Flower": shown,
    }
    reasons = spine.sql("SELECT string_agg(reason, ' ') FROM speeko.attempt")[0][0]
    places["reasons"] = reasons
    for place, found in places.items():
        assert found, place
        for secret in ("canary", API_KEY):
            assert secret not in found, (place, found[max(found.index(secret) - 300, 0) :][:400])
