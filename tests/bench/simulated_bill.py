"""The simulated month's arithmetic: what each way to buy would cost, and what every step saved.

Five ways, each with what the one before it has: every row a call; each text once a night; each text once for
ever; each sentence once for ever; cheaper voices where they will do. All five are priced by the real planner
over the same nights, so a saving is the difference of two bills, and which of two steps gets what both could
save is decided by this order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from speeko_jobs.core.billing.cost_breakdown import storage_micros
from speeko_jobs.core.job.plan_summary import Plan

SAVINGS = ("duplicates", "cache", "segments", "voice routing")


class Bill(NamedTuple):
    """What one way to buy takes: calls, the characters in them, and micro-dollars for the characters."""

    calls: int = 0
    chars: int = 0
    speech_micros: int = 0

    def plus(self, other: Bill) -> Bill:
        return Bill(*(a + b for a, b in zip(self, other, strict=True)))


def asked(plan: Plan, call_micros: int) -> Bill:
    """Every row of a plan as its own call."""
    calls = plan.unique_texts + plan.duplicates
    return Bill(calls, plan.chars, plan.list_micros - calls * call_micros)


def bought(plan: Plan, call_micros: int) -> Bill:
    """What a plan buys. The overhead of the calls is no speech."""
    return Bill(plan.calls, plan.billed_chars, plan.cost_micros - plan.calls * call_micros)


@dataclass(frozen=True)
class Night:
    """One submission: its rows, the keys they point at (sentences), and its bill in each of the five ways."""

    rows: int
    keys: int
    bills: tuple[Bill, ...]


@dataclass(frozen=True)
class Costs:
    """A bill taken apart, in micro-dollars: naive - saved + overhead + storage = effective.

    `saved` is in the order of SAVINGS; a step may cost more than it saves.
    """

    rows: int
    keys: int
    ways: tuple[Bill, ...]
    overhead_micros: int
    storage_micros: int

    @property
    def chars(self) -> int:
        """What was asked for."""
        return self.ways[0].chars

    @property
    def naive_micros(self) -> int:
        return self.ways[0].speech_micros

    @property
    def saved_micros(self) -> tuple[int, ...]:
        speech = [bill.speech_micros for bill in self.ways]
        return tuple(before - after for before, after in pairwise(speech))

    @property
    def effective_micros(self) -> int:
        return self.naive_micros - sum(self.saved_micros) + self.overhead_micros + self.storage_micros

    def a_thousand_chars(self, amount_micros: int) -> Decimal:
        """An amount as USD for a thousand of the characters asked for, to a millionth."""
        return (Decimal(amount_micros) / 1000 / self.chars).quantize(Decimal("0.000001"))


def costs(nights: Sequence[Night], call_micros: int, stored_bytes: int) -> Costs:
    """All nights together, and a month of keeping what was stored."""
    ways = tuple(_sum([night.bills[way] for night in nights]) for way in range(len(SAVINGS) + 1))
    return Costs(
        sum(night.rows for night in nights),
        sum(night.keys for night in nights),
        ways,
        ways[-1].calls * call_micros,
        storage_micros(stored_bytes),
    )


def _sum(bills: Sequence[Bill]) -> Bill:
    total = Bill()
    for bill in bills:
        total = total.plus(bill)
    return total
