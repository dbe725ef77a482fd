"""`speeko config`: all settings, what is in force and why."""

from __future__ import annotations

from typing import Any

import click

from speeko_cli.options.option_builder import Verb
from speeko_cli.options.shared import common
from speeko_cli.output.console import console, emit
from speeko_cli.runtime.invocation import Invocation
from speeko_jobs import settings as speeko_settings
from speeko_jobs.core.output.redaction import redacted
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.settings import ACCOUNTS, SettingOrigin, Settings

MASKED = "(set)"


@click.command("config", cls=Verb)
@common
@click.pass_obj
def command(call: Invocation, /) -> int:
    """Show all settings and the source of each.

    Options take precedence over SPEEKO_* variables, these over speeko.toml, and that over defaults. Keys,
    passwords and server URLs are masked.
    """
    call.settings()
    origins = speeko_settings.explain(call.flags({}), file=call.config)
    if call.json:
        emit(
            [
                {"name": o.name, "value": shown(o), "source": o.source, "secret": o.secret, "help": o.help}
                for o in origins
            ]
        )
    else:
        _print(origins)
    return 0


def shown(origin: SettingOrigin) -> Any:
    """Return the value to show: only whether a secret is set, and no password of a URL."""
    if origin.name == ACCOUNTS and origin.value:
        named = Settings(accounts=origin.value).named_accounts.values()
        return ", ".join(f"{account.name} ({account.provider})" for account in named)
    if origin.secret and origin.value:
        return MASKED
    return redacted(origin.value) if isinstance(origin.value, str) else origin.value


def _print(origins: list[SettingOrigin]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("setting", no_wrap=True)
    table.add_column("value", overflow="fold")
    table.add_column("from", overflow="fold")
    table.add_column("what it is", overflow="fold")
    for o in origins:
        value = "" if shown(o) == "" else f"{shown(o):g}" if isinstance(o.value, float) else str(shown(o))
        table.add_row(o.name, printable(value) or "-", printable(o.source), o.help)
    console().print(table)
