"""`speeko up`: servers, workers and beat in the foreground."""

from __future__ import annotations

from typing import Any

import click

from speeko_cli.options.option_builder import Verb
from speeko_cli.options.shared import common
from speeko_cli.options.work import workers_option
from speeko_cli.output.console import busy, emit, note
from speeko_cli.runtime.invocation import Invocation


@click.command("up", cls=Verb)
@workers_option
@common
@click.pass_obj
def command(call: Invocation, /, **options: Any) -> int:
    """Run servers, workers and beat until Ctrl-C.

    Other commands with the same home use them, such as `speeko submit` and `speeko watch`.
    """
    from speeko_cli.runtime.services import only_one, open_services, until_signalled
    from speeko_workers import supervisor

    settings = call.settings(options)
    with only_one(settings, "up"), open_services(settings, linger=False) as (context, _):
        named = context.settings
        with supervisor.Supervisor(named, supervisor.nodes(named), beat=True) as own:
            with busy("starting the workers"):
                own.wait_ready()
            if call.json:
                emit({"ready": True, "home": str(named.home_path)})
            note("ready")
            note("submit catalogs from another terminal: speeko submit FILES... (Ctrl-C here stops it)")
            until_signalled()
            note("stopping: the calls in flight are finished")
    return 0
