"""Leases on a real database: their row, their permits and their heartbeat."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import pytest

from speeko_jobs.adapters.postgres import leases, permits
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.errors import ServerError
from speeko_jobs.flow.synthesis import lease as lease_module
from speeko_jobs.flow.synthesis.lease import Lease
from tests.fixtures.inprocess import InProcess

ACCOUNT = "speeko"
FAR_SECONDS = 3600.0


@pytest.fixture
def account(flow: InProcess) -> str:
    """An account that has proven itself to nobody yet, with room for ten calls."""
    flow.context.database.run(lambda t: permits.open_account(t, ACCOUNT, 10))
    return ACCOUNT


def opened(flow: InProcess, account: str, wants: int = 2, busy: int = 0, **more: Any) -> Lease:
    lease = Lease(flow.context, account, lambda: (wants, busy), **more)
    flow.context.database.run(lease.open)
    return lease


def rows(flow: InProcess, lease: Lease) -> list[tuple[Any, ...]]:
    return list(flow.books.execute("SELECT id FROM speeko.claimant WHERE id = %s", [lease.holder]))


def held(flow: InProcess) -> list[tuple[Any, ...]]:
    return list(flow.books.execute("SELECT wants, busy FROM speeko.permit WHERE account = %s", [ACCOUNT]))


def expire(flow: InProcess, lease: Lease) -> None:
    """Have the lease run out and its row reaped, as the sweeper does it for a process that stood still."""

    def lapse(t: Transaction) -> None:
        assert leases.renew_lease(t, lease.holder, -1.0)

    flow.context.database.run(lapse)
    leases.reap_expired(flow.context.database)


def test_has_a_row_and_permits_from_its_opening_to_its_end(flow: InProcess, account: str) -> None:
    lease = opened(flow, account)
    assert rows(flow, lease)
    assert not held(flow)
    asyncio.run(lease.renew_now())
    assert held(flow) == [(2, 0)]
    assert lease.budget.allowed == 2
    flow.context.database.run(lease.close)
    assert not rows(flow, lease)
    assert not held(flow)


def test_asks_for_no_more_calls_than_its_process_can_take(flow: InProcess, account: str) -> None:
    lease = opened(flow, account, wants=9)
    lease.budget.most = 3
    asyncio.run(lease.renew_now())
    assert held(flow) == [(3, 0)]


def test_may_begin_a_call_only_with_permits_and_while_it_is_valid(flow: InProcess, account: str) -> None:
    lease = opened(flow, account)
    assert lease.is_valid
    assert not lease.may_begin(time.monotonic(), 0)
    asyncio.run(lease.renew_now())
    assert lease.may_begin(time.monotonic(), 1)
    assert not lease.may_begin(time.monotonic(), 2)
    # close to its end the next heartbeat comes first, though the permits last longer
    assert not lease.may_begin(lease.budget.alive_until - 0.1, 0)


def test_is_lost_once_its_row_was_reaped(flow: InProcess, account: str) -> None:
    lease = opened(flow, account)
    asyncio.run(lease.renew_now())
    expire(flow, lease)
    asyncio.run(lease.renew_now())
    assert lease.is_lost
    assert not lease.is_valid
    assert not lease.may_begin(time.monotonic(), 0)


def test_is_not_valid_after_its_time(flow: InProcess, account: str) -> None:
    lease = opened(flow, account)
    lease.budget.alive_until = time.monotonic() - 0.001
    assert not lease.is_valid
    assert not lease.is_lost


def test_leaves_its_row_while_the_spool_holds_answers(flow: InProcess, account: str) -> None:
    lease = opened(flow, account)
    asyncio.run(lease.renew_now())
    flow.context.database.run(lambda t: lease.close(t, is_unsettled=True))
    assert rows(flow, lease)


def test_gives_back_once_what_a_repeated_transaction_gives_back_twice(flow: InProcess, account: str) -> None:
    lease = opened(flow, account)
    asyncio.run(lease.renew_now())
    lease.budget.retries = 3

    def retried(t: Transaction) -> None:
        lease.close(t, is_unsettled=True)
        raise ServerError("the connection was cut before the commit")

    def retries_left() -> float:
        return next(a.retries_left for a in permits.accounts(flow.context.database) if a.name == account)

    before = retries_left()
    with pytest.raises(ServerError):
        flow.context.database.run(retried)
    flow.context.database.run(lease.close)
    assert retries_left() == before + 3


def test_renews_in_one_transaction_with_what_joins_it(flow: InProcess, account: str) -> None:
    def refuse(t: Transaction) -> None:
        raise ServerError("no")

    lease = opened(flow, account, also=refuse)
    with pytest.raises(ServerError):
        asyncio.run(lease.renew_now())
    assert not held(flow)


def test_beats_when_asked_to_and_goes_on_after_an_error(
    flow: InProcess, account: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("BEAT_SECONDS", "STARVED_BEAT_SECONDS"):
        monkeypatch.setattr(lease_module, name, FAR_SECONDS)

    async def work() -> int:
        lease = opened(flow, account)
        beats, ended = 0, asyncio.Event()

        async def fail() -> None:
            raise ServerError("the database is away")

        def count() -> None:
            nonlocal beats
            beats += 1
            ended.set()

        lease.start_heartbeat(fail, count)
        for _ in range(2):
            ended.clear()
            lease.renew_soon()
            await ended.wait()
        await lease.stop_heartbeat()
        assert held(flow) == [(2, 0)]
        return beats

    with caplog.at_level(logging.WARNING):
        assert asyncio.run(asyncio.wait_for(work(), 60)) == 2
    assert caplog.messages == ["no heartbeat: the database is away"] * 2


def test_beats_by_itself(flow: InProcess, account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BEAT_SECONDS", "STARVED_BEAT_SECONDS"):
        monkeypatch.setattr(lease_module, name, 0.01)

    async def work() -> None:
        lease = opened(flow, account)
        beaten = asyncio.Event()
        lease.start_heartbeat(after_beat=beaten.set)
        await beaten.wait()
        await lease.stop_heartbeat()
        await lease.stop_heartbeat()  # again is harmless

    asyncio.run(asyncio.wait_for(work(), 60))
    assert held(flow) == [(2, 0)]


def test_a_lease_whose_transaction_was_undone_leaves_no_row(flow: InProcess, account: str) -> None:
    lease = Lease(flow.context, account, lambda: (1, 0))

    def undone(t: Transaction) -> None:
        lease.open(t)
        raise ServerError("no chunk")

    with pytest.raises(ServerError):
        flow.context.database.run(undone)
    assert not rows(flow, lease)
