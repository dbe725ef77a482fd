"""Messages that no worker can run are set aside, counted and named once; the same worker goes on."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import kombu
import pytest

from speeko_jobs.adapters.celery_queue.message_validation import MAX_BODY_BYTES, fault
from speeko_jobs.adapters.celery_queue.queue import SYNTHESIZE
from speeko_jobs.adapters.redis.dead_letters import MAX_DEAD_LETTERS
from speeko_jobs.core.model.states import JobState
from speeko_jobs.flow.reporting import metrics
from tests.deploy.conftest import rabbit  # noqa: F401
from tests.fixtures.faulty import MakeSpine
from tests.fixtures.spine import DELIVERING, SYNTHESIZING, Spine, texts, write_catalog
from tests.wait import wait_until

ARITIES = {"synthesize": 2, "sweep": 0}
NOTHING = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
GOOD = {
    "task": "synthesize",
    "id": "1f",
    "timelimit": [None, None],
    "retries": 0,
    "eta": None,
    "expires": None,
}
BODY = json.dumps([[1, 2], {}, NOTHING])
JSON = "application/json"
Bad = tuple[dict[str, Any], str, str]
BAD: dict[str, Bad] = {
    "limits are words": ({**GOOD, "timelimit": ["x", "y"]}, JSON, BODY),
    "limits are none": ({**GOOD, "timelimit": 5}, JSON, BODY),
    "a limit is below zero": ({**GOOD, "timelimit": [-1, None]}, JSON, BODY),
    "retries are a word": ({**GOOD, "retries": "many"}, JSON, BODY),
    "a time that is none": ({**GOOD, "eta": "soon"}, JSON, BODY),
    "an end that is none": ({**GOOD, "expires": "never"}, JSON, BODY),
    "a root that is no text": ({**GOOD, "root_id": {"a": 1}}, JSON, BODY),
    "no id": ({k: v for k, v in GOOD.items() if k != "id"}, JSON, BODY),
    "no task": ({k: v for k, v in GOOD.items() if k != "task"}, JSON, BODY),
    "an unknown task": ({**GOOD, "task": "os.system"}, JSON, BODY),
    "one of Celery's tasks": ({**GOOD, "task": "celery.map"}, JSON, BODY),
    "no JSON": (GOOD, JSON, "{"),
    "deep JSON": (GOOD, JSON, "[" * 60_000),
    "other JSON": (GOOD, JSON, "7"),
    "pickle": (GOOD, "application/x-python-serialize", BODY),
    "an unknown type": (GOOD, "text/x-what", BODY),
    "too few arguments": (GOOD, JSON, json.dumps([[1], {}, NOTHING])),
    "too many arguments": (GOOD, JSON, json.dumps([[1, 2, 3], {}, NOTHING])),
    "words as arguments": (GOOD, JSON, json.dumps([["1", "2"], {}, NOTHING])),
    "named arguments": (GOOD, JSON, json.dumps([[1, 2], {"job": 1}, NOTHING])),
    "other tasks after it": (GOOD, JSON, json.dumps([[1, 2], {}, {**NOTHING, "chain": [{"task": "sweep"}]}])),
    "huge": (GOOD, JSON, json.dumps([[1, 2], {}, {"x": "y" * MAX_BODY_BYTES}])),
}
NO_MESSAGES = [
    b"\xff\xfe",
    b"not json",
    b"7",
    b"[]",
    b"{}",
    b'{"properties": 3}',
    b'{"properties": {}, "headers": {}, "body": ""}',
    b"[" * 60_000,
]


@pytest.mark.parametrize("name", BAD)
def test_it_is_not_run(name: str) -> None:
    headers, content_type, body = BAD[name]
    assert fault(headers, content_type, body, ARITIES)


def test_what_celery_sends_is_run() -> None:
    assert fault(GOOD, JSON, BODY, ARITIES) == ""
    sweep = {**GOOD, "task": "sweep", "expires": "2026-11-30T17:00:00.123456+00:00", "timelimit": None}
    assert fault(sweep, JSON, json.dumps([[], {}, NOTHING]).encode(), ARITIES) == ""


def send_to_redis(spine: Spine) -> int:
    """Every bad message into the queue itself, as kombu lays them there; how many."""
    envelopes = []
    for number, (headers, content_type, body) in enumerate(BAD.values()):
        properties = {
            "correlation_id": "1f", "delivery_mode": 2, "delivery_tag": f"tag-{number}", "priority": 0,
            "body_encoding": "base64", "delivery_info": {"exchange": "", "routing_key": SYNTHESIZE},
        }  # fmt: skip
        envelope = {
            "body": base64.b64encode(body.encode()).decode(), "content-encoding": "utf-8",
            "content-type": content_type, "headers": headers, "properties": properties,
        }  # fmt: skip
        envelopes.append(envelope)
    envelopes.append(envelopes[0] | {"body": "no base64: \u20ac"})
    raw = [json.dumps(envelope).encode() for envelope in envelopes] + NO_MESSAGES
    with spine.redis.client as client:
        for message in raw:
            client.lpush(f"speeko:{SYNTHESIZE}", message)
    return len(raw)


def send_to_rabbitmq(url: str) -> int:
    with kombu.Connection(url) as connection, connection.Producer() as producer:
        queue = kombu.Queue(SYNTHESIZE, kombu.Exchange(SYNTHESIZE), routing_key=SYNTHESIZE)
        for headers, content_type, body in BAD.values():
            producer.publish(
                body, headers=headers, content_type=content_type, content_encoding="utf-8",
                exchange=queue.exchange, routing_key=SYNTHESIZE, declare=[queue], serializer=None,
            )  # fmt: skip
    return len(BAD)


def check_they_are_set_aside(spine: Spine, send: Callable[[], int]) -> None:
    spine.start_workers(SYNTHESIZING, DELIVERING)
    before = [node.container.process.pid for node in spine.nodes]
    sent = send()
    job = spine.submit(write_catalog(spine.folder / "catalog.csv", texts(10)))
    assert spine.wait(job, sweeping=True)["delivered"] == 10
    assert spine.job(job).state is JobState.DONE
    cache = spine.context.cache
    wait_until(lambda: cache.dead_letters.read()[0] >= sent, "all to be set aside")
    count, letters = cache.dead_letters.read()
    assert count == len(letters) == sent
    assert all(letter["why"] and letter["at"] for letter in letters)
    assert all(len(letter["content"]) <= 2000 for letter in letters)
    assert [node.container.process.pid for node in spine.nodes] == before
    assert [node.container.status for node in spine.nodes] == ["running"] * 2
    said = spine.logs()
    assert said.count("is set aside, as all others of its kind will be: its time limit") == 1
    assert "Traceback" not in said
    assert "y" * 100 not in said
    shown = {family.name: family.samples for family in metrics.redis(spine.context)}
    assert shown["speeko_dead_letters"] == {(): sent}


def test_redis_messages_that_cannot_be_run_end_no_worker(make_spine: MakeSpine) -> None:
    spine = make_spine()
    check_they_are_set_aside(spine, lambda: send_to_redis(spine))
    with spine.redis.client as client:
        wait_until(lambda: client.hlen("speeko:unacked") == 0, "nothing to be left unacknowledged")


def test_rabbitmq_messages_that_cannot_be_run_end_no_worker(rabbit: Any, make_spine: MakeSpine) -> None:  # noqa: F811
    rabbit.ready()
    spine = make_spine(broker_url=rabbit.url)
    check_they_are_set_aside(spine, lambda: send_to_rabbitmq(rabbit.url))
    wait_until(lambda: spine.context.queue.lengths()[SYNTHESIZE] == 0, "an empty queue")


def test_the_list_of_dead_letters_is_bounded(make_spine: MakeSpine) -> None:
    cache = make_spine().context.cache
    for number in range(MAX_DEAD_LETTERS + 5):
        cache.dead_letters.add("synthesize", "it is no JSON", f"content {number}")
    count, letters = cache.dead_letters.read()
    assert (count, len(letters)) == (MAX_DEAD_LETTERS + 5, MAX_DEAD_LETTERS)
    assert letters[0]["content"] == f"content {MAX_DEAD_LETTERS + 4}"
