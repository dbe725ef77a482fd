"""One Redis server: its client, which database owns the names in it, and the pause after a failure.

Redis is never the truth: callers that may go on without it ask `is_away` first and report to `note_failure`.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from speeko_jobs.adapters.redis import redis_fitness
from speeko_jobs.adapters.redis.redis_fitness import RedisFacts
from speeko_jobs.errors import ConfigError

RECORDS = b"speeko:utterance:"
AUDIO, AUDIO_INDEX, AUDIO_BYTES = b"speeko:audio:", b"speeko:audio-index", b"speeko:audio-bytes"
LOOKUPS = b"speeko:lookups"
OWNER = b"speeko:database"  # the id of the database that the names above belong to
_PROBE = b"speeko:probe"
BOUND_SECONDS = 60.0  # until it is seen whether they still do
AWAY_SECONDS = 5.0  # after a failure, do not ask again for so long: one slow server must not slow each chunk

FOREIGN = (
    "this Redis belongs to another database: its cache is not used, and messages of both would mix; give each"
    " database a Redis (or a number: redis://host/1) of its own, or run `speeko db restored` if the other"
    " database is gone"
)
log = logging.getLogger(__name__)


class KeyNames(NamedTuple):
    """Where one database's share of this Redis lies."""

    records: bytes
    audio: bytes
    audio_index: bytes
    audio_sum: bytes
    lookups: bytes


_OWN = KeyNames(RECORDS, AUDIO, AUDIO_INDEX, AUDIO_BYTES, LOOKUPS)


def _apart(database_id: str) -> KeyNames:
    """Return names that no other database uses."""
    start = b"speeko:" + database_id.encode() + b":"
    return KeyNames(*(name.replace(b"speeko:", start, 1) for name in _OWN))


@contextlib.contextmanager
def as_server_error() -> Iterator[None]:
    """Raise ServerError with one line where Redis fails."""
    try:
        yield
    except redis.RedisError as error:
        raise redis_fitness.explained(error) from None


class RedisServer:
    """A client of one Redis. Made after a fork; threads may share it.

    A Redis belongs to the first database that uses it; any other has names of its own. `database_id` returns
    the id of the database, "" where that is not known.
    """

    def __init__(
        self, url: str, database_id: Callable[[], str] = lambda: "", *, is_told: bool = False
    ) -> None:
        """`is_told`: another process has said whether this Redis belongs to another database."""
        try:
            self.client = redis.Redis.from_url(
                url,
                socket_timeout=5,
                socket_connect_timeout=2,
                retry=Retry(NoBackoff(), 1),
                health_check_interval=30,
            )
            pool = self.client.connection_pool
            pool.connection_class(**pool.connection_kwargs)  # a parameter that it does not know is found here
        except (TypeError, ValueError, redis.RedisError) as error:
            raise ConfigError(
                f"SPEEKO_REDIS_URL is not a Redis URL such as redis://:password@host:6379/0: {error}"
            ) from None
        self._database_id = database_id
        self._bound, self._bound_until, self._is_told = _OWN, 0.0, is_told
        self._away_until = 0.0

    def close(self) -> None:
        self.client.close()

    @property
    def names(self) -> KeyNames:
        """Where to read and write. Raises redis.RedisError."""
        if time.monotonic() >= self._bound_until:
            self._bind()
        return self._bound

    def _bind(self, *, warn: bool = True) -> str:
        """Find out who owns the names, and take them where no database has; return another owner's id.

        `warn`: log a change from this database's Redis to another's.
        """
        own = self._database_id().encode()
        owner = own
        if own:
            self.client.set(OWNER, own, nx=True)
            owner = cast("bytes | None", self.client.get(OWNER)) or own
        names = _OWN if owner == own else _apart(own.decode())
        is_new = names is not _OWN and self._bound is _OWN and warn and not self._is_told
        self._bound, self._bound_until = names, time.monotonic() + BOUND_SECONDS
        self._is_told = False  # of the first look only: what changes later is told again
        if is_new:
            log.warning(FOREIGN)
        return "" if owner == own else owner.decode("ascii", "replace")

    def is_foreign(self) -> bool:
        """Return whether this Redis belongs to another database; the caller says so. Raises ServerError."""
        with as_server_error():
            return self._bind(warn=False) != ""

    def take_over(self) -> None:
        """Have this Redis belong to this database, whichever had it. Raises ServerError."""
        own = self._database_id()
        with as_server_error():
            if own:
                self.client.set(OWNER, own)
            self._bind()

    def require_fit(self) -> None:
        """Raise ConfigError for a Cluster, a Sentinel or a replica, ServerError for an old version.

        A server that is away, or keeps INFO to itself, passes: callers go on without Redis for a while.
        """
        try:
            info = self.client.info()
        except redis.RedisError as error:
            if wrong := redis_fitness.unfit(error):
                raise wrong from None
            return
        redis_fitness.check_info(info)

    def facts(self) -> RedisFacts:
        """Return what `speeko doctor` reports. Raises ServerError; ConfigError for one that does not fit."""
        with as_server_error():
            info = cast(Any, self.client.info())
            redis_fitness.check_info(info)
            began = time.time()
            seconds, micros = cast(Any, self.client.time())
            ahead = seconds + micros / 1e6 - (began + time.time()) / 2
            self.client.set(_PROBE, b"", ex=1)  # a full one answers all but writes
        version = redis_fitness.version_of(info)
        return RedisFacts(
            version, int(info.get("maxmemory", 0)), str(info.get("maxmemory_policy", "")), ahead
        )

    def memory_bytes(self) -> tuple[int, int]:
        """Return what Redis takes, and the most that it may take (0: no limit). Raises ServerError."""
        with as_server_error():
            info = cast(Any, self.client.info("memory"))
        return int(info["used_memory"]), int(info["maxmemory"])

    def is_away(self) -> bool:
        """Return whether it failed a moment ago."""
        return time.monotonic() < self._away_until

    def note_failure(self, error: redis.RedisError) -> None:
        """Leave the server alone for a moment."""
        self._away_until = time.monotonic() + AWAY_SECONDS
        log.warning(
            "Redis does not answer (%s): asking Postgres for %g s", type(error).__name__, AWAY_SECONDS
        )
