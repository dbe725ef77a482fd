"""The threads of an engine, for what blocks: Postgres, Redis, the store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from speeko_jobs.flow.synthesis import resource_reserve

T = TypeVar("T")
THREADS = 4


class RunInThread(Protocol):
    """Run blocking work in a thread and return its result: `EngineThreads.run` or `asyncio.to_thread`."""

    async def __call__(self, work: Callable[..., T], /, *arguments: Any) -> T:
        """Return what `work(*arguments)` returns."""


class EngineThreads:
    """Own a pool of threads. All of them start before any money is spent."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, "engine")

    def start(self) -> None:
        """Start all threads now. Raises ServerError where the system gives no more."""
        resource_reserve.start_threads(self._pool, THREADS)

    async def run(self, work: Callable[..., T], /, *arguments: Any) -> T:
        """Return what `work(*arguments)` returns in one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)

    def close(self) -> None:
        """Let the threads end; what runs in them is not waited for."""
        self._pool.shutdown(wait=False)
