"""Numbers as people read them: money, counts, sizes, durations. Pure."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from speeko_jobs.core.model.money import usd

_CENT = Decimal("0.01")
_UNITS = ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s"))


def money(dollars: str) -> str:
    """Dollars as a decimal string → "$0.001234": as many digits as it takes to be exact, at least two."""
    sign, number = ("-", dollars[1:]) if dollars.startswith("-") else ("", dollars)
    whole, _, part = number.partition(".")
    return f"{sign}${int(whole):,}.{part.rstrip('0').ljust(2, '0')}"


def micros(amount: int) -> str:
    """Micro-dollars as `money`."""
    return money(usd(amount))


def table_money(dollars: str) -> str:
    """Dollars as a decimal string, as tables show them: cents, and more digits only below a cent."""
    amount = Decimal(dollars)
    if 0 < abs(amount) < _CENT:
        return money(dollars)
    return money(f"{amount.quantize(_CENT, ROUND_HALF_UP):f}".replace("-0.00", "0.00"))


def table_micros(amount: int) -> str:
    """Micro-dollars as `table_money`."""
    return table_money(usd(amount))


def count(n: int, one: str, many: str = "") -> str:
    """ "1 row", "2,000 rows"."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def size(count_bytes: int) -> str:
    """ "812 B", "1.2 MB": decimal units, as disks and bills have them."""
    value = float(count_bytes)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 999.5 or unit == "TB":
            return f"{value:.0f} {unit}" if unit == "B" or value >= 99.95 else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError("unreachable")


def duration(seconds: float) -> str:
    """ "0.8 s", "42 s", "3 min 5 s", "12 h 4 min", "3 d 2 h"."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    total = round(seconds)
    for unit, name, smaller, small_name in _UNITS:
        if total >= unit:
            rest = total % unit // smaller
            return f"{total // unit:,} {name}" + (f" {rest} {small_name}" if rest else "")
    return f"{total} s"


def percent(part: float, whole: float) -> str:
    """Whole percent, 100% only when it is all of it, and nothing of nothing is 100%."""
    if part >= whole:
        return "100%"
    return f"{min(99, int(100 * max(part, 0) / whole))}%"


def rate(per_second: float) -> str:
    return f"{per_second:,.0f}" if per_second >= 9.95 else f"{per_second:.1f}"
