"""No wake-up is lost: a chunk that begins to wait while its texts are settled is always told."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import chain

import pytest

from speeko_jobs.adapters.backoff import Backoff
from speeko_jobs.adapters.postgres import chunks, job_control, jobs
from speeko_jobs.core.model.states import AttemptState, JobState
from tests.fixtures.books import Books, ended, stored, together

ROUNDS = 60
TEXTS = [f"text {n}" for n in range(4)]


@pytest.mark.parametrize("final", [False, True], ids=["done", "failed"])
def test_chunks_that_enrol_while_their_texts_are_settled(books: Books, final: bool) -> None:
    """Several jobs' chunks of the same texts begin at the moment at which these are settled."""
    engine = books.engine()
    for number in range(ROUNDS):
        texts = [f"{number}: {text}" for text in TEXTS]
        jobs = [books.job(texts) for _ in range(4)]
        first, *others = jobs
        got = books.claim(first, engine, books.start(first, 1, engine))
        assert len(got) == len(texts)
        waiting = [books.take(job, 1, engine) for job in others]
        outcomes = [
            ended(first, c, AttemptState.REFUSED, final=True) if final else stored(first, c) for c in got
        ]
        works: list[Callable[[], object]] = [
            partial(books.settle, *outcomes[:2]),
            partial(books.settle, *outcomes[2:]),
        ]
        together(works + [partial(books.enrol, chunk) for chunk in waiting if chunk is not None])
        assert [books.chunk_state(job, 1) for job in jobs] == [("ready", 0)] * 4, f"round {number}"
    assert books.one("SELECT count(*) FROM speeko.need") == 0


def test_two_engines_that_enrol_one_chunk_count_once(books: Books) -> None:
    """An engine whose lease had expired goes on beside the one that took its chunk over."""
    engine = books.engine()
    for number in range(ROUNDS // 2):
        job = books.job([f"{number}: {text}" for text in TEXTS])
        chunk = books.take(job, 1, engine)
        assert chunk is not None
        together([lambda c=chunk: books.enrol(c)] * 3)
        assert books.chunk_state(job, 1) == ("synthesizing", 4)
        got = books.claim(job, engine, books.wants(chunk))
        ready = together([lambda c=c, j=job: books.settle(stored(j, c)).ready for c in got])
        assert list(chain(*ready)) == [(job, 1)]


def test_jobs_that_revive_failed_texts_at_once(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speeko_jobs.adapters.postgres.database.BACKOFF", Backoff(1, 0.0))
    engine = books.engine()
    for number in range(10):
        texts = [f"{number}: {text}" for text in TEXTS]
        job = books.job(texts)
        got = books.claim(job, engine, books.start(job, 1, engine))
        books.settle(*[ended(job, c, AttemptState.REFUSED, final=True) for c in got])
        later = [books.job(texts) for _ in range(4)]
        begun = [books.take(j, 1, engine) for j in later]
        found = together([lambda c=c: books.enrol(c) for c in begun if c is not None])
        assert [sorted(e.waits_for) for e in found] == [sorted(c.key for c in got)] * 4
        again = books.claim(later[0], engine, books.wants(begun[0]))  # type: ignore[arg-type]
        assert books.settle(*[stored(later[0], c) for c in again]).ready == [(j, 1) for j in later]


def test_a_text_that_is_not_known_any_more_is_not_waited_for(books: Books) -> None:
    engine, job = books.engine(), books.job(["there", "gone"])
    books.execute("DELETE FROM speeko.utterance WHERE text = 'gone'")
    chunk = books.take(job, 1, engine)
    assert chunk is not None
    found = books.enrol(chunk)
    assert (len(found.waits_for), len(found.vanished)) == (1, 1)
    assert books.chunk_state(job, 1) == ("synthesizing", 1)


def test_a_chunk_of_which_all_is_known_is_ready_at_once(books: Books) -> None:
    engine, job = books.engine(), books.job(["a"])
    (claim,) = books.claim(job, engine, books.start(job, 1, engine))
    books.settle(stored(job, claim))
    second = books.job(["a"])
    assert books.start(second, 1, engine) == []
    assert books.chunk_state(second, 1) == ("ready", 0)
    third = books.take(books.job(["a"]), 1, engine)
    assert third is not None
    assert books.run(lambda t: chunks.ready(t, third, 64))
    assert not books.run(lambda t: chunks.ready(t, third, 64))


def test_only_a_window_of_a_job_waits_to_be_delivered(books: Books) -> None:
    engine = books.engine()
    job = books.job([f"{n}" for n in range(12)], chunk_rows=3)
    begun = [chunk for no in range(1, 5) if (chunk := books.take(job, no, engine)) is not None]
    assert [books.run(lambda t, c=c: chunks.ready(t, c, 3)) for c in begun] == [True, True, True, False]
    assert books.chunk_state(job, 4)[0] == "synthesizing"


def test_a_chunk_that_was_given_up_waits_for_nothing(books: Books) -> None:
    """Its job is cancelled while an engine looks its texts up."""
    engine, job = books.engine(), books.job(["a", "b"])
    chunk = books.take(job, 1, engine)
    assert chunk is not None
    books.run(lambda t: jobs.set_state(t, job, JobState.CANCELLED, expected=[JobState.RUNNING]))
    assert books.run(job_control.settle_cancelled) == [(job, 1)]
    books.enrol(chunk)
    assert books.chunk_state(job, 1) == ("ready", 0)
    assert books.one("SELECT count(*) FROM speeko.need") == 0
