"""What a job has still to buy, at the price that is booked, and another price for it. See
sql/repricing.sql."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from speeko_jobs.adapters.postgres.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class RemainingTexts:
    """Texts of one kind that a job has still to buy; `cost_micros` is booked for each of them."""

    model: str
    voice: str
    chars: int
    cost_micros: int
    texts: int


def remaining(source: Database | Transaction, job: int) -> list[RemainingTexts]:
    """Return what a job has still to buy, or may try again, by what its price depends on."""
    return [RemainingTexts(*row) for row in source.rows("prices_left", {"job": job})]


def take(t: Transaction, job: int, kinds: Sequence[RemainingTexts], costs: Sequence[int], price: str) -> int:
    """Book these costs for these kinds of texts and `price` for the job; how much more that is in all.

    Other jobs that wait for the same texts pay the same, as when a new plan prices them.
    """
    t.run("prices_lock", {"job": job})
    row = t.row(
        "prices_take",
        {
            "job": job,
            "models": [kind.model for kind in kinds],
            "voices": [kind.voice for kind in kinds],
            "chars": [kind.chars for kind in kinds],
            "costs": list(costs),
        },
    )
    more = int(row[0]) if row else 0
    t.run("prices_book", {"job": job, "price": price, "more": more})
    return more
