"""What is pushed: the fragments of a page that have changed, as Server-Sent Events.

A place is watched and rendered once, however many look at it; each viewer is told what changed since it was
last told, so that a slow one misses steps and not the end. One that takes nothing is dropped.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any

from tornado.iostream import StreamClosedError
from tornado.web import Application

from speeko_cli.dashboard import assets, template_rendering
from speeko_cli.dashboard.handler import Handler
from speeko_cli.dashboard.query_params import QueryParam, parse_arguments
from speeko_cli.dashboard.routes import Place, place_at
from speeko_cli.dashboard.shared_polling import FeedRequest, Feeds
from speeko_cli.dashboard.template_rendering import Fragment, PageView
from speeko_cli.monitoring.thread_lane import ThreadLane
from speeko_jobs.core.output.redaction import redacted
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.errors import ServerError, SpeekoError

RETRY_MILLIS = 2_000
HEARTBEAT_SECONDS = 15.0
SLOW_SECONDS = 20.0  # a viewer that takes nothing for so long is gone
FIRST_SECONDS = 0.5  # what is read by then is drawn at once
PAUSE_SECONDS = 0.1  # between two renderings: documents that change together make one
MAX_VIEWERS, MAX_CHARS = 500, 2000
log = logging.getLogger(__name__)


class PlaceWatch:
    """One place, kept rendered while somebody looks at it. `number` counts what it has looked like."""

    def __init__(self, feeds: Feeds, lane: ThreadLane, place: Place, allow_actions: bool) -> None:
        self._feeds, self._lane = feeds, lane
        self._place, self._allow_actions = place, allow_actions
        self._found: dict[FeedRequest, Any] = {}
        self._troubles: dict[FeedRequest, str] = {}
        self._news = asyncio.Event()
        self._changed = asyncio.Event()  # another one for each change: whoever waits has the old one
        self._last: tuple[int, str] = (0, "")  # what leads from the state before to the present one
        self._tasks: list[asyncio.Task[None]] = []
        self.fragments: dict[str, Fragment] = {}
        self.number = self.viewers = 0
        self.is_over = False

    def start(self) -> None:
        asks = set(self._place.asks().values())
        listening = [asyncio.create_task(self._listen(ask)) for ask in asks]
        self._tasks = [*listening, asyncio.create_task(self._render(listening))]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def wait(self, number: int) -> None:
        """Until it looks different from what it was at that number, or is over."""
        while self.number == number and not self.is_over:
            await self._changed.wait()

    def since(self, number: int, fragments: Mapping[str, Fragment]) -> str:
        """What makes the present out of an older state."""
        before, message = self._last
        return (
            message if before == number else _message(template_rendering.changes(fragments, self.fragments))
        )

    async def _listen(self, ask: FeedRequest) -> None:
        """Each document by itself: one that is slow to read holds up no other."""
        try:
            async with contextlib.aclosing(self._feeds.watch([ask])) as looks:
                async for look in looks:
                    self._take(ask, look[ask])
        except SpeekoError as error:
            self._take(ask, error)

    def _take(self, ask: FeedRequest, found: Mapping[str, Any] | SpeekoError) -> None:
        if isinstance(found, SpeekoError):
            self._troubles[ask] = redacted(printable(str(found)))
        else:
            self._found[ask] = found
            self._troubles.pop(ask, None)
        self._news.set()

    async def _render(self, listening: list[asyncio.Task[None]]) -> None:
        over = asyncio.gather(*listening, return_exceptions=True)
        over.add_done_callback(lambda _: self._news.set())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIRST_SECONDS):
                while len(self._found.keys() | self._troubles.keys()) < len(listening) and not over.done():
                    await self._news.wait()
                    self._news.clear()
        self._news.set()
        while True:
            await self._news.wait()
            self._news.clear()
            if over.done():
                break
            try:
                self._put(await self._lane.run(partial(template_rendering.fragments, self._view())))
            except Exception:  # a bug in one look of a page must not end it
                log.exception("%s cannot be drawn", self._place.path)
            await asyncio.sleep(PAUSE_SECONDS)
        self.is_over = True
        self._tell()

    def _view(self) -> PageView:
        documents = {name: self._found.get(ask) for name, ask in self._place.asks().items()}
        away = next(iter(self._troubles.values()), "")
        return PageView(self._place, documents, self._allow_actions, away)

    def _put(self, fragments: dict[str, Fragment]) -> None:
        changed = template_rendering.changes(self.fragments, fragments)
        if changed:
            self._last = self.number, _message(changed)
            self.fragments = fragments
            self.number += 1
            self._tell()

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


class WatchedPlaces:
    """All that is watched. Belongs to one loop."""

    def __init__(self, feeds: Feeds) -> None:
        self._feeds = feeds
        self._watches: dict[tuple[Place, bool], PlaceWatch] = {}
        self.lane = ThreadLane("draw")

    @property
    def viewers(self) -> int:
        return sum(watch.viewers for watch in self._watches.values())

    @contextlib.asynccontextmanager
    async def watching(self, place: Place, *, allow_actions: bool) -> AsyncIterator[PlaceWatch]:
        """The place's watch: that of others who look at it, or a new one. Raises ServerError."""
        if self.viewers >= MAX_VIEWERS:
            raise ServerError(f"{MAX_VIEWERS} viewers are connected already: close some pages")
        key = place, allow_actions
        watch = self._watches.get(key)
        if watch is None:
            watch = self._watches[key] = PlaceWatch(self._feeds, self.lane, place, allow_actions)
            watch.start()
        watch.viewers += 1
        try:
            yield watch
        finally:
            watch.viewers -= 1
            if not watch.viewers:
                self._watches.pop(key, None)
                await watch.stop()


def live_of(application: Application) -> WatchedPlaces:
    """The application's, made when it is first asked for: it belongs to the loop."""
    settings = application.settings
    if "live" not in settings:
        settings["live"] = WatchedPlaces(settings["feeds"])
    live: WatchedPlaces = settings["live"]
    return live


class EventStream(Handler):
    """GET /events?path=/jobs/12: the stream of one viewer."""

    _following: asyncio.Task[None] | None = None

    async def get(self) -> None:
        place = place_at(
            str(parse_arguments(self.request.query_arguments, {"path": ADDRESS}).get("path", "/"))
        )
        self.set_header("Content-Type", "text/event-stream; charset=utf-8")
        self.set_header("X-Accel-Buffering", "no")
        async with live_of(self.application).watching(place, allow_actions=self.allow_actions) as watch:
            self._following = asyncio.current_task()
            try:
                await self._follow(watch)
            except (StreamClosedError, TimeoutError, asyncio.CancelledError):
                self.detach().close()
            finally:
                self._following = None

    def on_connection_close(self) -> None:
        if self._following is not None:
            self._following.cancel()

    async def _follow(self, watch: PlaceWatch) -> None:
        """Until the viewer or the watch is gone. Raises TimeoutError for a viewer that takes nothing."""
        await self._say(f"retry: {RETRY_MILLIS}\nevent: version\ndata: {assets.version()}\n\n")
        number, fragments = 0, dict[str, Fragment]()
        while not watch.is_over:
            try:
                await asyncio.wait_for(watch.wait(number), HEARTBEAT_SECONDS)
            except TimeoutError:
                await self._say(": still here\n\n")
            if watch.number > number:
                message = watch.since(number, fragments)
                number, fragments = watch.number, watch.fragments
                await self._say(message)

    async def _say(self, words: str) -> None:
        self.write(words)
        await asyncio.wait_for(self.flush(), SLOW_SECONDS)


def address(text: str) -> str:
    """What stands behind the name of a site. Raises ValueError for what cannot."""
    if len(text) > MAX_CHARS or not text.startswith("/"):
        raise ValueError("takes a page's address such as /jobs/12")
    return text


ADDRESS = QueryParam(address, {"type": "string"})


def _message(changed: Mapping[str, str]) -> str:
    return f"event: change\ndata: {json.dumps(changed, ensure_ascii=False, separators=(',', ':'))}\n\n"
