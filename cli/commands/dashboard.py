"""`speeko dashboard`: pages and a REST API over Postgres, pushed live."""

from __future__ import annotations

import os

import click

from speeko_cli.options.option_builder import Verb, option
from speeko_cli.options.shared import common
from speeko_cli.output.console import emit, note
from speeko_cli.runtime.invocation import Invocation


@click.command("dashboard", cls=Verb)
@option("--bind", default="127.0.0.1", metavar="IP", help="address to listen on [default: 127.0.0.1]")
@option("--port", "board_port", type=click.IntRange(0, 65535), default=9810, metavar="N",
        help="port to listen on; 0: any free port [default: 9810]")  # fmt: skip
@option("--allow-actions", is_flag=True,
        help="allow users to pause, resume (also with a higher budget), cancel and retry jobs")  # fmt: skip
@common
@click.pass_obj
def command(call: Invocation, /, bind: str, board_port: int, allow_actions: bool) -> int:
    """Show jobs, costs, cache, schedules and workers in the browser.

    Runs until Ctrl-C. An address other than loopback requires SPEEKO_DASHBOARD_TOKEN (at least 16 characters;
    the page asks for it, API clients send it as a bearer token) or SPEEKO_DASHBOARD_AUTH=user:password. The
    API is described at /openapi.json.
    """
    from speeko_cli.dashboard.auth import access
    from speeko_cli.dashboard.server import serving
    from speeko_cli.runtime.services import open_for_watching, until_signalled

    rules = access(bind, os.environ, allow_actions=allow_actions)
    settings = call.settings()
    with (
        open_for_watching(settings, name="speeko-dashboard") as context,
        serving(context, rules, board_port) as at,
    ):
        if call.json:
            emit({"ready": True, "url": at.url})
        note(f"dashboard: {at.url}")
        until_signalled()
    return 0
