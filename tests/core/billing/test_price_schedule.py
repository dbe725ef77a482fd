"""Prices and the days on which they hold."""

from __future__ import annotations

from datetime import date

import pytest

from speeko_jobs.core.billing.price_schedule import price_on
from speeko_jobs.core.providers.profiles import profile_of
from speeko_jobs.errors import ConfigError

CONTRACT = "15, 12.50 from 2027-01-01, list from 2028-01-01"


@pytest.mark.parametrize(
    ("prices", "day", "price"),
    [
        ("", "2026-11-23", ""),
        ("15", "1999-01-01", "15"),
        (CONTRACT, "2026-12-31", "15"),
        (CONTRACT, "2027-01-01", "12.50"),
        (CONTRACT, "2027-12-31", "12.50"),
        (CONTRACT, "2028-01-01", ""),
        ("12 from 2027-01-01", "2026-12-31", ""),
        (" 12   from  2027-01-01 ", "2027-01-01", "12"),
        ("0", "2026-11-23", "0"),
    ],
)
def test_the_price_of_a_day(prices: str, day: str, price: str) -> None:
    assert price_on(prices, date.fromisoformat(day)) == price
    profile_of("speeko", price)  # the profile takes it


@pytest.mark.parametrize(
    ("prices", "told"),
    [
        ("cheap", "takes dollars such as 15"),
        ("-1", "not '-1'"),
        ("nan", "not 'nan'"),
        ("15,", "not ''"),
        ("15, 12", "takes a day after the one before it"),
        ("12 from 2027-01-01, 11 from 2027-01-01", "takes a day after"),
        ("12 from 2027-02-01, 11 from 2027-01-01", "takes a day after"),
        ("12 from tomorrow", "'tomorrow' is not a day such as 2027-01-01"),
        ("12 from 2027-02-30", "'2027-02-30' is not a day"),
    ],
)
def test_what_is_no_price_is_one_line(prices: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as raised:
        price_on(prices, date(2027, 3, 1))
    assert str(raised.value).startswith("price_per_million")
    assert "\n" not in str(raised.value)
