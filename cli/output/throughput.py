"""How fast a job goes and when it will be done, out of its figures over the last seconds. Pure."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

WINDOW_SECONDS = 10.0
MIN_SECONDS = 1.0  # a rate over less says nothing
STEPS = 3  # rows end a chunk at a time: a rate over fewer chunks jumps
SMOOTH_SECONDS = 20.0  # the ETA's rate: what happened so long ago weighs 1/e
ETA_SECONDS, ETA_COUNT = 5.0, 24  # no ETA before so much time and so many calls
LONG_SECONDS, LONG_COUNT = 60.0, 5  # or, where calls are slow, so much time and so few


@dataclass(frozen=True)
class Throughput:
    """Per second; `eta_seconds` is None while it cannot be told."""

    rows: float
    calls: float
    eta_seconds: float | None


class ProgressFigures(Protocol):
    """A job's figures at one moment."""

    @property
    def rows(self) -> int: ...
    @property
    def served(self) -> int: ...
    @property
    def unchanged(self) -> int: ...
    @property
    def calls(self) -> int: ...
    @property
    def plan(self) -> Mapping[str, Any]: ...


class ThroughputGauge:
    """Takes a job's figures as they come, with the time in seconds of any one clock."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()
        self._steps: deque[tuple[float, int]] = deque()
        self._rows, self._calls = _Smooth(), _Smooth()

    def take(self, now: float, progress: ProgressFigures) -> Throughput:
        seen = self._seen
        seen.append((now, progress.calls))
        while len(seen) > 2 and now - seen[1][0] >= WINDOW_SECONDS:
            seen.popleft()
        self._rows.take(now, progress.served)
        self._calls.take(now, progress.calls)
        rows, (since, calls) = self._rows_a_second(now, progress.served), seen[0]
        seconds = now - since
        if seconds < MIN_SECONDS:
            return Throughput(0.0, 0.0, None)
        return Throughput(rows, (progress.calls - calls) / seconds, self._eta(progress))

    def _rows_a_second(self, now: float, served: int) -> float:
        """Over the last seconds, or as many more as it takes to hold a few chunks' ends, up to a minute."""
        steps = self._steps
        if not steps or steps[-1][1] != served:
            steps.append((now, served))
        while len(steps) > STEPS and now - steps[1][0] >= WINDOW_SECONDS:
            steps.popleft()
        while len(steps) > 1 and now - steps[1][0] >= LONG_SECONDS:
            steps.popleft()
        since, rows = max(steps[0][0], now - LONG_SECONDS), steps[0][1]
        return (served - rows) / (now - since) if now > since else 0.0

    def _eta(self, progress: ProgressFigures) -> float | None:
        """By the calls still to be bought, since they take the time; by rows where there are none."""
        calls, rows = _left(progress)
        if calls > 0:
            return self._calls.seconds_for(calls)
        return self._rows.seconds_for(rows) if rows > 0 else 0.0


def overall(progress: ProgressFigures, seconds: float) -> Throughput:
    """The mean over the time that a job has taken, which a single look can tell. Unchanged rows took none."""
    if seconds < MIN_SECONDS:
        return Throughput(0.0, 0.0, None)
    (calls, rows), served = _left(progress), progress.served - progress.unchanged
    left, done = (calls, progress.calls) if calls > 0 else (rows, served)
    eta = left * seconds / done if _says_enough(seconds, done) else None
    return Throughput(served / seconds, progress.calls / seconds, eta if left > 0 else 0.0)


def _left(progress: ProgressFigures) -> tuple[int, int]:
    """Calls and rows still to come."""
    return progress.plan.get("calls", 0) - progress.calls, progress.rows - progress.served


def _says_enough(seconds: float, done: int) -> bool:
    """Whether a rate over so much can be drawn on into the future."""
    return (seconds >= ETA_SECONDS and done >= ETA_COUNT) or (seconds >= LONG_SECONDS and done >= LONG_COUNT)


class _Smooth:
    """A rate whose past fades away, from the first step on: what was before it is the start of workers."""

    def __init__(self) -> None:
        self._last: tuple[float, int] | None = None
        self._began: tuple[float, int] | None = None
        self._count = self._seconds = 0.0

    def take(self, now: float, count: int) -> None:
        last, self._last = self._last, (now, count)
        if last is None or (count == last[1] and self._began is None):
            return
        if self._began is None:
            self._began = (now, count)
            return
        passed = now - last[0]
        fade = math.exp(-passed / SMOOTH_SECONDS)
        self._count = self._count * fade + count - last[1]
        self._seconds = self._seconds * fade + passed

    def seconds_for(self, count: int) -> float | None:
        """How long so many more will take; None while too little is known."""
        if self._last is None or self._began is None or self._count < 1e-9:
            return None
        seconds, done = self._last[0] - self._began[0], self._last[1] - self._began[1]
        if not _says_enough(seconds, done):
            return None
        return count * self._seconds / self._count
