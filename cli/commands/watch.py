"""`speeko watch`: a job's progress until it ends."""

from __future__ import annotations

import click

from speeko_cli.options.option_builder import Verb
from speeko_cli.options.shared import common, job_argument, notify_option, of_tenant_option
from speeko_cli.runtime.invocation import Invocation


@click.command("watch", cls=Verb)
@job_argument
@of_tenant_option
@notify_option()
@common
@click.pass_obj
def command(call: Invocation, /, job: int, of_tenant: str | None) -> int:
    """Show a job's progress until it ends.

    Ctrl-C stops watching; the job continues.
    """
    from speeko_cli.jobs.follow_detached import follow_to_end
    from speeko_cli.runtime.services import open_existing
    from speeko_cli.runtime.tenant_check import check_tenant

    with open_existing(call.settings()) as context:
        check_tenant(context, job, of_tenant)
        return follow_to_end(context, job, call, quiet=False)
