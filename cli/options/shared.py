"""Options of many commands: which job, which tenant, a command at the end, and those of every command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from speeko_cli.options.option_builder import COMMON, option, setting_help, together
from speeko_cli.runtime.invocation import Invocation

of_tenant_option: Callable[[Any], Any] = option(
    "--tenant", "of_tenant", metavar="NAME", help="only what is booked on this tenant"
)
job_argument = click.argument("job", type=click.IntRange(1, 2**63 - 1), metavar="JOB")


def _keep(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def callback(ctx: click.Context, _: click.Parameter, value: Any) -> None:
        if value:
            setattr(ctx.ensure_object(Invocation), name, value)

    return callback


notify_option: Callable[[Any], Any] = option(
    "--notify",
    metavar="COMMAND",
    expose_value=False,
    callback=_keep("notify"),
    help="run this at the end: the summary is on its stdin, SPEEKO_JOB and SPEEKO_STATE are set",
)


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from speeko_jobs import __version__

        click.echo(f"speeko {__version__}")
        ctx.exit()


everywhere = together(
    option(
        "--config",
        metavar="FILE",
        expose_value=False,
        callback=_keep("config"),
        section=COMMON,
        help="settings file [default: speeko.toml in this folder, if there]",
    ),
    option(
        "--home",
        metavar="DIR",
        expose_value=False,
        callback=_keep("home"),
        section=COMMON,
        help=f"{setting_help('home')} [default: your data folder]",
    ),
    option(
        "-v",
        "--verbose",
        count=True,
        expose_value=False,
        callback=_keep("verbose"),
        section=COMMON,
        help="log more on stderr; -vv logs all",
    ),
    option(
        "--version",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_version,
        section=COMMON,
        help="show the version",
    ),
)
common = together(
    option(
        "--json",
        is_flag=True,
        expose_value=False,
        callback=_keep("json"),
        section=COMMON,
        help="one JSON document on stdout",
    ),
    everywhere,
)
