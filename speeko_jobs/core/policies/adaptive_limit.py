"""How fast to call: the limit that tunes itself, what happens when most calls fail, and the retry budget.

Pure decisions over what all engines of an account saw; the clock is passed in (seconds that only go
forward). After the ideas of AIMD limiters (Netflix' concurrency-limits), of the retry budgets of Google's
SRE book (chapter 21), and of circuit breakers; the numbers are ours, from the simulation in the tests.

The limit:
- Calls thrown back: as many fewer as were thrown back, at most half at once. After a probe just its step
  back, and four times the wait until the next one (5 to 60 s).
- After a way down nothing is judged for two seconds: what engines report then is older than the cut.
- All in use and none thrown back: twice as many each second while nothing was ever too high, else up by a
  quarter while well below that; from nine tenths of it on by probes of a fiftieth. What passes a probe is
  forgotten as too high.

Most calls failing (5xx, cut answers, no connection): one call at a time, with pauses as long as the trouble
has lasted (1 to 60 s). The first success lets the limit grow again.

Retries of calls that may have been paid for: a tenth of all calls, and ten a minute where calls are few.
A run of good answers lifts that (core.policies.outage_detection).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

START = 50  # of an account that nobody has called yet; its limit grows from there
WINDOW_SECONDS = 1.0
SETTLING_SECONDS = 2.0
CUT = 0.5  # what stays at least
STEP = 0.02  # of the limit, or one
NEAR = 0.9
MIN_HOLD_SECONDS, MAX_HOLD_SECONDS = 5.0, 60.0

FAILING_SHARE = 0.5
FAILING_CALLS = 20
PAUSE_SECONDS = (1.0, 60.0)
FORGET_SECONDS = 120.0  # after which nobody has called, and failing is past

RETRY_SHARE = 0.1
FIRST_RETRIES = 10.0  # of an account that nobody has called yet
RETRIES_A_SECOND = 10 / 60
MAX_RETRIES = 100.0


@dataclass(frozen=True, slots=True)
class CallWindow:
    """What was seen of an account: calls that ended, and of those the ones thrown back and the failed."""

    ended: int = 0
    throttled: int = 0
    failed: int = 0
    saturated: bool = False  # as many calls were in flight as the limit allows
    allowed_by_server: int = 0  # what its headers say, 0 where they say nothing
    good: int = 0  # calls that brought audio; not kept over looks
    answered: int = 0  # calls that were answered: with audio, or with a refusal of the text
    new_failed: int = 0  # failed calls of texts that had not failed before

    def __add__(self, other: CallWindow) -> CallWindow:
        return CallWindow(
            self.ended + other.ended,
            self.throttled + other.throttled,
            self.failed + other.failed,
            self.saturated or other.saturated,
            other.allowed_by_server or self.allowed_by_server,
            self.good + other.good,
            self.answered + other.answered,
            self.new_failed + other.new_failed,
        )

    @property
    def failing(self) -> bool:
        return self.failed > FAILING_SHARE * self.ended


NOTHING = CallWindow()


@dataclass(frozen=True, slots=True)
class CallLimit:
    """The most calls in flight that an account takes, as far as we know. Times in seconds, one clock."""

    limit: int
    ceiling: int
    too_high: int = 0  # the last limit at which the provider threw calls back; 0: never
    moved_at: float = 0.0
    hold_seconds: float = MIN_HOLD_SECONDS
    probing: bool = False  # the last move was a probe
    why: str = "the ceiling"
    window: CallWindow = NOTHING  # what was seen since `window_at`
    window_at: float = 0.0  # after a cut later than now: what is seen until then says nothing
    quiet: bool = False  # calls were held back in this window: that none was thrown back says nothing
    failing_since: float | None = None
    pause_seconds: float = 0.0  # hold all calls for so long from now on


def tune(now: float, old: CallLimit, seen: CallWindow) -> CallLimit:
    """The limit after one more report. Each report counts once; a window is judged when it is over."""
    if now < old.window_at and not seen.failing:
        return replace(old, pause_seconds=0.0)
    if now - old.window_at > FORGET_SECONDS:
        old = replace(old, window=NOTHING, failing_since=None)
    window = old.window + seen
    known = replace(old, window=window, pause_seconds=0.0)
    if window.failing and window.ended >= min(FAILING_CALLS, old.limit):
        return _failing(now, known)
    if window.allowed_by_server and window.allowed_by_server < old.limit:
        most = window.allowed_by_server
        return _moved(now, known, most, f"the server allows {most}", too_high=most + 1)
    if now - old.window_at < WINDOW_SECONDS:
        return known
    judged = replace(known, window=NOTHING, window_at=now, quiet=False)
    if window.failing:
        return replace(judged, failing_since=now if old.failing_since is None else old.failing_since)
    if window.ended:
        judged = replace(judged, failing_since=None)
    if window.throttled:
        return _cut(now, judged, window)
    most = min(old.ceiling, window.allowed_by_server or old.ceiling)
    if not window.saturated or not window.ended or old.quiet or old.limit >= most:
        return judged
    return _raised(now, judged, most)


def _failing(now: float, old: CallLimit) -> CallLimit:
    since = now if old.failing_since is None else old.failing_since
    pause = min(max(now - since, PAUSE_SECONDS[0]), PAUSE_SECONDS[1])
    why = f"{old.window.failed} of {old.window.ended} calls failed"
    return replace(_moved(now, old, 1, why), failing_since=since, pause_seconds=pause)


def _cut(now: float, old: CallLimit, seen: CallWindow) -> CallLimit:
    lowest = int(old.limit * CUT)
    if old.probing and seen.throttled <= lowest:
        down, hold = old.limit - _step(old.limit), min(old.hold_seconds * 4, MAX_HOLD_SECONDS)
    else:
        down, hold = max(old.limit - seen.throttled - _step(old.limit), lowest), MIN_HOLD_SECONDS
    why = f"{seen.throttled} of {seen.ended} calls were thrown back"
    cut = _moved(now, old, max(1, down), why, too_high=old.limit)
    return replace(cut, hold_seconds=hold, window_at=now + SETTLING_SECONDS)


def _raised(now: float, old: CallLimit, most: int) -> CallLimit:
    if old.too_high and old.limit >= old.too_high:  # a probe that passed
        old = replace(old, too_high=0, hold_seconds=MIN_HOLD_SECONDS)
    well_below = int(NEAR * old.too_high) if old.too_high else most
    if old.limit < well_below:
        more = max(1, old.limit // 4) if old.too_high else old.limit
        up = min(old.limit + more, well_below, most)
        return _moved(now, old, up, "all calls were in use and none was thrown back")
    if now - old.moved_at < old.hold_seconds:
        return old
    up = min(old.limit + _step(old.limit), most)
    return replace(_moved(now, old, up, "a probe of a little more"), probing=True)


def _step(limit: int) -> int:
    return max(1, int(STEP * limit))


def _moved(now: float, old: CallLimit, limit: int, why: str, too_high: int | None = None) -> CallLimit:
    return replace(
        old,
        limit=limit,
        too_high=old.too_high if too_high is None else too_high,
        moved_at=now,
        why=why,
        window=NOTHING,
        window_at=now,
        probing=False,
        quiet=False,
    )


def retries_left(left: float, since_seconds: float, calls: int) -> float:
    """What the retry budget holds after some time and calls, when it held `left`."""
    return min(left + RETRY_SHARE * calls + RETRIES_A_SECOND * since_seconds, max(left, MAX_RETRIES))


class FailureShare:
    """Whether most of the latest calls of one engine failed: it need not wait for the next look to stop."""

    def __init__(self) -> None:
        self._calls = self._failed = 0

    def ended(self, *, failed: bool) -> bool:
        """Take note of a call; whether most of the last so many failed. Then it counts anew."""
        self._calls += 1
        self._failed += failed
        if self._calls < FAILING_CALLS:
            return False
        failing = self._failed > FAILING_SHARE * self._calls
        self._calls = self._failed = 0
        return failing
