"""`speeko top`: read Postgres and the broker, and show the screen until q or Ctrl-C."""

from __future__ import annotations

import contextlib
import logging
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from speeko_cli.monitoring.broker_status import BrokerStatus, look
from speeko_cli.monitoring.fleet_state import STILL, FleetState, ObservedJob
from speeko_cli.monitoring.thread_lane import ThreadLane
from speeko_cli.output.console import as_json, console, emit, write_bytes
from speeko_cli.top.job_order import next_order
from speeko_cli.top.keyboard import keyboard
from speeko_cli.top.screen import ScreenData, ScreenView, picture
from speeko_jobs.errors import ServerError
from speeko_jobs.flow.reporting import fleet_queries, monitoring_queries
from speeko_jobs.flow.reporting.monitoring_queries import JobFilter, PageRequest
from speeko_jobs.flow.reporting.top_reasons import TopReasons

if TYPE_CHECKING:
    from rich.text import Text

    from speeko_jobs.flow.context import Context

T = TypeVar("T")
OPEN_SHOWN, ENDED_SHOWN, ENDED_ONCE = 100, 50, 10
BROKER_SECONDS = 2.0  # at least, from ping to ping
LATE_SECONDS = 3.0  # what takes longer is told
KEY_SECONDS = 0.1
PIPED_WIDTH = 100
AWAY = "Postgres does not answer: trying again"
ASCII = str.maketrans("·…█░→", "-~#.>")


class ScreenWatch:
    """Looks for one tenant (or all), with a memory over its looks."""

    def __init__(self, context: Context, tenant: str | None) -> None:
        self._context, self._tenant = context, tenant
        self._board, self._reasons = FleetState(), TopReasons()

    def books(self) -> ScreenData:
        """Raises ServerError."""
        context, tenant = self._context, self._tenant
        now = fleet_queries.snapshot(context, tenant)
        running = monitoring_queries.open_jobs(context, OPEN_SHOWN, tenant)
        ended = monitoring_queries.job_page(context, PageRequest(JobFilter.ENDED, tenant, limit=ENDED_SHOWN))
        running, lines = (
            monitoring_queries.with_reasons(context, some, self._reasons) for some in (running, ended.lines)
        )
        engines, accounts = fleet_queries.engines(context), fleet_queries.account_limits(context)
        holders, at = fleet_queries.permit_holders(context), time.time()
        return ScreenData(
            at,
            now,
            self._board.take_jobs(at, running),
            lines,
            self._board.take_engines(at, engines),
            accounts,
            holders,
            max(now.running + now.paused - OPEN_SHOWN, 0),
        )

    def broker(self) -> BrokerStatus:
        """Waits half a second for answers to a ping."""
        return look(self._context.queue, self._board)


class _Reading(Generic[T]):
    """One thing that is read again and again, in a thread of its own, so that nothing holds up the screen.

    `found` is what was read last; `trouble` says why it is not of now.
    """

    def __init__(self, name: str, read: Callable[[], T], seconds: float) -> None:
        self._lane, self._read, self._seconds = ThreadLane(name), read, seconds
        self._future: Future[T] | None = None
        self._began = float("-inf")
        self.found: T | None = None
        self.trouble = ""

    def has_news(self) -> bool:
        """Takes in what was read meanwhile, and has it read again when that is due."""
        now, future = time.monotonic(), self._future
        if future is None:
            if now - self._began >= self._seconds:
                self._began, self._future = now, self._lane.submit(self._read)
            return False
        if not future.done():
            is_late = now - self._began > LATE_SECONDS and not self.trouble
            self.trouble = AWAY if is_late else self.trouble
            return is_late
        self._future = None
        try:
            self.found, self.trouble = future.result(), ""
        except ServerError:
            self.trouble = AWAY
        return True


def once(context: Context, tenant: str | None, *, as_document: bool) -> None:
    """One picture, or one document, on stdout. Raises ServerError."""
    watch = ScreenWatch(context, tenant)
    books, broker = watch.books(), watch.broker()
    if as_document:
        emit(document(books, broker))
        return
    width = shutil.get_terminal_size((PIPED_WIDTH, 0)).columns
    terminal = console()
    books = replace(books, ended=books.ended[:ENDED_ONCE])
    for line in _drawn(picture(books, broker, ScreenView(width, tenant=tenant))):
        line.rstrip()
        terminal.print(line, soft_wrap=True)


def stream(context: Context, tenant: str | None, seconds: float) -> None:
    """A document on a line of its own, again and again, until Ctrl-C."""
    watch = ScreenWatch(context, tenant)
    broker = _Reading("broker", watch.broker, max(seconds, BROKER_SECONDS))
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            began = time.monotonic()
            broker.has_news()
            try:
                told = document(watch.books(), broker.found)
            except ServerError as error:
                told = {"error": str(error)}
            write_bytes(as_json(told).encode() + b"\n")
            time.sleep(max(seconds - (time.monotonic() - began), 0))


def live(context: Context, tenant: str | None, seconds: float) -> None:
    """The picture on the whole terminal, until q or Ctrl-C."""
    from rich.console import Group
    from rich.live import Live

    watch = ScreenWatch(context, tenant)
    books = _Reading("postgres", watch.books, seconds)
    broker = _Reading("broker", watch.broker, max(seconds, BROKER_SECONDS))
    terminal = console()
    view, shown = ScreenView(0, tenant=tenant), ScreenView(0)
    with (
        contextlib.suppress(KeyboardInterrupt),
        _silence(),
        keyboard() as pressed,
        Live(console=terminal, screen=True, auto_refresh=False, redirect_stdout=False) as screen,
    ):
        while True:
            news = [books.has_news(), broker.has_news()]
            width, height = terminal.size
            view = replace(view, width=width, height=height, keys=_handle_keys(view, books.found))
            if any(news) or view != shown:
                lines = picture(books.found, _known(broker), view, books.trouble)
                screen.update(Group(*_drawn(lines)), refresh=True)
                shown = view
            for key in pressed(KEY_SECONDS):
                if key == "q":
                    return
                view = _turned(view, key, books.found)


def _known(broker: _Reading[BrokerStatus]) -> BrokerStatus | None:
    return replace(broker.found, answers=False) if broker.found and broker.trouble else broker.found


def document(books: ScreenData, broker: BrokerStatus | None) -> dict[str, Any]:
    """The picture's figures, in the words of the dashboard's API."""
    from speeko_cli.monitoring import json_documents

    nodes, waiting, answers = (broker.nodes, broker.waiting, broker.answers) if broker else ([], {}, None)
    return {
        "now": json_documents.now(books.now),
        "jobs": [json_documents.job(seen) for seen in books.open],
        "ended": [json_documents.job(ObservedJob(line, STILL)) for line in books.ended],
        "workers": json_documents.workers(
            books.engines, nodes, waiting, books.accounts, books.holders, answers
        ),
    }


def _turned(view: ScreenView, key: str, books: ScreenData | None) -> ScreenView:
    """The view after a key."""
    if key == "o":
        return replace(view, order=next_order(view.order), first=0)
    step = {"j": 1, "k": -1}.get(key, 0)
    last = max(len(books.open) - 1, 0) if books else 0
    return replace(view, first=min(max(view.first + step, 0), last))


def _handle_keys(view: ScreenView, books: ScreenData | None) -> str:
    count = len(books.open) if books else 0
    where = f" ({min(view.first + 1, count)} of {count})" if count and view.first else ""
    return f"q quits   o orders by {view.order}   j k scroll{where}"


def _drawn(lines: list[Text]) -> list[Text]:
    """The lines as a terminal without UTF-8 can show them, too."""
    for line in lines:
        line.no_wrap = True
        if (sys.stdout.encoding or "").lower().replace("-", "") != "utf8":
            line.plain = line.plain.translate(ASCII)
    return lines


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """No log lines over the picture: it tells what is wrong."""
    logging.disable()
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
