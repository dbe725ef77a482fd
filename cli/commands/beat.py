"""`speeko beat`: Celery's beat, which has jobs swept and schedules fired."""

from __future__ import annotations

import sys

import click

from cli.call import Call
from cli.options import Verb, common


@click.command("beat", cls=Verb)
@common
@click.pass_obj
def command(call: Call, /) -> int:
    """Run Celery's beat until Ctrl-C.

    Workers started by `speeko worker` or `speeko up` do without; Celery workers under other care need one.
    """
    from cli.child import run_child
    from cli.standing import only_one, standing

    settings = call.settings()
    with only_one(settings, "beat"), standing(settings) as (context, _):
        named = context.settings
        schedule = named.home_path / "beat-schedule-alone"
        words = ["-A", "workers.app", "--quiet", "beat", "--pidfile", "", "--loglevel", "INFO"]
        command = [sys.executable, "-m", "celery", *words, "--schedule", str(schedule)]
        return run_child("beat", command, named)
