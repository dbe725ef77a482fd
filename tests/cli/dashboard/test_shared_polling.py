"""Feeds: what many watch is read once; they hear of changes, of trouble, and of its end."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Any

import pytest

from speeko_cli.dashboard import shared_polling as module
from speeko_cli.dashboard.shared_polling import Document, FeedRequest, Feeds, FeedSource
from speeko_cli.monitoring.thread_lane import ThreadLane
from speeko_jobs.errors import JobError, ServerError, SpeekoError

ASK = FeedRequest.of("thing")
SOON_SECONDS = 0.001


class Thing:
    """A source whose readings happen when the test says so."""

    def __init__(self, *, allowed: int = 10**6) -> None:
        self.value: Document | Exception = {"value": 0}
        self._turnstile = threading.Semaphore(allowed)
        self.asked: list[dict[str, Any]] = []

    def read(self, **arguments: Any) -> Document:
        self._turnstile.acquire()
        self.asked.append(arguments)
        value = self.value
        if isinstance(value, Exception):
            raise value
        return dict(value)

    def allow(self, readings: int = 1) -> None:
        self._turnstile.release(readings)

    def feeds(
        self,
        *,
        wait_seconds: float = 60.0,
        period_seconds: float = SOON_SECONDS,
        rest: float = 1.0,
        **more: Any,
    ) -> Feeds:
        lane = ThreadLane("test", 2)
        source = FeedSource(self.read, lane, period_seconds, wait_seconds, rest)
        return Feeds({"thing": source, "other": source}, **more)


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(work(), 60)

    asyncio.run(bounded())


async def until(
    found: AsyncIterator[dict[FeedRequest, Any]], is_it: Callable[[Any], bool], ask: FeedRequest = ASK
) -> Any:
    async for documents in found:
        if is_it(documents[ask]):
            return documents[ask]
    raise AssertionError("the feed ended")


async def answered(feeds: Feeds) -> Document:
    """What is read as soon as an answer comes in time."""
    while True:
        with suppress(ServerError):
            return await feeds.read(ASK)


def test_equal_asks_are_one() -> None:
    assert FeedRequest.of("jobs", tenant="a", limit=5) == FeedRequest.of(
        "jobs", limit=5, tenant="a", words=None
    )
    assert FeedRequest.of("jobs", limit=5) != FeedRequest.of("jobs", limit=6)


def test_what_many_ask_for_at_once_is_read_once() -> None:
    async def work() -> None:
        thing = Thing(allowed=0)
        feeds = thing.feeds()
        asked = [asyncio.create_task(feeds.read(ASK)) for _ in range(50)]
        await asyncio.sleep(0)
        thing.allow()
        found = await asyncio.gather(*asked)
        assert found == [{"value": 0}] * 50
        assert feeds.readings == 1

    run(work)


def test_it_is_read_again_after_its_period_and_not_before() -> None:
    async def work() -> None:
        now = [0.0]
        thing = Thing()
        feeds = thing.feeds(period_seconds=0.5, clock=lambda: now[0])
        for at, readings in ((0.0, 1), (0.4, 1), (0.6, 2), (1.0, 2), (1.2, 3)):
            now[0] = at
            await feeds.read(ASK)
            assert feeds.readings == readings

    run(work)


@pytest.mark.parametrize("viewers", [1, 50])
def test_many_viewers_cost_what_one_costs(viewers: int) -> None:
    changes = 5

    async def work() -> None:
        thing = Thing(allowed=0)
        feeds = thing.feeds()
        seen: list[list[int]] = [[] for _ in range(viewers)]

        async def view(number: int) -> None:
            async with aclosing(feeds.watch([ASK])) as found:
                async for documents in found:
                    document = documents[ASK]
                    assert isinstance(document, dict)
                    seen[number].append(document["value"])
                    if document["value"] == changes:
                        return

        views = [asyncio.create_task(view(number)) for number in range(viewers)]
        for value in range(changes + 1):
            thing.value = {"value": value}
            thing.allow()
            while len(thing.asked) == value or any(value not in one for one in seen):
                await asyncio.sleep(SOON_SECONDS)
        await asyncio.gather(*views)
        assert seen == [list(range(changes + 1))] * viewers
        assert len(thing.asked) == changes + 1  # readings that have ended: one a change, for all of them

    run(work)


def test_nobody_hears_of_what_is_no_news() -> None:
    async def work() -> None:
        thing = Thing(allowed=0)
        feeds = thing.feeds()
        async with aclosing(feeds.watch([ASK])) as found:
            thing.value = {"at": "1", "value": 1}
            thing.allow()
            assert (await anext(found))[ASK] == {"at": "1", "value": 1}
            next_one = asyncio.ensure_future(anext(found))
            for value in ({"at": "1", "value": 1}, {"at": "2", "value": 1}):
                readings = len(thing.asked)
                thing.value = value
                thing.allow()
                while len(thing.asked) == readings:
                    await asyncio.sleep(SOON_SECONDS)
            assert not next_one.done()
            thing.value = {"at": "3", "value": 2}
            thing.allow()
            assert (await next_one)[ASK] == {"at": "3", "value": 2}

    run(work)


def test_what_has_not_changed_is_the_same_object() -> None:
    async def work() -> None:
        thing, other = Thing(), FeedRequest.of("other", job=1)
        feeds = thing.feeds()
        thing.value = {"value": 1}
        async with aclosing(feeds.watch([ASK, other, ASK])) as found:
            first = await anext(found)
            assert list(first) == [ASK, other]
            await feeds.read(other)
            thing.value = {"value": 2}
            second = await anext(found)
            while second[ASK] is not second[other] and second[ASK] != second[other]:
                assert (second[ASK] is first[ASK]) or (second[other] is first[other])
                second = await anext(found)

    run(work)


def test_without_viewers_nothing_is_read() -> None:
    async def work() -> None:
        ours = asyncio.all_tasks()
        feeds = Thing().feeds()
        async with aclosing(feeds.watch([ASK])) as one:
            await anext(one)
            async with aclosing(feeds.watch([ASK])) as other:
                await anext(other)
            readings = feeds.readings
            while feeds.readings < readings + 3:  # one is enough
                await asyncio.sleep(SOON_SECONDS)
        while asyncio.all_tasks() - ours:  # no reading goes on, and nobody is left to begin one
            await asyncio.sleep(0)

    run(work)


def test_after_something_was_done_what_was_read_before_does_not_count() -> None:
    async def work() -> None:
        thing = Thing(allowed=0)
        feeds = thing.feeds(period_seconds=3600)
        before = asyncio.create_task(feeds.read(ASK))
        while not feeds.readings:
            await asyncio.sleep(0)
        feeds.refresh()  # while the first reading goes on
        after = asyncio.create_task(feeds.read(ASK))
        await asyncio.sleep(0)
        thing.allow()
        assert await before == {"value": 0}
        thing.value = {"value": 1}
        thing.allow()
        assert await after == {"value": 1}
        assert await feeds.read(ASK) == {"value": 1}
        assert feeds.readings == 2

    run(work)


def test_viewers_are_told_of_trouble_and_of_its_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work() -> None:
        thing = Thing()
        thing.value = ServerError("Postgres went away at postgresql://user:secret@host/db")
        feeds = thing.feeds()
        with pytest.raises(ServerError, match="went away"):
            await feeds.read(ASK)
        async with aclosing(feeds.watch([ASK])) as found:
            assert isinstance((await anext(found))[ASK], ServerError)
            thing.value = {"value": 1}
            assert (await anext(found))[ASK] == {"value": 1}
        assert await feeds.read(ASK) == {"value": 1}

    module_seconds, module.FAILED_SECONDS = module.FAILED_SECONDS, SOON_SECONDS
    try:
        run(work)
    finally:
        module.FAILED_SECONDS = module_seconds
    assert [record.getMessage() for record in caplog.records] == [
        "Postgres went away at postgresql://***@host/db"
    ]


def test_a_reading_that_hangs_is_told_and_its_end_too() -> None:
    async def work() -> None:
        thing = Thing(allowed=0)
        feeds = thing.feeds(wait_seconds=0.01)
        async with aclosing(feeds.watch([ASK])) as found:
            late = (await anext(found))[ASK]
            assert isinstance(late, ServerError)
            assert str(late) == "Postgres has not answered for 0.01 s"
            with pytest.raises(ServerError, match="has not answered"):
                await feeds.read(ASK)
            assert feeds.readings == 1
            thing.allow(10**6)
            assert await until(found, lambda one: isinstance(one, dict)) == {"value": 0}
        assert await answered(feeds) == {"value": 0}

    run(work)


def test_a_bug_is_one_line_for_viewers_and_a_traceback_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        thing = Thing()
        thing.value = KeyError("the secret of the bug")
        with pytest.raises(SpeekoError) as raised:
            await thing.feeds().read(ASK)
        assert str(raised.value) == "thing cannot be read (KeyError): see the log"

    with caplog.at_level(logging.ERROR):
        run(work)
    assert [record.levelname for record in caplog.records if record.exc_info] == ["ERROR"]


def test_an_error_is_not_read_again_at_once() -> None:
    async def work() -> None:
        thing = Thing()
        thing.value = JobError("there is no job 5")
        now = [0.0]
        feeds = thing.feeds(clock=lambda: now[0])
        for at, readings in ((0.0, 1), (0.5, 1), (1.1, 2)):
            now[0] = at
            with pytest.raises(JobError, match="there is no job 5"):
                await feeds.read(ASK)
            assert feeds.readings == readings

    run(work)


def test_what_takes_long_is_read_seldom() -> None:
    async def work() -> None:
        now = [0.0]

        class Slow(Thing):
            def read(self, **arguments: Any) -> Document:
                now[0] += 3.0
                return super().read(**arguments)

        feeds = Slow().feeds(clock=lambda: now[0], rest=30)
        await feeds.read(ASK)
        now[0] = 92.0
        await feeds.read(ASK)
        assert feeds.readings == 1
        now[0] = 93.5
        await feeds.read(ASK)
        assert feeds.readings == 2

    run(work)


def test_memory_is_bounded() -> None:
    async def work() -> None:
        now = [0.0]
        thing = Thing()
        feeds = thing.feeds(clock=lambda: now[0])
        for job in range(3 * module.MAX_ASKS):
            await feeds.read(FeedRequest.of("thing", job=job))
        assert len(feeds._entries) == module.MAX_ASKS
        assert thing.asked[-1] == {"job": 3 * module.MAX_ASKS - 1}
        now[0] = module.KEPT_SECONDS + 1
        await feeds.read(FeedRequest.of("thing", job=-1))
        assert len(feeds._entries) == 1

    run(work)


def test_too_much_at_once_is_refused_and_what_is_watched_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_ASKS", 3)

    async def work() -> None:
        feeds = Thing().feeds(period_seconds=3600)
        asks = [FeedRequest.of("thing", job=job) for job in range(3)]
        async with aclosing(feeds.watch(asks)) as found:
            await anext(found)
            with pytest.raises(ServerError, match="close some pages"):
                await feeds.read(ASK)
            assert feeds.readings == 3
        assert await feeds.read(ASK) == {"value": 0}

    run(work)


def test_watchers_are_let_go_when_the_feeds_are_closed() -> None:
    async def work() -> None:
        thing = Thing(allowed=1)
        feeds = thing.feeds()
        seen = []

        async def view() -> None:
            async with aclosing(feeds.watch([ASK])) as found:
                async for documents in found:
                    seen.append(documents)  # noqa: PERF401 (it is looked at while it grows)

        views = [asyncio.create_task(view()) for _ in range(3)]
        while len(seen) < 3:
            await asyncio.sleep(0)
        feeds.close()
        await asyncio.gather(*views)

    run(work)
