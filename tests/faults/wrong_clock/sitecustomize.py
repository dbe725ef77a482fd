"""A process whose wall clock is wrong, for tests: Python imports this first when its folder is on PYTHONPATH.

WRONG_CLOCK is a number of seconds that the clock is ahead (or, below zero, behind), or "jumps": a day ahead
and a day behind by turns, second by second. Monotonic time goes on as it does.
"""

from __future__ import annotations

import datetime
import os
import time

_real = time.time
_wrong = os.environ.get("WRONG_CLOCK", "")
DAY_SECONDS = 86_400


def _shift() -> float:
    if _wrong == "jumps":
        return DAY_SECONDS if int(_real()) % 2 else -DAY_SECONDS
    return float(_wrong)


def _now() -> float:
    return _real() + _shift()


class WrongDatetime(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> WrongDatetime:
        return cls.fromtimestamp(_now(), tz)

    @classmethod
    def utcnow(cls) -> WrongDatetime:
        return cls.fromtimestamp(_now(), datetime.UTC).replace(tzinfo=None)


if _wrong:
    time.time = _now
    time.time_ns = lambda: int(_now() * 1e9)
    datetime.datetime = WrongDatetime  # type: ignore[misc]
