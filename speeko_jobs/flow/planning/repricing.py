"""Compare the price that a job was planned with to today's, and take today's where that is asked for.

A plan's prices hold until the job has ended, whatever the settings say later. Nothing that was bought is
booked anew.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from speeko_jobs.adapters.postgres import jobs, repricing, schedules
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.adapters.postgres.repricing import RemainingTexts
from speeko_jobs.core.billing.price_schedule import price_on
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.flow.context import Context


@dataclass(frozen=True, slots=True)
class PriceChange:
    """What the texts that are left cost at the plan's price and at today's. Money in micro-dollars."""

    texts: int
    planned_micros: int
    today_micros: int
    planned_price: str  # dollars for a million characters; "" for the list price
    today_price: str


def change(context: Context, job: int) -> PriceChange | None:
    """Return how today's price differs from the plan's for what is left to buy; None where it does not."""
    spec, price = jobs.show(context.database, job).spec, today(context)
    kinds = repricing.remaining(context.database, job)
    costs = _costs(spec, price, kinds)
    planned = sum(kind.texts * kind.cost_micros for kind in kinds)
    now = sum(kind.texts * cost for kind, cost in zip(kinds, costs, strict=True))
    if all(kind.cost_micros == cost for kind, cost in zip(kinds, costs, strict=True)):
        return None
    return PriceChange(sum(kind.texts for kind in kinds), planned, now, spec.price_per_million, price)


def today(context: Context) -> str:
    """Return the price that the settings give for today, by the database's clock."""
    return price_on(context.settings.price_per_million, schedules.clock(context.database).date())


def take(t: Transaction, job: int, spec: JobSpec, price: str) -> int:
    """Book what is left to buy at this price; how much more than before that is in all."""
    kinds = repricing.remaining(t, job)
    return repricing.take(t, job, kinds, _costs(spec, price, kinds), price)


def _costs(spec: JobSpec, price: str, kinds: list[RemainingTexts]) -> list[int]:
    profile = dataclasses.replace(spec, price_per_million=price).profile
    return [profile.price(kind.chars, kind.model, kind.voice) for kind in kinds]
