"""What stored audio is worth, and what goes first when there is too much of it.

The return on investment of an entry is what keeping it saves, over what keeping it costs, in the same time:

    saves = hits × characters × rate         (hits × what buying it again would cost)
    costs = bytes × storage price × time

Hits come at the rate they came so far: (hits + PRIOR_HITS) / (age + PRIOR_SECONDS). The priors stand for what
nobody can know of a young entry: without them an entry without a hit yet would always be the first to go,
and one that was hit in its first minute would be worth more than any other. So

    ROI = (hits + PRIOR_HITS) × cost / ((age + PRIOR_SECONDS) × bytes × STORAGE)

and the LOWEST goes first. It is per byte: for a budget of bytes, taking the highest first is the greedy
solution of the fractional knapsack problem (G. Dantzig, 1957), which no other choice beats by more than the
value of one entry. (Hits over characters, as often proposed, is upside down: an entry of more characters
costs more to buy again, so it is worth more, not less, and it says nothing of the bytes kept.)

Among entries of no price (free providers) the one unused for longest goes first.

By age: an entry goes when it was not used (bought or hit) for longer than a limit AND had at most so many
hits. The age is the time since then. (A time to live that is renewed by hits counts the other way round:
much of it left means a young entry.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from speeko_jobs.core.billing.cost_breakdown import GB, STORAGE_MICROS_PER_GB_MONTH

DAY_SECONDS = 86_400
PRIOR_HITS = 0.1  # small beside one hit, so that hits decide as soon as there are any
PRIOR_SECONDS = 30 * DAY_SECONDS
STORAGE_MICROS_PER_BYTE_SECOND = STORAGE_MICROS_PER_GB_MONTH / GB / (30 * DAY_SECONDS)
REDIS_LARGEST_PART = 0.01  # of its budget that one entry may take; so greedy is within 1% of the best
REDIS_FULL, REDIS_ROOM = 0.9, 0.8  # Redis takes no audio once it is full: room is made before that


@dataclass(frozen=True, slots=True)
class IdleCriteria:
    """Select keys that were not used for so long and had at most so many hits."""

    seconds: float
    most_hits: int


class EvictionCandidate(NamedTuple):
    """A stored key. `held`: it must stay, an unfinished job needs it or a call of it may still answer."""

    key: bytes
    fence: int
    bytes: int
    worth_micros: int  # what its hits so far saved: hits × what buying it again would cost
    held: bool


def roi(hits: float, cost_micros: float, age_seconds: float, size_bytes: float) -> float:
    """What keeping an entry saves over what it costs, by its hits so far; see above."""
    byte_seconds = max(size_bytes, 1) * (max(age_seconds, 0) + PRIOR_SECONDS)
    return (hits + PRIOR_HITS) * cost_micros / (byte_seconds * STORAGE_MICROS_PER_BYTE_SECOND)


def beyond_budget(entries: Iterable[EvictionCandidate], budget_bytes: int) -> Iterator[EvictionCandidate]:
    """Those that go so that the others fit. `entries`: the held ones first, then by falling ROI.

    One that does not fit goes, and smaller ones of lower ROI may still stay. While none is larger than a
    hundredth of the budget, what stays is worth at least 99% of the best choice there is.
    """
    room = budget_bytes
    for entry in entries:
        if entry.held or entry.bytes <= room:
            room -= entry.bytes
        else:
            yield entry


def beyond_fraction(
    entries: Iterable[EvictionCandidate], total: int, fraction: float
) -> Iterator[EvictionCandidate]:
    """That part of the entries that are not held, from the lowest ROI on. `entries`: `total` of them, in the
    order for `beyond_budget`."""
    held = stay = seen = 0
    for entry in entries:
        if entry.held:
            held += 1
            continue
        if not seen:
            stay = total - held - int(fraction * (total - held))
        seen += 1
        if seen > stay:
            yield entry
