"""Tasks that run beside an event loop's main task: keep them, report their errors, bound each kind.

Knows nothing of texts or money. A task that is spawned is never cancelled here; `join` waits for all of them.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any

Work = Coroutine[Any, Any, None]


class SingleFlight:
    """Bound how many runs of one kind of work are open at a time: one, if nothing else is said."""

    def __init__(self, limit: int = 1) -> None:
        self._limit = limit
        self.running = 0

    @property
    def is_free(self) -> bool:
        """Return whether one more run may begin."""
        return self.running < self._limit

    def run(self, work: Work) -> Work:
        """Count `work` from now until it ends. Return the coroutine to await or to spawn."""
        assert self.is_free, "look at is_free first"
        self.running += 1
        return self._counted(work)

    async def _counted(self, work: Work) -> None:
        try:
            await work
        finally:
            self.running -= 1


class BackgroundTasks:
    """Keep spawned tasks until they end, and report the errors of those that fail."""

    def __init__(self, on_end: Callable[[], None], on_error: Callable[[BaseException], None]) -> None:
        self._on_end, self._on_error = on_end, on_error
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Work, then: Callable[[], None] | None = None) -> None:
        """Run `work` beside the caller. At its end call `then`, or `on_end` where none is given."""
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(functools.partial(self._done, then or self._on_end))

    async def join(self) -> None:
        """Wait for the tasks that are open now. Raises the error of one that fails meanwhile."""
        for task in list(self._tasks):
            await task

    def _done(self, then: Callable[[], None], task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        then()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_error(error)
