"""Call again after failures that pass: a bounded number of tries with exponential backoff and full jitter.

Used where a server or a store may be away for seconds. Knows nothing of what is called; calls to a provider,
which cost money, are never repeated in here.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
Errors = type[Exception] | tuple[type[Exception], ...]


@dataclass(frozen=True, slots=True)
class Backoff:
    """How often to try in all, and how long to wait before each repeat.

    The bound of the wait begins at `first_seconds` and doubles, up to `max_seconds`. The wait is drawn
    between `min_seconds` and the bound; without jitter it is the bound.
    """

    tries: int
    first_seconds: float
    min_seconds: float = 0.0
    max_seconds: float = math.inf
    has_jitter: bool = True

    def waits(self) -> Iterator[float]:
        """Yield the seconds to wait before each repeat: one fewer than there are tries."""
        bound = self.first_seconds
        for _ in range(self.tries - 1):
            bound = min(bound, self.max_seconds)
            yield random.uniform(self.min_seconds, bound) if self.has_jitter else bound  # noqa: S311
            bound *= 2


def retry(
    work: Callable[[], T],
    backoff: Backoff,
    errors: Errors,
    on_failure: Callable[[Exception, int], None] | None = None,
) -> T:
    """Return what `work` returns; repeat it after one of `errors`, and raise that of the last try.

    `on_failure` gets the error and the number of each try that is repeated. Blocks while it waits.
    """
    for tried, seconds in enumerate(backoff.waits(), 1):
        try:
            return work()
        except errors as error:
            if on_failure is not None:
                on_failure(error, tried)
            time.sleep(seconds)
    return work()


async def retry_async(
    work: Callable[[], Awaitable[T]],
    backoff: Backoff,
    errors: Errors,
    on_failure: Callable[[Exception, int], None] | None = None,
) -> T:
    """Do as `retry` does, and let other tasks run meanwhile."""
    for tried, seconds in enumerate(backoff.waits(), 1):
        try:
            return await work()
        except errors as error:
            if on_failure is not None:
                on_failure(error, tried)
            await asyncio.sleep(seconds)
    return await work()
