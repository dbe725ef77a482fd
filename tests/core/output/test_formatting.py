"""Numbers as people read them."""

from __future__ import annotations

import pytest

from speeko_jobs.core.output import formatting


@pytest.mark.parametrize(
    ("dollars", "shown"),
    [
        ("0.000000", "$0.00"),
        ("0.001234", "$0.001234"),
        ("0.100000", "$0.10"),
        ("1.234500", "$1.2345"),
        ("1234567.000001", "$1,234,567.000001"),
        ("-0.500000", "-$0.50"),
        ("12", "$12.00"),
    ],
)
def test_money_is_exact(dollars: str, shown: str) -> None:
    assert formatting.money(dollars) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (25_180, "25.2 kB"), (999_600, "1.0 MB"),
     (123_456_789, "123 MB"), (5_000_000_000_000_000, "5000 TB")],
)  # fmt: skip
def test_sizes(count: int, shown: str) -> None:
    assert formatting.size(count) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "1 min"), (185, "3 min 5 s"), (7200, "2 h"),
     (43_440, "12 h 4 min"), (266_400, "3 d 2 h")],
)  # fmt: skip
def test_durations(seconds: float, shown: str) -> None:
    assert formatting.duration(seconds) == shown


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [(0, 0, "100%"), (0, 5, "0%"), (999, 1000, "99%"), (5, 5, "100%"), (-1, 5, "0%")],
)
def test_percent_is_all_only_when_it_is_all(part: float, whole: float, shown: str) -> None:
    assert formatting.percent(part, whole) == shown
