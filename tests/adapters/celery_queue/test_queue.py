"""Messages as they lie in Redis, the settings that keep money and work safe, and a broker that is away."""

from __future__ import annotations

import base64
import json
import os
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from speeko_jobs.adapters.celery_queue.app import broker_url, make_app
from speeko_jobs.adapters.celery_queue.queue import CONTROL, DELIVER, QUEUES, SWEEP_SECONDS, SYNTHESIZE, Queue
from speeko_jobs.errors import ConfigError, ServerError
from tests.fixtures.books import together

PREFIX = "speeko:"


@pytest.fixture
def queue(redis_url: str) -> Iterator[Queue]:
    opened = Queue(redis_url)
    yield opened
    opened.close()


@pytest.fixture
def raw(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


def messages(raw: redis.Redis, name: str) -> list[dict[str, Any]]:
    """The messages of a queue, oldest first."""
    found = raw.lrange(PREFIX + name, 0, -1)
    return [json.loads(message) for message in reversed(found)]  # type: ignore[arg-type]


def arguments(message: dict[str, Any]) -> list[Any]:
    body: list[Any] = json.loads(base64.b64decode(message["body"]))
    return body


@pytest.mark.parametrize(
    ("ours", "kombus"),
    [
        ("redis://localhost:6379/0", "redis://localhost:6379/0"),
        ("rediss://:secret@host:6380/3?ssl_cert_reqs=required", "rediss://:secret@host:6380/3?ssl_cert_reqs=required"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock?virtual_host=0"),
        ("unix:///run/redis.sock?db=7", "redis+socket:///run/redis.sock?virtual_host=7"),
        ("unix://:secret@/run/redis.sock?db=7", "redis+socket://:secret@/run/redis.sock?virtual_host=7"),
        ("unix:///with%20space/redis.sock?db=2", "redis+socket:///with%20space/redis.sock?virtual_host=2"),
        ("amqp://user:secret@host:5672/jobs", "amqp://user:secret@host:5672/jobs"),
    ],
)  # fmt: skip
def test_urls_in_kombus_words(ours: str, kombus: str) -> None:
    assert broker_url(ours) == kombus


def test_a_message_is_ids_in_json_and_nothing_else(queue: Queue, raw: redis.Redis) -> None:
    assert queue.synthesize([(1, 2), (3, 4)])
    assert queue.deliver(iter([(5, 6)]))
    assert queue.finalize(7)
    assert queue.sweep()
    sent = {name: messages(raw, name) for name in QUEUES}
    names = {name: [m["headers"]["task"] for m in found] for name, found in sent.items()}
    assert names == {SYNTHESIZE: ["synthesize"] * 2, DELIVER: ["deliver"], CONTROL: ["finalize", "sweep"]}
    nothing = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
    assert [arguments(m) for m in sent[SYNTHESIZE]] == [[[1, 2], {}, nothing], [[3, 4], {}, nothing]]
    assert [arguments(m) for m in sent[DELIVER]] == [[[5, 6], {}, nothing]]
    assert [arguments(m) for m in sent[CONTROL]] == [[[7], {}, nothing], [[], {}, nothing]]
    for message in (m for found in sent.values() for m in found):
        assert message["content-type"] == "application/json"
        assert message["headers"]["reply_to" if "reply_to" in message["headers"] else "group"] is None
        told = json.dumps({name: value for name, value in message["headers"].items() if name != "origin"})
        assert not [word for word in ("password", "key", "text") if word in told]  # (a machine has any name)


def test_only_a_sweep_goes_stale(queue: Queue, raw: redis.Redis) -> None:
    queue.synthesize([(1, 1)])
    queue.finalize(1)
    queue.sweep()
    (chunk,), (final, sweep) = messages(raw, SYNTHESIZE), messages(raw, CONTROL)
    assert chunk["headers"]["expires"] is None
    assert final["headers"]["expires"] is None
    assert sweep["headers"]["expires"] is not None
    assert SWEEP_SECONDS <= 60


def test_nothing_is_left_outside_our_prefix(queue: Queue, raw: redis.Redis) -> None:
    queue.synthesize([(1, 1)])
    assert [name for name in raw.scan_iter() if not name.startswith(PREFIX.encode())] == []


def test_nothing_to_send_needs_no_broker() -> None:
    queue = Queue("redis://127.0.0.1:1/0")
    assert queue.synthesize([])
    assert queue.deliver(iter(()))
    queue.close()


def test_many_threads_send_at_once(queue: Queue, raw: redis.Redis) -> None:
    assert all(together([lambda n=n: queue.synthesize([(n, i) for i in range(20)]) for n in range(6)]))
    found = {tuple(arguments(m)[0]) for m in messages(raw, SYNTHESIZE)}
    assert found == {(n, i) for n in range(6) for i in range(20)}


def test_a_fork_gets_an_app_of_its_own(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    before, pid = queue.app, os.getpid()
    assert queue.app is before
    monkeypatch.setattr(os, "getpid", lambda: pid + 1)
    assert queue.app is not before
    queue.close()
    monkeypatch.undo()
    before.close()


@pytest.fixture(params=["redis-refused", "redis-silent", "amqp-refused", "amqp-silent"])
def dead_broker(request: pytest.FixtureRequest) -> Iterator[str]:
    """A port that refuses connections, and one that takes them and says nothing."""
    scheme, how = request.param.split("-")
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        if how == "silent":
            held.listen(64)
        yield f"{scheme}://user:secret@127.0.0.1:{held.getsockname()[1]}/0"


@pytest.mark.timeout(60)
def test_a_broker_that_is_away_is_reported_in_bounded_time(
    dead_broker: str, caplog: pytest.LogCaptureFixture
) -> None:
    queue = Queue(dead_broker)
    # the same bounds as ever, each shorter: what is tested is that there is one at every step
    conf = queue.app.conf
    options = conf.broker_transport_options
    waits = [name for name in options if name.endswith("_timeout") and name != "visibility_timeout"]
    assert waits
    assert all(options[name] <= 30 for name in waits)
    options.update(dict.fromkeys(waits, 0.2))
    assert conf.broker_connection_timeout <= 5
    conf.broker_connection_timeout = 0.2
    assert not queue.synthesize([(1, 1), (1, 2)])
    assert "the sweeper will send 2 synthesize messages" in caplog.text
    assert "secret" not in caplog.text
    assert queue.workers_alive(0.1) == []
    with pytest.raises(ServerError, match="the broker does not answer") as raised:
        queue.check()
    assert "secret" not in str(raised.value)
    queue.close()


def test_other_brokers_are_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="sqs://: redis://, rediss://, unix://, amqp://, amqps://"):
        Queue("sqs://key:secret@host")


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("redis://host/0", False),
        ("rediss://host/0", {"ssl_cert_reqs": ssl.CERT_REQUIRED}),
        ("amqp://host/jobs", False),
        ("amqps://host/jobs", {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": None}),
    ],
    ids=["redis", "rediss", "amqp", "amqps"],
)
def test_certificates_are_checked_where_tls_is_spoken(url: str, asked: dict[str, Any] | bool) -> None:
    app = make_app(url)
    assert app.conf.broker_use_ssl == asked
    with app.connection_for_write() as connection:
        assert connection.ssl == asked
        if url.startswith("redis"):
            assert type(connection.transport).__module__.endswith("celery_queue.app")
    app.close()


def test_what_rabbitmq_is_told() -> None:
    conf = make_app("amqp://user:secret@host/jobs").conf
    options = conf.broker_transport_options
    assert options["confirm_publish"]  # sent means that it is there
    assert "global_keyprefix" not in options  # a vhost of its own keeps it apart
    assert conf.broker_heartbeat
    assert conf.task_default_delivery_mode == 2  # on disk


def test_workers_alive_without_workers(queue: Queue) -> None:
    assert queue.workers_alive(0.1) == []


def test_the_settings_that_matter() -> None:
    app = make_app("redis://localhost/0")
    conf, transport = app.conf, app.conf.broker_transport_options
    assert conf.accept_content == conf.result_accept_content == ["json"]  # no pickle: no code from the broker
    assert conf.task_serializer == conf.event_serializer == "json"
    assert conf.result_backend is None
    assert conf.task_ignore_result
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.task_retry_on_worker_lost  # else a message that kills its process does so for ever
    assert conf.task_acks_on_failure
    assert conf.task_acks_on_timeout
    assert conf.worker_prefetch_multiplier == 1
    assert conf.worker_cancel_long_running_tasks_on_connection_loss is False  # its calls are paid
    assert conf.task_soft_time_limit < conf.task_time_limit < conf.visibility_timeout
    assert transport["visibility_timeout"] == conf.visibility_timeout
    assert transport["unacked_restore_interval"] * transport["unacked_restore_throttle"] <= 30
    assert conf.broker_pool_acquire_timeout
    assert conf.broker_connection_max_retries is None
    assert conf.enable_utc
    assert conf.timezone == "UTC"
    assert {route["queue"] for route in conf.task_routes.values()} == set(QUEUES)
    assert conf.task_default_queue in QUEUES
    assert not [name for name, entry in conf.beat_schedule.items() if not entry["options"].get("expires")]
    app.close()


def test_the_tasks_are_those_that_are_sent(redis_url: str) -> None:
    from speeko_workers import tasks

    names = {task.name for task in (tasks.synthesize, tasks.deliver, tasks.finalize, tasks.sweep)}
    app = make_app(redis_url)
    assert names == set(app.conf.task_routes)
    app.close()
