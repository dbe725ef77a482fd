"""What is known of each voice: its price beside the others', how fast and how good it is, what it is for.

Reads the text of voices.toml files, of which a later one adds to an earlier one or overrides it, field by
field. Which files these are is for `adapters.voice_files`, and which voice speaks is for
`core.voices.routing`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from speeko_jobs.core.model.suggestions import suggestion
from speeko_jobs.core.providers.profiles import PROFILES, Profile
from speeko_jobs.core.text import language_tags as languages
from speeko_jobs.errors import ConfigError

AUTO = "auto"  # in place of a voice's name: the cheapest that meets what was asked
LEARNED_CALLS = 100  # from so many calls on, the latency that was seen counts, not the one declared
MAX_LATENCY_MILLIS = 3_600_000
MAX_MULTIPLIER = 10_000
FIELDS = ("cost_multiplier", "latency_ms", "quality", "use_cases", "languages")
REQUIRED = ("latency_ms", "quality")

Fields = dict[str, Any]
Tables = dict[str, dict[str, Fields]]  # provider → voice → its fields


@dataclass(frozen=True)
class Voice:
    """One voice. `cost_multiplier` is on the provider's own price; `quality` is 0 to 1.

    `latency_millis` is declared: of a whole call. `learned_millis` is the mean of `calls` real ones, None
    before there are enough. No `languages`: it speaks any.
    """

    name: str
    cost_multiplier: Decimal
    latency_millis: int
    quality: float
    use_cases: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    learned_millis: int | None = None
    calls: int = 0

    @property
    def known_millis(self) -> int:
        """The latency in force: learned, else declared."""
        return self.latency_millis if self.learned_millis is None else self.learned_millis

    def speaks(self, language: str) -> bool:
        """Whether a BCP 47 tag is one of its languages, part of one ("en-GB" of "en") or the whole of it."""
        if not self.languages or not language:
            return True
        tag = language.lower()
        own = [each.lower() for each in self.languages]
        return any(tag == o or tag.startswith(o + "-") or o.startswith(tag + "-") for o in own)

    def learned(self, calls: int, latency_millis: int) -> Voice:
        """The same voice after `calls` calls that took so long together."""
        mean = round(latency_millis / calls) if calls >= LEARNED_CALLS else None
        return replace(self, calls=calls, learned_millis=mean)

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "cost_multiplier": str(self.cost_multiplier)}


def voice_from_json(data: Mapping[str, Any]) -> Voice:
    """The voice that `to_json` wrote."""
    exact = {
        "cost_multiplier": Decimal(data["cost_multiplier"]),
        "use_cases": tuple(data["use_cases"]),
        "languages": tuple(data["languages"]),
    }
    return Voice(**{**data, **exact})


def read(sources: Iterable[tuple[str, str]]) -> dict[str, tuple[Voice, ...]]:
    """Provider → voices, out of (file, its text), later ones over earlier ones. Raises ConfigError."""
    tables: Tables = {}
    for where, text in sources:
        for provider, voices in _parsed(where, text).items():
            known = tables.setdefault(provider, {})
            for name, fields in voices.items():
                known[name] = {**known.get(name, {}), **fields}
                lacks = [field for field in REQUIRED if field not in known[name]]
                if lacks:
                    raise ConfigError(f"{where}: [{provider}.{name}] lacks {' and '.join(lacks)}")
    return {
        provider: tuple(_voice(name, fields) for name, fields in voices.items())
        for provider, voices in tables.items()
    }


def priced(profile: Profile, voices: Sequence[Voice]) -> Profile:
    """The provider's profile with these voices' multipliers: what calls really cost under them."""
    own = {voice.name: voice.cost_multiplier for voice in voices}
    return replace(profile, voice_multipliers={**profile.voice_multipliers, **own})


def parse_toml(where: str, text: str) -> dict[str, Any]:
    """TOML whose floats are exact. Raises ConfigError with the file and the line."""
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError, ArithmeticError) as error:  # TOMLDecodeError is a ValueError
        raise ConfigError(f"{where}: not valid TOML: {' '.join(str(error).split())}") from None


def use_case(name: str) -> str:
    """A use case in its one spelling: "Customer Service" and "customer_service" as customer-service."""
    return "-".join(name.casefold().replace("_", " ").replace("-", " ").split())


def _voice(name: str, fields: Fields) -> Voice:
    return Voice(
        name,
        fields.get("cost_multiplier", Decimal(1)),
        fields["latency_ms"],
        fields["quality"],
        fields.get("use_cases", ()),
        fields.get("languages", ()),
    )


def _parsed(where: str, text: str) -> Tables:
    tables: Tables = {}
    for provider, voices in parse_toml(where, text).items():
        if provider not in PROFILES:
            known = f"{suggestion(provider, PROFILES)}: {', '.join(PROFILES)}"
            raise ConfigError(f"{where}: there is no provider {provider!r}{known}")
        if not isinstance(voices, dict):
            raise ConfigError(f"{where}: {provider} takes tables such as [{provider}.a-voice]")
        tables[provider] = {}
        for name, fields in voices.items():
            at = f"{where}: [{provider}.{name}]"
            if not isinstance(fields, dict):
                raise ConfigError(f"{where}: [{provider}] {name}: a voice is a table, [{provider}.{name}]")
            if not name.strip() or name == AUTO:
                raise ConfigError(f"{at}: a voice cannot be named {name!r}")
            tables[provider][name] = {field: _field(at, field, value) for field, value in fields.items()}
    return tables


def _field(at: str, field: str, value: Any) -> Any:
    if field == "cost_multiplier":
        return _number(at, field, value, MAX_MULTIPLIER)
    if field == "quality":
        return float(_number(at, field, value, 1))
    if field == "latency_ms":
        return round(_number(at, field, value, MAX_LATENCY_MILLIS))
    if field not in FIELDS:
        raise ConfigError(f"{at}: there is no field {field!r}: {', '.join(FIELDS)}")
    if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
        raise ConfigError(f'{at}: {field} takes a list of words, such as ["one", "two"]')
    return tuple(dict.fromkeys(map(use_case if field == "use_cases" else languages.tag, value)))


def _number(at: str, field: str, value: Any, most: int) -> Decimal:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        exact = Decimal(value)
        if exact.is_finite() and 0 <= exact <= most:
            return exact
    raise ConfigError(f"{at}: {field} takes a number from 0 to {most}")
