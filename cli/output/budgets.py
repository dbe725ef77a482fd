"""Tenants' budgets as records for --json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from speeko_jobs.core.model.money import usd

if TYPE_CHECKING:
    from speeko_jobs.flow.lifecycle.budgets import Tenant


def record(t: Tenant) -> dict[str, Any]:
    """One tenant, as --json tells it: money as decimal strings of USD."""
    return {
        "tenant": t.name,
        "weight": t.weight,
        "daily_usd": None if t.daily_micros is None else usd(t.daily_micros),
        "monthly_usd": None if t.monthly_micros is None else usd(t.monthly_micros),
        "spent_today_usd": usd(t.spent_today_micros),
        "spent_month_usd": usd(t.spent_month_micros),
        "reserved_usd": usd(t.reserved_micros),
    }
