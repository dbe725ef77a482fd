"""The first cache tier: records come back as they went in, or not at all; it is never in the way."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from speeko_jobs.adapters.redis import server as redis_server
from speeko_jobs.adapters.redis.cache import (
    RENEW_DAYS,
    TTL_SECONDS,
    Held,
    RedisCache,
)
from speeko_jobs.adapters.redis.server import AUDIO, AUDIO_BYTES, AUDIO_INDEX, LOOKUPS, RECORDS
from speeko_jobs.core.model.speech import Record
from speeko_jobs.embedded.servers import EmbeddedServers
from speeko_jobs.errors import ConfigError, ServerError
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
    "value", [b"", b"\x02" * 41, b"\x03" * 42, b"\x03" * 44, b"\x00" * 43, b"\x02" * 43, b"{}"]
)
def test_what_is_not_our_record_is_not_known(cache: RedisCache, raw: redis.Redis, value: bytes) -> None:
    raw.set(RECORDS + key(1), value)
    cache.put_many({key(2): SMALL})
    assert cache.get_many([key(1), key(2)]) == {key(2): SMALL}
    assert cache.unknown([key(1), key(2), key(3)]) == [key(1), key(3)]


def test_a_key_of_another_kind_is_not_known(cache: RedisCache, raw: redis.Redis) -> None:
    raw.lpush(RECORDS + key(1), b"x")
    assert cache.get_many([key(1)]) == {}


def test_every_key_has_a_time_to_live(cache: RedisCache, raw: redis.Redis) -> None:
    cache.put_many({key(n): SMALL for n in range(20)})
    cache.put_many({key(1): LARGE})
    for n in range(4):
        assert cache.put_audio(key(n), b"audio")
        assert cache.audio(key(n)) == b"audio"
    cache.get_many([key(1)])
    cache.drop([key(3), key(4)])
    cache.held()  # tells what it counted
    left = {name: raw.ttl(name) for name in raw.scan_iter()}
    assert len(left) == 18 + 3 + 3
    assert {AUDIO_INDEX, AUDIO_BYTES, LOOKUPS} <= set(left)
    assert all(TTL_SECONDS - 60 < seconds <= TTL_SECONDS for seconds in left.values())


def shorten(raw: redis.Redis, n: int, days: int) -> None:
    """Let so many days pass for a record."""
    value = raw.get(RECORDS + key(n)) or b""
    day = int.from_bytes(value[1:3], "big") - days
    raw.set(RECORDS + key(n), value[:1] + day.to_bytes(2, "big") + value[3:], ex=TTL_SECONDS - days * 86_400)


@pytest.mark.parametrize("look", ["get_many", "unknown"])
def test_hits_renew_the_time_to_live_now_and_then(
    one_day: None, cache: RedisCache, raw: redis.Redis, look: str
) -> None:
    cache.put_many({key(1): SMALL, key(2): LARGE, key(3): SMALL})
    shorten(raw, 1, RENEW_DAYS + 1)
    shorten(raw, 2, RENEW_DAYS)
    shorten(raw, 3, 80)
    before = raw.get(RECORDS + key(2))
    getattr(cache, look)([key(1), key(2), key(9)])
    assert cache.get_many([key(1), key(2)]) == {key(1): SMALL, key(2): LARGE}
    assert raw.ttl(RECORDS + key(1)) > TTL_SECONDS - 60
    assert raw.get(RECORDS + key(2)) == before  # young enough: nothing was written
    assert raw.ttl(RECORDS + key(3)) <= 10 * 86_400  # nobody asked for it
    assert not raw.exists(RECORDS + key(9))


def test_what_is_dropped_is_not_known(cache: RedisCache) -> None:
    cache.put_many({key(1): SMALL, key(2): SMALL})
    cache.drop([key(1), key(9)])
    cache.drop([])
    assert cache.get_many([key(1), key(2)]) == {key(2): SMALL}


# the audio


def held(cache: RedisCache) -> tuple[int, int]:
    found = cache.held()
    assert found.audio_bytes == cache.audio_bytes()
    assert found.audios == len(set(cache.audio_keys()))
    return found.audios, found.audio_bytes


def test_audio_comes_back_as_it_was(cache: RedisCache) -> None:
    audio = {os.urandom(32): os.urandom(n) for n in (1, 5_000, 2_560_000)}
    assert all(cache.put_audio(k, v) for k, v in audio.items())
    assert {k: cache.audio(k) for k in audio} == audio
    assert cache.audio(key(1)) is None
    assert held(cache) == (3, 2_565_001)
    assert set(cache.audio_keys()) == set(audio)


def test_audio_is_taken_while_the_budget_allows(redis_url: str) -> None:
    cache = RedisCache(redis_url, audio_budget_bytes=10_000)
    assert not cache.put_audio(key(0), b"")
    assert not cache.put_audio(key(0), bytes(101))  # above a hundredth
    assert sum(cache.put_audio(key(n), bytes(99)) for n in range(200)) == 101
    assert held(cache) == (101, 9_999)
    assert cache.put_audio(key(1), bytes(100))  # again, and a byte longer: it takes the place of the old one
    assert not cache.put_audio(key(2), bytes(100))
    assert held(cache) == (101, 10_000)
    assert cache.drop_audio([key(n) for n in (1, 2, 150)]) == 199
    assert held(cache) == (99, 9_801)
    assert [cache.audio(key(n)) is None for n in (1, 2, 3)] == [True, True, False]
    cache.close()
    none = RedisCache(redis_url, audio_budget_bytes=0)
    assert not none.put_audio(key(1), b"x")
    none.close()


def test_what_is_dropped_takes_its_audio_along(cache: RedisCache) -> None:
    cache.put_many({key(1): SMALL, key(2): SMALL})
    for n in (1, 2, 3):
        cache.put_audio(key(n), b"12345")
    cache.drop([key(1), key(3), key(9)])
    assert cache.drop_audio([key(2)]) == 5
    assert held(cache) == (0, 0)
    assert cache.get_many([key(1), key(2)]) == {key(2): SMALL}
    many = [key(n) for n in range(2_500)]
    assert all(cache.put_audio(k, b"12345") for k in many)
    assert cache.drop_audio(many) == 12_500
    assert held(cache) == (0, 0)


def test_audio_that_expired_does_not_count(cache: RedisCache, raw: redis.Redis) -> None:
    for n in range(5):
        cache.put_audio(key(n), bytes(10))
    for n in (0, 1, 2):  # their time is up
        raw.delete(AUDIO + key(n))
        raw.zadd(AUDIO_INDEX, {key(n) + (10).to_bytes(4, "big"): 1.0})
    assert cache.put_audio(key(1), bytes(10))  # one of them comes back
    assert held(cache) == (3, 30)
    assert set(cache.audio_keys()) == {key(1), key(3), key(4)}


def test_a_hit_renews_the_audio_too(cache: RedisCache, raw: redis.Redis) -> None:
    cache.put_audio(key(1), b"audio")
    for name in (AUDIO + key(1), AUDIO_INDEX, AUDIO_BYTES):
        raw.expire(name, 1_000)
    assert cache.audio(key(1)) == b"audio"
    assert all(raw.ttl(n) > TTL_SECONDS - 60 for n in (AUDIO + key(1), AUDIO_INDEX, AUDIO_BYTES))
    ((_, ends),) = raw.zrange(AUDIO_INDEX, 0, -1, withscores=True)
    assert abs(ends - raw.time()[0] - TTL_SECONDS) < 60
    assert held(cache) == (1, 5)


def test_many_at_once_never_pass_the_budget(redis_url: str) -> None:
    def work(n: int) -> int:
        cache = RedisCache(redis_url, audio_budget_bytes=100_000)
        kept = sum(cache.put_audio(key(1000 * n + i % 300), bytes(500 + i % 7)) for i in range(600))
        cache.drop([key(1000 * n + i) for i in range(0, 300, 3)])
        cache.close()
        return kept

    assert sum(together([lambda n=n: work(n) for n in range(4)])) > 100
    cache = RedisCache(redis_url)
    assert cache.audio_bytes() == sum(len(cache.audio(k) or b"") for k in set(cache.audio_keys())) <= 100_000
    cache.close()


def test_a_redis_without_memory_is_in_nobodys_way(cache: RedisCache, raw: redis.Redis) -> None:
    cache.put_many({key(1): SMALL})
    raw.config_set("maxmemory", 1)
    try:
        assert not cache.put_audio(key(1), bytes(100))
        assert cache.get_many([key(1)]) == {key(1): SMALL}
    finally:
        raw.config_set("maxmemory", 0)
    assert cache.put_audio(key(1), bytes(100))


def test_look_ups_are_counted(cache: RedisCache, redis_url: str) -> None:
    cache.put_many({key(1): SMALL})
    cache.put_audio(key(1), b"audio")
    for _ in range(3):
        cache.get_many([key(1), key(2)])
        cache.audio(key(1))
    cache.unknown([key(1)])
    cache.audio(key(2))
    cache.close()
    other = RedisCache(redis_url)
    assert other.held() == Held(1, 1, 5, asked=7, found=4, audio_asked=4, audio_found=3)
    other.close()


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
    dead_port: int, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_server, "AWAY_SECONDS", 3_600.0)
    cache = RedisCache(f"redis://:secret@127.0.0.1:{dead_port}/0")
    for _ in range(50):
        assert cache.get_many([key(1)]) == {}
        cache.put_many({key(1): SMALL})
        assert cache.audio(key(1)) is None
        assert not cache.put_audio(key(1), b"audio")
    assert len(caplog.records) == 1  # one failure; then Postgres is asked without a look at Redis
    assert "secret" not in caplog.text
    with pytest.raises(ServerError, match="Redis does not answer") as caught:
        cache.drop([key(1)])
    assert "\n" not in str(caught.value)
    for ask in (cache.server.facts, cache.held, cache.audio_bytes, lambda: list(cache.audio_keys())):
        with pytest.raises(ServerError, match="Redis does not answer"):
            ask()
    cache.close()


def test_it_is_asked_again_when_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_server, "AWAY_SECONDS", 0.0)
    home = Path(tempfile.mkdtemp(prefix="speeko-"))  # short: only then is the socket at the same place again
    server = EmbeddedServers(home, database=False)
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
    assert cache.server.facts().version[0].isdigit()


def test_all_is_forgotten_at_once(cache: RedisCache, redis_url: str) -> None:
    records = {key(n): SMALL for n in range(2500)}
    cache.put_many(records)
    cache.put_audio(key(1), b"audio")
    with redis.Redis.from_url(redis_url) as raw:
        raw.set("speeko:synthesize", "a message")
        assert cache.forget_all() == 2500
        assert cache.get_many(list(records)) == {}
        assert (cache.audio(key(1)), cache.audio_bytes()) == (None, 0)
        assert raw.get("speeko:synthesize") == b"a message"
    assert cache.forget_all() == 0
