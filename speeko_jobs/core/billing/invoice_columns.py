"""A provider's bill as a table: which column is what, and its cells as characters and micro-dollars. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from speeko_jobs.core.billing.invoice_matching import BilledLine
from speeko_jobs.core.model.suggestions import suggestion
from speeko_jobs.errors import CatalogError, UsageError

KEYS = ("idempotencykey", "key", "idempotency")
CHARS = ("chars", "characters", "charactercount", "charcount", "billedchars", "billedcharacters", "numchars")
COSTS = (
    "micros", "costmicros", "costusd", "cost", "amountusd", "amount", "price", "priceusd", "charge",
    "totalusd", "usd", "cents", "costcents", "amountcents",
)  # fmt: skip
VOICES = ("voice", "voiceid", "voicename")
_PLAIN_KEY = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True)
class BillColumns:
    """Places of the columns in a row; None for those that the bill does not have."""

    key: int | None
    voice: int | None
    chars: int | None
    cost: int | None
    micros_a_unit: int  # of the cost: 1,000,000 for dollars, 10,000 for cents, 1 for micro-dollars

    def described(self, header: Sequence[str]) -> str:
        """What was taken for what, for one line."""
        places = {"key": self.key, "voice": self.voice, "characters": self.chars, "cost": self.cost}
        unit = {1: "micro-dollars", 10_000: "cents"}.get(self.micros_a_unit, "dollars")
        told = [f"{name} from {header[at]!r}" for name, at in places.items() if at is not None]
        return ", ".join(told) + (f" (in {unit})" if self.cost is not None else "")


def choose(
    header: Sequence[str], *, key: str = "", voice: str = "", chars: str = "", cost: str = ""
) -> BillColumns:
    """The columns named, others by their usual names. CatalogError where nothing could be compared."""
    at = {
        "key": _place(header, key, KEYS),
        "voice": _place(header, voice, VOICES),
        "chars": _place(header, chars, CHARS),
        "cost": _place(header, cost, COSTS),
    }
    if at["key"] is None and at["chars"] is None and at["cost"] is None:
        raise CatalogError(
            f"no column of a key, of characters or of costs among {', '.join(map(repr, header[:20]))}:"
            " name them with --key, --chars and --cost"
        )
    unit = _folded(header[at["cost"]]) if at["cost"] is not None else ""
    return BillColumns(
        at["key"],
        at["voice"],
        at["chars"],
        at["cost"],
        1 if "micro" in unit else 10_000 if "cent" in unit else 1_000_000,
    )


def billed(columns: BillColumns, line: int, row: Sequence[str]) -> BilledLine:
    """One line of the bill. ValueError, with what is wrong, for cells that are no numbers."""

    def cell(at: int | None) -> str:
        return row[at].strip() if at is not None and at < len(row) else ""

    key = cell(columns.key)
    return BilledLine(
        line,
        key.lower() if _PLAIN_KEY.fullmatch(key) else key,
        cell(columns.voice),
        _whole(cell(columns.chars)),
        _micros(cell(columns.cost), columns.micros_a_unit),
    )


def _place(header: Sequence[str], named: str, usual: Sequence[str]) -> int | None:
    if named:
        if named in header:
            return list(header).index(named)
        folded = [_folded(name) for name in header]
        if _folded(named) in folded:
            return folded.index(_folded(named))
        near = suggestion(named, header)
        raise UsageError(f"there is no column {named!r}{near}: there are {', '.join(map(repr, header[:20]))}")
    folded = [_folded(name) for name in header]
    return next((folded.index(name) for name in usual if name in folded), None)


def _folded(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _whole(text: str) -> int:
    if not text:
        return -1
    plain = text.replace(",", "")
    if not (plain.isascii() and plain.isdigit()) or len(plain) > 15:
        raise ValueError(f"{text!r} is not a number of characters")
    return int(plain)


def _micros(text: str, micros_a_unit: int) -> int:
    if not text:
        return -1
    try:
        amount = Decimal(text.removeprefix("$").strip().replace(",", "")) * micros_a_unit
        if not 0 <= amount <= 10**18:  # NaN is neither
            raise ValueError
        return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    except (ArithmeticError, ValueError):
        raise ValueError(f"{text!r} is not an amount of money") from None
