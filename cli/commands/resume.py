"""`speeko resume`: continue a job that is paused or has no workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from speeko_cli.options.money import budget_option, buy_again_option, max_waste_option, new_prices_option
from speeko_cli.options.option_builder import Verb
from speeko_cli.options.shared import common, job_argument, of_tenant_option
from speeko_cli.options.work import give_up_option, no_wait_option, workers_option
from speeko_cli.runtime.invocation import Invocation

if TYPE_CHECKING:
    from speeko_jobs.flow.context import Context


@click.command("resume", cls=Verb)
@job_argument
@of_tenant_option
@budget_option
@max_waste_option
@give_up_option
@buy_again_option
@new_prices_option
@no_wait_option
@workers_option
@common
@click.pass_obj
def command(
    call: Invocation,
    /,
    job: int,
    of_tenant: str | None,
    budget: int | None,
    max_waste: str | None,
    give_up_after: float | None,
    buy_again: bool,
    new_prices: bool,
    no_wait: bool,
    **options: Any,
) -> int:
    """Resume a paused job, starting workers if none run.

    Waits for the end as `run` does. Purchased audio is not bought again. `--budget` is the new total budget,
    including what it has spent; `--max-waste` is the new total limit of waste. After a pause for bad
    audio or refusals, the affected voices are tried again with 8 calls at a time. Use `--buy-again` for a job
    that was paused because known audio is missing from the store. If today's price differs from the plan's,
    both are shown and the plan's applies, unless `--new-prices` is given.
    """
    from speeko_cli.jobs.resume import resume_and_follow

    settings = call.settings(options)
    return resume_and_follow(
        call,
        settings,
        job,
        lambda context: _resume(
            context, job, budget, give_up_after, max_waste, buy_again=buy_again, new_prices=new_prices
        ),
        wait=not no_wait,
        tenant=of_tenant,
    )


def _resume(
    context: Context,
    job: int,
    budget_micros: int | None,
    give_up_minutes: float | None,
    max_waste: str | None,
    *,
    buy_again: bool,
    new_prices: bool,
) -> None:
    """Resume a job; one that runs is not changed, but its due chunks are sent again."""
    from speeko_cli.jobs.resume import warn_price_change
    from speeko_jobs.core.model.states import JobState
    from speeko_jobs.flow.lifecycle import control
    from speeko_jobs.flow.lifecycle.crash_recovery import sweep
    from speeko_jobs.flow.reporting import job_queries

    if not new_prices:
        warn_price_change(context, job)
    state = job_queries.progress(context, job).state
    is_changed = new_prices or budget_micros is not None or max_waste is not None
    if not is_changed and state in (JobState.RUNNING, JobState.FINALIZING):
        sweep(context)
    else:
        patience = None if give_up_minutes is None else 60 * give_up_minutes
        again = {"buy_again": buy_again, "new_prices": new_prices}
        control.resume(context, job, budget_micros, patience, max_waste, **again)
