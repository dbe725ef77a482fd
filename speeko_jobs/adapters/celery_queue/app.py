"""The Celery app: one app's settings, the transport that survives a Redis that goes away, brokers by URL.

Redis (redis, rediss, unix) or RabbitMQ (amqp, amqps). Where TLS is spoken, certificates and host names
are checked.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from amqp.exceptions import NotFound
from celery import Celery
from kombu.transport import TRANSPORT_ALIASES
from kombu.transport import redis as kombu_redis

from speeko_jobs.adapters.celery_queue.queue_names import (
    CONTROL,
    DELIVER,
    SWEEP_SECONDS,
    SYNTHESIZE,
    VOID_SECONDS,
    about,
    is_amqp,
)

WORKER_ANSWER_SECONDS = 30.0  # a worker waits for messages, a sender does not
VISIBILITY_SECONDS = 900  # longer than any task may take (the hard limit below)
HEARTBEAT_SECONDS = 30  # a worker and RabbitMQ that hear nothing of each other for so long part

# JSON only; no result backend: Postgres keeps the results. A task is acknowledged when it has ended.
_TASKS: dict[str, Any] = {
    "task_serializer": "json",
    "event_serializer": "json",
    "accept_content": ["json"],
    "result_accept_content": ["json"],
    "result_backend": None,
    "task_ignore_result": True,
    "task_store_errors_even_if_ignored": False,
    "task_default_queue": CONTROL,
    "task_routes": {
        "synthesize": {"queue": SYNTHESIZE},
        "deliver": {"queue": DELIVER},
        "finalize": {"queue": CONTROL},
        "sweep": {"queue": CONTROL},
    },
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "task_retry_on_worker_lost": True,
    "task_acks_on_failure": True,
    "task_acks_on_timeout": True,
    "task_soft_time_limit": 270,
    "task_time_limit": 300,
    "task_send_sent_event": True,
    "task_track_started": True,
    "task_publish_retry_policy": {
        "max_retries": 3,
        "interval_start": 0,
        "interval_step": 0.2,
        "interval_max": 1,
    },
}
_WORKER: dict[str, Any] = {
    "worker_prefetch_multiplier": 1,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "worker_max_tasks_per_child": 2000,
    "worker_max_memory_per_child": 600_000,
    "worker_send_task_events": True,
    "worker_consumer": "speeko_jobs.adapters.celery_queue.dead_letter_consumer:Consumer",
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
}
_BROKER: dict[str, Any] = {
    "broker_connection_retry": True,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "broker_pool_limit": 16,  # opened as needed; Flower asks many things at once
    "broker_pool_acquire_timeout": 10,
    "visibility_timeout": VISIBILITY_SECONDS,
    "broker_heartbeat": HEARTBEAT_SECONDS,
}


class Channel(kombu_redis.Channel):
    """kombu's Redis channel, which sets aside what is no message at all."""

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[no-untyped-call]
        except (ValueError, RecursionError) as error:  # the item is taken from its list already
            content = getattr(error, "doc", None) or getattr(error, "object", "")
            self.connection.set_aside("", "it is no JSON", content)
            return True


class Transport(kombu_redis.Transport):
    """kombu's Redis transport, which keeps its client when a connection is closed twice.

    Without it a celery 5.7.0 worker that holds a message exits when Redis goes away. What lies in a queue
    and is no message is set aside, see dead_letter_consumer.py.
    """

    Channel = Channel
    _client: Any = None
    app: Any = None  # the worker's, which may have a function `set_aside`

    def _deliver(self, message: Any, queue: str) -> None:
        if not _is_message(message):  # kombu's KeyError for it looks like a lost connection
            self.set_aside(queue, "it is no message", message)
            return
        beyond = (*self.connection_errors, *self.channel_errors, MemoryError)
        try:
            super()._deliver(message, queue)  # type: ignore[no-untyped-call]
        except beyond:
            raise
        except Exception as error:
            self.set_aside(queue, f"it is no message ({type(error).__name__})", message)

    def set_aside(self, queue: str, why: str, content: Any) -> None:
        from speeko_jobs.adapters.celery_queue.dead_letter_consumer import set_aside

        set_aside(self.app, queue, why, content)

    @property
    def client(self) -> Any:
        return self._client

    @client.setter
    def client(self, value: Any) -> None:
        if value is not None:
            self._client = value


def _is_message(message: Any) -> bool:
    """Whether kombu laid this into Redis."""
    properties = message.get("properties") if isinstance(message, dict) else None
    if not isinstance(properties, dict) or not isinstance(properties.get("delivery_info"), dict):
        return False
    texts = (properties.get("delivery_tag"), properties.get("body_encoding", ""), message.get("body", ""))
    return isinstance(message.get("headers"), dict) and all(isinstance(text, str) for text in texts)


class App(Celery):  # type: ignore[misc]
    """Celery, whose messages say in words what they are about, whoever sends them."""

    def send_task(self, name: str, args: Sequence[int] | None = None, *rest: Any, **options: Any) -> Any:
        words = {"argsrepr": about(name, args or ()), "kwargsrepr": ""}
        return super().send_task(name, args, *rest, **words | options)


def make_app(url: str, *, answer_seconds: float = WORKER_ANSWER_SECONDS) -> Celery:
    """The Celery app on this broker. JSON only, no result backend: Postgres keeps the results.

    `answer_seconds`: how long a silent broker is waited for, several times over.
    """
    TRANSPORT_ALIASES["redis"] = TRANSPORT_ALIASES["rediss"] = f"{__name__}:Transport"
    app = App("speeko", broker=broker_url(url))
    app.conf.update(
        **_TASKS,
        **_WORKER,
        **_BROKER,
        broker_use_ssl=_tls(url),
        broker_transport_options=_amqp_options(answer_seconds)
        if is_amqp(url)
        else _redis_options(url, answer_seconds),
        beat_schedule={"sweep": _periodic("sweep"), "schedules": _periodic("tick")},
        beat_cron_starting_deadline=3600,
        timezone="UTC",
        enable_utc=True,
    )
    return app


def _periodic(task: str) -> dict[str, Any]:
    """Return beat's entry for a task; its message is void after an hour."""
    return {"task": task, "schedule": SWEEP_SECONDS, "options": {"expires": VOID_SECONDS, "queue": CONTROL}}


def count_waiting(app: Celery, names: Iterable[str]) -> dict[str, int]:
    """How many messages wait in each queue; none in one that RabbitMQ does not know. Raises what its driver
    does when the broker does not answer."""
    # Redis: with a key prefix, kombu would not find the queue. RabbitMQ: it may have another type.
    passive = is_amqp(app.conf.broker_url)
    found = {}
    with app.connection_for_write() as connection:
        connection.ensure_connection(
            max_retries=1, interval_start=0, timeout=app.conf.broker_connection_timeout
        )
        for name in names:
            channel: Any = connection.channel()  # RabbitMQ closes one that asks in vain
            try:
                declared = channel.queue_declare(name, passive=passive, durable=True, auto_delete=False)
                found[name] = int(declared.message_count)
            except NotFound:
                found[name] = 0
    return found


def _redis_options(url: str, answer_seconds: float) -> dict[str, Any]:
    return {
        "visibility_timeout": VISIBILITY_SECONDS,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "unacked_restore_limit": 1000,
        "socket_timeout": answer_seconds,
        "socket_connect_timeout": 5,
        "socket_keepalive": not url.startswith("unix:"),
        "health_check_interval": 10,
        "global_keyprefix": "speeko:",
    }


def _amqp_options(answer_seconds: float) -> dict[str, Any]:
    """Sent means that RabbitMQ has it. The connection that a worker waits on is watched by heartbeats."""
    return {
        "confirm_publish": True,
        "read_timeout": answer_seconds,
        "write_timeout": answer_seconds,
    }


def _tls(url: str) -> dict[str, Any] | bool:
    """What has kombu check certificates, which it does not by itself. For Redis, ssl_* in the URL wins."""
    if url.startswith("rediss:"):
        return {"ssl_cert_reqs": ssl.CERT_REQUIRED}
    if url.startswith("amqps:"):
        return {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": None}  # None: the host of the URL
    return False


def broker_url(url: str) -> str:
    """The URL in kombu's words: unix:///path?db=0 is redis+socket:///path?virtual_host=0 there."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url
    number = parse_qs(parts.query).get("db", ["0"])[0]
    password = f":{parts.password}@" if parts.password else ""
    return f"redis+socket://{password}{parts.path}?virtual_host={number}"
