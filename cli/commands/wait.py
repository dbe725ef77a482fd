"""`speeko wait`: return when a job has ended, with the exit code that says how."""

from __future__ import annotations

import click

from cli.amounts import Number
from cli.call import Call
from cli.options import Verb, common, job_argument, notify_option, of_tenant_option, option


@click.command("wait", cls=Verb)
@job_argument
@of_tenant_option
@option(
    "--timeout",
    type=Number(0, 10**9),
    metavar="SECONDS",
    help="give up after so long, with exit code 124; the job goes on",
)
@notify_option
@common
@click.pass_obj
def command(call: Call, /, job: int, of_tenant: str | None, timeout: float | None) -> int:
    """Wait for a job to end.

    Exit code 0: all rows have audio; 3: not all of them; 4: the job is paused; 1: it was cancelled.
    """
    from cli.standing import known
    from cli.tenancy import check_tenant
    from cli.watching import see_end

    with known(call.settings()) as context:
        check_tenant(context, job, of_tenant)
        return see_end(context, job, call, quiet=True, timeout_seconds=timeout)
