"""What speech costs: characters, calls, and the audio that is kept; and what it did not cost.

The whole of a bill is

    characters × rate × voice multiplier + calls × overhead + stored GB × price of a GB-month

The first two are `Profile.price` and `Profile.call_micros`; the third is here, and so is how figures of many
days, voices or jobs are added up. Money is micro-dollars.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import NamedTuple

GB = 10**9  # as object stores bill it
STORAGE_MICROS_PER_GB_MONTH = 23_000  # $0.023: the list price of the large object stores
MONTH_SECONDS = 730 * 3_600  # a month as they bill it

BOUGHT, BAD, UNKNOWN = "synthesized", "bad", "unknown"  # what the days' figures call a call
SEGMENTS = "segments"  # parts that were there already, of texts that were bought in part
SAVINGS = ("cache", "duplicate", "coalesced", SEGMENTS, "unchanged")


class CostPart(NamedTuple):
    """Some requests of one source, of a provider. `name` is what they are counted under."""

    name: str
    provider: str
    source: str
    requests: int
    chars: int
    micros: int
    saved_micros: int


@dataclass(frozen=True, slots=True)
class CostFigures:
    """Sums over some requests. `spent_micros` is speech and overhead of all calls that were charged, those
    with bad audio among them; `unknown_micros` is what may have been charged besides."""

    calls: int = 0
    chars: int = 0  # of those calls
    spent_micros: int = 0
    overhead_micros: int = 0  # part of what was spent
    bad_calls: int = 0
    bad_micros: int = 0  # part of what was spent
    unknown_calls: int = 0
    unknown_micros: int = 0
    served: int = 0  # rows that took no call
    saved: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))  # by source

    @property
    def speech_micros(self) -> int:
        return self.spent_micros - self.overhead_micros

    @property
    def saved_micros(self) -> int:
        return sum(self.saved.values())

    def plus(self, other: CostFigures, times: int = 1) -> CostFigures:
        """Both together; with `times` -1 what is left without the other."""
        sums = {
            name: getattr(self, name) + times * getattr(other, name)
            for name in CostFigures.__slots__
            if name != "saved"
        }
        names = dict.fromkeys((*self.saved, *other.saved))
        saved = {name: self.saved.get(name, 0) + times * other.saved.get(name, 0) for name in names}
        return CostFigures(**sums, saved={name: micros for name, micros in saved.items() if micros})


def figures(part: CostPart, call_micros: int) -> CostFigures:
    """One part as figures. `call_micros`: what its provider charges for a call besides its characters."""
    n, micros = part.requests, part.micros
    saved = {part.source: part.saved_micros} if part.saved_micros else {}
    if part.source == UNKNOWN:
        return CostFigures(unknown_calls=n, unknown_micros=micros)
    if part.source in (BOUGHT, BAD):
        bad = part.source == BAD
        overhead = min(n * call_micros, micros)
        return CostFigures(n, part.chars, micros, overhead, n * bad, micros * bad, saved=saved)
    return CostFigures(served=0 if part.source == SEGMENTS else n, saved=saved)


def added(parts: Iterable[CostPart], call_micros: Mapping[str, int]) -> dict[str, CostFigures]:
    """The figures of each name, in the order in which names come. `call_micros` by provider."""
    found: dict[str, CostFigures] = {}
    for part in parts:
        before = found.get(part.name, CostFigures())
        found[part.name] = before.plus(figures(part, call_micros.get(part.provider, 0)))
    return found


def storage_micros(
    stored_bytes: int,
    months: Decimal | int = 1,
    micros_per_gb_month: Decimal | int = STORAGE_MICROS_PER_GB_MONTH,
) -> int:
    """Micro-dollars for keeping so many bytes so long, rounded half up: bytes / 10^9 × months × price."""
    amount = Decimal(stored_bytes) * months * micros_per_gb_month / GB
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def kept_micros(byte_seconds: Decimal | int) -> int:
    """Micro-dollars for bytes × the seconds that each was kept, rounded half up."""
    amount = Decimal(byte_seconds) * STORAGE_MICROS_PER_GB_MONTH / (GB * MONTH_SECONDS)
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))
