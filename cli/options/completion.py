"""Complete the values of settings for shells: names that are known without asking a server."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click

Completer = Callable[[click.Context, click.Parameter, str], list[str]]


def _providers(_: click.Context) -> Iterable[str]:
    from speeko_jobs.core.providers.profiles import PROFILES

    return PROFILES


def _formats(_: click.Context) -> Iterable[str]:
    from speeko_jobs.core.audio.codec import FORMATS

    return FORMATS


def _models(ctx: click.Context) -> Iterable[str]:
    from speeko_jobs.core.providers.profiles import PROFILES

    profile = PROFILES.get(str(ctx.params.get("provider") or ""))
    return profile.models if profile else ()


def _voices(ctx: click.Context) -> Iterable[str]:
    from speeko_jobs.core.providers.profiles import PROFILES
    from speeko_jobs.core.voices.voice_catalog import AUTO

    profile = PROFILES.get(str(ctx.params.get("provider") or "espeak"))
    return [AUTO, *(profile.voices if profile else ())]


def _reuse(_: click.Context) -> Iterable[str]:
    from speeko_jobs.core.job.job_spec import REUSE

    return REUSE


_KNOWN = {"provider": _providers, "format": _formats, "model": _models, "voice": _voices, "reuse": _reuse}


def completer(setting: str) -> Completer | None:
    """Return what completes the values of a setting; None where they are not known."""
    known = _KNOWN.get(setting)
    if known is None:
        return None

    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
        return [name for name in known(ctx) if name.startswith(incomplete)]

    return complete
