"""Threads for work that blocks, so that the loop never does."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from speeko_jobs.errors import ServerError

T = TypeVar("T")


class ThreadLane:
    """A few threads that do one thing after another.

    They are daemons, unlike those of an executor: a server that hangs must not hold up our end.
    """

    def __init__(self, name: str, threads: int = 1) -> None:
        self._waiting: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = queue.SimpleQueue()
        for number in range(1, threads + 1):
            threading.Thread(target=self._go, name=f"{name}-{number}", daemon=True).start()

    def submit(self, work: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()
        self._waiting.put((future, work))
        return future

    async def run(self, work: Callable[[], T], within_seconds: float | None = None) -> T:
        """What `work` answers or raises, in one of the threads. ServerError when it takes longer; it may end
        all the same."""
        future = asyncio.wrap_future(self.submit(work))
        done, _ = await asyncio.wait({future}, timeout=within_seconds)
        if not done:
            future.cancel()
            raise ServerError(f"the servers have not answered for {within_seconds:g} s")
        return future.result()

    def _go(self) -> None:
        while True:
            future, work = self._waiting.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)
