"""What is pushed: all of a page, then what changed; once for all viewers, and nothing for those that left."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application

from speeko_cli.dashboard import assets, pages, shared_polling, sse, template_rendering
from speeko_cli.dashboard.auth import Access
from speeko_cli.dashboard.routes import place_at
from speeko_cli.dashboard.shared_polling import Feeds, FeedSource
from speeko_cli.dashboard.sse import WatchedPlaces, live_of
from speeko_cli.dashboard.template_rendering import Fragment, PageView
from speeko_cli.monitoring.thread_lane import ThreadLane
from speeko_jobs.errors import ServerError
from speeko_jobs.flow.lifecycle import control
from tests.cli.dashboard.conftest import Client, Shop
from tests.cli.dashboard.test_pages import Page

NOW = {
    "at": "2026-11-23T05:00:00.000+00:00", "running": 1, "paused": 0, "waiting_rows": 7, "in_flight": 3,
    "limit": 8, "engines": 1, "dead_engines": 0, "spent_today_usd": "0.001000", "saved_today_usd": "0.000000",
    "reserved_usd": "0.000000", "overdue_schedules": 0,
}  # fmt: skip


def schedules(*names: str) -> dict[str, Any]:
    return {
        "schedules": [
            {
                "schedule": name, "tenant": "shop", "cron": "0 2 * * *", "tz": "UTC", "paused": True,
                "next_due": None, "runs": [], "when": "At 02:00", "overdue": False,
            }
            for name in names
        ]
    }  # fmt: skip


class Told:
    """Documents that a test changes, as a database would."""

    def __init__(self) -> None:
        self.now: dict[str, Any] = dict(NOW)
        self.schedules = schedules("nightly")
        self.trouble = ""
        self.feeds = Feeds({"now": self._source("now"), "schedules": self._source("schedules")})

    def _source(self, name: str) -> FeedSource:
        def read() -> dict[str, Any]:
            if self.trouble:
                raise ServerError(self.trouble)
            return dict(getattr(self, name))

        return FeedSource(read, ThreadLane(name), 0.02)


class Viewer:
    """One stream, over a socket of its own."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> Viewer:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(b"GET /events?path=/schedules HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        self.head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def block(self) -> str:
        """The next thing that is said."""
        async with asyncio.timeout(60):
            size = int((await self._reader.readline()).strip() or b"0", 16)
            said = (await self._reader.readexactly(size)).decode()
            await self._reader.readline()
            return said

    async def whole(self) -> dict[str, str]:
        """All of the page, which may come in parts: what is read first is told first."""
        found = await self.change()
        while not ("now" in found and "nightly" in found.get("schedules", "")):
            found |= await self.change()
        return found

    async def change(self) -> dict[str, str]:
        """The next change, past heartbeats and the version."""
        while True:
            lines = dict(
                line.split(": ", 1) for line in (await self.block()).strip().splitlines() if line[0] != ":"
            )
            if lines.get("event") == "change":
                found: dict[str, str] = json.loads(lines["data"])
                return found


@contextlib.asynccontextmanager
async def serving(told: Told) -> AsyncIterator[tuple[int, WatchedPlaces]]:
    """A dashboard's pages over these documents: its port, and all that is watched."""
    app = Application(pages.routes(), access=Access("127.0.0.1"), feeds=told.feeds)
    server = HTTPServer(app)
    bound, port = bind_unused_port()
    server.add_socket(bound)
    try:
        yield port, live_of(app)
    finally:
        server.stop()
        told.feeds.close()
        await server.close_all_connections()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


# what is said


def test_all_of_a_page_and_then_what_changed() -> None:
    async def work() -> None:
        told = Told()
        async with serving(told) as (port, _), Viewer(port) as viewer:
            assert "text/event-stream" in viewer.head
            assert f"event: version\ndata: {assets.version()}\n" in await viewer.block()
            assert (await viewer.whole()).keys() >= {"title", "now", "schedules"}

            told.now["waiting_rows"] = 6
            changed = await viewer.change()
            assert changed.keys() == {"now"}
            assert ">6</data>" in changed["now"]

            told.schedules = schedules("nightly", "<hourly>")
            changed = await viewer.change()
            assert changed.keys() == {"schedules"}
            assert "&lt;hourly&gt;" in changed["schedules"]

    asyncio.run(work())


def test_a_database_that_is_away_is_told_and_the_page_stays() -> None:
    async def work() -> None:
        told = Told()
        async with serving(told) as (port, _), Viewer(port) as viewer:
            await viewer.whole()
            told.trouble = "Postgres does not answer"
            changed = await viewer.change()
            assert changed.keys() == {"away"}
            assert "Postgres does not answer" in changed["away"]
            told.trouble = ""
            assert "hidden" in (await viewer.change())["away"]

    asyncio.run(work())


def test_a_viewer_with_no_news_is_told_that_we_are_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT_SECONDS", 0.05)

    async def work() -> None:
        async with serving(Told()) as (port, _), Viewer(port) as viewer:
            assert "retry: 2000" in await viewer.block()
            while await viewer.block() != ": still here\n\n":
                pass

    asyncio.run(work())


@pytest.mark.parametrize("path", ["nowhere", "/nothing", "//elsewhere/", "/jobs/0", "/?x=1", "https://a/"])
def test_places_that_are_none(path: str, board: Client) -> None:
    answer = board.get("/events", params={"path": path})
    assert answer.status_code in (400, 404)
    assert answer.json().keys() == {"error"}


# for whom


def test_fifty_viewers_are_rendered_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered = list[PageView]()
    bare = template_rendering.fragments

    def counted(view: PageView) -> dict[str, Fragment]:
        rendered.append(view)
        return bare(view)

    monkeypatch.setattr(template_rendering, "fragments", counted)

    async def work(viewers: int) -> tuple[int, int]:
        rendered.clear()
        told = Told()
        async with serving(told) as (port, live), contextlib.AsyncExitStack() as stack:
            looking = [await stack.enter_async_context(Viewer(port)) for _ in range(viewers)]
            for viewer in looking:
                await viewer.whole()
            assert live.viewers == viewers
            before, read = len(rendered), told.feeds.readings
            for number in range(5):
                told.now["waiting_rows"] = 100 + number
                for viewer in looking:
                    assert f">{100 + number}</data>" in (await viewer.change())["now"]
            return len(rendered) - before, told.feeds.readings - read

    one, fifty = asyncio.run(work(1)), asyncio.run(work(50))
    print(f"renderings and readings for 1 viewer: {one}, for 50: {fifty}")
    assert one[0] == fifty[0] == 5


def test_nothing_is_read_when_all_have_gone() -> None:
    async def work() -> None:
        told = Told()
        async with serving(told) as (port, live):
            async with Viewer(port) as viewer:
                await viewer.change()
                assert live.viewers == 1
            await until(lambda: live.viewers == 0)
            read = told.feeds.readings
            await asyncio.sleep(0.1)  # five periods
            assert told.feeds.readings <= read + 2

    asyncio.run(work())


def test_a_viewer_that_takes_nothing_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "SLOW_SECONDS", 0.2)
    monkeypatch.setattr(sse, "PAUSE_SECONDS", 0.0)

    async def work() -> None:
        told = Told()
        async with serving(told) as (port, live):
            with socket.socket() as deaf:
                deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                deaf.connect(("127.0.0.1", port))
                deaf.sendall(b"GET /events?path=/schedules HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                await until(lambda: live.viewers == 1)
                many = [f"name {n:05} of a schedule" for n in range(2000)]
                number = 0
                async with asyncio.timeout(120):
                    while live.viewers:
                        number += 1
                        told.schedules = schedules(f"the {number}th", *many)
                        await asyncio.sleep(0.05)
            async with Viewer(port) as viewer:  # others are served
                assert await viewer.block()

    asyncio.run(work())


def test_more_documents_than_can_be_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_polling, "MAX_ASKS", 1)

    async def work() -> None:
        async with serving(Told()) as (port, _), Viewer(port) as viewer:
            assert "close some pages" in (await viewer.change())["away"]

    asyncio.run(work())


def test_there_is_an_end_to_viewers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_VIEWERS", 1)

    async def work() -> None:
        async with serving(Told()) as (port, _), Viewer(port) as first:
            await first.block()
            async with Viewer(port) as second:
                assert second.head.startswith("HTTP/1.1 503 ")

    asyncio.run(work())


def test_a_bug_in_one_look_does_not_end_a_page(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    async def work() -> None:
        told = Told()
        async with serving(told) as (port, _), Viewer(port) as viewer:
            await viewer.whole()
            told.schedules = {"schedules": [{"schedule": "half"}]}
            await until(lambda: "cannot be drawn" in caplog.text)
            told.schedules = schedules("whole")
            assert "whole" in (await viewer.change())["schedules"]

    asyncio.run(work())


# with a database


def test_what_is_pushed_is_what_the_page_holds(board: Client, shop: Shop) -> None:
    for path in (
        "/",
        f"/jobs/{shop.done}",
        f"/jobs/{shop.half}",
        "/costs",
        "/cache",
        "/schedules",
        "/workers",
    ):
        whole = Page(board.get(path).text)
        ids = {str(a["id"]) for _, a in whole.tags if "id" in a}
        with stream(board, path) as said:
            pushed = next(said)
            while not pushed.keys() >= {"title", "now", "away"}:
                pushed |= next(said)
        assert pushed.keys() <= ids, path


def test_a_job_that_moves_is_pushed(board: Client, shop: Shop) -> None:
    with stream(board, f"/jobs/{shop.running}") as said:
        wait_for(said, "actions", f"speeko pause {shop.running}")
        control.pause(shop.flow.context, shop.running)
        began = time.monotonic()
        wait_for(said, "announce", f"Job {shop.running} is paused by the user")
        print(f"pushed {1000 * (time.monotonic() - began):.0f} ms behind the database")
        control.resume(shop.flow.context, shop.running)
        wait_for(said, "announce", f"Job {shop.running} is running")


@contextlib.contextmanager
def stream(board: Client, path: str) -> Iterator[Iterator[dict[str, str]]]:
    """Changes of a page as they come."""
    with board.get("/events", params={"path": path}, stream=True) as answer:
        lines = answer.iter_lines(chunk_size=None)
        yield (json.loads(line[6:]) for line in lines if line.startswith(b"data: {"))


def wait_for(said: Iterator[dict[str, str]], name: str, words: str) -> None:
    for change in said:
        if words in change.get(name, ""):
            return
    pytest.fail(f"the stream ended before it said {words!r}")


def test_what_is_not_read_yet_is_not_pushed() -> None:
    """The page may have been read a little later than the stream, and know it already."""
    at = place_at("/schedules")
    found = template_rendering.fragments(PageView(at, {"now": dict(NOW), "schedules": None}, False))
    assert found.keys() == {"title", "now", "away"}
    assert template_rendering.fragments(
        PageView(at, {"now": None, "schedules": None}, False, "away")
    ).keys() == {"away"}


# rows that change one by one


def row(number: int, words: str) -> str:
    return f'<tr id="row-{number}"><td>{words}</td></tr>'


def test_only_rows_that_changed_are_sent() -> None:
    old = {"list": Fragment(("<tbody>", "</tbody>"), {"row-1": row(1, "a"), "row-2": row(2, "b")})}
    same_rows = {"list": Fragment(("<tbody>", "</tbody>"), {"row-1": row(1, "a"), "row-2": row(2, "c")})}
    other_rows = {"list": Fragment(("<tbody>", "</tbody>"), {"row-3": row(3, "d"), "row-1": row(1, "a")})}

    assert template_rendering.changes(old, same_rows) == {"row-2": row(2, "c")}
    assert template_rendering.changes(old, old) == {}
    assert template_rendering.changes(same_rows, other_rows) == {
        "list": f"<tbody>{row(3, 'd')}{row(1, 'a')}</tbody>"
    }
    assert template_rendering.changes({}, old) == {"list": old["list"].html}
