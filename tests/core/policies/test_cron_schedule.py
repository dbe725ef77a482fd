"""Due times over nights on which the clock is moved, what is caught up with, and whose turn it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speeko_jobs.core.policies.cron_schedule import (
    MAX_CAUGHT_UP,
    CatchUp,
    Timing,
    WaitingRun,
    dues,
    explained,
    firing,
    next_due,
    turn,
    zone_of,
)
from speeko_jobs.errors import UsageError

AUTUMN, SPRING = datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 3, 29, tzinfo=UTC)  # Berlin, at 01:00 UTC
ZONES = ("Europe/Berlin", "America/New_York", "Africa/Cairo", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC")
instants = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(cron: str, after: datetime, until: datetime, zone: str = "Europe/Berlin") -> list[str]:
    """Due times up to `until`, as the zone's clock shows them, with its offset."""
    found = takewhile(lambda due: due <= until, dues(Timing(cron, zone), after))
    return [f"{due.astimezone(zone_of(zone)):%d %H:%M%z}" for due in found]


@pytest.mark.parametrize(
    ("cron", "around", "shown"),
    [
        ("30 2 * * *", AUTUMN, ["25 02:30+0200", "26 02:30+0100"]),  # once, the first of two
        ("0 3 * * *", AUTUMN, ["25 03:00+0100", "26 03:00+0100"]),
        ("30 2 * * *", SPRING, ["29 03:00+0200", "30 02:30+0200"]),  # there is no 02:30
        ("0 2,3 * * *", SPRING, ["29 03:00+0200", "30 02:00+0200", "30 03:00+0200"]),
        ("0 4 * * SUN", AUTUMN, ["25 04:00+0100"]),
    ],
)  # fmt: skip
def test_nights_on_which_the_clock_is_moved(cron: str, around: datetime, shown: list[str]) -> None:
    assert local(cron, around - timedelta(days=0.9), around + timedelta(days=1.2)) == shown


@pytest.mark.parametrize("minutes", range(0, 61, 15))
def test_in_the_hour_that_comes_twice_nothing_is_due_that_is_over(minutes: int) -> None:
    second = utc("2026-10-25 01:00") + timedelta(minutes=minutes)
    assert next_due(Timing("30 2 * * *", "Europe/Berlin"), second) == utc("2026-10-26 01:30")


@pytest.mark.parametrize(("day", "hours"), [(AUTUMN, 25), (SPRING, 23), (utc("2026-06-01"), 24)])
def test_every_hour_is_every_real_hour(day: datetime, hours: int) -> None:
    midnight = f"{day:%d} 00:00"
    from_day = local("0 * * * *", day - timedelta(hours=3), day + timedelta(hours=30))
    start = next(n for n, shown in enumerate(from_day) if shown.startswith(midnight))
    end = next(n for n, shown in enumerate(from_day) if n > start and " 00:00" in shown)
    assert end - start == hours


@given(
    zone=st.sampled_from(ZONES),
    cron=st.sampled_from(["30 2 * * *", "0 2,3 * * *", "30 0 * * *", "*/15 1-3 * * *", "0 * * * *"]),
    start=instants,
    steps=st.lists(st.integers(1, 40_000), max_size=20),
)
def test_each_due_time_is_fired_once_whenever_somebody_looks(
    zone: str, cron: str, start: datetime, steps: list[int]
) -> None:
    timing = Timing(cron, zone, CatchUp.ALL)
    first, now, fired = next_due(timing, start), start, list[datetime]()
    for seconds in steps:
        now += timedelta(seconds=seconds)
        if first <= now:
            made = firing(timing, first, now)
            fired += made.runs
            first = made.next_due
    assert first > now
    assert fired == list(takewhile(lambda due: due <= now, dues(timing, start)))
    assert fired == sorted(set(fired))


@pytest.mark.parametrize(
    ("rule", "minutes_late", "runs", "missed"),
    [
        (CatchUp.LAST, 600, [23], [20, 21, 22]),
        (CatchUp.ALL, 600, [20, 21, 22, 23], []),
        (CatchUp.NONE, 600, [], [20, 21, 22, 23]),
        (CatchUp.NONE, 4, [23], [20, 21, 22]),
        (CatchUp.LAST, 0, [23], [20, 21, 22]),
    ],
)
def test_three_nights_without_a_worker(
    rule: CatchUp, minutes_late: int, runs: list[int], missed: list[int]
) -> None:
    now = utc("2026-11-23 02:00") + timedelta(minutes=minutes_late)
    made = firing(Timing("0 2 * * *", "UTC", rule), utc("2026-11-20 02:00"), now)
    assert [due.day for due in made.runs] == runs
    assert [due.day for due in made.missed] == missed
    assert made.next_due == utc("2026-11-24 02:00")


@pytest.mark.parametrize("rule", list(CatchUp))
def test_years_without_a_worker_are_not_written_down_minute_by_minute(rule: CatchUp) -> None:
    now = utc("2026-11-23 02:00:30")
    made = firing(Timing("* * * * *", "Europe/Berlin", rule), utc("2019-01-01"), now)
    minutes = [utc("2026-11-23 02:00") - timedelta(minutes=n) for n in reversed(range(MAX_CAUGHT_UP))]
    assert [*made.missed, *made.runs] == minutes
    assert len(made.runs) == (MAX_CAUGHT_UP if rule is CatchUp.ALL else 1)


def test_rare_times_are_found_far_away() -> None:
    leap = Timing("0 0 29 2 *", "UTC", CatchUp.ALL)
    made = firing(leap, utc("2012-02-29"), utc("2026-11-23"))
    assert [due.year for due in made.runs] == [2012, 2016, 2020, 2024]
    assert made.next_due == utc("2028-02-29")


@pytest.mark.parametrize(
    ("cron", "zone", "told"),
    [
        ("61 2 * * *", "UTC", "'61 2 * * *': bad minute: give minute, hour, day of month, month"),
        ("0 25 * * *", "UTC", "bad hour"),
        ("0 0 30 2 *", "UTC", "bad day-of-month"),
        ("0 2 * *", "UTC", "there are five fields"),
        ("0 0 2 * * *", "UTC", "there are five fields"),  # seconds: nobody looks that often
        ("", "UTC", "there are five fields"),
        ("@daily", "UTC", "there are five fields"),
        (f"{'1,' * 300}1 * * * *", "UTC", "there are five fields"),
        ("0 2 * * *", "Berlin", "there is no time zone 'Berlin': give one such as Europe/Berlin"),
        ("0 2 * * *", "Europe", "there is no time zone 'Europe'"),
        ("0 2 * * *", "../etc/passwd", "there is no time zone"),
        ("0 2 * * *", "", "there is no time zone"),
        ("0 2 * * *", "a\0b", "there is no time zone"),
    ],
)  # fmt: skip
def test_what_is_no_time_is_told_in_one_line(cron: str, zone: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        next_due(Timing(cron, zone), AUTUMN)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


@given(st.text(alphabet="0123456789*/,-#LW MONFRIJAN²\0é", max_size=30) | st.text(max_size=20))
def test_no_text_breaks_the_reading(cron: str) -> None:
    try:
        found = list(islice(dues(Timing(cron, "Europe/Berlin"), AUTUMN), 3))
        assert explained(cron)
    except UsageError:
        return
    assert found == sorted(set(found))


def test_in_words() -> None:
    assert explained("0 2 * * MON-FRI") == "At 02:00 on Monday through Friday"


OLD, MIDDLE, NEW = (WaitingRun(n, utc(f"2026-11-2{n}")) for n in (1, 2, 3))
BY_HAND = WaitingRun(4, utc("2026-11-24"), by_hand=True)


@pytest.mark.parametrize(
    ("rule", "waiting", "is_going", "start", "gone"),
    [
        (CatchUp.LAST, [], False, None, []),
        (CatchUp.LAST, [OLD], False, OLD, []),
        (CatchUp.LAST, [OLD], True, None, []),
        (CatchUp.LAST, [OLD, MIDDLE, NEW], True, None, [OLD, MIDDLE]),
        (CatchUp.LAST, [OLD, MIDDLE, NEW], False, NEW, [OLD, MIDDLE]),
        (CatchUp.ALL, [OLD, MIDDLE, NEW], False, OLD, []),
        (CatchUp.ALL, [OLD, MIDDLE, NEW], True, None, []),
        (CatchUp.NONE, [OLD], False, OLD, []),
        (CatchUp.NONE, [OLD], True, None, [OLD]),
        (CatchUp.NONE, [OLD, BY_HAND], True, None, [OLD]),
        (CatchUp.NONE, [OLD, BY_HAND], False, BY_HAND, [OLD]),
    ],
    ids=range(11),
)
def test_two_runs_never_go_at_once(
    rule: CatchUp, waiting: list[WaitingRun], is_going: bool, start: WaitingRun | None, gone: list[WaitingRun]
) -> None:
    assert turn(rule, waiting, is_going=is_going) == (start, gone)
