"""The cheapest voice that meets what was asked, and what to relax where there is none.

Ties go to the better voice, then to the preferred one, then to the first by name. Works on voices and a
request alone; what a job keeps of its choice is `core.voices.routing`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from speeko_jobs.core.voices import voice_catalog
from speeko_jobs.core.voices.voice_catalog import MAX_LATENCY_MILLIS, Voice
from speeko_jobs.errors import ConfigError

SHOWN = 3  # names in a message


class VoiceConstraint(StrEnum):
    """A constraint, by the option that sets it."""

    QUALITY = "--min-quality"
    LATENCY = "--max-latency-ms"
    USE_CASE = "--use-case"


@dataclass(frozen=True)
class RoutingRequest:
    """What a voice must meet. `max_latency_millis` None and `use_case` "": anything goes."""

    min_quality: float = 0.0
    max_latency_millis: int | None = None
    use_case: str = ""
    prefer: tuple[str, ...] = ()

    def limits(self) -> dict[VoiceConstraint, str]:
        """The constraints that were set, as the command line has them."""
        said = {
            VoiceConstraint.QUALITY: repr(self.min_quality) if self.min_quality else "",
            VoiceConstraint.LATENCY: "" if self.max_latency_millis is None else str(self.max_latency_millis),
            VoiceConstraint.USE_CASE: self.use_case,
        }
        return {limit: value for limit, value in said.items() if value}

    def __str__(self) -> str:
        return " ".join(f"{limit} {value}" for limit, value in self.limits().items())


def checked(request: RoutingRequest, known: Sequence[Voice]) -> RoutingRequest:
    """The request in its one spelling. Raises ConfigError for what is out of range and for unknown voices."""
    if not 0 <= request.min_quality <= 1:  # NaN is neither
        raise ConfigError(f"{VoiceConstraint.QUALITY} takes 0 to 1, not {request.min_quality:g}")
    most = request.max_latency_millis
    if most is not None and not 1 <= most <= MAX_LATENCY_MILLIS:
        raise ConfigError(
            f"{VoiceConstraint.LATENCY} takes 1 to {MAX_LATENCY_MILLIS} milliseconds, not {most}"
        )
    names = [voice.name for voice in known]
    for name in request.prefer:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            meant = f" (did you mean {near[0]}?)" if near else ""
            raise ConfigError(f"--prefer: voices.toml has no voice {name!r}{meant}: {_some(names)}")
    return replace(request, use_case=voice_catalog.use_case(request.use_case))


def choose(known: Sequence[Voice], request: RoutingRequest, language: str = "") -> Voice:
    """The first of `candidates`. Raises ConfigError that names what to relax."""
    found = candidates(known, request, language)
    if not found:
        raise ConfigError(_nobody(known, request, language))
    return found[0]


def candidates(known: Iterable[Voice], request: RoutingRequest, language: str = "") -> list[Voice]:
    """The voices that meet all that was asked, best first: by price, quality, preference, name."""
    able = [v for v in known if v.speaks(language) and not failing(v, request)]
    return sorted(able, key=lambda v: _rank(v, request))


def failing(voice: Voice, request: RoutingRequest) -> tuple[VoiceConstraint, ...]:
    """The constraints that this voice does not meet."""
    most = request.max_latency_millis
    out = [VoiceConstraint.QUALITY] if voice.quality < request.min_quality else []
    out += [VoiceConstraint.LATENCY] if most is not None and voice.known_millis > most else []
    out += [VoiceConstraint.USE_CASE] if request.use_case and request.use_case not in voice.use_cases else []
    return tuple(out)


def relaxed(
    known: Sequence[Voice], request: RoutingRequest, language: str = ""
) -> list[tuple[RoutingRequest, Voice]]:
    """The nearest requests that some voice meets, with that voice: as few constraints changed as can be."""
    groups: dict[tuple[VoiceConstraint, ...], list[Voice]] = {}
    for voice in known:
        if voice.speaks(language):
            groups.setdefault(failing(voice, request), []).append(voice)
    fewest = min(map(len, groups), default=0)
    out = []
    for limits, group in sorted(groups.items()):
        if len(limits) == fewest:
            nearest = min(group, key=lambda v: (_distance(v, limits, request), _rank(v, request)))
            out.append((_met_by(nearest, limits, request), nearest))
    return out


def _rank(voice: Voice, request: RoutingRequest) -> tuple[Any, ...]:
    prefer = request.prefer
    at = prefer.index(voice.name) if voice.name in prefer else len(prefer)
    return voice.cost_multiplier, -voice.quality, at, voice.name


def _distance(
    voice: Voice, limits: Sequence[VoiceConstraint], request: RoutingRequest
) -> tuple[float, int, bool]:
    """How far from what was asked, for voices that fail the same constraints."""
    misspelt = bool(difflib.get_close_matches(request.use_case, voice.use_cases, 1))
    return (
        -voice.quality * (VoiceConstraint.QUALITY in limits),
        voice.known_millis * (VoiceConstraint.LATENCY in limits),
        VoiceConstraint.USE_CASE in limits and not misspelt,
    )


def _met_by(voice: Voice, limits: Sequence[VoiceConstraint], request: RoutingRequest) -> RoutingRequest:
    if VoiceConstraint.QUALITY in limits:
        request = replace(request, min_quality=voice.quality)
    if VoiceConstraint.LATENCY in limits:
        request = replace(request, max_latency_millis=voice.known_millis)
    if VoiceConstraint.USE_CASE in limits:
        near = difflib.get_close_matches(request.use_case, voice.use_cases, 1)
        request = replace(request, use_case=(near or voice.use_cases or ("",))[0])
    return request


def _nobody(known: Sequence[Voice], request: RoutingRequest, language: str) -> str:
    if not known:
        return "no voice has figures to choose by: give it some in voices.toml, or name one with --voice"
    able = [voice for voice in known if voice.speaks(language)]
    if not able:
        tags = dict.fromkeys(tag for voice in known for tag in voice.languages)
        return f"no voice in voices.toml speaks {language!r}: they speak {_some(tags)}"
    why = []
    for limit, value in request.limits().items():
        out = [voice for voice in able if limit in failing(voice, request)]
        if out:
            why.append(f"{limit} {value} excludes {_some([_shown(voice, limit) for voice in out])}")
    ways = [f"{_change(request, way)} would take {voice.name}" for way, voice in relaxed(able, request)]
    return f"no voice will do: {'; '.join(why)}; {', '.join(ways[:SHOWN])}"


def _shown(voice: Voice, limit: VoiceConstraint) -> str:
    figure = {
        VoiceConstraint.QUALITY: repr(voice.quality),
        VoiceConstraint.LATENCY: f"{voice.known_millis} ms",
        VoiceConstraint.USE_CASE: ", ".join(voice.use_cases) or "no use case",
    }
    return f"{voice.name} ({figure[limit]})"


def _change(request: RoutingRequest, way: RoutingRequest) -> str:
    """The options in which `way` differs."""
    before, after = request.limits(), way.limits()
    return " and ".join(
        f"{limit} {after[limit]}" if limit in after else f"no {limit}"
        for limit in VoiceConstraint
        if before.get(limit) != after.get(limit)
    )


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
    return ", ".join(listed[:SHOWN]) + more
