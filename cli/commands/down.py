"""`speeko down`: end the embedded servers and workers that stay after the last command."""

from __future__ import annotations

import click

from speeko_cli.options.option_builder import Verb
from speeko_cli.options.shared import common
from speeko_cli.output.console import busy, emit, say
from speeko_cli.runtime.invocation import Invocation
from speeko_jobs.errors import ServerError


@click.command("down", cls=Verb)
@common
@click.pass_obj
def command(call: Invocation, /) -> int:
    """End embedded servers and idle workers now.

    They stay for some minutes after the last command, so that the next one starts at once (linger_seconds).
    Calls in flight are finished first. Servers that another command uses are left to it: exit code 1.
    """
    from speeko_cli.runtime.lingering import DOWN_SECONDS
    from speeko_jobs.embedded import servers
    from speeko_workers.idle_workers import are_used, idle_workers
    from speeko_workers.supervisor import STOP_SECONDS

    home = call.settings().home_path
    used = ServerError(
        f"another command still uses the workers or servers of {home}: end it first, for example `speeko up` "
        "with Ctrl-C"
    )
    ended: list[str] = []
    workers, lingering = idle_workers(home), servers.lingering_process(home)
    with busy("ending workers and servers"):
        if workers.is_alive():
            if are_used(home):
                raise used
            if not workers.end_and_wait(STOP_SECONDS):
                raise ServerError(f"the workers did not end in {STOP_SECONDS:g} s; log: {workers.log}")
            ended.append("workers")
        running = servers.running(home)
        if lingering.is_alive() and not lingering.end(DOWN_SECONDS):
            raise ServerError(f"the servers did not end in {DOWN_SECONDS:g} s; log: {lingering.log}")
        if servers.running(home) and not servers.stop_unused(home):  # or left behind by a killed command
            raise used
        ended += sorted(running)
    if call.json:
        emit({"ended": ended})
    else:
        say(f"ended: {', '.join(ended)}" if ended else f"nothing runs in {home}")
    return 0
