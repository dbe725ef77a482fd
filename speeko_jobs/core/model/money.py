"""Money as integer micro-dollars: the one unit that the ledger, budgets and summaries use."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

MICROS_PER_USD = 1_000_000
NO_CAP = -1  # in place of a cap in micro-dollars: take the cap away


def usd(micros: int) -> str:
    """Micro-dollars as a decimal string of dollars with six places: 1234567 → "1.234567"."""
    sign = "-" if micros < 0 else ""
    whole, part = divmod(abs(micros), MICROS_PER_USD)
    return f"{sign}{whole}.{part:06d}"


def micros(text: str | int | Decimal) -> int:
    """Dollars ("50", "0.25", Decimal) as micro-dollars, half up. Raises ValueError on anything else."""
    try:
        amount = Decimal(text)
        if not amount.is_finite():
            raise ValueError
        return int((amount * MICROS_PER_USD).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    except (ArithmeticError, ValueError):
        raise ValueError(f"not an amount of dollars: {text!r}") from None
