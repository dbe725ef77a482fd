"""Settling on a real database and store, and what happens to paid answers while either is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy

from speeko_jobs.core.model.speech import Failure, ProviderError
from speeko_jobs.core.model.states import UtteranceState
from speeko_jobs.core.policies.outage_detection import TryLimits
from speeko_jobs.errors import ServerError, StoreError
from speeko_jobs.flow.synthesis import settlement, spool
from speeko_jobs.flow.synthesis.settler import MAX_DELAY_SECONDS, Settler, SettleRetries
from tests.faults.proxy import Proxy
from tests.fixtures.claimed import bought, lose_store
from tests.fixtures.inprocess import InProcess

ONCE = SettleRetries(1)


@pytest.fixture
def cut(flow: InProcess) -> Iterator[tuple[Proxy, InProcess]]:
    """A line to Postgres that can be cut, and the flow over it."""
    url = sqlalchemy.make_url(flow.settings.database_url)
    with Proxy(Path(str(url.query["host"])) / ".s.PGSQL.5432") as proxy:
        far = url.set(host="127.0.0.1", port=proxy.port, query={}).render_as_string(False)
        yield proxy, flow.again(database_url=far)


def states(flow: InProcess) -> list[tuple[str, int]]:
    return [
        (state, count)
        for state, count in flow.books.execute(
            "SELECT state, count(*) FROM speeko.attempt GROUP BY state ORDER BY state"
        )
    ]


def spooled(flow: InProcess) -> int:
    return len(list(spool.folder(flow.context).glob("*.audio")))


def test_stores_and_books_a_batch(flow: InProcess) -> None:
    _, batch = bought(flow, 3)
    settled = asyncio.run(Settler(flow.context, ONCE).settle(batch))
    assert set(settled.records) == {answer.claim.key for answer in batch}
    assert states(flow) == [("stored", 3)]


def test_counts_batches_in_a_row_that_brought_no_audio(flow: InProcess) -> None:
    _, (first, second) = bought(flow, 2)
    refused = ProviderError(Failure.THROTTLED, "slow down")
    settler = Settler(flow.context, ONCE)
    asyncio.run(settler.settle([replace(first, result=refused)]))
    assert settler.fails == 1
    asyncio.run(settler.settle([second]))
    assert settler.fails == 0


def test_asks_after_how_many_tries_a_text_fails(flow: InProcess) -> None:
    _, (answer,) = bought(flow, 1)
    asked: list[bool] = []

    def limits(good: bool) -> TryLimits:
        asked.append(good)
        return TryLimits(1, 1)

    lost = replace(answer, result=ProviderError(Failure.UNKNOWN, "cut"))
    settled = asyncio.run(Settler(flow.context, ONCE, limits=limits).settle([lost]))
    assert asked == [False]
    assert settled.states == {answer.claim.key: UtteranceState.FAILED}


def test_settles_once_the_database_is_back(
    flow: InProcess, cut: tuple[Proxy, InProcess], caplog: pytest.LogCaptureFixture
) -> None:
    _, batch = bought(flow, 2)
    proxy, far = cut
    proxy.down()

    async def work() -> None:
        settler = Settler(far.context, SettleRetries(1000, 0.01))
        settling = asyncio.create_task(settler.settle(batch))
        while "2 calls wait to be booked" not in caplog.text:
            await asyncio.sleep(0)
        proxy.up()
        await settling

    with caplog.at_level(logging.WARNING):
        asyncio.run(asyncio.wait_for(work(), 60))
    assert states(flow) == [("stored", 2)]


def test_gives_up_after_its_last_try_and_spools(flow: InProcess, cut: tuple[Proxy, InProcess]) -> None:
    _, batch = bought(flow, 2)
    proxy, far = cut
    proxy.down()
    settler = Settler(far.context, SettleRetries(2, 0.01, is_logged=False))
    with pytest.raises(ServerError):
        asyncio.run(settler.settle(batch))
    assert asyncio.run(settler.spool(batch)) == 2
    assert (settler.unsettled, spooled(flow)) == (2, 2)
    assert states(flow) == [("sending", 2)]

    assert spool.replay(flow.context) == 2
    assert states(flow) == [("stored", 2)]


def test_does_not_try_a_store_that_is_away_again(flow: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settlement, "STORE_TRIES", 1)
    _, batch = bought(flow, 1)
    lose_store(flow)
    with pytest.raises(StoreError):
        asyncio.run(Settler(flow.context, SettleRetries(1000, 1000.0)).settle(batch))
    assert states(flow) == [("sending", 1)]


def test_keeps_a_batch_in_the_spool(flow: InProcess) -> None:
    _, batch = bought(flow, 2)
    settler = Settler(flow.context, ONCE)
    assert asyncio.run(settler.keep(batch)) is None
    assert (settler.unsettled, spooled(flow)) == (2, 2)


def test_settles_what_even_the_spool_refuses(flow: InProcess, caplog: pytest.LogCaptureFixture) -> None:
    _, batch = bought(flow, 2)
    spool.folder(flow.context).write_bytes(b"a file where the spool would be")
    settler = Settler(flow.context, ONCE)
    with caplog.at_level(logging.ERROR):
        settled = asyncio.run(settler.keep(batch))
    assert settled is not None
    assert len(settled.records) == 2
    assert settler.unsettled == 0
    assert "2 paid answers are held in memory" in caplog.text


def test_waits_longer_the_more_batches_bring_nothing(flow: InProcess) -> None:
    settler = Settler(flow.context, ONCE)
    at_first = [settler.delay() for _ in range(200)]
    settler.fails = 100
    later = [settler.delay() for _ in range(200)]
    assert 0.05 <= min(at_first) <= max(at_first) <= 0.5 < max(later) <= MAX_DELAY_SECONDS
