"""Which chunk goes to whom, and when: one engine at a time, by priority, tenant and turn, a window a job."""

from __future__ import annotations

from collections import Counter

import pytest

from speeko_jobs.adapters.postgres import chunks, jobs, tenant_caps
from speeko_jobs.core.model.states import JobState
from tests.fixtures.books import Books, together

TEXTS = [f"text {n}" for n in range(12)]


def take_next(
    books: Books, engine: int, provider: str = "speeko", account: str = ""
) -> tuple[int, int] | None:
    found = books.run(lambda t: chunks.take_next(t, provider, account or provider, engine))
    return (found.job, found.no) if found else None


def test_a_chunk_is_cut_from_the_rows(books: Books) -> None:
    job, engine = books.job(TEXTS, chunk_rows=5), books.engine()
    ranges = [books.take(job, no, engine) for no in (1, 2, 3, 4)]
    assert [(c.first_row, c.last_row) for c in ranges if c] == [(1, 5), (6, 10), (11, 12)]
    assert ranges[3] is None


def test_a_chunk_has_one_engine_at_a_time(books: Books) -> None:
    job, engines = books.job(TEXTS), [books.engine() for _ in range(6)]
    got = together([lambda e=e: books.take(job, 1, e) for e in engines])
    assert sum(chunk is not None for chunk in got) == 1
    holder = engines[next(n for n, chunk in enumerate(got) if chunk)]
    books.expire(holder)
    assert books.take(job, 1, books.engine()) is not None


def test_a_chunk_that_is_let_go_can_be_taken(books: Books) -> None:
    job, engine = books.job(TEXTS), books.engine()
    chunk = books.take(job, 1, engine)
    assert chunk is not None
    books.run(lambda t: chunks.release(t, books.engine(), [chunk]))  # not by who has not got it
    assert books.take(job, 1, books.engine()) is None
    books.run(lambda t: chunks.release(t, engine, [chunk]))
    assert books.take(job, 1, books.engine()) is not None


@pytest.mark.parametrize("state", [s for s in JobState if s is not JobState.RUNNING])
def test_only_running_jobs_have_their_chunks_taken(books: Books, state: JobState) -> None:
    job, engine = books.job(TEXTS), books.engine()
    books.run(lambda t: jobs.set_state(t, job, state, expected=[JobState.RUNNING]))
    assert books.take(job, 1, engine) is None
    assert take_next(books, engine) is None
    assert books.run(lambda t: chunks.enqueue(t, 10)) == []


def test_many_take_the_next_and_each_chunk_goes_once(books: Books) -> None:
    job = books.job(TEXTS, chunk_rows=1)
    engines = [books.engine() for _ in range(6)]
    got = together([lambda e=e: [take_next(books, e) for _ in range(4)] for e in engines])
    taken = Counter(chunk for mine in got for chunk in mine if chunk)
    assert set(taken.values()) == {1}
    assert set(taken) <= {(job, no) for no in range(1, 13)}
    while chunk := take_next(books, engines[0]):  # one that was looked at by two at once was left
        taken[chunk] += 1
    assert taken == Counter({(job, no): 1 for no in range(1, 13)})


def test_the_next_is_by_priority_and_then_by_turns(books: Books) -> None:
    low, first, second = books.job(TEXTS, chunk_rows=4, priority=-1), *(
        books.job(TEXTS, chunk_rows=4) for _ in range(2)
    )  # fmt: skip
    high, engine = books.job(TEXTS, chunk_rows=6, priority=5), books.engine()
    order = [take_next(books, engine) for _ in range(12)]
    assert [job for job, _ in filter(None, order)] == [high] * 2 + [first, second] * 3 + [low] * 3
    assert take_next(books, engine, "openai") is None


def test_tenants_share_by_weight(books: Books) -> None:
    books.run(lambda t: tenant_caps.put(t, "heavy", weight=2))
    heavy = [books.job(TEXTS, chunk_rows=1, tenant="heavy") for _ in range(2)]
    light = books.job(TEXTS, chunk_rows=1, tenant="light")
    engine = books.engine()
    taken = [take_next(books, engine) for _ in range(12)]
    count = Counter(job for job, _ in filter(None, taken))
    assert (count[heavy[0]] + count[heavy[1]], count[light]) == (8, 4)
    assert abs(count[heavy[0]] - count[heavy[1]]) <= 1


def test_a_window_of_each_job_goes_in(books: Books) -> None:
    one, two = books.job(TEXTS, chunk_rows=2), books.job(TEXTS[:3], chunk_rows=2)
    assert books.run(lambda t: chunks.enqueue(t, 4, two)) == [(two, 1), (two, 2)]
    assert books.run(lambda t: chunks.enqueue(t, 4)) == [(one, no) for no in (1, 2, 3, 4)]
    assert books.run(lambda t: chunks.enqueue(t, 4)) == []
    engine = books.engine()
    assert books.take(one, 2, engine) is not None
    assert books.run(lambda t: chunks.enqueue(t, 4)) == []  # it is under way, and counts
    books.execute("UPDATE speeko.chunk SET state = 'ready' WHERE job_id = %s AND no = 2", [one])
    assert books.run(lambda t: chunks.enqueue(t, 4)) == [(one, 5)]


def test_what_is_let_in_at_once_goes_in_once(books: Books) -> None:
    job = books.job(TEXTS, chunk_rows=1)
    got = together([lambda: books.run(lambda t: chunks.enqueue(t, 5))] * 6)
    sent = Counter(chunk for mine in got for chunk in mine)
    assert set(sent.values()) == {1}
    assert set(sent) <= {(job, no) for no in range(1, 13)}


def test_the_next_is_one_that_no_message_names_while_there_is_one(books: Books) -> None:
    """Each message stands for a chunk that is still to be begun: so no more than a window of them is left."""
    job, engine = books.job(TEXTS, chunk_rows=2), books.engine()
    assert books.run(lambda t: chunks.enqueue(t, 2)) == [(job, 1), (job, 2)]
    assert [take_next(books, engine) for _ in range(7)] == [(job, no) for no in (3, 4, 5, 6, 1, 2)] + [None]
