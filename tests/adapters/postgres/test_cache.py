"""The cache index: hits are counted once, what is worth least comes last, what is claimed stays."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise

import pytest

from speeko_jobs.adapters.postgres import cache, leases
from speeko_jobs.adapters.postgres.cache import DueDeletion
from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.core.model.states import AttemptState
from speeko_jobs.core.policies.eviction_ranking import EvictionCandidate, IdleCriteria
from tests.fixtures.books import Books, broken_rules, ended, key_of, stored, together
from tests.fixtures.cached import Cached, add_cached, key

NEVER = 2**62
PAID_ONCE = "a text is paid once, and once more for each unknown or bad call"


@pytest.fixture
def evicting(database: Database) -> Iterator[Books]:
    """`books` that may buy again what was evicted; all other rules hold."""
    opened = Books(database)
    yield opened
    assert set(broken_rules(opened)) <= {PAID_ONCE}


def bought(books: Books, job: int) -> None:
    """Buy all of a job's one chunk, and end the job."""
    engine = books.engine()
    wants = books.start(job, 1, engine)
    books.settle(*(stored(job, claim) for claim in books.claim(job, engine, wants)))
    books.run(lambda t: leases.close_lease(t, engine))
    finish(books, job)


def finish(books: Books, job: int) -> None:
    done = "state = 'done', chunks_open = 0, finished_at = clock_timestamp()"
    books.execute("UPDATE speeko.chunk SET state = 'delivered' WHERE job_id = %s", [job])
    books.execute(f"UPDATE speeko.job SET {done} WHERE id = %s", [job])


def hits(books: Books) -> dict[str, int]:
    return dict(books.execute("SELECT text, hits FROM speeko.utterance ORDER BY text"))


def entries(books: Books, **options: object) -> list[EvictionCandidate]:
    return books.run(lambda t: list(cache.entries(t, **options)))  # type: ignore[arg-type]


# hits


def test_uses_are_hits_but_for_the_one_that_bought(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "COUNT_ROWS", 2)  # so that a job is counted in several transactions
    first = books.job(["a", "b", "a", "a", "c"])
    assert cache.count_hits(books.database) == 0  # it has not ended
    bought(books, first)
    second = books.job(["a", "c", "d"])
    bought(books, second)
    assert cache.count_hits(books.database) == 2
    assert hits(books) == {"a": 3, "b": 0, "c": 1, "d": 0}
    before = books.snapshot()
    assert cache.count_hits(books.database) == 0
    assert books.snapshot() == before
    at = "SELECT last_hit FROM speeko.utterance WHERE text = 'a'"
    assert books.one(at) == books.one("SELECT finished_at FROM speeko.job WHERE id = %s", [second])
    assert books.one("SELECT count(*) FROM speeko.utterance WHERE last_hit IS NOT NULL") == 2


def test_rows_that_used_nothing_are_no_hits(books: Books) -> None:
    bought(books, books.job(["a", "b"]))
    job = books.job(["a", "a", "a", "a", "b"])
    for row, change in ((1, "keys = NULL"), (2, "skipped = true, keys = NULL"), (3, "error = 'no'")):
        books.execute(f"UPDATE speeko.item SET {change} WHERE job_id = %s AND row_no = %s", [job, row])
    books.execute("UPDATE speeko.utterance SET state = 'failed' WHERE text = 'b'")
    finish(books, job)
    assert cache.count_hits(books.database) == 2
    assert hits(books) == {"a": 1, "b": 0}


def test_many_who_count_at_once_count_once(books: Books) -> None:
    for _ in range(6):
        bought(books, books.job([f"text {n % 7}" for n in range(50)]))
    counted = together([lambda: cache.count_hits(books.database)] * 4)
    assert sum(counted) == 6
    assert sum(hits(books).values()) == 6 * 50 - 7


def test_a_job_without_rows_is_done_with(books: Books) -> None:
    job = books.job(["a"])
    finish(books, job)
    books.execute("DELETE FROM speeko.item")
    assert cache.count_hits(books.database) == 0
    assert books.one("SELECT uncounted_row FROM speeko.job") is None


# the order


def population(seed: str, count: int) -> list[Cached]:
    r = random.Random(seed)
    return [
        Cached(
            key(n), r.randint(1, 10**6), r.choice([0, 0, 1, 5, 200]), r.randint(0, 5000),
            r.uniform(0, 700), r.choice([None, r.uniform(0, 700)]),
        )
        for n in range(count)
    ]  # fmt: skip


def test_entries_come_by_falling_roi_as_the_core_defines_it(books: Books) -> None:
    cached = {c.key: c for c in population("roi", 500)}
    add_cached(books, cached.values())
    found = entries(books)
    rois = [cached[e.key].roi for e in found]
    assert len(found) == 500
    assert all(a >= b * (1 - 1e-5) for a, b in pairwise(rois))
    assert all(e.bytes == cached[e.key].bytes for e in found)
    assert all(e.worth_micros == cached[e.key].worth_micros for e in found)
    assert not any(e.held for e in found)


def test_of_free_entries_the_one_unused_for_longest_is_last(books: Books) -> None:
    days = {1: (90, 50), 2: (90, 2), 3: (40, None), 4: (90, None)}
    add_cached(books, [Cached(key(n), 1_000 * n, 3, 0, *ages) for n, ages in days.items()])
    assert [e.key for e in entries(books)] == [key(n) for n in (2, 3, 1, 4)]


@pytest.mark.parametrize("state", ["planning", "running", "paused", "finalizing", "cancelled"])
def test_what_an_unfinished_job_needs_is_held_and_comes_first(books: Books, state: str) -> None:
    bought(books, books.job(["a", "b", "c"]))
    job = books.job(["c", "b"])
    books.execute("UPDATE speeko.job SET state = %s WHERE id = %s", [state, job])
    found = entries(books)
    assert [e.held for e in found] == [True, True, False]
    assert found[2].key == key_of("a")
    assert not any(e.held for e in entries(books, protect=False))
    finish(books, job)
    assert not any(e.held for e in entries(books))
    assert len(entries(books, keys=key_of("a") + key_of("z") + key_of("a"))) == 1
    assert entries(books, keys=b"") == []


def test_a_text_whose_call_may_still_answer_is_held(books: Books) -> None:
    engine, job = books.engine(), books.job(["a", "b"])
    wants = books.start(job, 1, engine)
    one, other = sorted(books.claim(job, engine, wants), key=lambda c: c.text)
    books.settle(stored(job, other), ended(job, one, AttemptState.UNKNOWN))
    books.settle(*(stored(job, claim) for claim in books.claim(job, engine, wants)))
    finish(books, job)
    assert [(e.key, e.held) for e in entries(books)] == [(key_of("a"), True), (key_of("b"), False)]


def test_idle_entries_are_old_and_rarely_hit(books: Books) -> None:
    add_cached(
        books,
        [
            Cached(key(1), hits=0, age_days=31),
            Cached(key(2), hits=2, age_days=90, idle_days=31),
            Cached(key(3), hits=2, age_days=90, idle_days=29),  # used lately
            Cached(key(4), hits=3, age_days=90, idle_days=31),  # used often
            Cached(key(5), hits=0, age_days=29),  # young
        ],
    )
    idle = IdleCriteria(30 * 86_400, 2)
    assert {e.key for e in entries(books, idle=idle)} == {key(1), key(2)}


# what goes


def choose(books: Books, *texts: str) -> tuple[list[bytes], list[int], int]:
    """Keys and fences as they stand, and the first job that is not known."""
    found = {e.key: e.fence for e in entries(books)}
    keys = [key_of(text) for text in texts]
    return keys, [found[k] for k in keys], books.run(cache.since)


def test_what_is_marked_is_missing_and_its_object_is_due(books: Books) -> None:
    job = books.job(["a", "b"])
    bought(books, job)
    chosen = choose(books, "a")
    assert cache.mark(books.database, *chosen, "evicted") == {key_of("a"): 3_000}
    assert cache.mark(books.database, *chosen, "evicted") == {}
    assert (books.state("a"), books.state("b")) == ("missing", "done")
    assert cache.due(books.database, b"", 10) == [key_of("a")]
    assert cache.due(books.database, key_of("a"), 10) == []

    def work(t: object) -> list[DueDeletion]:
        return cache.unclaimed(t, [key_of("a"), key_of("b")])  # type: ignore[arg-type]

    assert books.run(work) == [DueDeletion(key_of("a"), "mp3", "memory://store")]
    books.run(lambda t: cache.forget_deleted(t, [key_of("a")]))
    assert cache.due(books.database, b"", 10) == []


def test_a_marked_text_is_bought_again_by_whoever_needs_it(evicting: Books) -> None:
    books = evicting
    bought(books, books.job(["a"]))
    cache.mark(books.database, *choose(books, "a"), "evicted")
    engine, job = books.engine(), books.job(["a"])
    claimed = books.claim(job, engine, books.start(job, 1, engine))
    assert [c.text for c in claimed] == ["a"]
    assert books.run(lambda t: cache.unclaimed(t, [key_of("a")])) == []  # its object is not to go any more
    books.settle(stored(job, claimed[0]))
    assert books.run(lambda t: cache.unclaimed(t, [key_of("a")])) == []
    cache.mark(books.database, *choose(books, "a"), "evicted")  # not finished: that job has come since
    assert books.chunk_state(job, 1) == ("ready", 0)


def test_what_a_job_that_came_since_needs_stays(books: Books) -> None:
    bought(books, books.job(["a", "b"]))
    chosen = choose(books, "a", "b")
    late = books.job(["b"])
    assert set(cache.mark(books.database, *chosen, "evicted")) == {key_of("a")}
    finish(books, late)
    assert set(cache.mark(books.database, *chosen, "evicted")) == {key_of("b")}


def test_a_plan_that_was_being_made_counts_as_come_since(books: Books) -> None:
    bought(books, books.job(["a"]))
    planned, later = books.job(["x"]), books.job(["y"])
    books.execute("UPDATE speeko.job SET state = 'planning' WHERE id = %s", [planned])
    assert books.run(cache.since) == planned < later


def test_what_was_bought_again_since_it_was_chosen_stays(books: Books) -> None:
    bought(books, books.job(["a"]))
    keys, fences, _ = choose(books, "a")
    assert cache.mark(books.database, keys, [fences[0] - 1], NEVER, "evicted") == {}
    assert books.state("a") == "done"


def test_nobody_claims_while_an_object_goes(books: Books) -> None:
    bought(books, books.job(["a"]))
    cache.mark(books.database, *choose(books, "a"), "evicted")
    engine, job = books.engine(), books.job(["a"])
    wants = books.start(job, 1, engine)
    with books.database.transaction() as t:
        assert len(cache.unclaimed(t, [key_of("a")])) == 1
        assert books.claim(job, engine, wants) == []
    assert len(books.claim(job, engine, wants)) == 1


def test_pages_and_totals(books: Books) -> None:
    bought(books, books.job(["a", "b", "c"]))
    books.execute("UPDATE speeko.utterance SET state = 'failed' WHERE text = 'c'")
    assert cache.total(books.database) == (2, 6_000)
    (one,) = cache.page(books.database, b"", 1)
    (other,) = cache.page(books.database, one.key, 5)
    assert {one.key, other.key} == {key_of("a"), key_of("b")}
    assert (one.format, one.size_bytes, one.sha256, one.store) == ("mp3", 3_000, b"s" * 32, "memory://store")
    (voice,) = cache.voices(books.database)
    assert (voice.provider, voice.entries, voice.bytes, voice.cost_micros) == ("speeko", 2, 6_000, 200)
    (served,) = cache.served(books.database)
    assert (served.source, served.rows) == ("synthesized", 3)
