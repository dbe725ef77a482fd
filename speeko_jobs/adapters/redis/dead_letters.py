"""The dead letter list in Redis: messages that no worker can run, the newest first, and their number."""

from __future__ import annotations

import json
import logging
from typing import Any, cast

import redis

from speeko_jobs.adapters.redis.server import RedisServer, as_server_error

DEAD_LETTERS, DEAD_LETTERS_COUNT = b"speeko:dead-letters", b"speeko:dead-letters-count"
MAX_DEAD_LETTERS = 100
log = logging.getLogger(__name__)


class DeadLetters:
    """The newest messages that were set aside, with the reason."""

    def __init__(self, server: RedisServer) -> None:
        self._client = server.client

    def add(self, queue: str, why: str, content: str) -> None:
        """Keep a message that no worker can run, and count it. A failure is logged."""
        try:
            at, _ = self._client.time()
            letter = json.dumps({"at": at, "queue": queue, "why": why, "content": content})
            with self._client.pipeline() as pipe:
                pipe.lpush(DEAD_LETTERS, letter)
                pipe.ltrim(DEAD_LETTERS, 0, MAX_DEAD_LETTERS - 1)
                pipe.incr(DEAD_LETTERS_COUNT)
                pipe.execute()
        except redis.RedisError as error:
            log.warning("a dead letter was not stored: Redis does not answer (%s)", type(error).__name__)

    def read(self) -> tuple[int, list[dict[str, Any]]]:
        """Return how many messages were ever set aside, and the newest. Raises ServerError."""
        with as_server_error():
            count = int(cast("bytes | None", self._client.get(DEAD_LETTERS_COUNT)) or 0)
            found = cast("list[bytes]", self._client.lrange(DEAD_LETTERS, 0, -1))
        return count, [json.loads(letter) for letter in found]
