"""`speeko worker`: workers in the foreground."""

from __future__ import annotations

import contextlib
from typing import Any

import click

from speeko_cli.options.option_builder import Verb, option
from speeko_cli.options.shared import common
from speeko_cli.options.work import workers_option
from speeko_cli.output.console import busy, emit, note
from speeko_cli.runtime.invocation import Invocation


@click.command("worker", cls=Verb)
@option(
    "--queues",
    default="",
    metavar="A,B",
    help="queues to serve, of: synthesize, deliver, control [default: all]",
)
@workers_option
@common
@click.pass_obj
def command(call: Invocation, /, queues: str, **options: Any) -> int:
    """Run workers until Ctrl-C.

    SIGTERM and Ctrl-C stop them gracefully: tasks in progress are finished. Without server URLs they use the
    embedded servers of the home.
    """
    from speeko_cli.runtime.services import open_services, until_signalled
    from speeko_jobs.flow.reporting.doctor_checks import require_writable
    from speeko_workers import supervisor

    settings = call.settings(options)
    asked = tuple(dict.fromkeys(name.strip() for name in queues.split(",") if name.strip()))
    wanted = supervisor.nodes(settings, asked) if asked else supervisor.nodes(settings)
    with contextlib.ExitStack() as stack:
        context, _ = stack.enter_context(open_services(settings, linger=False))
        require_writable(context)
        own = stack.enter_context(supervisor.Supervisor(context.settings, wanted))
        with busy("starting the workers"):
            own.wait_ready()
        if call.json:
            emit({"ready": True, "queues": [queue for node in wanted for queue in node.queues]})
        note("ready")
        until_signalled()
        note("stopping: tasks in progress are finished")
    return 0
