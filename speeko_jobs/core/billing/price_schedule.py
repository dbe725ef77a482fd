"""A price and the days on which it holds: "15", or "15, 12 from 2027-01-01", or "list, 12 from 2027-01-01".

Which of them a plan is made with is decided here, once; from then on the plan, the job and each call carry
an amount, and no later price changes them.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from speeko_jobs.errors import ConfigError

MAX_DOLLARS = 1_000_000  # a dollar a character: more is a mistake, and overflows sums
LIST = "list"  # the provider's own


def price_on(prices: str, day: date) -> str:
    """Dollars for a million characters on that day, as text; "" is the list price.

    Entries are parted by commas, and each takes over on its day; the first needs none. Before the first day
    it is the list price. Raises ConfigError with one line.
    """
    found, last = "", date.min
    for number, entry in enumerate(prices.split(",") if prices.strip() else ()):
        amount, dated, begins = (part.strip() for part in entry.partition(" from "))
        price, begin = _price(amount), _day(begins) if dated else date.min
        if number and begin <= last:
            raise ConfigError(f"price_per_million: {entry.strip()!r} takes a day after the one before it")
        last = begin
        if begin <= day:
            found = price
    return found


def _price(amount: str) -> str:
    if amount == LIST:
        return ""
    try:
        rate = Decimal(amount)
        if not rate.is_finite() or rate < 0:
            raise ValueError
        if rate > MAX_DOLLARS:
            raise ConfigError(
                f"price_per_million takes at most {MAX_DOLLARS:,} dollars a million characters, not {amount}"
            )
    except (ArithmeticError, ValueError):
        raise ConfigError(
            f"price_per_million takes dollars such as 15, or 15, 12 from 2027-01-01, not {amount!r}"
        ) from None
    return amount


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"price_per_million: {text!r} is not a day such as 2027-01-01") from None
