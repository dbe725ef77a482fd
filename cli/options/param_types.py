"""Convert the values of options: dollars to micro-dollars, shares, times, and finite numbers."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any, Final

import click

from speeko_jobs.core.model.money import MICROS_PER_USD, NO_CAP, micros

MAX_MICROS = 1_000_000_000 * MICROS_PER_USD
_UNITS = {"h": 3_600, "d": 86_400, "w": 7 * 86_400}


class Dollars(click.ParamType[int]):
    """Convert 0 to 1,000,000,000 dollars to micro-dollars; with `none` also that word, to NO_CAP."""

    name = "dollars"

    def __init__(self, *, none: bool = False) -> None:
        self._none = none

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        if self._none and value.strip().lower() == "none":
            return NO_CAP
        try:
            amount = micros(value.strip().removeprefix("$"))
        except ValueError:
            amount = -1
        if not 0 <= amount <= MAX_MICROS:
            more = ", or none" if self._none else ""
            self.fail(f"{value!r} is not an amount of dollars such as 50 or 0.25{more}", param, ctx)
        return amount


class Number(click.FloatRange):
    """Convert a finite number between two bounds; refuse NaN."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


class Share(click.ParamType[Decimal]):
    """Convert a share such as 10% or 0.1."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        if isinstance(value, Decimal):
            return value
        text = str(value).strip()
        try:
            share = Decimal(text[:-1]) / 100 if text.endswith("%") else Decimal(text)
            if not 0 <= share <= 1:
                raise ValueError
        except (ArithmeticError, ValueError):
            self.fail(f"{text!r} is not a share such as 10% or 0.1", param, ctx)
        return share


class Minutes(click.ParamType[float]):
    """Convert 90s, 30m, 2h, or a plain number of minutes, to minutes."""

    name = "minutes"
    units: Final = {"s": 1 / 60, "m": 1.0, "h": 60.0, "": 1.0}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d{1,6}(?:\.\d+)?) ?([smh]?)", value.strip().lower())
        if found is None:
            self.fail(f"{value!r} is not a duration such as 90s, 30m or 2h", param, ctx)
        minutes = float(found[1]) * self.units[found[2]]
        if not 0.01 <= minutes <= 100_000:
            self.fail(f"{value!r} is not within 1s and 1600h", param, ctx)
        return minutes


class Span(click.ParamType[float]):
    """Convert 12h, 30d or 4w to seconds."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d{1,5}(?:\.\d+)?)([hdw])", value.strip().lower())
        if found is None:
            self.fail(f"{value!r} is not a duration such as 12h, 30d or 4w", param, ctx)
        return float(found[1]) * _UNITS[found[2]]
