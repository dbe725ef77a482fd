"""Room is made in both tiers: what is needed stays, what went is bought again, nothing is left half done."""

from __future__ import annotations

import dataclasses
import random
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from speeko_jobs.adapters.redis.server import RECORDS
from speeko_jobs.core.catalog.file_names import audio_path
from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.policies.eviction_ranking import EvictionCandidate, IdleCriteria
from speeko_jobs.errors import ServerError
from speeko_jobs.flow.cache import eviction, invalidation
from speeko_jobs.flow.cache.eviction import Evicted, EvictionOptions, Tier
from tests.core.policies.test_eviction_ranking import best_micros
from tests.fixtures.books import broken_rules, together
from tests.fixtures.cached import Cached, add_cached, key
from tests.fixtures.inprocess import InProcess

TEXTS = [(f"r{n}", f"This is text number {n}, of some length.") for n in range(20)]
PAID_ONCE = "a text is paid once, and once more for each unknown or bad call"
NEVER = 2**62


def stored(flow: InProcess) -> set[str]:
    """Objects in the audio store."""
    return set(flow.context.store_of(flow.settings.store_url).list("audio"))


def objects(flow: InProcess, state: str) -> set[str]:
    """Paths of the keys in a state."""
    rows = flow.books.execute("SELECT key FROM speeko.utterance WHERE state = %s", [state])
    return {audio_path(key, "mp3") for (key,) in rows}


def known_to_redis(flow: InProcess) -> int:
    with redis.Redis.from_url(flow.settings.redis_url) as raw:
        return sum(1 for _ in raw.scan_iter(RECORDS + b"*"))


def store(flow: InProcess, **orders: Any) -> Evicted:
    return eviction.evict(flow.context, EvictionOptions(Tier.STORE, **orders))


def hit(flow: InProcess, text_no: int, times: int) -> None:
    text = f"%number {text_no},%"
    flow.books.execute("UPDATE speeko.utterance SET hits = hits + %s WHERE text LIKE %s", [times, text])


def run_again(flow: InProcess, source: str) -> int:
    """The same catalog to a new place; how many calls it took."""
    before = flow.provider.calls
    job, plan = flow.submit(source, {"output": str(flow.folder / f"again-{before}")})
    assert flow.drive(job).state is JobState.DONE
    assert set(broken_rules(flow.books)) <= {PAID_ONCE}
    assert plan.calls == flow.provider.calls - before  # the plan knew it
    return plan.calls


def test_what_is_worth_least_goes_and_is_bought_again(flow: InProcess) -> None:
    source = flow.catalog(TEXTS)
    flow.run(source)
    for n in range(15):
        hit(flow, n, 5)
    assert known_to_redis(flow) == 20
    was = store(flow, fraction=0.2, dry_run=True)
    assert (was.entries_before, was.entries, was.worth_micros, was.held) == (20, 4, 0, 0)
    assert len(stored(flow)) == 20

    done = store(flow, fraction=0.2)
    assert dataclasses.replace(done) == was
    assert stored(flow) == objects(flow, "done")
    assert len(stored(flow)) == known_to_redis(flow) == 16
    gone = flow.books.execute("SELECT text FROM speeko.utterance WHERE state = 'missing'")
    assert {text for (text,) in gone} < {text for _, text in TEXTS[15:]}
    assert len(flow.audio_files()) == 20  # what was delivered stays

    assert run_again(flow, source) == 4
    assert len(stored(flow)) == 20
    assert flow.books.one("SELECT count(*) FROM speeko.evicted") == 0
    assert run_again(flow, source) == 0


def test_what_an_unfinished_job_needs_stays(flow: InProcess) -> None:
    flow.run(flow.catalog(TEXTS))
    job, _ = flow.submit(flow.catalog(TEXTS[:5]), {"output": str(flow.folder / "other")})
    done = store(flow, fraction=1.0)
    assert (done.held, done.entries) == (5, 15)
    assert stored(flow) == objects(flow, "done")
    assert store(flow, budget_bytes=0).entries == 0
    calls = flow.provider.calls
    assert flow.drive(job).state is JobState.DONE
    assert flow.provider.calls == calls
    assert store(flow, budget_bytes=0).entries == 5
    assert stored(flow) == set()


def test_an_object_that_a_chunk_takes_for_there_is_bought_again(flow: InProcess) -> None:
    """Redis may say once more that it is there: plans ask Postgres alone, and buy it."""
    flow.run(flow.catalog(TEXTS))
    calls = flow.provider.calls
    rows = flow.books.execute("SELECT key, fence FROM speeko.utterance WHERE text LIKE '%number 1%'")
    keys = [key for key, _ in rows]
    records = flow.context.cache.get_many(keys)
    assert len(invalidation.forget(flow.context, keys, [fence for _, fence in rows], NEVER, "evicted")) == 11
    flow.context.cache.put_many(records)
    job, plan = flow.submit(flow.catalog(TEXTS[:5]), {"output": str(flow.folder / "other")})
    ended = flow.drive(job)
    assert (ended.state, ended.delivered, ended.failed) == (JobState.DONE, 5, 0)
    assert (plan.calls, flow.provider.calls - calls) == (1, 1)
    assert set(broken_rules(flow.books)) <= {PAID_ONCE}


def test_by_age_only_what_is_idle_and_rarely_hit_goes(flow: InProcess) -> None:
    flow.run(flow.catalog(TEXTS))
    hit(flow, 0, 3)
    hit(flow, 1, 2)
    assert store(flow, idle=IdleCriteria(86_400, 2)).entries == 0
    flow.books.execute("UPDATE speeko.utterance SET settled_at = settled_at - interval '40 days'")
    flow.books.execute(
        "UPDATE speeko.utterance SET last_hit = clock_timestamp() WHERE text LIKE '%number 2,%'"
    )
    assert store(flow, idle=IdleCriteria(30 * 86_400, 2)).entries == 18
    left = {text for (text,) in flow.books.execute("SELECT text FROM speeko.utterance WHERE state = 'done'")}
    assert left == {TEXTS[0][1], TEXTS[2][1]}


def test_hits_of_finished_jobs_decide(flow: InProcess) -> None:
    source = flow.catalog(TEXTS)
    flow.run(source)
    assert run_again(flow, flow.catalog(TEXTS[:10])) == 0
    assert store(flow, fraction=0.5).entries == 10
    left = flow.books.execute("SELECT text, hits FROM speeko.utterance WHERE state = 'done' ORDER BY text")
    assert dict(left) == {text: 1 for _, text in TEXTS[:10]}


def test_while_redis_is_away_nothing_goes_and_later_it_is_finished(flow: InProcess) -> None:
    source = flow.catalog(TEXTS)
    flow.run(source)
    with socket.socket() as held:  # a port that refuses
        held.bind(("127.0.0.1", 0))
        away = flow.again(redis_url=f"redis://127.0.0.1:{held.getsockname()[1]}/0")
        with pytest.raises(ServerError, match="Redis does not answer"):
            store(away, fraction=1.0)
        away.close()
    assert len(stored(flow)) == known_to_redis(flow) == len(objects(flow, "missing")) == 20
    # Redis still says that all is there, and it is
    job, _ = flow.submit(flow.catalog(TEXTS[:3]), {"output": str(flow.folder / "other")})
    assert flow.drive(job).delivered == 3
    assert flow.provider.calls == 20
    assert invalidation.finish(flow.context) == 20
    assert (stored(flow), known_to_redis(flow)) == (set(), 0)
    assert run_again(flow, source) == 20


def test_an_object_bought_again_is_not_taken_by_what_was_left_over(flow: InProcess) -> None:
    source = flow.catalog(TEXTS)
    flow.run(source)
    with flow.context.database.transaction() as t:  # as if it died right after this commit
        rows = t.rows("cache_page", {"after": b"", "most": 50})
    keys, fences = [row[0] for row in rows], [row[1] for row in rows]
    invalidation.cache.mark(flow.context.database, keys, fences, NEVER, "evicted")
    flow.context.cache.drop(keys)
    assert run_again(flow, source) == 20
    assert invalidation.finish(flow.context) == 20
    assert len(stored(flow)) == 20
    assert run_again(flow, source) == 0


def test_several_at_once_do_no_harm(flow: InProcess) -> None:
    source = flow.catalog(TEXTS)
    flow.run(source)
    together([lambda: store(flow, fraction=0.5)] * 3)
    assert stored(flow) == objects(flow, "done")
    assert len(stored(flow)) == known_to_redis(flow) <= 10
    assert flow.books.one("SELECT count(*) FROM speeko.evicted") == 0
    left = len(stored(flow))
    assert run_again(flow, source) == 20 - left


# Redis


def test_from_redis_only_copies_of_audio_go(flow: InProcess) -> None:
    flow.run(flow.catalog(TEXTS))
    flow.submit(flow.catalog(TEXTS), {"output": str(flow.folder / "other")})  # needs all of it
    some = flow.books.execute("SELECT key, bytes FROM speeko.utterance ORDER BY key LIMIT 10")
    assert all(flow.context.cache.put_audio(key, bytes(size)) for key, size in some)
    was = eviction.evict(flow.context, EvictionOptions(Tier.REDIS, fraction=0.5, dry_run=True))
    done = eviction.evict(flow.context, EvictionOptions(Tier.REDIS, fraction=0.5))
    assert (done.entries_before, done.entries, was.entries, was.bytes) == (10, 5, 5, done.bytes)
    assert flow.context.cache.audio_bytes() == done.bytes_before - done.bytes
    assert len(stored(flow)) == known_to_redis(flow) == len(objects(flow, "done")) == 20
    assert eviction.evict(flow.context, EvictionOptions(Tier.REDIS, budget_bytes=0)).entries == 5
    assert flow.context.cache.audio_bytes() == 0


@pytest.fixture
def narrow(flow: InProcess) -> Iterator[InProcess]:
    opened = flow.again(redis_audio_budget=1, store_budget_gb=50e-6)
    yield opened
    opened.close()


def test_both_budgets_are_kept(flow: InProcess, narrow: InProcess) -> None:
    assert eviction.keep_budgets(flow.context) == []
    r = random.Random(5)
    cached = [
        Cached(key(n), r.randint(200, 9_000), r.randint(0, 3), 700, r.uniform(0, 99)) for n in range(400)
    ]
    add_cached(flow.books, cached)
    for c in cached:
        flow.context.cache.put_audio(c.key, bytes(c.bytes))
    assert flow.context.cache.audio_bytes() > 1_000_000

    redis_tier, store_tier = eviction.keep_budgets(narrow.context)
    assert (redis_tier.tier, store_tier.tier) == (Tier.REDIS, Tier.STORE)
    assert flow.books.one("SELECT sum(bytes) FROM speeko.utterance WHERE state = 'done'") <= 50_000
    assert flow.context.cache.audio_bytes() <= 50_000  # what went from the store went from Redis, too
    assert eviction.keep_budgets(narrow.context) == []


def test_redis_is_given_room_before_it_is_full(flow: InProcess) -> None:
    narrow = flow.again(redis_audio_budget=1)
    add_cached(flow.books, [Cached(key(n), 5_000, n % 9) for n in range(181)])
    for n in range(181):
        narrow.context.cache.put_audio(key(n), bytes(5_000))
    (done,) = eviction.keep_budgets(narrow.context)
    assert (done.bytes_before, done.entries) == (905_000, 21)
    assert narrow.context.cache.audio_bytes() == 800_000
    left = set(narrow.context.cache.audio_keys())
    assert all(n % 9 > 0 for n in range(181) if key(n) in left) or len(left) > 160
    assert eviction.keep_budgets(narrow.context) == []
    narrow.close()


def test_what_stays_of_20000_is_worth_99_percent_of_the_best(flow: InProcess) -> None:
    r = random.Random(7)
    cached = [
        Cached(
            key(n), int(10 ** r.uniform(2.5, 6.5)), int(r.paretovariate(1)) - 1, r.randint(10, 9_000), 30.0
        )
        for n in range(20_000)
    ]
    add_cached(flow.books, cached)
    budget = sum(c.bytes for c in cached) // 3
    done = store(flow, budget_bytes=budget)
    left = flow.books.execute(
        "SELECT count(*), sum(bytes), sum(hits * cost_micros) FROM speeko.utterance WHERE state = 'done'"
    )
    ((count, size, worth),) = left
    assert (count, size) == (20_000 - done.entries, done.bytes_before - done.bytes)
    assert size <= budget
    entries = [EvictionCandidate(c.key, 1, c.bytes, c.worth_micros, False) for c in cached]
    assert worth >= 0.99 * best_micros(entries, budget)
