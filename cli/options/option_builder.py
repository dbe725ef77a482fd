"""Build options: each with the section of the help that it stands in, many from the settings themselves.

Holds no option of its own. An option of a setting takes its help and its default from the setting.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from speeko_cli.options.completion import completer
from speeko_jobs.core.model.suggestions import suggestion
from speeko_jobs.settings import Settings

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

F = TypeVar("F", bound=Callable[..., Any])

READING, SPEECH, WORDS, DELIVERY, MONEY = "Reading", "Speech", "Words", "Delivery", "Money"
WORK, COMMON = "Work", "Everywhere"
SECTIONS = ("Options", READING, SPEECH, WORDS, DELIVERY, MONEY, WORK, COMMON)
_FIELDS = {f.name: f for f in dataclasses.fields(Settings)}
_METAVARS = {
    "output": "URL", "provider": "NAME", "account": "NAME", "model": "NAME", "voice": "NAME",
    "language": "TAG", "format": "NAME", "speed": "X", "price_per_million": "USD", "max_concurrency": "N",
    "workers": "N", "tenant": "NAME", "webhook": "URL", "calls_per_minute": "N", "chars_per_minute": "N",
    "redis_audio_budget": "MB", "reuse": "WORD", "keep_text_rules": "N",
}  # fmt: skip


class Option(click.Option):
    """An option with its section of the help. `aliases` are earlier spellings: accepted, never shown."""

    def __init__(
        self,
        *arguments: Any,
        section: str = "Options",
        aliases: Sequence[str] = (),
        files: bool = False,
        **options: Any,
    ) -> None:
        super().__init__([*arguments[0], *aliases], *arguments[1:], **options)
        self.section, self.aliases, self.files = section, tuple(aliases), files

    @property
    def shown_opts(self) -> list[str]:
        """Return the spellings that the help shows."""
        return [name for name in self.opts if name not in self.aliases]

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the names and the help, without aliases."""
        everything, self.opts = self.opts, self.shown_opts
        try:
            return super().get_help_record(ctx)
        finally:
            self.opts = everything

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Return the name that an error message shows."""
        del ctx
        return " / ".join(f"'{name}'" for name in self.shown_opts)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete file names where the value is one; else what the type or the declaration knows."""
        if self.files:
            return complete_files(ctx, self, incomplete)
        return super().shell_complete(ctx, incomplete)


def complete_files(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete file names."""
    del ctx, param
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def with_suggestion(error: click.NoSuchOption, command: click.Command) -> click.UsageError:
    """Return the error on an unknown option with the nearest options that the help shows."""
    known = [
        name
        for param in command.params
        for name in (param.shown_opts if isinstance(param, Option) else param.opts)
        if name.startswith("--")
    ]
    return click.UsageError(
        f"there is no option {error.option_name}{suggestion(error.option_name, known)}", error.ctx
    )


class Verb(click.Command):
    """A command whose help shows its options in sections."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments. Raises click.UsageError with a suggestion for an unknown option."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise with_suggestion(error, self) from None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        records: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):
                section = getattr(param, "section", COMMON)
                records.setdefault(section, []).append(record)
        for section in SECTIONS:
            if section in records:
                with formatter.section(section):
                    formatter.write_dl(records[section], col_max=28)


def option(*names: str, section: str = "Options", **rest: Any) -> Callable[[F], F]:
    """Return the decorator of one option."""
    return click.option(*names, cls=Option, section=section, **rest)


def setting(name: str, section: str) -> Callable[[F], F]:
    """Return the option of a setting: not given it is None, and environment, file and default decide."""
    field = _FIELDS[name]
    shown = "" if field.default in ("", 0) else f" [default: {field.default}]"
    return option(
        f"--{name.replace('_', '-')}",
        name,
        section=section,
        type=type(field.default),
        metavar=_METAVARS[name],
        files=name == "output",
        shell_complete=completer(name),
        help=f"{setting_help(name)}{shown}",
    )


def setting_help(name: str) -> str:
    """Return what a setting is for."""
    return str(_FIELDS[name].metadata["help"])


def together(*options: Callable[[Any], Any]) -> Callable[[F], F]:
    """Return one decorator for several options, in the order given."""

    def add(function: F) -> F:
        for each in reversed(options):
            function = each(function)
        return function

    return add


def column(name: str, help: str, *, multiple: bool = False) -> Callable[[F], F]:
    """Return the option of a catalog's column."""
    rest: dict[str, Any] = {"multiple": True} if multiple else {"default": ""}
    return option(name, metavar="COLUMN", section=READING, help=help, **rest)


def choice(name: str, choices: Sequence[str], help: str, section: str = READING) -> Callable[[F], F]:
    """Return the option of one of several words, the first by default."""
    words = f"{help}: {', '.join(choices)} [default: {choices[0]}]"
    kind = click.Choice(choices)
    return option(name, type=kind, default=choices[0], metavar="WORD", section=section, help=words)
