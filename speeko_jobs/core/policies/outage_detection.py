"""Whether an account answers at all: since when nothing but failures came, and what that means for tries.

Pure decisions over what engines saw; seconds are relative to now (negative: ago). An answer of any kind
ends the trouble. Must not judge audio: that is the gate's and the waste breaker's task.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from speeko_jobs.core.model.speech import Failure, ProviderError
from speeko_jobs.core.policies.adaptive_limit import CallWindow

GOOD_RUN: Final = 20  # good answers in a row, after which retries are not rationed
PLENTY: Final = 1_000_000  # retries of a lease that are not rationed
OUTAGE_TEXTS: Final = 3  # so many texts failed and none was answered: it is the provider, not a text
MAX_TRIES: Final = 3  # calls of one text that were, or may have been, paid for
MAX_TRIES_IN_HEALTH: Final = 6  # the same, while the account's other answers are good
MAX_BAD: Final = 2  # of them with bad audio, where nothing good is known of the account
NO_END: Final = 2**31 - 1


class TroubleKind(StrEnum):
    """What the calls of an account meet."""

    NONE = ""
    THROTTLED = "throttled"  # 429, 503: the provider holds calls off
    UNREACHABLE = "unreachable"  # no connection
    FAILING = "failing"  # 5xx, no whole answer in time, cut answers


@dataclass(frozen=True, slots=True)
class Health:
    """What is known of an account. `since`: of nothing but failures (seconds, negative); None: it answers."""

    good_run: int = 0
    good_ago: float | None = None  # seconds since the last good answer; None: there was none
    since: float | None = None
    texts: int = 0  # different texts that failed since then
    kind: str = ""
    why: str = ""

    @property
    def lifts_rations(self) -> bool:
        """Return whether retries may go at the pace of other calls."""
        return self.since is None and self.good_run >= GOOD_RUN


UNKNOWN_HEALTH: Final = Health()


def update_health(old: Health, seen: CallWindow, kind: str, why: str) -> Health:
    """Return the health after one more report; `kind` and `why` are of the last failure in it."""
    if not seen.ended:
        return old
    run = seen.good if seen.failed else old.good_run + seen.good
    run = 0 if seen.failed else min(run, NO_END)
    good_ago = 0.0 if seen.good else old.good_ago
    if seen.answered:
        return Health(run, good_ago)
    if not kind:
        return Health(run, good_ago, old.since, old.texts, old.kind, old.why)
    since = 0.0 if old.since is None else old.since
    return Health(run, good_ago, since, old.texts + seen.new_failed, kind, why)


def trouble_of(error: ProviderError) -> TroubleKind:
    """Return what a failed call tells of the account; NONE where it answered, or a person must act."""
    if error.failure is Failure.NOT_SENT:
        return TroubleKind.UNREACHABLE
    if error.failure is Failure.THROTTLED:
        return TroubleKind.THROTTLED
    return TroubleKind.FAILING if error.failure is Failure.UNKNOWN else TroubleKind.NONE


@dataclass(frozen=True, slots=True)
class TryLimits:
    """After how many calls a text fails for good; `bad`: of those that brought bad audio."""

    paid: int = MAX_TRIES
    bad: int = MAX_BAD


FIRST_TRY_LIMITS: Final = TryLimits()


def try_limits_of(texts: int, *, good_before: bool, good_now: bool) -> TryLimits:
    """Return how often a text may be tried.

    `texts` failed since the last answer: where these are several, no text can be blamed, and none fails.
    """
    if not good_now and texts >= OUTAGE_TEXTS:
        return TryLimits(NO_END, MAX_BAD)
    if good_now or good_before:
        return TryLimits(MAX_TRIES_IN_HEALTH, MAX_TRIES_IN_HEALTH)
    return FIRST_TRY_LIMITS
