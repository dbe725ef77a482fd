"""Build options: each with the section of the help that it stands in, many from the settings themselves.

Holds no option of its own. An option of a setting takes its help and its default from the setting.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from speeko_jobs.settings import Settings

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
    """An option with the section of the help that it stands in."""

    def __init__(self, *arguments: Any, section: str = "Options", **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.section = section


class Verb(click.Command):
    """A command whose help shows its options in sections."""

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
