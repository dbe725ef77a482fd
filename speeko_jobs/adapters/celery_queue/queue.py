"""Celery as the messenger: sending ids to the three queues.

A message is a hint: it may be lost, doubled or late, and the sweeper sends what is due again. So a send
that fails is not an error of the work; it is reported and left to the sweeper. Celery is loaded by the
first message: who only asks Postgres does without.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from speeko_jobs.adapters.celery_queue.queue_names import (
    AMQP_SCHEMES,
    CONTROL,
    DELIVER,
    QUEUES,
    REDIS_SCHEMES,
    SWEEP_SECONDS,
    SYNTHESIZE,
    VOID_SECONDS,
    is_amqp,
)
from speeko_jobs.errors import ConfigError, ServerError

if TYPE_CHECKING:
    from celery import Celery
    from kombu.connection import Connection

SENDER_ANSWER_SECONDS = 3.0
log = logging.getLogger(__name__)

__all__ = ["CONTROL", "DELIVER", "QUEUES", "SWEEP_SECONDS", "SYNTHESIZE", "Queue"]


class Queue:
    """Sends task messages. Safe in any thread; opened by the first send, so after any fork."""

    def __init__(self, url: str) -> None:
        """`url`: Redis or RabbitMQ. Raises ConfigError for another broker."""
        scheme = url.partition("://")[0]
        if scheme not in REDIS_SCHEMES + AMQP_SCHEMES:
            known = ", ".join(f"{name}://" for name in REDIS_SCHEMES + AMQP_SCHEMES)
            raise ConfigError(f"broker_url: no broker is known at {scheme}://: {known}")
        self._url = url
        self._app: Celery | None = None
        self._pid = 0

    @property
    def app(self) -> Celery:
        if self._app is None or self._pid != os.getpid():
            from speeko_jobs.adapters.celery_queue.app import make_app

            self._app = make_app(self._url, answer_seconds=SENDER_ANSWER_SECONDS)
            self._pid = os.getpid()
        return self._app

    def synthesize(self, chunks: Iterable[tuple[int, int]]) -> bool:
        return self._send("synthesize", SYNTHESIZE, list(chunks))

    def deliver(self, chunks: Iterable[tuple[int, int]]) -> bool:
        return self._send("deliver", DELIVER, list(chunks))

    def finalize(self, job: int) -> bool:
        return self._send("finalize", CONTROL, [(job,)])

    def sweep(self) -> bool:
        """Ask any worker to sweep; the request is void once the next one is due."""
        return self._send("sweep", CONTROL, [()], expires=VOID_SECONDS)

    def hooks(self) -> bool:
        """Have events sent to webhooks; void once the next sweep asks."""
        return self._send("hooks", CONTROL, [()], expires=VOID_SECONDS)

    def tick(self) -> bool:
        """Ask any worker to look for schedules that are due; void once the next one is asked."""
        return self._send("tick", CONTROL, [()], expires=VOID_SECONDS)

    def fire(self, runs: Iterable[int]) -> bool:
        """Have runs of schedules submitted; void when several ticks have asked again."""
        return self._send("fire", CONTROL, [(run,) for run in runs], expires=VOID_SECONDS)

    def waiting(self, queue: str) -> int:
        """How many messages wait in a queue; 0 when the broker does not answer."""
        from speeko_jobs.adapters.celery_queue.app import count_waiting

        try:
            return count_waiting(self.app, [queue])[queue]
        except _unanswered():
            return 0

    def lengths(self) -> dict[str, int]:
        """How many messages wait in each queue. Raises ServerError when the broker does not answer."""
        from speeko_jobs.adapters.celery_queue.app import count_waiting

        with _unreachable_as_server_error():
            return count_waiting(self.app, QUEUES)

    def check(self) -> str:
        """The broker's kind, when it answers. Raises ServerError when it does not."""
        with _unreachable_as_server_error(), self._connection():
            return "RabbitMQ" if is_amqp(self._url) else "Redis"

    def workers_alive(self, timeout_seconds: float = 0.5) -> list[str]:
        """The workers that answer in that time; none also when the broker does not."""
        try:
            answers = self.app.control.ping(timeout=timeout_seconds)
        except _unanswered() as error:
            log.warning("the broker does not answer: %s", type(error).__name__)
            return []
        return sorted(name for answer in answers for name in answer)

    def close(self) -> None:
        if self._app is not None and self._pid == os.getpid():
            self._app.close()
        self._app = None

    @contextlib.contextmanager
    def _connection(self) -> Iterator[Connection]:
        """One that stands, tried for once: left alone, kombu goes on trying for some seconds."""
        with self.app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=SENDER_ANSWER_SECONDS)
            yield connection

    def _send(self, task: str, queue: str, messages: list[tuple[int, ...]], **options: Any) -> bool:
        """Whether all messages are in the broker. One connection for all of them."""
        if not messages:
            return True
        try:
            with self.app.producer_pool.acquire(block=True, timeout=10) as producer:
                for arguments in messages:
                    self.app.send_task(task, arguments, queue=queue, producer=producer, **options)
        except _unanswered() as error:
            log.warning(
                "the broker does not answer (%s): the sweeper will send %d %s messages",
                type(error).__name__,
                len(messages),
                task,
            )
            return False
        return True


@contextlib.contextmanager
def _unreachable_as_server_error() -> Iterator[None]:
    """A broker that does not answer is a ServerError."""
    try:
        yield
    except _unanswered() as error:
        raise ServerError(
            f"the broker does not answer ({type(error).__name__}): see broker_url in `speeko config`"
        ) from None


def _unanswered() -> tuple[type[Exception], ...]:
    """What is raised when the broker is away or refuses."""
    from amqp.exceptions import AMQPError, MessageNacked
    from celery.exceptions import OperationalError as CeleryError
    from kombu.exceptions import OperationalError
    from redis.exceptions import RedisError  # kombu passes some of them on as they are

    return OperationalError, CeleryError, AMQPError, MessageNacked, RedisError, OSError, TimeoutError
