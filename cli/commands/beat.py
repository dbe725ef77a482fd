"""`speeko beat`: Celery's beat, which triggers the sweeper and the schedules."""

from __future__ import annotations

import sys

import click

from speeko_cli.options.option_builder import Verb
from speeko_cli.options.shared import common
from speeko_cli.runtime.invocation import Invocation


@click.command("beat", cls=Verb)
@common
@click.pass_obj
def command(call: Invocation, /) -> int:
    """Run Celery's beat until Ctrl-C.

    Only Celery workers that were not started by `speeko worker` or `speeko up` need it.
    """
    from speeko_cli.runtime.foreground_process import run_child
    from speeko_cli.runtime.services import only_one, open_services

    settings = call.settings()
    with only_one(settings, "beat"), open_services(settings) as (context, _):
        named = context.settings
        schedule = named.home_path / "beat-schedule-alone"
        words = ["-A", "speeko_workers.app", "--quiet", "beat", "--pidfile", "", "--loglevel", "INFO"]
        command = [sys.executable, "-m", "celery", *words, "--schedule", str(schedule)]
        return run_child("beat", command, named)
