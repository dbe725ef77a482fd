"""Caps and weights of tenants: what is not given stays, and NO_CAP takes a cap away."""

from __future__ import annotations

from speeko_jobs.core.model.money import NO_CAP
from speeko_jobs.flow.lifecycle import budgets
from tests.fixtures.inprocess import InProcess


def test_what_is_not_given_stays(flow: InProcess) -> None:
    set_caps = budgets.set_caps
    shop = set_caps(flow.context, "shop", daily_micros=5_000_000, monthly_micros=70_000_000, weight=2.0)
    assert (shop.daily_micros, shop.monthly_micros, shop.weight) == (5_000_000, 70_000_000, 2.0)
    shop = set_caps(flow.context, "shop", daily_micros=0)
    assert (shop.daily_micros, shop.monthly_micros, shop.weight) == (0, 70_000_000, 2.0)
    shop = set_caps(flow.context, "shop", monthly_micros=NO_CAP, weight=0.5)
    assert (shop.daily_micros, shop.monthly_micros, shop.weight) == (0, None, 0.5)


def test_all_tenants_or_one(flow: InProcess) -> None:
    assert budgets.every(flow.context) == []
    budgets.set_caps(flow.context, "shop", daily_micros=1)
    budgets.set_caps(flow.context, "news", weight=3.0)
    assert {tenant.name for tenant in budgets.every(flow.context)} == {"shop", "news"}
    assert [tenant.weight for tenant in budgets.every(flow.context, "news")] == [3.0]
    assert budgets.every(flow.context, "nobody") == []
