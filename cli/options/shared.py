"""Declare the options that many commands share: job, tenant, --notify, and those of every command."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

import click

from speeko_cli.options.option_builder import COMMON, option, setting_help, together
from speeko_cli.runtime.invocation import Invocation

SHELL_SYNTAX = frozenset({"|", "||", "&", "&&", ";", ">", ">>", "<", "2>&1", "&>"})
of_tenant_option: Callable[[Any], Any] = option(
    "--tenant", "of_tenant", metavar="NAME", help="only what is charged to this tenant"
)
limit_option: Callable[[Any], Any] = option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=20,
    metavar="N",
    help="maximum number of lines [default: 20]",
)
job_argument = click.argument("job", type=click.IntRange(1, 2**63 - 1), metavar="JOB")


def _keep(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def callback(ctx: click.Context, _: click.Parameter, value: Any) -> None:
        if value:
            setattr(ctx.ensure_object(Invocation), name, value)

    return callback


def _keep_notify(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    """Keep the command of --notify. Raises click.UsageError now for one that could not run at the end."""
    if value is None or ctx.resilient_parsing:
        return
    import shutil

    try:
        words = shlex.split(value)
    except ValueError as error:
        raise click.UsageError(f"--notify: {error}: {value!r}", ctx) from None
    if not words:
        raise click.UsageError("--notify: the command is empty", ctx)
    if shutil.which(words[0]) is None:
        raise click.UsageError(
            f"--notify: there is no command {words[0]!r}: give a program on the PATH, or its path", ctx
        )
    if syntax := sorted(SHELL_SYNTAX.intersection(words[1:])):
        shell = f"--notify {shlex.quote(f'sh -c {shlex.quote(value)}')}"
        raise click.UsageError(f"--notify runs without a shell, which {syntax[0]} needs: give {shell}", ctx)
    ctx.ensure_object(Invocation).notify = value


def notify_option(*, hidden: bool = False) -> Callable[[Any], Any]:
    """Return the option of a command that runs at the end of a job."""
    return option(
        "--notify",
        metavar="COMMAND",
        expose_value=False,
        hidden=hidden,
        callback=_keep_notify,
        help="command to run when the job ends or pauses; runs without a shell, with the summary as JSON on"
        " stdin, and with SPEEKO_JOB and SPEEKO_STATE",
    )


def dry_run_option(*, hidden: bool = False) -> Callable[[Any], Any]:
    """Return the option that only shows the plan."""
    return option(
        "--dry-run",
        "plan_only",
        is_flag=True,
        hidden=hidden,
        help="show the plan and its cost, as `speeko estimate` does; start nothing",
    )


def wait_for_output_option(*, hidden: bool = False) -> Callable[[Any], Any]:
    """Return the option of `run` that waits for another job."""
    return option(
        "--wait",
        "wait_for_output",
        is_flag=True,
        hidden=hidden,
        help="wait while another job delivers to the same output [default: fail]",
    )


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from speeko_jobs import __version__

        click.echo(f"speeko {__version__}")
        ctx.exit()


everywhere = together(
    option(
        "--config",
        files=True,
        metavar="FILE",
        expose_value=False,
        callback=_keep("config"),
        section=COMMON,
        help="settings file [default: speeko.toml in the current folder, if it exists]",
    ),
    option(
        "--home",
        files=True,
        metavar="DIR",
        expose_value=False,
        callback=_keep("home"),
        section=COMMON,
        help=f"{setting_help('home')} [default: the user's data folder]",
    ),
    option(
        "-v",
        "--verbose",
        count=True,
        expose_value=False,
        callback=_keep("verbose"),
        section=COMMON,
        help="log more to stderr; -vv for debug output",
    ),
    option(
        "--version",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_version,
        section=COMMON,
        help="show the version and exit",
    ),
)
common = together(
    option(
        "--json",
        is_flag=True,
        expose_value=False,
        callback=_keep("json"),
        section=COMMON,
        help="print one JSON document on stdout",
    ),
    everywhere,
)
