"""Evicting from a cache of a million entries: seconds, memory, and what the rest is worth beside the best."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator

import numpy as np
import pytest

from speeko_jobs import runtime
from speeko_jobs.adapters.redis.cache import RedisCache
from speeko_jobs.flow.cache import eviction
from speeko_jobs.flow.cache.eviction import MB, EvictionOptions, Tier
from speeko_jobs.flow.context import Context
from speeko_jobs.settings import Settings
from tests.bench.table import show
from tests.fixtures.books import Books
from tests.fixtures.cached import key
from tests.fixtures.database import migrated_template, migrated_url  # noqa: F401

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]
ENTRIES, AT_ONCE = 1_000_000, 100_000
SEED = "SELECT setseed(0.42)"
# sizes from 0.3 KB to 3 MB, a third never hit, the others by a power law; texts of 20 to 2,000 characters
POPULATION = """
    INSERT INTO speeko.utterance (key, state, provider, model, voice, language, format, chars, cost_micros,
        text, bytes, millis, sha256, hits, created_at, settled_at)
    SELECT sha256(int8send(n)), 'done', 'speeko', 'kokoro', 'nova', '', 'mp3', chars, chars * 15,
        'a text', (300 * 10 ^ (4 * random() ^ 3))::int, 900, sha256(int8send(n)),
        greatest(0, (random() ^ -0.7)::int - 1), at, at
    FROM (SELECT n, (20 * 10 ^ (2 * random()))::int AS chars,
                 clock_timestamp() - interval '1 day' AS at
          FROM generate_series(%s::bigint, %s::bigint) n) s"""


@pytest.fixture
def books(opened: Context) -> Books:
    return Books(opened.database)


@pytest.fixture
def opened(tmp_path: object, migrated_url: str, redis_url: str) -> Iterator[Context]:  # noqa: F811
    settings = Settings(home=str(tmp_path), database_url=migrated_url, redis_url=redis_url)
    context = runtime.open_context(settings)
    yield context
    runtime.close(context)


def fill(books: Books, entries: int) -> None:
    books.execute(SEED)
    for first in range(1, entries + 1, AT_ONCE):
        books.execute(POPULATION, [first, min(first + AT_ONCE - 1, entries)])
    books.execute("ANALYZE speeko.utterance")


def kept_and_best(books: Books, budget: int, keys: list[bytes] | None = None) -> tuple[float, float, int]:
    """USD that the hits of what stayed would save, the most that fits (parts of entries allowed), bytes."""
    stays = "state = 'done' AND (%(keys)s::bytea[] IS NULL OR key = ANY(%(keys)s))"
    query = f"SELECT bytes, hits * cost_micros, {stays} FROM speeko.utterance"
    rows = books.execute(query, {"keys": keys})
    size, worth, stayed = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    order = np.argsort(-worth / size)
    upto = np.cumsum(size[order])
    whole = int(np.searchsorted(upto, budget, side="right"))
    best = worth[order][:whole].sum()
    if whole < len(order):
        best += worth[order][whole] * (budget - (upto[whole - 1] if whole else 0)) / size[order][whole]
    return worth[stayed == 1].sum() / 1e6, best / 1e6, int(size[stayed == 1].sum())


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def test_a_million_entries_of_the_store(opened: Context, books: Books) -> None:
    fill(books, ENTRIES)
    total = books.one("SELECT sum(bytes) FROM speeko.utterance")
    rows = []
    before = peak_mb()
    for what, orders in (
        ("a fifth, dry run", EvictionOptions(Tier.STORE, fraction=0.2, dry_run=True)),
        ("a fifth", EvictionOptions(Tier.STORE, fraction=0.2)),
        ("to a twentieth", EvictionOptions(Tier.STORE, budget_bytes=total // 20)),
    ):
        started = time.monotonic()
        done = eviction.evict(opened, orders)
        seconds = time.monotonic() - started
        rows.append([what, done.entries_before, done.entries, seconds, peak_mb() - before])
    show("Evicting from the store", ["", "entries", "gone", "seconds", "MB more"], rows)
    kept, best, size = kept_and_best(books, total // 20)
    assert size <= total // 20
    assert kept >= 0.99 * best
    print(f"  what stays saves ${kept:,.0f} of at most ${best:,.0f}: {100 * kept / best:.3f}%")


def test_a_million_copies_in_redis(opened: Context, books: Books, redis_url: str) -> None:
    fill(books, ENTRIES)
    books.execute("UPDATE speeko.utterance SET bytes = 100 + bytes %% 400 + bytes / 3000", [])
    large = RedisCache(redis_url, audio_budget_bytes=2_000 * MB)
    audio = os.urandom(4_000)
    stored = books.execute("SELECT key, bytes FROM speeko.utterance")
    script = large._put_audio
    with large._redis.pipeline(transaction=False) as pipe:
        for n, (k, size) in enumerate(stored):
            names = [b"speeko:audio-index", b"speeko:audio-bytes", b"speeko:audio:" + k]
            script(names, [k, audio[:size], 2_000 * MB, 86_400], client=pipe)
            if n % 5_000 == 4_999:
                pipe.execute()
        pipe.execute()
    total = large.audio_bytes()
    assert total == sum(size for _, size in stored)
    budget = total // 5
    rows, before = [], peak_mb()
    for what, dry_run in (("to a fifth of the bytes, dry run", True), ("to a fifth of the bytes", False)):
        started = time.monotonic()
        done = eviction.evict(opened, EvictionOptions(Tier.REDIS, budget_bytes=budget, dry_run=dry_run))
        seconds = time.monotonic() - started
        rows.append([what, done.entries_before, done.entries, seconds, peak_mb() - before])
    assert large.audio_bytes() <= budget
    show("Evicting copies from Redis", ["", "entries", "gone", "seconds", "MB more"], rows)
    kept, best, size = kept_and_best(books, budget, list(large.audio_keys()))
    assert size == large.audio_bytes()
    assert kept >= 0.99 * best
    print(f"  what stays saves ${kept:,.0f} of at most ${best:,.0f}: {100 * kept / best:.3f}%")
    large.close()


def test_a_look_up(redis_url: str) -> None:
    """What a chunk's look-up and a `say` cost in Redis."""
    from speeko_jobs.core.model.speech import Record

    cache = RedisCache(redis_url)
    keys = [key(n) for n in range(1_000)]
    cache.put_many({k: Record(30_000, 2_000, 1, 2, 3, 4) for k in keys})
    cache.put_audio(keys[0], os.urandom(60_000))
    rows = []
    for what, ask, n in (
        ("1,000 records", lambda: cache.get_many(keys), 200),
        ("1 record", lambda: cache.get_many(keys[:1]), 2_000),
        ("60 KB of audio", lambda: cache.audio(keys[0]), 2_000),
    ):
        times = []
        for _ in range(n):
            started = time.perf_counter()
            ask()
            times.append(time.perf_counter() - started)
        times.sort()
        rows.append([what, times[n // 2] * 1e3, times[n * 99 // 100] * 1e3])
    show("Look-ups in Redis, ms", ["", "median", "99%"], rows)
    cache.close()
