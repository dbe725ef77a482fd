"""`speeko budget`: caps in money and weights of tenants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from speeko_cli.options.option_builder import Verb, option
from speeko_cli.options.param_types import Dollars, Number
from speeko_cli.options.shared import common, of_tenant_option
from speeko_cli.options.verb_group import VerbGroup
from speeko_cli.output.budgets import record
from speeko_cli.output.console import console, emit, say
from speeko_cli.runtime.invocation import Invocation
from speeko_jobs.core.output import formatting
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.errors import UsageError

if TYPE_CHECKING:
    from speeko_jobs.flow.lifecycle.budgets import Tenant

MIN_WEIGHT, MAX_WEIGHT = 0.001, 1000.0


@click.group("budget", cls=VerbGroup, aliases={"show": "list"})
def command() -> None:
    """Limit what a tenant's jobs may cost per day and per month."""


@command.command("set", cls=Verb)
@click.argument("tenant", metavar="TENANT")
@option("--daily", type=Dollars(none=True), metavar="USD", help="maximum cost per day (UTC); none: no cap")
@option(
    "--monthly", type=Dollars(none=True), metavar="USD", help="maximum cost per month (UTC); none: no cap"
)
@option(
    "--weight",
    type=Number(MIN_WEIGHT, MAX_WEIGHT),
    metavar="W",
    help="share of the calls, relative to tenants with jobs of the same priority [default: 1]",
)
@common
@click.pass_obj
def set_caps(
    call: Invocation, /, tenant: str, daily: int | None, monthly: int | None, weight: float | None
) -> int:
    """Set the caps and the weight of a tenant; omitted values are kept.

    A job that would exceed a cap is refused at submission; a running job that reaches a cap is paused.
    """
    from speeko_cli.runtime.services import open_services
    from speeko_jobs.flow.lifecycle import budgets

    if daily is None and monthly is None and weight is None:
        raise UsageError("give --daily, --monthly or --weight: `speeko budget set --help` shows how")
    if not tenant.strip() or "\0" in tenant:
        raise UsageError("TENANT is empty: give a name of visible characters")
    with open_services(call.settings()) as (context, _):
        found = budgets.set_caps(context, tenant, daily_micros=daily, monthly_micros=monthly, weight=weight)
    _print([found], call)
    return 0


@command.command("list", cls=Verb)
@click.argument("tenant", required=False, metavar="[TENANT]")
@of_tenant_option
@common
@click.pass_obj
def list_all(call: Invocation, /, tenant: str | None, of_tenant: str | None) -> int:
    """List caps, spending and weights of tenants.

    Spending includes calls with unknown outcome. Days and months are in UTC.
    """
    from speeko_cli.runtime.services import open_services
    from speeko_jobs.flow.lifecycle import budgets

    if None not in (tenant, of_tenant) and tenant != of_tenant:
        raise UsageError(f"TENANT and --tenant differ: {tenant!r} and {of_tenant!r}; give one of them")
    tenant = tenant if of_tenant is None else of_tenant
    with open_services(call.settings()) as (context, _):
        found = budgets.every(context, tenant)
    if found or call.json:
        _print(found, call)
    elif tenant is not None:
        say(f"tenant {tenant!r} has no cap and weight 1")
    else:
        say("no tenant has a cap: `speeko budget set TENANT --daily USD` sets one")
    return 0


def _print(found: list[Tenant], call: Invocation) -> None:
    if call.json:
        emit([record(tenant) for tenant in found])
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("tenant", overflow="fold")
    for name in ("weight", "today", "daily cap", "this month", "monthly cap", "reserved"):
        table.add_column(name, justify="right", no_wrap=True)
    for t in found:
        table.add_row(
            printable(t.name),
            f"{t.weight:g}",
            formatting.micros(t.spent_today_micros),
            _cap(t.daily_micros),
            formatting.micros(t.spent_month_micros),
            _cap(t.monthly_micros),
            formatting.micros(t.reserved_micros),
        )
    console().print(table)


def _cap(micros: int | None) -> str:
    return "none" if micros is None else formatting.micros(micros)
