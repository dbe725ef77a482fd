"""Random histories of engines, jobs and deaths: after every step the sums hold and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from speeko_jobs.adapters.postgres import job_control, jobs, leases, settlements
from speeko_jobs.adapters.postgres.claims import Claim
from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.core.model.states import AttemptState, JobState
from speeko_jobs.core.policies.fair_queue import PurchaseRequest
from tests.fixtures.books import Books, broken_rules, ended, key_of, stored

TEXTS = [f"text {n}" for n in range(6)]
COSTS = {text: 10 + 5 * n for n, text in enumerate(TEXTS)}
BUDGETS = (None, 60, 150)
FINAL = st.sampled_from([True, False, False, False])
PICK = st.integers(0, 11)


class History(RuleBasedStateMachine):
    """A bill is kept beside: what a provider that bills on arrival would charge."""

    books: Books

    @initialize()
    def begin(self) -> None:
        self.books.execute(
            "TRUNCATE speeko.job, speeko.chunk, speeko.item, speeko.utterance, speeko.need, speeko.claimant, "
            "speeko.attempt, speeko.cost_daily CASCADE"
        )
        books = self.books
        self.jobs = [
            books.job(
                TEXTS[n:] + TEXTS[: n + 2],
                chunk_rows=3,
                cost_micros=lambda x: COSTS[x],
                budget_micros=budget,
            )
            for n, budget in enumerate(BUDGETS)
        ]
        self.engines = [books.engine() for _ in range(2)]
        self.wants: dict[int, list[PurchaseRequest]] = {job: [] for job in self.jobs}
        self.open: list[tuple[int, int, Claim]] = []  # engine, job, claim: the call is on its way
        self.lost: list[tuple[int, Claim]] = []  # their engine is dead, the answer may still come
        self.sent: dict[bytes, int] = {}  # calls that the provider billed
        self.perhaps: dict[bytes, int] = {}  # calls of which only the provider knows
        for pick in range(len(self.jobs)):
            self.take_and_enrol(pick, pick)
            self.claim(pick, pick, 2)

    def job(self, pick: int) -> int:
        return self.jobs[pick % len(self.jobs)]

    @rule(pick=PICK, engine=PICK)
    def take_and_enrol(self, pick: int, engine: int) -> None:
        job, at = self.job(pick), self.engines[engine % len(self.engines)]
        chunk = self.books.take(job, 1 + pick % 3, at)
        if chunk is not None:
            waits = set(self.books.enrol(chunk).waits_for)
            self.wants[job] += [want for want in self.books.wants(chunk) if want.key in waits]

    @rule(pick=PICK, engine=PICK, most=st.integers(1, 4))
    def claim(self, pick: int, engine: int, most: int) -> None:
        job, at = self.job(pick), self.engines[engine % len(self.engines)]
        wants = list({want.key: want for want in self.wants[job]}.values())
        if wants:
            start = pick % len(wants)
            got = self.books.claim(job, at, (wants[start:] + wants[:start])[:most])
            self.open += [(at, job, claim) for claim in got]

    @rule(pick=PICK, final=FINAL, state=st.sampled_from(list(AttemptState)[1:]), twice=st.booleans())
    def settle(self, pick: int, final: bool, state: AttemptState, twice: bool) -> None:
        if self.open:
            _, job, claim = self.open.pop(pick % len(self.open))
            self.answer(job, claim, state, final)
            if twice:
                self.books.settle(self.outcome(job, claim, state, final))

    @rule(most=st.integers(2, 4))
    def settle_several(self, most: int) -> None:
        """Of different engines and jobs, in one transaction."""
        batch, self.open = self.open[:most], self.open[most:]
        for _, _, claim in batch:
            self.sent[claim.key] = self.sent.get(claim.key, 0) + 1
        if batch:
            self.books.settle(*[stored(job, claim) for _, job, claim in batch])

    @rule(pick=PICK, state=st.sampled_from([AttemptState.STORED, AttemptState.BAD, AttemptState.UNKNOWN]))
    def late(self, pick: int, state: AttemptState) -> None:
        if self.lost:
            job, claim = self.lost.pop(pick % len(self.lost))
            if state is not AttemptState.UNKNOWN:
                self.perhaps[claim.key] -= 1
                self.answer(job, claim, state, False)

    @rule(engine=PICK)
    def die_and_be_buried(self, engine: int) -> None:
        dead = self.engines.pop(engine % len(self.engines))
        self.books.expire(dead)
        self.engines.append(self.books.engine())
        leases.reap_expired(self.books.database)
        gone = [(job, claim) for at, job, claim in self.open if at == dead]
        self.open = [entry for entry in self.open if entry[0] != dead]
        self.lost += gone
        for _, claim in gone:
            self.perhaps[claim.key] = self.perhaps.get(claim.key, 0) + 1

    @rule(pick=PICK, on=st.booleans())
    def pause_or_resume(self, pick: int, on: bool) -> None:
        job = self.job(pick)
        if on:
            self.books.run(lambda t: job_control.resume(t, job))
        else:
            self.books.run(lambda t: jobs.set_state(t, job, JobState.PAUSED, expected=[JobState.RUNNING]))

    @rule()
    def one_more_job(self) -> None:
        if len(self.jobs) < 5:
            self.jobs.append(self.books.job(TEXTS, chunk_rows=2, cost_micros=lambda x: COSTS[x]))
            self.wants[self.jobs[-1]] = []

    def outcome(self, job: int, claim: Claim, state: AttemptState, final: bool) -> settlements.Outcome:
        if state is AttemptState.STORED:
            return stored(job, claim)
        return ended(job, claim, state, final=final and state is AttemptState.REFUSED)

    def answer(self, job: int, claim: Claim, state: AttemptState, final: bool) -> None:
        if state in (AttemptState.STORED, AttemptState.BAD):
            self.sent[claim.key] = self.sent.get(claim.key, 0) + 1
        elif state is AttemptState.UNKNOWN:
            self.perhaps[claim.key] = self.perhaps.get(claim.key, 0) + 1
        self.books.settle(self.outcome(job, claim, state, final))

    @invariant()
    def the_sums_hold(self) -> None:
        if hasattr(self, "jobs"):
            assert broken_rules(self.books) == {}

    @invariant()
    def the_ledger_brackets_the_bill(self) -> None:
        if not hasattr(self, "jobs"):
            return
        rows = self.books.execute(
            "SELECT key, count(*) FILTER (WHERE state IN ('stored', 'bad')), "
            "count(*) FILTER (WHERE state = 'unknown') FROM speeko.attempt GROUP BY key"
        )
        found = {key: (settled, unknown) for key, settled, unknown in rows if settled or unknown}
        for key in {key_of(text) for text in TEXTS}:
            settled, unknown = found.get(key, (0, 0))
            assert settled == self.sent.get(key, 0)
            assert unknown == self.perhaps.get(key, 0)

    def teardown(self) -> None:
        """From wherever it got to, living engines bring every job to its end."""
        if not hasattr(self, "jobs"):
            return
        books = self.books
        for engine in self.engines:
            books.expire(engine)
        leases.reap_expired(books.database)
        engine = books.engine()
        for job in self.jobs:
            books.execute(
                "UPDATE speeko.job SET state = 'running', budget_micros = NULL WHERE id = %s", [job]
            )
        left = "SELECT job_id, no FROM speeko.chunk WHERE state <> 'ready' ORDER BY 1, 2 LIMIT 1"
        for _ in range(books.one("SELECT count(*) FROM speeko.chunk")):
            for job, no in books.execute(left):  # one text's end may make several chunks ready
                books.execute("UPDATE speeko.chunk SET claimant_id = NULL")
                for claim in books.claim(job, engine, books.start(job, no, engine)):
                    books.settle(stored(job, claim))
        assert books.execute(left) == []
        assert broken_rules(books) == {}


@contextmanager
def on(database: Database) -> Iterator[type[History]]:
    yield type("HistoryHere", (History,), {"books": Books(database)})


@pytest.mark.parametrize("steps", [10, 30])
def test_histories(database: Database, steps: int) -> None:
    with on(database) as history:
        run_state_machine_as_test(
            history,
            settings=settings(
                max_examples=15,
                stateful_step_count=steps,
                phases=[Phase.generate],  # to shrink what fails would take minutes
                deadline=None,
                derandomize=True,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
