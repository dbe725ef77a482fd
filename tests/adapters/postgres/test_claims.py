"""Who may buy a text, what is reserved for it, and what becomes of it: each rule of the money protocol."""

from __future__ import annotations

import random
import threading
from collections import Counter
from itertools import chain

import pytest

from speeko_jobs.adapters.backoff import Backoff
from speeko_jobs.adapters.postgres import claims, jobs, leases, tenant_caps
from speeko_jobs.adapters.postgres.claims import Claim
from speeko_jobs.adapters.postgres.settlements import Outcome
from speeko_jobs.core.model.states import AttemptState, JobState, UtteranceState
from speeko_jobs.core.policies.fair_queue import PurchaseRequest
from tests.fixtures.books import Books, broken_rules, ended, key_of, stored, together

A, B = AttemptState, UtteranceState
TEXTS = [f"text {n}" for n in range(60)]


@pytest.fixture
def one(books: Books) -> tuple[int, int, list[PurchaseRequest]]:
    """A job of one text, an engine, and what the job wants."""
    job, engine = books.job(["hello"]), books.engine()
    return job, engine, books.start(job, 1, engine)


def test_a_claim_is_an_intent_and_a_reservation(
    books: Books, one: tuple[int, int, list[PurchaseRequest]]
) -> None:
    job, engine, wants = one
    (claim,) = books.claim(job, engine, wants)
    assert (claim.text, claim.voice, claim.model, claim.format) == (
        "hello",
        "kokoro-professional",
        "kokoro",
        "mp3",
    )
    assert (claim.key, claim.row_no, claim.chunk_no, claim.cost_micros) == (key_of("hello"), 1, 1, 100)
    assert books.figures(job) == (0, 100, 0, 0, 0)
    assert books.state("hello") == "claimed"
    assert books.claim(job, engine, wants) == []


def test_many_claim_at_once_and_each_key_is_given_once(books: Books) -> None:
    job = books.job(TEXTS)
    engines = [books.engine() for _ in range(8)]
    wants = books.start(job, 1, engines[0])

    def greedy(engine: int) -> list[Claim]:
        mine = [wants[n : n + 7] for n in range(0, len(wants), 7)]
        random.Random(engine).shuffle(mine)
        return [claim for batch in mine for claim in books.claim(job, engine, batch)]

    got = together([lambda e=e: greedy(e) for e in engines])
    seen = Counter(claim.key for claims_ in got for claim in claims_)
    missed = [want for want in wants if want.key not in seen]  # locked by another for a moment: nobody's
    assert set(seen.values()) == {1}
    seen.update(claim.key for claim in books.claim(job, engines[0], missed))
    assert seen == Counter(key_of(text) for text in TEXTS)


def test_the_fence_rises_with_every_claim(books: Books, one: tuple[int, int, list[PurchaseRequest]]) -> None:
    job, engine, wants = one
    for fence in (1, 2, 3, 4, 5):
        (claim,) = books.claim(job, engine, wants)
        assert books.one("SELECT fence FROM speeko.utterance") == fence
        books.settle(ended(job, claim, A.REFUSED))
    assert books.execute("SELECT fence FROM speeko.attempt ORDER BY id") == [(1,), (2,), (3,), (4,), (5,)]


@pytest.mark.parametrize("state", [s for s in JobState if s is not JobState.RUNNING])
def test_only_a_running_job_claims(
    books: Books, one: tuple[int, int, list[PurchaseRequest]], state: JobState
) -> None:
    job, engine, wants = one
    books.run(lambda t: jobs.set_state(t, job, state, "because", expected=[JobState.RUNNING]))
    assert books.claim(job, engine, wants) == []
    left = claims.explain_unclaimed(books.database, job, [wants[0].key])
    assert (left.free, left.over, left.job_state) == ([wants[0].key], "", state)


def test_only_a_living_engine_claims(books: Books, one: tuple[int, int, list[PurchaseRequest]]) -> None:
    job, engine, wants = one
    books.expire(engine)
    assert books.claim(job, engine, wants) == []
    assert books.claim(job, 12_345, wants) == []
    assert len(books.claim(job, books.engine(), wants)) == 1


def test_a_text_of_two_jobs_is_bought_by_one_and_wakes_both(books: Books) -> None:
    first, second, engine = books.job(["same", "own"]), books.job(["same"]), books.engine()
    wants, others = books.start(first, 1, engine), books.start(second, 1, books.engine())
    got = books.claim(first, engine, wants)
    assert len(got) == 2
    assert books.claim(second, books.engine(), others) == []
    settled = books.settle(*[stored(first, c) for c in got if c.text == "same"])
    assert settled.ready == [(second, 1)]
    assert books.chunk_state(first, 1) == ("synthesizing", 1)
    assert books.settle(*[stored(first, c) for c in got if c.text == "own"]).ready == [(first, 1)]
    assert books.figures(second) == (0, 0, 0, 0, 0)
    assert books.figures(first) == (200, 0, 0, 2, 0)


# the cap


def test_the_cap_is_never_passed_by_many_at_once(books: Books) -> None:
    costs = {text: 50 + 7 * n for n, text in enumerate(TEXTS)}
    budget = sum(costs.values()) // 2
    job = books.job(TEXTS, cost_micros=lambda text: costs[text], budget_micros=budget)
    engines = [books.engine() for _ in range(6)]
    wants = books.start(job, 1, engines[0])
    over, stop = [], threading.Event()

    def watch() -> None:
        while not stop.is_set():
            spent, reserved, possible, *_ = books.figures(job)
            if spent + reserved + possible > budget:
                over.append((spent, reserved, possible))

    def work(engine: int) -> None:
        chance = random.Random(engine)
        for _ in range(12):
            got = books.claim(job, engine, chance.sample(wants, 5))
            chance.shuffle(got)
            for claim in got:
                state = chance.choice([A.STORED, A.STORED, A.BAD, A.UNKNOWN, A.REFUSED])
                books.settle(stored(job, claim) if state is A.STORED else ended(job, claim, state))

    watcher = threading.Thread(target=watch)
    watcher.start()
    together([lambda e=e: work(e) for e in engines])
    stop.set()
    watcher.join()
    assert over == []
    # and it is used up: no text that is left would fit
    for want in wants:
        for claim in books.claim(job, engines[0], [want]):
            books.settle(stored(job, claim))
    spent, reserved, possible, *_ = books.figures(job)
    left = books.execute("SELECT cost_micros FROM speeko.utterance WHERE state = 'missing'")
    assert reserved == 0
    assert left
    assert all(spent + possible + cost > budget for (cost,) in left)


def test_a_cap_that_fits_exactly_is_used_to_the_last_micro(books: Books) -> None:
    job, engine = books.job(["a", "b", "c"], cost_micros=33, budget_micros=99), books.engine()
    wants = books.start(job, 1, engine)
    assert len(books.claim(job, engine, wants)) == 3
    assert books.figures(job)[1] == 99


def test_one_micro_short_leaves_the_last_text(books: Books) -> None:
    job, engine = books.job(["a", "b", "c"], cost_micros=33, budget_micros=98), books.engine()
    wants = books.start(job, 1, engine)
    got = books.claim(job, engine, wants)
    assert [claim.key for claim in sorted(got, key=lambda c: c.row_no)] == [key_of("a"), key_of("b")]
    left = claims.explain_unclaimed(books.database, job, [key_of("c")])
    assert left.free == [key_of("c")]
    assert left.over == "the job's budget"
    # what was reserved and not used is there again
    books.settle(ended(job, got[0], A.REFUSED))
    assert claims.explain_unclaimed(books.database, job, [key_of("c")]).over == ""
    assert len(books.claim(job, engine, [w for w in wants if w.key == key_of("c")])) == 1


def test_a_text_too_dear_does_not_stand_before_one_that_fits(books: Books) -> None:
    """Else it would be asked for again and again, and the job would neither go on nor pause."""
    costs = {"dear": 90, "cheap": 30, "cheap too": 30}
    job, engine = books.job(list(costs), cost_micros=lambda x: costs[x], budget_micros=80), books.engine()
    wants = books.start(job, 1, engine)
    assert sorted(claim.text for claim in books.claim(job, engine, wants)) == ["cheap", "cheap too"]
    assert books.claim(job, engine, wants) == []
    assert claims.explain_unclaimed(books.database, job, [key_of("dear")]).over == "the job's budget"


def test_the_caps_of_a_tenant_hold_over_its_jobs(one_day: None, books: Books) -> None:
    books.run(lambda t: tenant_caps.put(t, "shop", daily_micros=1_000, keep_daily=False))
    works = [books.job([f"{n} {text}" for text in TEXTS[:20]]) for n in range(3)]
    engines = [books.engine() for _ in works]
    wants = [books.start(job, 1, engine) for job, engine in zip(works, engines, strict=True)]

    def work(n: int) -> int:
        got: list[Claim] = []
        for at in range(0, 20, 4):
            got += books.claim(works[n], engines[n], wants[n][at : at + 4])
            books.settle(*[stored(works[n], claim) for claim in got[-2:]])
        return len(got)

    assert sum(together([lambda n=n: work(n) for n in range(3)])) == 10
    left = claims.explain_unclaimed(books.database, works[0], [w.key for w in wants[0]])
    assert left.over == "the daily cap of tenant 'shop'"
    (shown,) = tenant_caps.show(books.database)
    assert shown.spent_today_micros + shown.reserved_micros == 1_000


# settling


@pytest.mark.parametrize("state", [A.STORED, A.BAD, A.UNKNOWN, A.REFUSED])
def test_the_same_outcome_twice_changes_nothing(
    books: Books, one: tuple[int, int, list[PurchaseRequest]], state: AttemptState
) -> None:
    job, engine, wants = one
    (claim,) = books.claim(job, engine, wants)
    outcome = stored(job, claim) if state is A.STORED else ended(job, claim, state)
    books.settle(outcome)
    before = books.snapshot()
    again = books.settle(outcome)
    assert (again.states, again.records, again.ready) == ({}, {}, [])
    assert books.snapshot() == before


def test_the_same_outcomes_settled_by_many_at_once_count_once(books: Books) -> None:
    job, engine = books.job(TEXTS), books.engine()
    got = books.claim(job, engine, books.start(job, 1, engine))
    outcomes = [stored(job, claim) for claim in got]

    def settle(seed: int) -> list[tuple[int, int]]:
        mine = list(outcomes)
        random.Random(seed).shuffle(mine)
        return [chunk for n in range(0, 60, 15) for chunk in books.settle(*mine[n : n + 15]).ready]

    ready = together([lambda s=s: settle(s) for s in range(4)])
    assert list(chain(*ready)) == [(job, 1)]
    assert books.figures(job) == (6000, 0, 0, 60, 0)


@pytest.mark.parametrize(
    ("state", "figures", "becomes"),
    [
        (A.STORED, (100, 0, 0, 1, 0), B.DONE),
        (A.BAD, (100, 0, 0, 1, 0), B.MISSING),
        (A.UNKNOWN, (0, 0, 100, 0, 1), B.MISSING),
        (A.REFUSED, (0, 0, 0, 0, 0), B.MISSING),
    ],
)
def test_what_an_outcome_costs_and_leads_to(
    books: Books,
    one: tuple[int, int, list[PurchaseRequest]],
    state: AttemptState,
    figures: tuple[int, ...],
    becomes: UtteranceState,
) -> None:
    job, engine, wants = one
    (claim,) = books.claim(job, engine, wants)
    outcome = stored(job, claim) if state is A.STORED else ended(job, claim, state)
    assert books.settle(outcome).states == {claim.key: becomes}
    assert books.figures(job) == figures
    assert books.chunk_state(job, 1) == (("ready", 0) if state is A.STORED else ("synthesizing", 1))


def test_what_is_stored_is_on_record(books: Books, one: tuple[int, int, list[PurchaseRequest]]) -> None:
    job, engine, wants = one
    (claim,) = books.claim(job, engine, wants)
    record = books.settle(stored(job, claim)).records[claim.key]
    now = books.one("SELECT extract(epoch FROM clock_timestamp())::float8")
    assert (record.bytes, record.millis, record.bought_job, record.bought_row) == (3000, 900, job, 1)
    assert record.cost_micros == 100
    assert abs(now - record.settled_millis / 1000) < 60


def repeat(
    books: Books, job: int, engine: int, wants: list[PurchaseRequest], *states: AttemptState
) -> list[UtteranceState]:
    """Buy the same text again and again with these outcomes; what it was after each."""
    out = []
    for state in states:
        (claim,) = books.claim(job, engine, wants)
        out += books.settle(ended(job, claim, state, f"it was {state.value}")).states.values()
    return out


def test_three_unknown_calls_are_the_end(books: Books, one: tuple[int, int, list[PurchaseRequest]]) -> None:
    assert repeat(books, *one, A.UNKNOWN, A.UNKNOWN, A.UNKNOWN) == [B.MISSING, B.MISSING, B.FAILED]
    assert books.claim(*one) == []
    assert books.chunk_state(one[0], 1) == ("ready", 0)
    assert books.one("SELECT reason FROM speeko.utterance") == "it was unknown"


def test_two_bad_answers_are_the_end(books: Books, one: tuple[int, int, list[PurchaseRequest]]) -> None:
    assert repeat(books, *one, A.BAD, A.BAD) == [B.MISSING, B.FAILED]
    assert books.figures(one[0]) == (200, 0, 0, 2, 0)


def test_free_failures_are_no_tries(books: Books, one: tuple[int, int, list[PurchaseRequest]]) -> None:
    assert repeat(books, *one, *[A.REFUSED] * 12) == [B.MISSING] * 12
    assert repeat(books, *one, A.UNKNOWN, A.REFUSED, A.BAD, A.REFUSED) == [B.MISSING] * 4
    assert repeat(books, *one, A.UNKNOWN) == [B.FAILED]


def test_a_refused_text_fails_at_once(books: Books, one: tuple[int, int, list[PurchaseRequest]]) -> None:
    job, engine, wants = one
    (claim,) = books.claim(job, engine, wants)
    settled = books.settle(ended(job, claim, A.REFUSED, "too rude", final=True))
    assert settled.states == {claim.key: B.FAILED}
    assert settled.ready == [(job, 1)]
    assert books.figures(job) == (0, 0, 0, 0, 0)


def test_a_failed_text_wakes_all_who_waited(books: Books) -> None:
    work = [books.job(["same"]) for _ in range(5)]
    engines = [books.engine() for _ in work]
    wants = [books.start(job, 1, engine) for job, engine in zip(work, engines, strict=True)]
    (claim,) = books.claim(work[2], engines[2], wants[2])
    settled = books.settle(ended(work[2], claim, A.REFUSED, final=True))
    assert settled.ready == [(job, 1) for job in work]


def test_a_later_job_gives_a_failed_text_another_chance(
    books: Books, one: tuple[int, int, list[PurchaseRequest]]
) -> None:
    repeat(books, *one, A.BAD, A.BAD)
    engine, later = books.engine(), books.job(["hello"])
    wants = books.start(later, 1, engine)
    assert books.state("hello") == "missing"
    assert repeat(books, later, engine, wants, A.BAD, A.BAD) == [B.MISSING, B.FAILED]
    # but a chunk of the same job does not start it all over
    books.execute("UPDATE speeko.chunk SET state = 'planned', claimant_id = NULL WHERE job_id = %s", [later])
    assert books.start(later, 1, engine) == []
    assert books.chunk_state(later, 1) == ("ready", 0)


# the dead


def test_a_dead_engines_calls_are_unknown_and_its_texts_free(books: Books) -> None:
    job, engine = books.job(["a", "b", "c"]), books.engine()
    got = books.claim(job, engine, books.start(job, 1, engine))
    books.settle(stored(job, got[0]))
    assert leases.reap_expired(books.database) == []
    assert books.figures(job) == (100, 200, 0, 1, 0)
    books.expire(engine)
    assert leases.reap_expired(books.database) == []
    assert books.figures(job) == (100, 0, 200, 1, 2)
    assert books.one("SELECT count(*) FROM speeko.claimant") == 0
    assert books.execute("SELECT state, tries FROM speeko.utterance ORDER BY 1, 2") == [
        ("done", 0),
        ("missing", 1),
        ("missing", 1),
    ]


def test_a_text_that_kills_its_engines_fails_and_wakes(books: Books) -> None:
    job, other = books.job(["poison"]), books.job(["poison"])
    books.start(other, 1, books.engine())
    ready = []
    for _ in range(3):
        engine = books.engine()
        assert len(books.claim(job, engine, books.start(job, 1, engine))) == 1
        books.expire(engine)
        ready += leases.reap_expired(books.database)
    assert ready == [(job, 1), (other, 1)]
    assert books.state("poison") == "failed"
    assert books.figures(job) == (0, 0, 300, 0, 3)


def test_many_bury_at_once(books: Books) -> None:
    job = books.job(TEXTS)
    engines = [books.engine() for _ in range(6)]
    wants = books.start(job, 1, engines[0])
    for n, engine in enumerate(engines):
        books.claim(job, engine, wants[n * 10 : n * 10 + 10])
    books.expire(*engines)
    together([lambda: leases.reap_expired(books.database)] * 5)
    assert books.figures(job) == (0, 0, 6000, 0, 60)


def test_a_late_result_is_kept_and_booked(books: Books, one: tuple[int, int, list[PurchaseRequest]]) -> None:
    job, engine, wants = one
    (claim,) = books.claim(job, engine, wants)
    books.expire(engine)
    leases.reap_expired(books.database)
    settled = books.settle(stored(job, claim))
    assert settled.states == {claim.key: B.DONE}
    assert settled.ready == [(job, 1)]
    assert books.figures(job) == (100, 0, 0, 1, 0)
    assert books.one("SELECT ever_unknown FROM speeko.attempt")


def test_a_late_result_while_another_calls_again(
    books: Books, one: tuple[int, int, list[PurchaseRequest]]
) -> None:
    job, engine, wants = one
    (claim,) = books.claim(job, engine, wants)
    books.expire(engine)
    leases.reap_expired(books.database)
    (second,) = books.claim(job, books.engine(), wants)
    assert books.settle(stored(job, claim)).ready == [(job, 1)]
    assert books.figures(job) == (100, 100, 0, 1, 0)
    settled = books.settle(stored(job, second))
    # done already; but it was paid, and its audio has replaced the first
    assert (settled.states, settled.ready) == ({second.key: UtteranceState.DONE}, [])
    assert books.figures(job) == (200, 0, 0, 2, 0)
    assert books.one("SELECT bought_job FROM speeko.utterance") == job


def test_a_late_result_of_a_failed_text_still_serves(books: Books) -> None:
    job, late = books.job(["slow"]), []
    for _ in range(3):
        engine = books.engine()
        late += books.claim(job, engine, books.start(job, 1, engine))
        books.expire(engine)
        leases.reap_expired(books.database)
    assert books.state("slow") == "failed"
    books.settle(stored(job, late[0]))
    assert books.state("slow") == "done"
    assert books.figures(job) == (100, 0, 200, 1, 2)


@pytest.mark.parametrize("state", [A.UNKNOWN, A.REFUSED])
def test_a_late_failure_changes_nothing(
    books: Books, one: tuple[int, int, list[PurchaseRequest]], state: AttemptState
) -> None:
    job, engine, wants = one
    (claim,) = books.claim(job, engine, wants)
    books.expire(engine)
    leases.reap_expired(books.database)
    before = books.snapshot()
    books.settle(ended(job, claim, state))
    assert books.snapshot() == before


def test_a_late_bad_answer_was_paid(books: Books, one: tuple[int, int, list[PurchaseRequest]]) -> None:
    job, engine, wants = one
    (claim,) = books.claim(job, engine, wants)
    books.expire(engine)
    leases.reap_expired(books.database)
    (second,) = books.claim(job, books.engine(), wants)
    books.settle(ended(job, claim, A.BAD))
    assert books.figures(job) == (100, 100, 0, 1, 0)
    assert books.state("hello") == "claimed"
    books.settle(stored(job, second))


def test_an_engine_in_time_is_not_buried(books: Books, one: tuple[int, int, list[PurchaseRequest]]) -> None:
    job, engine, wants = one
    books.claim(job, engine, wants)
    books.expire(engine)
    assert books.run(lambda t: leases.renew_lease(t, engine, 60))
    leases.reap_expired(books.database)
    assert books.state("hello") == "claimed"
    books.expire(engine)
    leases.reap_expired(books.database)
    assert not books.run(lambda t: leases.renew_lease(t, engine, 60))


# all at once


def test_no_deadlock_over_keys_of_several_jobs(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """Claim, settle, enrol and bury over the same keys; not one transaction has to be broken off."""
    monkeypatch.setattr("speeko_jobs.adapters.postgres.database.BACKOFF", Backoff(1, 0.0))
    works = [books.job([*TEXTS[n:], *TEXTS[:n]], chunk_rows=10) for n in (0, 17, 31, 45)]

    def engine_life(job: int, seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(6):
            engine = books.engine()
            for no in chance.sample(range(1, 7), 3):
                chunk = books.take(job, no, engine)
                if chunk is None:
                    continue
                waits = set(books.enrol(chunk).waits_for)
                wants = [w for w in books.wants(chunk) if w.key in waits]
                chance.shuffle(wants)
                got = books.claim(job, engine, wants)
                chance.shuffle(got)
                outcomes: list[Outcome] = []
                for claim in got[: chance.randint(0, len(got))]:
                    state = chance.choice([A.STORED, A.BAD, A.UNKNOWN, A.REFUSED, A.REFUSED])
                    outcomes.append(stored(job, claim) if state is A.STORED else ended(job, claim, state))
                if outcomes:
                    books.settle(*outcomes)
            books.expire(engine)
            if chance.random() < 0.5:
                leases.reap_expired(books.database)

    together([lambda j=j, s=s: engine_life(j, s) for s, j in enumerate(works * 2)])
    books.execute("UPDATE speeko.claimant SET lease_until = clock_timestamp()")
    leases.reap_expired(books.database)
    assert broken_rules(books) == {}
