"""What `speeko top` sorts open jobs by; the key `o` takes the next order."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from speeko_cli.monitoring.fleet_state import ObservedJob


class JobOrder(StrEnum):
    """What open jobs are sorted by."""

    PRIORITY = "priority"
    NEWEST = "newest"
    SPENT = "spent"
    ETA = "ETA"


SORT_KEYS: Mapping[JobOrder, Callable[[ObservedJob], float]] = {
    JobOrder.PRIORITY: lambda _: 0,  # as they come
    JobOrder.NEWEST: lambda seen: -seen.line.id,
    JobOrder.SPENT: lambda seen: -seen.line.spent_micros,
    JobOrder.ETA: lambda seen: math.inf if seen.pace.eta_seconds is None else seen.pace.eta_seconds,
}


def next_order(order: JobOrder) -> JobOrder:
    """Return the order after this one, the first after the last."""
    orders = list(JobOrder)
    return orders[(orders.index(order) + 1) % len(orders)]
