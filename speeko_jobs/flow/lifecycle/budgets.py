"""Read and set the caps in money and the weight of tenants."""

from __future__ import annotations

from speeko_jobs.adapters.postgres import tenant_caps
from speeko_jobs.adapters.postgres.tenant_caps import Tenant
from speeko_jobs.core.model.money import NO_CAP
from speeko_jobs.flow.context import Context

__all__ = ["Tenant", "every", "set_caps"]


def every(context: Context, tenant: str | None = None) -> list[Tenant]:
    """Return the tenants that have a cap or a weight: all, or the one of that name."""
    return [found for found in tenant_caps.show(context.database) if tenant in (None, found.name)]


def set_caps(
    context: Context,
    tenant: str,
    *,
    daily_micros: int | None = None,
    monthly_micros: int | None = None,
    weight: float | None = None,
) -> Tenant:
    """Set what is given of a tenant's caps and weight, and return the tenant. None leaves a cap as it
    is, NO_CAP takes it away."""
    context.database.run(
        lambda t: tenant_caps.put(
            t,
            tenant,
            daily_micros=None if daily_micros == NO_CAP else daily_micros,
            monthly_micros=None if monthly_micros == NO_CAP else monthly_micros,
            keep_daily=daily_micros is None,
            keep_monthly=monthly_micros is None,
            weight=weight,
        )
    )
    (found,) = every(context, tenant)
    return found
