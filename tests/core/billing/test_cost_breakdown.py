"""What kept audio costs: by hand, and for part of a month; and how figures are added up."""

from __future__ import annotations

from decimal import Decimal

import pytest

from speeko_jobs.core.billing.cost_breakdown import (
    GB,
    MONTH_SECONDS,
    CostFigures,
    CostPart,
    added,
    kept_micros,
    storage_micros,
)


@pytest.mark.parametrize(
    ("stored_bytes", "months", "micros"),
    [
        pytest.param(500 * GB, 1, 11_500_000, id="500-gb-are-11.50-usd"),
        pytest.param(GB, Decimal("0.5"), 11_500, id="half-a-month"),
        pytest.param(21_739, 1, 0, id="just-below-half-a-micro-dollar"),
        pytest.param(21_740, 1, 1, id="half-a-micro-dollar-is-rounded-up"),
        pytest.param(0, 1, 0, id="nothing"),
        pytest.param(10**18, 12, 276_000_000_000_000, id="an-exabyte-for-a-year-is-exact"),
    ],
)
def test_storage(stored_bytes: int, months: Decimal | int, micros: int) -> None:
    assert storage_micros(stored_bytes, months) == micros


def test_another_price() -> None:
    assert storage_micros(10 * GB, micros_per_gb_month=Decimal("12500.5")) == 125_005


def test_the_guides_month() -> None:
    """100 million characters in 50,000 calls, and 500 GB kept."""
    month = [CostPart("", "speeko", "synthesized", 50_000, 100_000_000, 1_500_050_000, 0)]
    (bill,) = added(month, {"speeko": 1}).values()
    assert (bill.speech_micros, bill.overhead_micros) == (1_500_000_000, 50_000)
    assert bill.spent_micros + storage_micros(500 * GB) == 1_511_550_000


@pytest.mark.parametrize(
    ("byte_seconds", "micros"),
    [
        pytest.param(GB * MONTH_SECONDS, 23_000, id="a-gb-for-a-month"),
        pytest.param(GB * 3_600, 32, id="a-gb-for-an-hour"),  # 31.507
        pytest.param(Decimal("0.5"), 0, id="next-to-nothing"),
        pytest.param(10**15 * MONTH_SECONDS, 23_000_000_000, id="a-million-gb-is-exact"),
    ],
)
def test_what_was_kept(byte_seconds: Decimal | int, micros: int) -> None:
    assert kept_micros(byte_seconds) == micros


def part(
    name: str, source: str, *, n: int = 1, micros: int = 0, saved: int = 0, provider: str = "a"
) -> CostPart:
    return CostPart(name, provider, source, n, 10 * n, micros, saved)


def test_parts_are_added_up_by_name() -> None:
    found = added(
        [
            part("x", "synthesized", n=3, micros=300),
            part("x", "bad", n=2, micros=50),
            part("x", "unknown", n=4, micros=44),
            part("x", "cache", n=5, saved=500),
            part("x", "segments", n=6, saved=60),
            part("x", "synthesized", n=1, micros=7, provider="b"),
            part("y", "unchanged", n=1, saved=9),
        ],
        {"a": 2, "b": 100},
    )
    x, y = found["x"], found["y"]
    assert (x.calls, x.chars, x.spent_micros, x.bad_calls, x.bad_micros) == (6, 60, 357, 2, 50)
    assert (x.overhead_micros, x.speech_micros) == (17, 340)  # no call has more overhead than it cost
    assert (x.unknown_calls, x.unknown_micros, x.served) == (4, 44, 5)
    assert (dict(x.saved), x.saved_micros) == ({"cache": 500, "segments": 60}, 560)
    assert (y.calls, y.served, y.saved_micros) == (0, 1, 9)
    both = x.plus(y)
    assert (both.calls, both.served, both.saved_micros) == (6, 6, 569)
    assert both.plus(y, -1) == x
    assert x.plus(x, -1) == CostFigures()
