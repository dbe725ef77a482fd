"""What a month will have cost at its end: so far + days left x the mean of the last full days.

A full day is one before today, in UTC; at most seven count, and none from before the first cost of all. Days
without a cost count as nothing spent. What is left of today is not added.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

FULL_DAYS = 7


@dataclass(frozen=True, slots=True)
class Forecast:
    """A month's cost in micro-dollars: what there is of it, and what it is expected to come to."""

    so_far_micros: int
    mean_micros: Decimal  # of a full day
    full_days: int
    days_left: int  # after today

    @property
    def total_micros(self) -> int:
        """At the month's end, rounded half up."""
        rest = self.mean_micros * self.days_left
        return self.so_far_micros + int(rest.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def forecast(spent_micros: Mapping[date, int], today: date, first: date | None) -> Forecast | None:
    """`spent_micros` by day, from the month's first day and from seven days ago on; `first`: of all days with
    a cost. None before there is a full day to go by."""
    if first is None or first >= today:
        return None
    days = min(FULL_DAYS, (today - first).days)
    last = [spent_micros.get(today - timedelta(n), 0) for n in range(1, days + 1)]
    so_far = sum(micros for day, micros in spent_micros.items() if today.replace(day=1) <= day <= today)
    return Forecast(so_far, Decimal(sum(last)) / days, days, days_left(today))


def days_left(today: date) -> int:
    """Of its month, after today."""
    return monthrange(today.year, today.month)[1] - today.day
