"""What one engine may do until it asks again: permits, its part of the rates a minute and of the retries.

Keeps count of what the engine begins and of what it sees, for the next lease. Knows no job and sends
nothing; lives on the engine's event loop. The clock is time.monotonic().
"""

from __future__ import annotations

import socket
import time

from speeko_jobs.adapters.postgres.permits import LeaseRequest, PermitLease
from speeko_jobs.core.model.speech import Failure, ProviderError, Speech
from speeko_jobs.core.policies import outage_detection
from speeko_jobs.core.policies.adaptive_limit import (
    MAX_RETRIES,
    NOTHING,
    PAUSE_SECONDS,
    CallWindow,
    FailureShare,
)
from speeko_jobs.core.policies.outage_detection import Health, TryLimits
from speeko_jobs.core.providers.profiles import Profile
from speeko_jobs.settings import Settings

NO_LIMIT = 1 << 30


def account_of(profile: Profile, settings: Settings) -> str:
    """Return whose limit a call counts against: the account's name; or, offline, this machine."""
    if profile.name == "espeak":
        return f"espeak:{socket.gethostname()}"
    return settings.account or profile.name


class CallBudget:
    """`alive_until`: how long the engine counts as living. `failing`: most calls fail, one at a time now."""

    def __init__(self) -> None:
        self.allowed = self.retries = 0
        self.most = NO_LIMIT  # calls that this process can take to their booking
        self.alive_until = self.permits_until = self.blocked_until = self.failing_seconds = 0.0
        self.failing = False
        self.health = Health()
        self._kind = self._why = ""  # of the last failure since the last lease
        self._calls = self._chars = -1  # of the rates a minute; -1: there is none
        self._seen = NOTHING
        self._failures = FailureShare()

    def asked(self, wants: int, busy: int) -> LeaseRequest:
        """What to tell at the next lease. What is not used is given back with it."""
        retries = min(self.retries, int(MAX_RETRIES))
        shares = max(self._calls, 0), self._chars_back(), retries
        asked = LeaseRequest(wants, busy, self._seen, *shares, self._kind, self._why)
        self._seen, self.retries, self._kind, self._why = NOTHING, 0, "", ""
        self._calls, self._chars = min(self._calls, 0), min(self._chars, 0)
        return asked

    def _chars_back(self) -> int:
        return self._chars if self._chars != -1 else 0

    def leased(self, lease: PermitLease, alive_until: float, permits_until: float) -> None:
        self.alive_until, self.permits_until = alive_until, permits_until
        self.allowed, self.retries = min(lease.allowed, self.most), lease.retries
        self._calls, self._chars = lease.calls, lease.chars
        self.failing_seconds, self.health = lease.failing_seconds, lease.health
        self.failing = bool(lease.failing_seconds) and lease.limit == 1
        self.hold(lease.blocked_seconds)

    def hold(self, seconds: float) -> None:
        """No new call for so long."""
        self.blocked_until = max(self.blocked_until, time.monotonic() + seconds)

    def may_begin(self, now: float, in_flight: int, margin_seconds: float) -> bool:
        """Whether one more call may begin. Not close to the lease's end: the next heartbeat comes first."""
        if now < self.blocked_until or now > min(self.alive_until - margin_seconds, self.permits_until):
            return False
        if in_flight >= self.allowed:
            self._seen += CallWindow(saturated=True)
            return False
        # else this second's share of the rates a minute is used up
        return self._calls != 0 and (self._chars > 0 or self._chars == -1)

    def begun(self, chars: int) -> None:
        """A call has begun."""
        if self._calls > 0:
            self._calls -= 1
        if self._chars != -1:  # a long text may overdraw it: the next share is smaller
            self._chars -= chars
            self._chars -= self._chars == -1

    def tries(self, *, good: bool) -> TryLimits:
        """Return how often a text may be tried now; `good`: a call has just brought audio."""
        before = self.health.good_ago is not None
        texts = self.health.texts + self._seen.new_failed
        return outage_detection.try_limits_of(
            texts, good_before=before, good_now=good or bool(self._seen.answered)
        )

    @property
    def trouble_seconds(self) -> float:
        """For how long the account has answered nothing; 0.0 where it does."""
        return 0.0 if self.health.since is None else max(-self.health.since, 0.001)

    def ended(self, result: Speech | ProviderError, *, is_new: bool = True) -> bool:
        """What a call tells about the provider; whether it shows that most of them fail (or still do): then
        it is time to lease anew, and nothing is begun before that. `is_new`: its text has not failed yet."""
        throttled = failed = False
        good = isinstance(result, Speech)
        answered = good
        if isinstance(result, Speech):
            self.hold(result.wait_seconds)
        else:
            answered = result.failure is Failure.REFUSED
            if kind := outage_detection.trouble_of(result):
                self._kind, self._why = kind.value, result.reason
            busy = result.status == 503
            throttled = result.failure is Failure.THROTTLED and not busy
            failed = busy or result.failure in (Failure.UNKNOWN, Failure.NOT_SENT)
        self._seen += CallWindow(
            1,
            int(throttled),
            int(failed),
            allowed_by_server=result.server_limit,
            good=int(good),
            answered=int(answered),
            new_failed=int(failed and is_new),
        )
        if self._failures.ended(failed=failed):
            self.failing = True
        if not failed or not self.failing:
            return False
        self.hold(PAUSE_SECONDS[0])
        return True
