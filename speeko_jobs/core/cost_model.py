"""What speech costs beside its characters: the audio that is kept.

The whole of a bill is

    characters × rate × voice multiplier + calls × overhead + stored GB × price of a GB-month

The first two are `Profile.price` and `Profile.call_micros`; the third is here.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

GB = 10**9  # as object stores bill it
STORAGE_MICROS_PER_GB_MONTH = 23_000  # $0.023: the list price of the large object stores


def storage_micros(
    stored_bytes: int,
    months: Decimal | int = 1,
    micros_per_gb_month: Decimal | int = STORAGE_MICROS_PER_GB_MONTH,
) -> int:
    """Micro-dollars for keeping so many bytes so long, rounded half up: bytes / 10^9 × months × price."""
    amount = Decimal(stored_bytes) * months * micros_per_gb_month / GB
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))
