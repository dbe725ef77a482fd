"""The first cache tier: records come back as they went in, or not at all; it is never in the way."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from speeko_jobs.adapters import redis_cache
from speeko_jobs.adapters.redis_cache import PREFIX, TTL_SECONDS, RedisCache
from speeko_jobs.core.speech import Record
from speeko_jobs.errors import ConfigError, ServerError
from speeko_jobs.local.stack import Stack
from tests.fixtures.books import together

SMALL = Record(1, 2, 3, 4, 5, 6)
LARGE = Record(2**32 - 1, 2**32 - 1, 2**62, 2**62, 2**62, 2**62)


def key(n: int) -> bytes:
    return n.to_bytes(32, "big")


@pytest.fixture
def cache(redis_url: str) -> Iterator[RedisCache]:
    opened = RedisCache(redis_url)
    yield opened
    opened.close()


@pytest.fixture
def raw(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


def test_records_come_back_as_they_were(cache: RedisCache) -> None:
    records = {key(1): SMALL, key(2): LARGE, os.urandom(32): Record(0, 0, 0, 0, 0, 0)}
    cache.put_many(records)
    assert cache.get_many([*records, key(3)]) == records
    assert cache.get_many([]) == {}
    cache.put_many({})
    cache.put_many({key(1): LARGE})
    assert cache.get_many([key(1)]) == {key(1): LARGE}


def test_thousands_at_once(cache: RedisCache) -> None:
    records = {key(n): Record(n, n, n, n, n, n) for n in range(5_000)}
    cache.put_many(records)
    assert cache.get_many(list(records)) == records


@pytest.mark.parametrize(
    "value", [b"", b"\x01", b"\x01" * 40, b"\x01" * 42, b"\x00" * 41, b"\x03" * 41, b"{}"]
)
def test_what_is_not_our_record_is_not_known(cache: RedisCache, raw: redis.Redis, value: bytes) -> None:
    raw.set(PREFIX + key(1), value)
    cache.put_many({key(2): SMALL})
    assert cache.get_many([key(1), key(2)]) == {key(2): SMALL}


def test_a_key_of_another_kind_is_not_known(cache: RedisCache, raw: redis.Redis) -> None:
    raw.lpush(PREFIX + key(1), b"x")
    assert cache.get_many([key(1)]) == {}


def test_every_key_has_a_time_to_live(cache: RedisCache, raw: redis.Redis) -> None:
    cache.put_many({key(n): SMALL for n in range(20)})
    cache.put_many({key(1): LARGE})
    left = [raw.ttl(name) for name in raw.scan_iter()]
    assert len(left) == 20
    assert all(TTL_SECONDS - 60 < seconds <= TTL_SECONDS for seconds in left)


def test_what_is_dropped_is_not_known(cache: RedisCache) -> None:
    cache.put_many({key(1): SMALL, key(2): SMALL})
    cache.drop([key(1), key(9)])
    cache.drop([])
    assert cache.get_many([key(1), key(2)]) == {key(2): SMALL}


def test_threads_share_it(cache: RedisCache) -> None:
    def work(n: int) -> bool:
        mine = {key(1000 * n + i): Record(i, n, 0, 0, 0, 0) for i in range(50)}
        return all(cache.put_many(mine) is None and cache.get_many(list(mine)) == mine for _ in range(10))

    assert all(together([lambda n=n: work(n) for n in range(8)]))


@pytest.fixture
def dead_port() -> Iterator[int]:
    """A port that refuses connections."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_without_a_server_nothing_is_known_and_it_is_asked_only_now_and_then(
    dead_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    cache = RedisCache(f"redis://:secret@127.0.0.1:{dead_port}/0")
    for _ in range(50):
        assert cache.get_many([key(1)]) == {}
        cache.put_many({key(1): SMALL})
    assert len(caplog.records) == 1  # one failure; then Postgres is asked without a look at Redis
    assert "secret" not in caplog.text
    with pytest.raises(ServerError, match="Redis does not answer") as caught:
        cache.drop([key(1)])
    assert "\n" not in str(caught.value)
    with pytest.raises(ServerError, match="Redis does not answer"):
        cache.ping()
    cache.close()


def test_it_is_asked_again_when_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_cache, "AWAY_SECONDS", 0.0)
    home = Path(tempfile.mkdtemp(prefix="speeko-"))  # short: only then is the socket at the same place again
    server = Stack(home, database=False)
    cache = RedisCache(server.start().redis_url)
    try:
        cache.put_many({key(1): SMALL})
        server.stop()
        assert cache.get_many([key(1)]) == {}
        cache.put_many({key(2): SMALL})
        server.start()
        cache.put_many({key(3): LARGE})
        assert cache.get_many([key(2), key(3)]) == {key(3): LARGE}
    finally:
        cache.close()
        server.stop()


def test_a_url_that_is_none() -> None:
    with pytest.raises(ConfigError, match="SPEEKO_REDIS_URL is not a Redis URL"):
        RedisCache("http://example.test")


def test_the_servers_version(cache: RedisCache) -> None:
    assert cache.ping()[0].isdigit()
