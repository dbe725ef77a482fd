"""Run batches in order in one thread beside their producer, which waits where too many are ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec

MAX_PENDING = 2
P = ParamSpec("P")


class BatchWorker:
    """Run one batch at a time. An error of a batch is raised by a later `submit`, or by `drain`."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, name)
        self._pending: deque[Future[None]] = deque()

    def submit(self, work: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Have the thread run this after the batches before it; wait while more than MAX_PENDING are open."""
        self._pending.append(self._thread.submit(work, *args, **kwargs))
        if len(self._pending) > MAX_PENDING:
            self._pending.popleft().result()

    def drain(self) -> None:
        """Wait until all batches have run."""
        while self._pending:
            self._pending.popleft().result()

    def close(self) -> None:
        """Drop the batches that have not begun, and wait for the one that runs."""
        self._thread.shutdown(cancel_futures=True)
