"""`speeko top`: a live overview in the terminal."""

from __future__ import annotations

import os
import sys

import click

from speeko_cli.options.option_builder import Verb, option
from speeko_cli.options.param_types import Number
from speeko_cli.options.shared import common, of_tenant_option
from speeko_cli.runtime.invocation import Invocation
from speeko_jobs.errors import UsageError


@click.command("top", cls=Verb)
@of_tenant_option
@option("--once", is_flag=True, help="print the screen once, for scripts and pipes")
@option(
    "--interval",
    type=Number(0.2, 3600),
    default=1.0,
    metavar="SECONDS",
    help="seconds between refreshes [default: 1]",
)
@common
@click.pass_obj
def command(call: Invocation, /, of_tenant: str | None, once: bool, interval: float) -> int:
    """Show jobs, costs, limits and workers live in the terminal.

    Keys: q quits; o changes the order of jobs (priority, age, cost, time left); j, k and the arrows scroll.
    With --json it prints one JSON document per line, repeatedly; with --once a single one.
    """
    from speeko_cli.runtime.services import open_existing, open_for_watching, termination_is_ctrl_c
    from speeko_cli.top import app

    if not (once or call.json or _is_screen()):
        raise UsageError("top needs a terminal: give --once to print the screen once, or --json")
    settings = call.settings()
    must_answer = once or settings.embedded_database
    standing = open_existing(settings) if must_answer else open_for_watching(settings, name="speeko-top")
    with termination_is_ctrl_c(), standing as context:
        if once:
            app.once(context, of_tenant, as_document=call.json)
        elif call.json:
            app.stream(context, of_tenant, interval)
        else:
            app.live(context, of_tenant, interval)
    return 0


def _is_screen() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown", "")
