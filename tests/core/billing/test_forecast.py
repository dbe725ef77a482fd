"""A month's end, by hand."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from speeko_jobs.core.billing.forecast import Forecast, days_left, forecast

TODAY = date(2026, 11, 23)


def spent(**days: int) -> dict[date, int]:
    """Micro-dollars by day of November, as d1=..., with the days before as o31=..."""
    return {date(2026, 11 if name[0] == "d" else 10, int(name[1:])): micros for name, micros in days.items()}


def test_the_mean_of_seven_full_days_for_each_day_left() -> None:
    days = spent(o31=10**9, d1=500, d15=10**6, d16=70, d20=700, d22=1, d23=30)
    found = forecast(days, TODAY, date(2026, 10, 31))
    assert found == Forecast(500 + 10**6 + 70 + 700 + 1 + 30, Decimal(771) / 7, 7, 7)
    assert found.total_micros == 1_001_301 + 771  # seven days left


@pytest.mark.parametrize(
    ("first", "mean", "full_days"),
    [
        (date(2026, 11, 22), Decimal(900), 1),
        (date(2026, 11, 20), Decimal(300), 3),
        (date(2026, 11, 16), Decimal(900) / 7, 7),
        (date(2025, 1, 1), Decimal(900) / 7, 7),
    ],
)
def test_days_before_the_first_cost_do_not_count(first: date, mean: Decimal, full_days: int) -> None:
    found = forecast(spent(d22=900, d23=5), TODAY, first)
    assert found is not None
    assert (found.mean_micros, found.full_days, found.so_far_micros) == (mean, full_days, 905)
    assert found.total_micros == 905 + int((mean * 7).quantize(Decimal(1)))


@pytest.mark.parametrize("first", [None, TODAY, TODAY + timedelta(1)])
def test_without_a_full_day_there_is_none(first: date | None) -> None:
    assert forecast(spent(d23=5), TODAY, first) is None


def test_at_a_months_edges() -> None:
    last = forecast({date(2026, 11, 30): 7, date(2026, 11, 29): 70}, date(2026, 11, 30), date(2026, 11, 29))
    assert last is not None
    assert (last.days_left, last.total_micros) == (0, 77)
    begun = forecast({date(2026, 11, 30): 7}, date(2026, 12, 1), date(2026, 11, 30))
    assert begun is not None
    assert (begun.so_far_micros, begun.days_left, begun.total_micros) == (0, 30, 210)
    assert [days_left(date(year, 2, 1)) for year in (2027, 2028)] == [27, 28]
