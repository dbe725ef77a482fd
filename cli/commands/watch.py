"""`speeko watch`: a job's progress until it ends."""

from __future__ import annotations

import click

from cli.call import Call
from cli.options import Verb, common, job_argument, notify_option, of_tenant_option


@click.command("watch", cls=Verb)
@job_argument
@of_tenant_option
@notify_option
@common
@click.pass_obj
def command(call: Call, /, job: int, of_tenant: str | None) -> int:
    """Show a job's progress until it ends.

    Ctrl-C ends the watching; the job goes on.
    """
    from cli.standing import known
    from cli.tenancy import check_tenant
    from cli.watching import see_end

    with known(call.settings()) as context:
        check_tenant(context, job, of_tenant)
        return see_end(context, job, call, quiet=False)
