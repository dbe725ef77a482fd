"""How fast to call: the limit that tunes itself, the retry budget, and the breaker.

Pure decisions; the clock is passed in (seconds that only go forward). After the ideas of AIMD limiters
(Netflix' concurrency-limits), of the retry budgets of Google's SRE book (chapter 21), and of full jitter
(AWS' architecture blog); the numbers are ours.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

CUT = 0.7
PROBE_RATIO = 0.1  # throttled share up to which a probe was just one step too far
WINDOW_SECONDS = 1.0
MIN_HOLD_SECONDS, MAX_HOLD_SECONDS = 5.0, 60.0
NEAR = 0.9  # of the last limit that was too high: below it the limit grows fast, above it by probes

RETRY_SHARE = 0.1
RETRY_FLOOR = 5  # retries that are always allowed in a minute, for jobs of a few calls
MINUTE = 60.0

BREAKER_CALLS = 20
BREAKER_SHARE = 0.5
BREAKER_SECONDS = (1.0, 60.0)


@dataclass(frozen=True)
class Limit:
    """The most calls in flight that an account takes, as far as we know. Times in seconds, one clock."""

    limit: int
    ceiling: int
    too_high: int = 0  # the last limit at which the provider threw calls back; 0: never
    moved_at: float = 0.0
    hold_seconds: float = MIN_HOLD_SECONDS
    why: str = "the ceiling"


@dataclass(frozen=True, slots=True)
class Window:
    """What was seen of an account since the last look: calls that ended, and those thrown back."""

    ended: int
    throttled: int
    saturated: bool  # as many calls were in flight as the limit allows
    allowed_by_server: int = 0  # what its headers say, 0 where they say nothing


def tune(now: float, old: Limit, seen: Window) -> Limit:
    """The limit after a window. Down at once, at most once a window; up only while saturated and clean."""
    if seen.allowed_by_server and seen.allowed_by_server < old.limit:
        server = seen.allowed_by_server
        return replace(
            old, limit=server, too_high=server + 1, moved_at=now, why=f"the server allows {server}"
        )
    since = now - old.moved_at
    if seen.throttled:
        if since < WINDOW_SECONDS:
            return old
        return _cut(now, old, seen)
    if not seen.saturated or old.limit >= old.ceiling or not seen.ended:
        return old
    if not old.too_high or old.limit < NEAR * old.too_high - 1:
        if since < WINDOW_SECONDS:
            return old
        up = min(old.limit + max(1, old.limit // 10), old.ceiling)
        return replace(old, limit=up, moved_at=now, why="all calls were in use and none was thrown back")
    if since < old.hold_seconds:
        return old
    up = min(old.limit + 1, old.ceiling)
    passed = up >= old.too_high  # it takes more than it once did: forget what was too high
    return replace(
        old,
        limit=up,
        too_high=0 if passed and old.limit >= old.too_high else old.too_high,
        moved_at=now,
        hold_seconds=MIN_HOLD_SECONDS if passed else old.hold_seconds,
        why="a probe: one more",
    )


def _cut(now: float, old: Limit, seen: Window) -> Limit:
    share = seen.throttled / max(seen.ended, seen.throttled)
    if share <= PROBE_RATIO:
        down = max(1, old.limit - max(1, round(share * old.limit)))
        hold = min(old.hold_seconds * 2, MAX_HOLD_SECONDS)
    else:
        down, hold = max(1, int(old.limit * CUT)), MIN_HOLD_SECONDS
    return replace(
        old,
        limit=down,
        too_high=old.limit,
        moved_at=now,
        hold_seconds=hold,
        why=f"{seen.throttled} of {seen.ended} calls were thrown back",
    )


class RetryBudget:
    """At most a tenth of a minute's calls are retries (and always a handful)."""

    def __init__(self) -> None:
        self._calls: deque[float] = deque()
        self._retries: deque[float] = deque()

    def called(self, now: float) -> None:
        self._calls.append(now)

    def wait(self, now: float) -> float:
        """Seconds until a retry may be made; 0.0: it may be made now, and counts as made."""
        for times in (self._calls, self._retries):
            while times and times[0] <= now - MINUTE:
                times.popleft()
        if len(self._retries) < max(RETRY_FLOOR, RETRY_SHARE * len(self._calls)):
            self._retries.append(now)
            return 0.0
        return max(self._retries[0] + MINUTE - now, 0.1)


class Breaker:
    """Opens when most of the latest calls failed for reasons of the server; then lets one call try."""

    def __init__(self) -> None:
        self._latest: deque[bool] = deque(maxlen=BREAKER_CALLS)
        self._open_until = 0.0
        self._pause = BREAKER_SECONDS[0]
        self._trying = False

    @property
    def is_open(self) -> bool:
        return self._open_until > 0

    def ended(self, now: float, *, failed: bool) -> bool:
        """Take note of a call; whether the breaker opened because of it."""
        self._trying = False
        if self.is_open:
            if failed:
                self._pause = min(self._pause * 2, BREAKER_SECONDS[1])
                self._open_until = now + self._pause
            else:
                self._open_until, self._pause = 0.0, BREAKER_SECONDS[0]
                self._latest.clear()
            return False
        self._latest.append(failed)
        full = len(self._latest) == BREAKER_CALLS
        if full and sum(self._latest) > BREAKER_SHARE * BREAKER_CALLS:
            self._open_until = now + self._pause
            return True
        return False

    def allows(self, now: float) -> bool:
        """Whether a call may be made now. While open: one at a time, each after a pause."""
        if not self.is_open:
            return True
        if now < self._open_until or self._trying:
            return False
        self._trying = True
        return True
