"""The options, each written once: the same name, meaning and help in every verb, in sections.

Options that are settings take their help and defaults from the settings themselves.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from speeko_cli.options.param_types import Dollars, Minutes, Share
from speeko_cli.runtime.invocation import Invocation
from speeko_jobs.core.job.job_spec import DUPLICATE_RULES, SEGMENTS, SSML
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
    "redis_audio_budget": "MB", "reuse": "WORD",
}  # fmt: skip


_WORK = (
    "max_concurrency",
    "calls_per_minute",
    "chars_per_minute",
    "workers",
    "redis_audio_budget",
    "tenant",
)


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
    return click.option(*names, cls=Option, section=section, **rest)


def setting(name: str, section: str) -> Callable[[F], F]:
    """The option of a setting: not given it is None, and environment, file and default decide."""
    field = _FIELDS[name]
    shown = "" if field.default in ("", 0) else f" [default: {field.default}]"
    return option(
        f"--{name.replace('_', '-')}",
        name,
        section=section,
        type=type(field.default),
        metavar=_METAVARS[name],
        help=f"{field.metadata['help']}{shown}",
    )


def together(*options: Callable[[Any], Any]) -> Callable[[F], F]:
    """Several options as one decorator, in the order given."""

    def add(function: F) -> F:
        for each in reversed(options):
            function = each(function)
        return function

    return add


def column(name: str, help: str, *, multiple: bool = False) -> Callable[[F], F]:
    rest: dict[str, Any] = {"multiple": True} if multiple else {"default": ""}
    return option(name, metavar="COLUMN", section=READING, help=help, **rest)


def choice(name: str, choices: Sequence[str], help: str, section: str = READING) -> Callable[[F], F]:
    """One of several words, the first by default."""
    words = f"{help}: {', '.join(choices)} [default: {choices[0]}]"
    kind = click.Choice(choices)
    return option(name, type=kind, default=choices[0], metavar="WORD", section=section, help=words)


reading = together(
    column("--id", "column of the id; again: joined with -", multiple=True),
    column("--text", "column to speak; again: one after another", multiple=True),
    column("--voice-column", "column of a voice for each row"),
    column("--language-column", "column of a language for each row"),
    choice(
        "--input-format", ("auto", "csv", "jsonl", "json", "text", "parquet", "xlsx"), "what the files are"
    ),
    option(
        "--delimiter",
        default="",
        metavar="CHAR",
        section=READING,
        help='what separates cells, or "tab" [default: found out]',
    ),
    option(
        "--encoding",
        default="",
        metavar="NAME",
        section=READING,
        help="such as utf-8 or cp1252 [default: found out]",
    ),
    choice("--quoting", ("auto", "none", "minimal"), "whether quotes enclose cells"),
    choice("--header", ("auto", "yes", "no"), "whether the first row names the columns"),
    choice("--on-duplicate-id", DUPLICATE_RULES, "what to do with rows of one name"),
    option("--strict", is_flag=True, section=READING, help="stop at the first row that cannot be spoken"),
)

speech = together(
    *[
        setting(name, SPEECH)
        for name in (
            "provider",
            "account",
            "model",
            "voice",
            "language",
            "format",
            "speed",
            "reuse",
            "price_per_million",
        )
    ],
    option(
        "--any-voice",
        is_flag=True,
        section=SPEECH,
        help="take voices and languages that are on no list, such as cloned voices",
    ),
)
wording = together(
    option(
        "--lexicon",
        multiple=True,
        metavar="FILE",
        section=WORDS,
        help='how words are said: TOML (word = "spoken") or W3C PLS; again: another',
    ),
    option(
        "--read-numbers",
        is_flag=True,
        section=WORDS,
        help="prices, sizes, dates as words (en, de, fr); longer texts cost more",
    ),
    option("--repair", is_flag=True, section=WORDS, help="mend mojibake, such as Ã¼ for ü"),
    choice("--segments", SEGMENTS, "sentence: buy each sentence once", section=WORDS),
    choice("--ssml", SSML, "strip: speak only the words of SSML", section=WORDS),
    option(
        "--loudness",
        type=float,
        metavar="LUFS",
        section=DELIVERY,
        help="level all files to that, such as -16; buys nothing again",
    ),
)
name_option: Callable[[Any], Any] = option(
    "--name",
    default="{id}.{ext}",
    metavar="TEMPLATE",
    section=DELIVERY,
    help="file names; takes {id}, {row}, {voice}, {language}, {ext}, {hash}, columns [default: {id}.{ext}]",
)
delivery = together(
    setting("output", DELIVERY),
    name_option,
    option(
        "--cache-control",
        default="",
        metavar="HEADER",
        section=DELIVERY,
        help="of audio in a bucket [default: immutable for names with {hash}, else no-cache]",
    ),
    option(
        "--public-base-url",
        default="",
        metavar="URL",
        section=DELIVERY,
        help="where a CDN has the output: each row gets its url in manifest, results and report",
    ),
)
pruning = together(
    option(
        "--merge",
        is_flag=True,
        section=DELIVERY,
        help="FILES are part of a catalog: keep the manifest's other rows (failed.csv always is)",
    ),
    option(
        "--overwrite",
        is_flag=True,
        section=DELIVERY,
        help="replace files in the output that no job has delivered [default: refuse]",
    ),
    option("--prune", is_flag=True, section=DELIVERY, help="delete the files whose rows left the catalog"),
    option(
        "--max-delete",
        type=Share(),
        default="10%",
        metavar="SHARE",
        section=DELIVERY,
        help="most of the output's files that --prune may delete [default: 10%]",
    ),
)
budget_option: Callable[[Any], Any] = option(
    "--budget", type=Dollars(), metavar="USD", section=MONEY, help="most that the job may cost"
)
buy_again_option: Callable[[Any], Any] = option(
    "--buy-again",
    is_flag=True,
    section=MONEY,
    help="known texts whose audio is gone from the store may be bought again, whatever the plan says",
)
new_prices_option: Callable[[Any], Any] = option(
    "--new-prices",
    is_flag=True,
    section=MONEY,
    help="book what is still to buy at today's price instead of the plan's",
)
max_waste_option: Callable[[Any], Any] = option(
    "--max-waste",
    metavar="SHARE|USD",
    section=MONEY,
    help="most of the budget that may be paid for audio that fails validation: 5% of the plan, but at least"
    " $1, or dollars such as 2.50 [default: 10%]",
)
money = together(
    budget_option,
    max_waste_option,
    option(
        "--partial",
        is_flag=True,
        section=MONEY,
        help="start also what costs more than budget or caps allow, and pause where they end",
    ),
    buy_again_option,
)
give_up_option: Callable[[Any], Any] = option(
    "--give-up-after",
    "give_up_after",
    type=Minutes(),
    metavar="TIME",
    section=WORK,
    help="pause when a provider brings nothing but failures for so long, and resume when it answers"
    " again: 90s, 30m, 2h [default: 30m]",
)
work = together(
    option(
        "--priority",
        type=click.IntRange(-1000, 1000),
        default=0,
        metavar="N",
        section=WORK,
        help="jobs with a higher one go first [default: 0]",
    ),
    *[setting(name, WORK) for name in _WORK],
    give_up_option,
)
webhook_option: Callable[[Any], Any] = setting("webhook", WORK)
webhook_options: Callable[[Any], Any] = together(
    webhook_option,
    option(
        "--allow-private-webhooks",
        type=int,
        is_flag=True,
        flag_value=1,
        default=None,
        section=WORK,
        help="the webhook may have a private address",
    ),
)
no_wait_option: Callable[[Any], Any] = option(
    "--no-wait", is_flag=True, help="leave it to workers that run elsewhere"
)
workers_option: Callable[[Any], Any] = setting("workers", WORK)
provider_option: Callable[[Any], Any] = together(setting("provider", SPEECH), setting("account", SPEECH))
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
        help=f"{_FIELDS['home'].metadata['help']} [default: your data folder]",
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
