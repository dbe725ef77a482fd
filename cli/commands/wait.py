"""`speeko wait`: wait for the end of a job and return its exit code."""

from __future__ import annotations

import click

from speeko_cli.options.option_builder import Verb, option
from speeko_cli.options.param_types import Number
from speeko_cli.options.shared import common, job_argument, notify_option, of_tenant_option
from speeko_cli.runtime.invocation import Invocation


@click.command("wait", cls=Verb)
@job_argument
@of_tenant_option
@option(
    "--timeout",
    type=Number(0, 10**9),
    metavar="SECONDS",
    help="maximum time to wait; then exit code 124, and the job continues",
)
@notify_option()
@common
@click.pass_obj
def command(call: Invocation, /, job: int, of_tenant: str | None, timeout: float | None) -> int:
    """Wait for a job to end.

    Exit code 0: all rows have audio; 3: not all of them; 4: the job is paused; 1: it was cancelled.
    """
    from speeko_cli.jobs.follow_detached import follow_to_end
    from speeko_cli.runtime.services import open_existing
    from speeko_cli.runtime.tenant_check import check_tenant

    with open_existing(call.settings()) as context:
        check_tenant(context, job, of_tenant)
        return follow_to_end(context, job, call, quiet=True, timeout_seconds=timeout)
