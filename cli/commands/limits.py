"""`speeko limits`: the adaptive concurrency limit of each account, its users and its reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from speeko_cli.options.option_builder import Verb
from speeko_cli.options.shared import common
from speeko_cli.output.console import emit, say
from speeko_cli.output.limits import document
from speeko_cli.runtime.invocation import Invocation
from speeko_jobs.core.output import formatting
from speeko_jobs.core.policies.outage_detection import GOOD_RUN, TroubleKind

if TYPE_CHECKING:
    from speeko_jobs.flow.reporting.fleet_queries import AccountLimits, PermitHolder


@click.command("limits", cls=Verb)
@common
@click.pass_obj
def command(call: Invocation, /) -> int:
    """Show the concurrency limit of each API key and its users.

    The limit adapts below its maximum, `--max-concurrency`: it rises while calls succeed and falls when the
    provider throttles them.
    """
    from speeko_cli.runtime.services import open_services
    from speeko_jobs.flow.reporting import fleet_queries

    with open_services(call.settings()) as (context, _):
        accounts = fleet_queries.account_limits(context)
        holders = fleet_queries.permit_holders(context)
    if call.json:
        emit(document(accounts, holders))
        return 0
    for account in accounts:
        for line in _lines(account, [h for h in holders if h.account == account.name]):
            say(line)
    if not accounts:
        say("no speech API has been called yet: there are no limits to show")
    return 0


def _blocked(account: AccountLimits) -> str:
    """Return why no call is made now."""
    if account.trouble_kind == TroubleKind.FAILING and account.trouble_seconds is not None:
        return "most of its calls fail, so few are made"
    if account.trouble_kind == TroubleKind.UNREACHABLE and account.trouble_seconds is not None:
        return "it is unreachable"
    return "the provider throttles calls"


def _lines(account: AccountLimits, holders: list[PermitHolder]) -> Iterator[str]:
    held, busy = sum(h.held for h in holders), sum(h.busy for h in holders)
    yield f"{account.name}: {account.limit:,} of at most {account.ceiling:,} calls at a time"
    moved = formatting.duration(max(account.moved_seconds, 0))
    yield f"  since       {moved} ago: {account.why or 'the limit has not changed'}"
    if account.trouble_seconds is not None:
        since = formatting.duration(account.trouble_seconds)
        yield f"  trouble     no answer for {since}: {account.trouble_why or account.trouble_kind}"
    if account.blocked_seconds > 0:
        yield f"  waits       {formatting.duration(account.blocked_seconds)} more: {_blocked(account)}"
    if account.good_run < GOOD_RUN:
        yield f"  retries     rationed: {account.retries_left:,.0f} now, and a tenth of all calls"
    rates = [
        f"{n:,} {what} a minute"
        for n, what in ((account.calls_a_minute, "calls"), (account.chars_a_minute, "characters"))
        if n
    ]
    if rates:
        yield f"  rates       {' and '.join(rates)}"
    yield f"  in use      {busy:,} calls open, {held:,} permits held"
    for h in holders:
        yield f"  {h.host} ({h.pid}): {h.busy:,} open, {h.held:,} held, could use {h.wants:,}"
