"""Which rows a claim locks, in which order, and in how many round trips."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from speeko_jobs.adapters.postgres import claims, permits, tenant_caps
from speeko_jobs.adapters.postgres.claims import Claim
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.adapters.postgres.permits import LeaseRequest
from speeko_jobs.core.policies.adaptive_limit import CallWindow
from speeko_jobs.core.policies.fair_queue import PurchaseRequest
from speeko_jobs.core.policies.waste_breaker import TRIAL_CALLS
from tests.fixtures.books import Books
from tests.wait import wait_until

ACCOUNT = "speeko:1"
TEXTS = [f"text {n}" for n in range(3 * TRIAL_CALLS)]
WAITS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


class Counted(Transaction):
    """A transaction that notes the statements that it sends."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self.sent: list[str] = []

    def rows(self, name: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        self.sent.append(name)
        return super().rows(name, values)

    def row(self, name: str, values: Mapping[str, Any] | None = None) -> tuple[Any, ...] | None:
        self.sent.append(name)
        return super().row(name, values)

    def run(self, name: str, values: Mapping[str, Any] | None = None) -> int:
        self.sent.append(name)
        return super().run(name, values)


def on_trial(t: Transaction, job: int, engine: int, wants: list[PurchaseRequest]) -> list[Claim]:
    return claims.claim(t, job, engine, wants, account=ACCOUNT)


def leased_engine(books: Books) -> int:
    """An engine whose open calls count for the account."""
    engine = books.engine()

    def lease(t: Transaction) -> None:
        permits.open_account(t, ACCOUNT, 64)
        permits.lease(t, ACCOUNT, engine, LeaseRequest(64, 0, CallWindow()), 60.0)

    books.run(lease)
    return engine


@pytest.mark.parametrize(
    ("is_capped", "sent"),
    [(False, ["claim_lock", "claim"]), (True, ["claim_lock", "tenant_spent", "claim"])],
)
def test_round_trips_of_a_claim(one_day: None, books: Books, is_capped: bool, sent: list[str]) -> None:
    if is_capped:
        books.run(lambda t: tenant_caps.put(t, "shop", daily_micros=10**6, keep_daily=False))
    job, engine = books.job(TEXTS), books.engine()
    wants = books.start(job, 1, engine)

    def work(t: Transaction) -> list[str]:
        counted = Counted(t._connection)
        assert len(claims.claim(counted, job, engine, wants)) == len(TEXTS)
        return counted.sent

    assert books.run(work) == sent


def test_a_claim_locks_its_tenant_before_its_job(one_day: None, books: Books) -> None:
    """While it waits for the tenant the job is free for others: nothing can wait in a circle."""
    books.run(lambda t: tenant_caps.put(t, "shop", daily_micros=10**6, keep_daily=False))
    job, engine = books.job(TEXTS), books.engine()
    wants = books.start(job, 1, engine)
    with ThreadPoolExecutor(1) as pool:
        with books.database.transaction() as t:
            tenant_caps.cap(t, job)
            claim = pool.submit(books.claim, job, engine, wants)
            wait_until(lambda: books.one(WAITS) == 1, "a claim that waits")
            books.execute("SELECT FROM speeko.job WHERE id = %s FOR UPDATE NOWAIT", [job])
        assert len(claim.result(60)) == len(TEXTS)


@pytest.mark.parametrize("is_capped", [False, True])
def test_a_claim_that_waited_counts_the_calls_of_the_one_before(
    one_day: None, books: Books, is_capped: bool
) -> None:
    """Of a voice on trial two engines together hold the calls of one."""
    if is_capped:
        books.run(lambda t: tenant_caps.put(t, "shop", daily_micros=10**6, keep_daily=False))
    job, engines = books.job(TEXTS), [leased_engine(books) for _ in range(2)]
    wants = books.start(job, 1, engines[0])
    half = len(TEXTS) // 2
    with ThreadPoolExecutor(1) as pool:
        with books.database.transaction() as t:
            assert len(on_trial(t, job, engines[0], wants[:half])) == TRIAL_CALLS
            second = pool.submit(books.run, lambda t: on_trial(t, job, engines[1], wants[half:]))
            wait_until(lambda: books.one(WAITS) == 1, "a claim that waits")
        assert second.result(60) == []
    assert books.one("SELECT count(*) FROM speeko.attempt WHERE state = 'sending'") == TRIAL_CALLS
