"""Counts of look-ups in the cache, kept in Redis by all processes together."""

from __future__ import annotations

import threading
import time
from typing import Any, cast

import redis

from speeko_jobs.adapters.redis.server import RedisServer, as_server_error

COUNT_SECONDS = 10.0  # look-ups are counted in the process, and added in Redis so often
KINDS = ("asked", "found", "audio_asked", "audio_found")


class LookupCounts:
    """Look-ups by what was asked for and found. Threads may share it."""

    def __init__(self, server: RedisServer, ttl_seconds: int) -> None:
        self._server, self._ttl_seconds = server, ttl_seconds
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(KINDS, 0)
        self._flush_at = time.monotonic() + COUNT_SECONDS

    def add(self, **more: int) -> None:
        """Count look-ups in this process; add them in Redis now and then."""
        with self._lock:
            for name, n in more.items():
                self._counts[name] += n
        if time.monotonic() >= self._flush_at:
            self.flush()

    def flush(self) -> None:
        """Add the counts of this process to those in Redis. Failing is harmless."""
        with self._lock:
            counts, self._counts = self._counts, dict.fromkeys(KINDS, 0)
            self._flush_at = time.monotonic() + COUNT_SECONDS
        if self._server.is_away() or not any(counts.values()):
            return
        try:
            with self._server.client.pipeline(transaction=False) as pipe:
                for name, n in counts.items():
                    pipe.hincrby(self._server.names.lookups, name, n)
                pipe.expire(self._server.names.lookups, self._ttl_seconds)
                pipe.execute()
        except redis.RedisError as error:
            self._server.note_failure(error)

    def read(self) -> dict[str, int]:
        """Return the look-ups so far, by kind. Raises ServerError."""
        with as_server_error():
            found = cast(Any, self._server.client.hgetall(self._server.names.lookups))
        counts = {name.decode(): int(n) for name, n in found.items()}
        return {name: counts.get(name, 0) for name in KINDS}
