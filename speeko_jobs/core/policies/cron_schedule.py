"""When a schedule is due, which due times are caught up with, and which waiting run may begin. Pure.

Cron expressions mean wall clocks of a time zone; what goes in and out are instants. On the night on which the
clock is put back a fixed time comes once, by the first of the two; on the one on which it is put forward, a
time that does not exist is the first minute after the gap. "Every hour" goes by real hours. (So does Debian's
cron.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from speeko_jobs.errors import UsageError

CRON_CHARS = 200
ON_TIME_SECONDS = 300  # beats and workers may be restarted just then
MAX_CAUGHT_UP = 100
_FIRST_LOOK, _WIDER = timedelta(hours=1), 8


class CatchUp(StrEnum):
    """What becomes of a due time at which nobody was there, or the run before was still going."""

    LAST = "last"  # the latest runs as soon as it can
    ALL = "all"  # each runs, one after the other
    NONE = "none"  # it is left out


class RunState(StrEnum):
    """waiting → planning → submitted (then the job's own state tells) | failed; or skipped."""

    WAITING = "waiting"
    PLANNING = "planning"
    SUBMITTED = "submitted"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Timing:
    """When a schedule is due: five fields of cron, and the zone of the tz database whose clock it is."""

    cron: str
    zone: str = "UTC"
    catch_up: CatchUp = CatchUp.LAST


@dataclass(frozen=True)
class Firing:
    """What is due: instants to run, those left out, and the first that is still to come."""

    runs: tuple[datetime, ...]
    missed: tuple[datetime, ...]
    next_due: datetime


@dataclass(frozen=True)
class WaitingRun:
    """A run that has not begun. `by_hand`: a person asked for it."""

    id: int
    due: datetime
    by_hand: bool = False


def zone_of(name: str) -> ZoneInfo:
    """Raises UsageError for what is no zone."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UsageError(f"there is no time zone {name!r}: give one such as Europe/Berlin or UTC") from None


def explained(cron: str) -> str:
    """The expression in words: "At 02:00 every day". Raises UsageError for what is none."""
    return _parsed(cron, datetime(2000, 1, 1, tzinfo=UTC)).explain()


def dues(timing: Timing, after: datetime) -> Iterator[datetime]:
    """All due times after that instant, in UTC. Raises UsageError for what is no cron expression or zone."""
    local = after.astimezone(zone_of(timing.zone))
    for due in _parsed(timing.cron, local):
        instant = due.astimezone(UTC)
        if instant > after:  # wall clocks that are put back come to what is over
            after = instant
            yield instant


def next_due(timing: Timing, after: datetime) -> datetime:
    """The first due time after that instant. Raises UsageError also where there is none in 50 years."""
    for due in dues(timing, after):
        return due
    raise UsageError(f"--cron {timing.cron!r} is never due")


def firing(timing: Timing, first: datetime, now: datetime) -> Firing:
    """What is to be done now, `first` being the first due time that nothing was done about.

    Of more than MAX_CAUGHT_UP due times only the latest are told.
    """
    found = _latest(timing, first, now)
    match timing.catch_up:
        case CatchUp.ALL:
            runs = found
        case CatchUp.LAST:
            runs = found[-1:]
        case CatchUp.NONE:
            runs = [due for due in found[-1:] if (now - due).total_seconds() <= ON_TIME_SECONDS]
    missed = found[: len(found) - len(runs)]
    return Firing(tuple(runs), tuple(missed), next_due(timing, now))


def turn(
    rule: CatchUp, waiting: Sequence[WaitingRun], *, is_going: bool
) -> tuple[WaitingRun | None, list[WaitingRun]]:
    """The waiting run (they come oldest first) that may begin, and those that never will.

    `is_going`: another run of the schedule has not come to its end. Two never go at once.
    """
    kept = list(waiting) if rule is CatchUp.ALL else list(waiting[-1:])
    if rule is CatchUp.NONE and is_going:
        kept = [run for run in kept if run.by_hand]
    gone = [run for run in waiting if run not in kept]
    return (kept[0] if kept and not is_going else None), gone


def _latest(timing: Timing, first: datetime, now: datetime) -> list[datetime]:
    """The last MAX_CAUGHT_UP due times from `first` to `now`, without a look at all before them."""
    look = _FIRST_LOOK
    while True:
        start = max(first - timedelta(seconds=1), now - look)
        found = []
        for due in dues(timing, start):
            if due > now:
                break
            found.append(due)
        if len(found) >= MAX_CAUGHT_UP or start < first:
            return [due for due in found if due >= first][-MAX_CAUGHT_UP:]
        look *= _WIDER


def _parsed(cron: str, start: datetime) -> CronSim:
    fields = cron.split()
    try:
        if len(fields) != 5 or len(cron) > CRON_CHARS:
            raise CronSimError("there are five fields")
        return CronSim(cron, start)
    except CronSimError as error:
        said = str(error)
        raise UsageError(
            f"--cron {cron[:CRON_CHARS]!r}: {said[:1].lower()}{said[1:]}: give minute, hour, day of month,"
            " month and day of week, such as '0 2 * * *'"
        ) from None
