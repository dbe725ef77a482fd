"""Provide groups of commands: suggestions, hidden aliases, and an action without a subcommand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from speeko_cli.options.option_builder import Verb, with_suggestion
from speeko_jobs.core.model.suggestions import suggestion
from speeko_jobs.errors import UsageError


class VerbGroup(click.Group):
    """A group that suggests names. `aliases` maps earlier names of subcommands to those the help shows."""

    def __init__(self, *arguments: Any, aliases: Mapping[str, str] | None = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.aliases = dict(aliases or {})

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the options. Raises click.UsageError with a suggestion for an unknown option."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise with_suggestion(error, self) from None

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the subcommand of that name or alias; None for an unknown name."""
        return super().get_command(ctx, self.aliases.get(cmd_name, cmd_name))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return name, subcommand and its arguments. Raises click.UsageError with the nearest name."""
        name = args[0] if args else ""
        known = self.list_commands(ctx)
        if name and not name.startswith("-") and name not in (*known, *self.aliases):
            raise click.UsageError(f"there is no command {name!r}{suggestion(name, known)}", ctx)
        return super().resolve_command(ctx, args)


class VerbTable(Verb, VerbGroup):
    """A group that shows something itself and also has subcommands."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options in sections, then the subcommands."""
        Verb.format_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)


def is_alone(ctx: click.Context) -> bool:
    """Return whether the group was called without a subcommand.

    Raises UsageError for an option in front of a subcommand, where it would have no effect.
    """
    if ctx.invoked_subcommand is None:
        return True
    for param in ctx.command.params:
        source = ctx.get_parameter_source(str(param.name))
        if param.name in ctx.params and source is click.core.ParameterSource.COMMANDLINE:
            raise UsageError(f"{param.opts[0]} belongs after `{ctx.invoked_subcommand}`")
    return False
