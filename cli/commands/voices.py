"""`speeko voices`: what the provider has."""

from __future__ import annotations

from typing import Any

import click

from cli.call import Call
from cli.console import busy, emit, say
from cli.options import Verb, common, provider_option


@click.command("voices", cls=Verb)
@provider_option
@common
@click.pass_obj
def command(call: Call, /, **options: Any) -> int:
    """List the provider's voices.

    Costs nothing. The first line is the one that speaks where no voice is asked for.
    """
    from speeko_jobs.adapters.providers import list_voices
    from speeko_jobs.core.profiles import profile_of

    settings = call.settings(options)
    profile = profile_of(settings.provider)
    with busy(f"asking {profile.name}"):
        voices = list_voices(profile, settings)
    if call.json:
        emit({"provider": profile.name, "default": profile.default_voice, "voices": voices})
        return 0
    default = profile.default_voice
    for voice in sorted(voices, key=lambda name: (name != default, name)):
        say(f"{voice} (default)" if voice == default else voice)
    return 0
