"""Feeds: readings that all viewers of a thing share, so that fifty cost the database no more than one.

Knows when to read and whom to tell. What is read is the `FeedSource`'s, in threads; documents are JSON.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from speeko_cli.monitoring.thread_lane import ThreadLane
from speeko_jobs.core.output.redaction import redacted
from speeko_jobs.errors import JobError, ServerError, SpeekoError, UsageError

Document = Mapping[str, Any]
Value = str | int | None
MAX_ASKS, KEPT_SECONDS = 500, 60.0
FAILED_SECONDS = 1.0  # until the next try
VOLATILE = "at"  # the time of a look is no news
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FeedRequest:
    """What is asked for: a feed's name and its arguments, by name. Make it by `of`."""

    feed: str
    arguments: tuple[tuple[str, Value], ...] = ()

    @classmethod
    def of(cls, feed: str, **arguments: Value) -> FeedRequest:
        """Equal for equal arguments in any order; those that are None are left out."""
        return cls(feed, tuple(sorted((name, v) for name, v in arguments.items() if v is not None)))


@dataclass(frozen=True)
class FeedSource:
    """How one feed is read: `read` takes the ask's arguments and runs in a thread of `lane`.

    `wait_seconds`: how long an answer is waited for before viewers are told that there is none. `rest`: how
    often the time that a reading took passes until the next, at least.
    """

    read: Callable[..., Document]
    lane: ThreadLane
    period_seconds: float
    wait_seconds: float = 5.0
    rest: float = 1.0


@dataclass(eq=False)
class _Entry:
    """One ask: what was found last, when it is to be looked for again, and who watches."""

    ask: FeedRequest
    source: FeedSource
    found: Document | SpeekoError | None = None
    due: float = float("-inf")
    generation: int = -1
    asked: float = 0.0
    reading: asyncio.Task[None] | None = None
    keeper: asyncio.Task[None] | None = None
    watchers: set[asyncio.Event] = field(default_factory=set)


class Feeds:
    """All readings of a process. Belongs to one loop; close it there. `readings`: how many there were."""

    def __init__(
        self, sources: Mapping[str, FeedSource], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sources, self._clock = sources, clock
        self._entries: dict[FeedRequest, _Entry] = {}
        self._generation = 0
        self._is_closed = False
        self._trouble = ""
        self.readings = 0

    async def read(self, ask: FeedRequest) -> Document:
        """The document: at most one reading an ask and period. Raises SpeekoError."""
        found = await self._fresh(self._entry(ask))
        if isinstance(found, SpeekoError):
            raise found.with_traceback(None)
        return found

    async def watch(
        self, asks: Iterable[FeedRequest]
    ) -> AsyncGenerator[dict[FeedRequest, Document | SpeekoError], None]:
        """All documents at once, and all again whenever one has changed. One that has not is the same object.

        Ends when the feeds are closed. Raises ServerError when too much is watched.
        """
        entries = [self._entry(ask) for ask in dict.fromkeys(asks)]
        changed = asyncio.Event()
        for entry in entries:
            entry.watchers.add(changed)
        try:
            found = await asyncio.gather(*(self._fresh(entry) for entry in entries))
            for entry in entries:
                if entry.keeper is None:
                    entry.keeper = asyncio.create_task(self._keep(entry))
            changed.clear()
            while not self._is_closed:
                yield dict(zip((entry.ask for entry in entries), found, strict=True))
                await changed.wait()
                changed.clear()
                found = [entry.found for entry in entries if entry.found is not None]
        finally:
            for entry in entries:
                entry.watchers.discard(changed)
                entry.asked = self._clock()
                if not entry.watchers and entry.keeper is not None:
                    entry.keeper.cancel()
                    entry.keeper = None

    def refresh(self) -> None:
        """Something was done: whoever reads from now on sees it."""
        self._generation += 1

    def close(self) -> None:
        """Let all watchers go."""
        self._is_closed = True
        for entry in self._entries.values():
            for task in (entry.keeper, entry.reading):
                if task is not None:
                    task.cancel()
            _tell(entry)

    def _entry(self, ask: FeedRequest) -> _Entry:
        entry = self._entries.get(ask)
        if entry is None:
            self._make_room()
            entry = self._entries[ask] = _Entry(ask, self._sources[ask.feed])
        entry.asked = self._clock()
        return entry

    def _make_room(self) -> None:
        """Drop what nobody has asked for in a minute, and the oldest where that is not enough."""
        idle = [entry for entry in self._entries.values() if not entry.watchers and entry.reading is None]
        idle.sort(key=lambda entry: entry.asked)
        now = self._clock()
        for entry in idle:
            if now - entry.asked > KEPT_SECONDS or len(self._entries) >= MAX_ASKS:
                del self._entries[entry.ask]
        if len(self._entries) >= MAX_ASKS:
            raise ServerError(f"{MAX_ASKS} different things are watched already: close some pages")

    async def _fresh(self, entry: _Entry) -> Document | SpeekoError:
        """What was found since the last refresh, and in the last period; an error after `wait_seconds`."""
        generation = self._generation
        until = self._clock() + entry.source.wait_seconds
        while entry.found is None or entry.generation < generation or entry.due <= self._clock():
            if entry.reading is None:
                entry.reading = asyncio.create_task(self._look(entry))
            done, _ = await asyncio.wait({entry.reading}, timeout=max(0.0, until - self._clock()))
            if not done:
                late = ServerError(f"Postgres has not answered for {entry.source.wait_seconds:g} s")
                self._put(entry, late)
                return late
            if self._is_closed:
                return entry.found or ServerError("the dashboard is being stopped")
            if entry.found is not None and entry.generation >= generation:
                break  # read while we waited: late is not old
        return entry.found

    async def _look(self, entry: _Entry) -> None:
        began, generation = self._clock(), self._generation
        self.readings += 1
        source = entry.source
        period, rest = source.period_seconds, source.rest
        try:
            found: Document | SpeekoError = await source.lane.run(
                lambda: source.read(**dict(entry.ask.arguments))
            )
        except SpeekoError as error:
            found, period, rest = error, FAILED_SECONDS, 0.0
        except Exception as error:  # a bug in one document must not end its page, nor be told to viewers
            log.exception("%s cannot be read", entry.ask.feed)
            found = SpeekoError(f"{entry.ask.feed} cannot be read ({type(error).__name__}): see the log")
            period, rest = FAILED_SECONDS, 0.0
        finally:
            entry.reading = None
        ended = self._clock()
        entry.due = max(began + period, ended + rest * (ended - began))
        entry.generation = generation
        self._put(entry, found)

    async def _keep(self, entry: _Entry) -> None:
        """Read again and again while somebody watches."""
        while True:
            await asyncio.sleep(max(0.0, entry.due - self._clock()))
            await self._fresh(entry)

    def _put(self, entry: _Entry, found: Document | SpeekoError) -> None:
        before = entry.found
        if _key(before) == _key(found):
            return
        is_trouble = isinstance(found, SpeekoError) and not isinstance(found, (JobError, UsageError))
        trouble = redacted(str(found)) if is_trouble else ""
        if trouble not in ("", self._trouble):
            log.warning("%s", trouble)
        self._trouble = trouble
        entry.found = found
        if _news(before) != _news(found):
            _tell(entry)


def _key(found: Document | SpeekoError | None) -> Any:
    return str(found) if isinstance(found, SpeekoError) else found


def _news(found: Document | SpeekoError | None) -> Any:
    """What viewers are told of when it changes."""
    if isinstance(found, Mapping):
        return {name: value for name, value in found.items() if name != VOLATILE}
    return _key(found)


def _tell(entry: _Entry) -> None:
    for watcher in entry.watchers:
        watcher.set()
