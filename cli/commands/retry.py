"""`speeko retry`: the failed rows of a job that has ended, once more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from speeko_cli.options.money import new_prices_option
from speeko_cli.options.option_builder import Verb
from speeko_cli.options.shared import common, job_argument, of_tenant_option
from speeko_cli.options.work import no_wait_option, workers_option
from speeko_cli.output.console import note
from speeko_cli.runtime.invocation import Invocation

if TYPE_CHECKING:
    from speeko_jobs.flow.context import Context


@click.command("retry", cls=Verb)
@job_argument
@of_tenant_option
@new_prices_option
@no_wait_option
@workers_option
@common
@click.pass_obj
def command(
    call: Invocation, /, job: int, of_tenant: str | None, new_prices: bool, no_wait: bool, **options: Any
) -> int:
    """Retry the failed rows of a job, starting workers if none run.

    Refused rows are not retried: correct them in the catalog and run it again. If today's price differs from
    the plan's, both are shown and the plan's applies, unless `--new-prices` is given.
    """
    from speeko_cli.jobs.resume import resume_and_follow

    settings = call.settings(options)
    return resume_and_follow(
        call,
        settings,
        job,
        lambda context: _retry(context, job, new_prices=new_prices),
        wait=not no_wait,
        tenant=of_tenant,
    )


def _retry(context: Context, job: int, *, new_prices: bool) -> None:
    from speeko_cli.jobs.resume import warn_price_change
    from speeko_jobs.core.output.formatting import count
    from speeko_jobs.flow.lifecycle import control

    if not new_prices:
        warn_price_change(context, job)
    note(
        f"{count(control.retry(context, job, new_prices=new_prices), 'row')} of job {job} will be tried again"
    )
