"""What kept audio costs: by hand, and for part of a month."""

from __future__ import annotations

from decimal import Decimal

import pytest

from speeko_jobs.core.cost_model import GB, storage_micros


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
