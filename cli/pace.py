"""How fast a job goes and when it will be done, out of its figures over the last seconds. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from speeko_jobs.adapters.postgres.jobs import Progress

WINDOW_SECONDS = 10.0
LEAST_SECONDS = 1.0  # a rate over less says nothing


@dataclass(frozen=True)
class Pace:
    """Per second; `eta_seconds` is None while it cannot be told."""

    rows: float
    calls: float
    eta_seconds: float | None


class Gauge:
    """Takes a job's figures as they come, with the time in seconds of any one clock."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int, int]] = deque()

    def take(self, now: float, progress: Progress) -> Pace:
        seen = self._seen
        seen.append((now, progress.served, progress.calls))
        while len(seen) > 2 and now - seen[1][0] >= WINDOW_SECONDS:
            seen.popleft()
        since, rows, calls = seen[0]
        seconds = now - since
        if seconds < LEAST_SECONDS:
            return Pace(0.0, 0.0, None)
        rows_rate = (progress.served - rows) / seconds
        calls_rate = (progress.calls - calls) / seconds
        return Pace(rows_rate, calls_rate, _eta(progress, rows_rate, calls_rate))


def _eta(progress: Progress, rows_rate: float, calls_rate: float) -> float | None:
    """By the calls that are still to be bought, since they take the time; by rows where there are none."""
    calls = progress.plan.get("calls", 0) - progress.calls
    if calls > 0:
        return calls / calls_rate if calls_rate > 0 else None
    rows = progress.rows - progress.served
    if rows <= 0:
        return 0.0
    return rows / rows_rate if rows_rate > 0 else None
