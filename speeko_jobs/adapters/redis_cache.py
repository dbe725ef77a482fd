"""The first cache tier: key → a small record, in Redis, by the thousand.

Only done keys are here. Redis is never the truth: when it is away, slow or empty, every look-up answers
"not known" and Postgres is asked. Every key has a time to live.
"""

from __future__ import annotations

import logging
import struct
import time
from collections.abc import Mapping, Sequence
from typing import cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from speeko_jobs.core.speech import Record
from speeko_jobs.errors import ConfigError, ServerError

TTL_SECONDS = 90 * 86_400
PREFIX = b"speeko:utterance:"
AWAY_SECONDS = 5.0  # after a failure, do not ask again for so long: one slow server must not slow each chunk

_RECORD = struct.Struct(">BIIqqqq")
_VERSION = 2
log = logging.getLogger(__name__)


class RedisCache:
    """Records of done keys in one Redis. Made after a fork; threads may share it."""

    def __init__(self, url: str) -> None:
        try:
            self._redis = redis.Redis.from_url(
                url,
                socket_timeout=5,
                socket_connect_timeout=2,
                retry=Retry(NoBackoff(), 1),
                health_check_interval=30,
            )
        except ValueError as error:
            raise ConfigError(f"SPEEKO_REDIS_URL is not a Redis URL: {error}") from None
        self._away_until = 0.0

    def close(self) -> None:
        self._redis.close()

    def ping(self) -> str:
        """The server's version; ServerError when it does not answer."""
        try:
            return str(self._redis.info("server")["redis_version"])
        except redis.RedisError as error:
            raise ServerError(f"Redis does not answer: {error}") from None

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, Record]:
        """The records of those keys that are here: one round trip."""
        if not keys or time.monotonic() < self._away_until:
            return {}
        try:
            found = cast("list[bytes | None]", self._redis.mget([PREFIX + key for key in keys]))
        except redis.RedisError as error:
            self._failed(error)
            return {}
        unpack = _RECORD.unpack
        return {
            key: Record(*unpack(value)[1:])
            for key, value in zip(keys, found, strict=True)
            if value is not None and len(value) == _RECORD.size and value[0] == _VERSION
        }

    def put_many(self, records: Mapping[bytes, Record]) -> None:
        """Keep records: one pipelined round trip. Failing is harmless."""
        if not records or time.monotonic() < self._away_until:
            return
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                for key, r in records.items():
                    pipe.set(PREFIX + key, _packed(r), ex=TTL_SECONDS)
                pipe.execute()
        except redis.RedisError as error:
            self._failed(error)

    def drop(self, keys: Sequence[bytes]) -> None:
        """Forget keys whose audio is gone. Raises ServerError: a stale record would hide the loss."""
        if not keys:
            return
        try:
            self._redis.delete(*[PREFIX + key for key in keys])
        except redis.RedisError as error:
            raise ServerError(f"Redis does not answer: {error}") from None

    def _failed(self, error: redis.RedisError) -> None:
        self._away_until = time.monotonic() + AWAY_SECONDS
        log.warning(
            "Redis does not answer (%s): asking Postgres for %g s", type(error).__name__, AWAY_SECONDS
        )


def _packed(r: Record) -> bytes:
    return _RECORD.pack(
        _VERSION, r.bytes, r.millis, r.bought_job, r.bought_row, r.settled_millis, r.cost_micros
    )
