"""How a job's rows get their voices: what it keeps of figures, request and rules from when it was planned.

So a job, and a schedule that keeps its spec, choose the same for ever, whatever becomes of the files. The
choice itself is `core.voices.cheapest_voice`, the rules are `core.voices.rules`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from speeko_jobs.core.providers.profiles import Profile
from speeko_jobs.core.voices import rules as routing_rules
from speeko_jobs.core.voices import voice_catalog as voices
from speeko_jobs.core.voices.cheapest_voice import RoutingRequest, candidates, choose, failing
from speeko_jobs.core.voices.rules import Rule
from speeko_jobs.core.voices.voice_catalog import AUTO, Voice
from speeko_jobs.errors import ConfigError


@dataclass(frozen=True)
class Routing:
    """How the voices of a job's rows are chosen. `request` None: nothing is left to choose but by `rules`.

    `auto`: a row that neither its cell nor a rule gives a voice has the one that is chosen for its language.
    `kept` are the `choices` of the destination's last job. A voice that still meets the request by its
    declared figures goes on speaking, even if another has become cheaper or calls have become slower: a
    new voice would buy the whole catalog again.
    """

    voices: tuple[Voice, ...]
    request: RoutingRequest | None = None
    rules: tuple[Rule, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    auto: bool = False

    def voice_of(self, named: str, own: str, language: str) -> str:
        """The voice of a row of that language (BCP 47): `named` by its cell or a rule, else the job's `own`.

        Raises ConfigError where one is to be chosen and no voice will do.
        """
        named = named or (AUTO if self.auto else own)
        return self.choose(language).name if named == AUTO else named

    def choose(self, language: str = "") -> Voice:
        """The voice of a row of that language (BCP 47). Raises ConfigError where no voice will do."""
        if self.request is None:
            raise ConfigError(f"the voice {AUTO} takes a choice among voices: give --voice {AUTO}")
        kept = dict(self.kept)
        name = next((kept[kind] for kind in _kinds(language) if kind in kept), "")
        for voice in self.voices:
            declared = replace(voice, learned_millis=None)
            if voice.name == name and candidates([declared], self.request, language):
                return voice
        return choose(self.voices, self.request, language)

    def by_rules(self, header: Sequence[str]) -> Callable[[Sequence[str]], str]:
        """A row's cells → the voice of the first rule that it meets: a name, AUTO, or "" for none."""
        return routing_rules.compiled(self.rules, header)

    def priced(self, profile: Profile) -> Profile:
        """The provider's profile with the prices of these voices."""
        return voices.priced(profile, self.voices)

    def choices(self) -> tuple[tuple[str, str], ...]:
        """What it chooses, as (kind of language, voice): for the next job to keep to."""
        tags = [tag.lower() for voice in self.voices for tag in voice.languages]
        kinds = {"", "*", *dict(self.kept)}
        kinds.update(kind for tag in tags for kind in (*_prefixes(tag), *_kinds(tag)))
        out = []
        for kind in sorted(kinds):
            with contextlib.suppress(ConfigError):
                out.append((kind, self.choose(kind).name))
        return tuple(out)

    def notes(self, language: str = "") -> list[str]:
        """What a user would wonder about: a preferred voice that was not taken, a kept one that was."""
        if self.request is None:
            return []
        chosen, told = self.choose(language), []
        fresh = candidates(self.voices, self.request, language)
        if fresh and fresh[0].name != chosen.name:
            told.append(
                f"{chosen.name} speaks there already and is kept; chosen anew it would be {fresh[0].name}"
                " (--reroute)"
            )
        for name in self.request.prefer:
            voice = next((v for v in self.voices if v.name == name), None)
            if voice is not None and name != chosen.name and chosen.name not in self.request.prefer:
                told.append(
                    f"{name} is preferred, but {chosen.name} speaks: {self._why_not(voice, chosen, language)}"
                )
        return told

    def _why_not(self, voice: Voice, chosen: Voice, language: str) -> str:
        assert self.request is not None
        failed = failing(voice, self.request)
        if failed:
            return f"{voice.name} does not meet {' and '.join(failed)}"
        if not voice.speaks(language):
            return f"{voice.name} does not speak {language!r}"
        if chosen.cost_multiplier < voice.cost_multiplier:
            return "it is cheaper"
        return "it is as cheap and better" if chosen.quality > voice.quality else "it is kept"

    def to_json(self) -> dict[str, Any]:
        return {
            "voices": [voice.to_json() for voice in self.voices],
            "request": asdict(self.request) if self.request else None,
            "rules": [asdict(rule) for rule in self.rules],
            "kept": [list(choice) for choice in self.kept],
            "auto": self.auto,
        }


def from_json(data: Mapping[str, Any]) -> Routing:
    """The routing that `to_json` wrote."""
    request = data["request"]
    return Routing(
        tuple(map(voices.voice_from_json, data["voices"])),
        RoutingRequest(**{**request, "prefer": tuple(request["prefer"])}) if request else None,
        tuple(map(routing_rules.rule_from_json, data["rules"])),
        tuple((kind, name) for kind, name in data["kept"]),
        data["auto"],
    )


def saved_micros(profile: Profile, model: str, voice: str, chars: int) -> int:
    """What one call costs less at list price than with the provider's default voice (negative: more)."""
    return profile.price(chars, model, profile.default_voice) - profile.price(chars, model, voice)


def _prefixes(tag: str) -> list[str]:
    """ "zh-hant-tw" → itself, "zh-hant", "zh"."""
    parts = tag.split("-")
    return ["-".join(parts[:n]) for n in range(len(parts), 0, -1)]


def _kinds(language: str) -> list[str]:
    """The kinds of language that a tag belongs to, nearest first: "en-gb", "en-gb-*", "en-*", "*".

    Voices declare tags, and a tag that none declares is spoken by whoever speaks the nearest "-*".
    """
    tag = language.lower()
    if not tag:
        return [""]
    return [tag, *(f"{prefix}-*" for prefix in _prefixes(tag)), "*"]
