"""`speeko voices`: the provider's voices, with the data that `--voice auto` uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from speeko_cli.options.option_builder import Verb
from speeko_cli.options.shared import common
from speeko_cli.options.speech import provider_option
from speeko_cli.options.verb_group import VerbTable, is_alone
from speeko_cli.options.voice_routing import voices_file_option
from speeko_cli.output.console import busy, console, emit, note
from speeko_cli.runtime.invocation import Invocation
from speeko_jobs.core.output.sanitize import printable

if TYPE_CHECKING:
    from speeko_jobs.core.providers.profiles import Profile
    from speeko_jobs.core.voices.voice_catalog import Voice
    from speeko_jobs.settings import Settings


@click.group("voices", cls=VerbTable, invoke_without_command=True)
@provider_option
@voices_file_option
@common
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> int:
    """List the provider's voices.

    Shows price, and quality, latency and use cases if voices.toml has them; `--voice auto` chooses among
    these. The first line is the default voice. Costs nothing.
    """
    return _list(ctx.obj, options) if is_alone(ctx) else 0


@command.command("list", cls=Verb)
@provider_option
@voices_file_option
@common
@click.pass_obj
def list_all(call: Invocation, /, **options: Any) -> int:
    """List the provider's voices."""
    return _list(call, options)


def _list(call: Invocation, options: Mapping[str, Any]) -> int:
    from speeko_jobs.core.billing.price_schedule import price_on
    from speeko_jobs.core.providers.accounts import first_settings
    from speeko_jobs.core.providers.profiles import profile_of
    from speeko_jobs.core.voices.voice_catalog import priced
    from speeko_jobs.flow.planning.voice_routing import declared_voices

    settings = first_settings(call.settings(options))
    price = price_on(settings.price_per_million, datetime.now(UTC).date())
    profile = profile_of(settings.provider, price)
    known = declared_voices(options["voices_file"], profile.name)
    profile = priced(profile, known)
    model = settings.model or profile.default_model
    known = _learned(settings, known, profile.name, model)
    offered = _offered(settings, profile)
    rows = _rows(profile, model, known, offered)
    if call.json:
        emit({"provider": profile.name, "model": model, "default": profile.default_voice, "voices": rows})
    else:
        _print(rows, profile.default_voice)
    return 0


def _offered(settings: Settings, profile: Profile) -> list[str] | None:
    """Return the voices that the provider lists; None, with a note, if it is not configured."""
    from speeko_jobs.flow.planning.voice_availability import listed_voices

    lacks = "SPEEKO_API_URL" if not (settings.api_url or profile.default_url) else ""
    lacks = lacks or ("SPEEKO_API_KEY" if profile.needs_key and not settings.api_key else "")
    if lacks and profile.lists_voices:
        note(f"the voices that {profile.name} offers are unknown: set {lacks}")
        return None
    with busy(f"asking {profile.name}"):
        return listed_voices(profile, settings)


def _learned(settings: Settings, known: tuple[Voice, ...], provider: str, model: str) -> tuple[Voice, ...]:
    """Return the voices with measured latencies, if a database is reachable. Starts none."""
    from speeko_jobs.embedded.servers import running

    if not settings.database_url and "postgres" not in running(settings.home_path):
        return known
    from speeko_jobs.errors import SpeekoError
    from speeko_jobs.flow.planning.voice_routing import learned
    from speeko_jobs.runtime import database_only

    try:
        with database_only(settings) as database:
            return learned(database, known, provider, model)
    except SpeekoError as error:
        note(f"learned latencies are left out: {error}")
        return known


def _rows(
    profile: Profile, model: str, known: Sequence[Voice], offered: Sequence[str] | None
) -> list[dict[str, Any]]:
    figures = {voice.name: voice for voice in known}
    names = dict.fromkeys([*figures, *(profile.voices if offered is None else sorted(offered))])
    first = sorted(names, key=lambda name: name != profile.default_voice)
    return [_row(profile, model, name, figures.get(name), offered) for name in first]


def _row(
    profile: Profile, model: str, name: str, voice: Voice | None, offered: Sequence[str] | None
) -> dict[str, Any]:
    """Return a voice as --json shows it; prices are decimal strings of USD."""
    rate = profile.char_micros.get(model, profile.char_micros.get("", Decimal(0)))
    micros = rate * profile.voice_multipliers.get(name, Decimal(1))  # of a character: dollars of a million
    listed = None if offered is None else name in offered
    if profile.name == "espeak":  # its variants are on no list
        listed = profile.refusal(name, "") is None
    return {
        "name": name,
        "usd_per_million_chars": f"{micros.normalize():f}",
        "quality": voice.quality if voice else None,
        "latency_ms": voice.known_millis if voice else None,
        "declared_latency_ms": voice.latency_millis if voice else None,
        "learned_latency_ms": voice.learned_millis if voice else None,
        "calls": voice.calls if voice else 0,
        "use_cases": list(voice.use_cases) if voice else [],
        "languages": list(voice.languages) if voice else [],
        "offered": listed,
    }


def _print(rows: list[dict[str, Any]], default: str) -> None:
    from rich.table import Table

    from speeko_jobs.core.output.formatting import money

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("voice", "USD a million", "quality", "latency", "use cases"):
        table.add_column(name, justify="left" if name in ("voice", "use cases") else "right", no_wrap=True)
    for row in rows:
        words = ", ".join(row["use_cases"])
        if row["languages"]:
            words += f" ({', '.join(row['languages'])})"
        table.add_row(
            printable(row["name"]) + (" (default)" if row["name"] == default else ""),
            money(row["usd_per_million_chars"]),
            "" if row["quality"] is None else f"{row['quality']:g}",
            _latency(row),
            printable(words) + (" not offered" if row["offered"] is False else ""),
        )
    console().print(table)


def _latency(row: dict[str, Any]) -> str:
    if row["latency_ms"] is None:
        return ""
    learned = (
        f", learned (said {row['declared_latency_ms']})" if row["learned_latency_ms"] is not None else ""
    )
    return f"{row['latency_ms']} ms{learned}"
