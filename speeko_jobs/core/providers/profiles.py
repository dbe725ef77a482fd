"""What each speech API takes and charges: one profile a server, from their published specifications.

A profile knows limits, formats, voices, prices and how characters are counted. It sends nothing.
Sources of the figures: the API references of each project, read in 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType

from speeko_jobs.core.model.suggestions import suggestion
from speeko_jobs.core.providers.espeak_voices import espeak_voice
from speeko_jobs.core.text import language_tags as languages
from speeko_jobs.core.text.ssml import ESPEAK, SsmlDialect, is_canonical
from speeko_jobs.core.text.ssml import billable_chars as ssml_chars
from speeko_jobs.errors import ConfigError

ESPEAK_FAMILY = "espeak-ng"

OPENAI_VOICES = (
    "alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer", "verse",
    "marin", "cedar",
)  # fmt: skip

# Kokoro's pipelines are single letters; the longer tags are those that it tells apart.
KOKORO_LANGUAGES = MappingProxyType(
    {
        "en": "a", "en-gb": "b", "en-au": "b", "en-ie": "b", "en-nz": "b", "en-in": "b", "en-za": "b",
        "es": "e", "fr": "f", "hi": "h", "it": "i", "ja": "j", "pt": "p", "zh": "z", "cmn": "z",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Profile:
    """One speech API. Prices are micro-dollars (Decimal); lengths are characters as the API counts them."""

    name: str
    family: str  # part of the key: two profiles of one family and model sound the same
    models: tuple[str, ...]
    default_voice: str
    formats: tuple[str, ...]
    max_chars: int  # longest input of one call; longer texts are cut at sentence ends and joined
    char_micros: Mapping[str, Decimal] = field(default_factory=dict)  # by model; "" is any other
    call_micros: int = 0
    voice_multipliers: Mapping[str, Decimal] = field(default_factory=dict)
    voices: tuple[str, ...] = ()  # empty: whatever the server offers
    takes_language: bool = False
    language_field: str = ""
    language_codes: Mapping[str, str] = field(default_factory=dict)  # BCP 47 to its own; empty: as it is
    lists_voices: bool = False  # has GET /v1/audio/voices
    extra_body: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    honours_idempotency_key: bool = False
    needs_key: bool = True
    default_url: str = ""
    min_speed: float = 0.25
    max_speed: float = 4.0
    ssml: SsmlDialect | None = None  # what it takes of SSML; None: nothing

    @property
    def default_model(self) -> str:
        return self.models[0]

    @property
    def is_deterministic(self) -> bool:
        """Whether equal sounds are equal bytes, whatever the words; and a call costs nothing."""
        return self.family == ESPEAK_FAMILY

    def price(self, chars: int, model: str, voice: str) -> int:
        """Micro-dollars of one call that speaks `chars` billable characters, rounded half up."""
        rate = self.char_micros.get(model, self.char_micros.get("", Decimal(0)))
        amount = chars * rate * self.voice_multipliers.get(voice, Decimal(1)) + self.call_micros
        return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))

    def billable_chars(self, text: str) -> int:
        """Characters that the API bills for `text`: code points, without the tags that it does not bill."""
        if self.ssml is not None and is_canonical(text):
            return ssml_chars(text, self.ssml)
        return len(text)

    def language_code(self, language: str) -> str | None:
        """What the API calls a BCP 47 tag, from region back to language; None where it does not speak it."""
        if not self.language_codes:
            return language
        parts = language.lower().replace("_", "-").split("-")
        tags = ("-".join(parts[:n]) for n in range(len(parts), 0, -1))
        return next((self.language_codes[tag] for tag in tags if tag in self.language_codes), None)

    def refusal(self, voice: str, language: str, written: str = "") -> str | None:
        """One line on why this API will not speak that language with that voice; None where it may.

        `written`: the language as the user wrote it, for the line.

        Pure, for plan time: says only what is known without asking the server.
        """
        if self.family == ESPEAK_FAMILY:
            if espeak_voice(voice, language) is not None:
                return None
            if espeak_voice("", language) is not None:
                return f"espeak has no voice {voice!r}: `speeko voices` lists them"
            return f"espeak does not speak the language {languages.shown(language, written)}"
        if language and self.takes_language and self.language_code(language) is None:
            return f"{self.name} does not speak the language {languages.shown(language, written)}"
        return None

    def with_price(self, usd_per_million: str) -> Profile:
        """The same API at another price for every model (a contract's, or a rehearsal's)."""
        try:
            rate = Decimal(usd_per_million)
            if not rate.is_finite() or rate < 0:
                raise ValueError
        except (ArithmeticError, ValueError):
            raise ConfigError(f"price_per_million takes dollars, not {usd_per_million!r}") from None
        return replace(self, char_micros={"": rate})


class Prices(dict[tuple[str, int], int]):
    """Micro-dollars of a call by voice and billable characters: prices are exact decimals, and few differ."""

    def __init__(self, profile: Profile, model: str) -> None:
        super().__init__()
        self._profile, self._model = profile, model

    def __missing__(self, asked: tuple[str, int]) -> int:
        voice, chars = asked
        self[asked] = price = self._profile.price(chars, self._model, voice)
        return price

    def of_row(self, voice: str, chars: int, calls: int) -> int:
        """What speaking a row costs at list price when its text takes so many calls."""
        return self[voice, chars] + (max(1, calls) - 1) * self._profile.call_micros


PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        p.name: p
        for p in (
            Profile(
                name="espeak",
                family=ESPEAK_FAMILY,
                models=("espeak-ng-1.52",),
                default_voice="",
                formats=("wav", "mp3", "flac", "ogg", "opus"),
                max_chars=5_000,
                takes_language=True,
                needs_key=False,
                min_speed=0.5,
                max_speed=2.5,
                ssml=ESPEAK,
            ),
            Profile(
                name="speeko",
                family="speeko",
                models=("kokoro",),
                default_voice="kokoro-professional",
                formats=("mp3", "opus", "flac", "wav", "ogg"),
                max_chars=4_096,
                char_micros={"": Decimal(15)},
                call_micros=1,
                voice_multipliers={"kokoro-low-latency": Decimal("0.8")},
                voices=("kokoro-professional", "kokoro-friendly", "kokoro-low-latency"),
                takes_language=True,
                language_field="language",
                lists_voices=True,
                honours_idempotency_key=True,
            ),
            Profile(
                name="openai",
                family="openai",
                models=("tts-1", "tts-1-hd"),
                default_voice="alloy",
                formats=("mp3", "opus", "flac", "wav"),
                max_chars=4_096,
                char_micros={"tts-1": Decimal(15), "tts-1-hd": Decimal(30)},
                voices=OPENAI_VOICES,
                default_url="https://api.openai.com",
            ),
            Profile(
                name="kokoro-fastapi",
                family="kokoro-fastapi",
                models=("kokoro",),
                default_voice="af_heart",
                formats=("mp3", "opus", "flac", "wav"),
                max_chars=400,
                char_micros={"": Decimal(0)},
                takes_language=True,
                language_field="lang_code",
                language_codes=KOKORO_LANGUAGES,
                lists_voices=True,
                extra_body={"stream": False},
                needs_key=False,
                default_url="http://127.0.0.1:8880",
            ),
            Profile(
                name="speaches",
                family="speaches",
                models=("speaches-ai/Kokoro-82M-v1.0-ONNX",),
                default_voice="af_heart",
                formats=("mp3", "flac", "wav"),
                max_chars=400,
                char_micros={"": Decimal(0)},
                lists_voices=True,
                needs_key=False,
                default_url="http://127.0.0.1:8000",
                min_speed=0.5,
                max_speed=2.0,
            ),
        )
    }
)


def profile_of(name: str, price_per_million: str = "") -> Profile:
    """The profile of that name. Raises ConfigError that lists the names there are."""
    found = PROFILES.get(name)
    if found is None:
        raise ConfigError(f"there is no provider {name!r}{suggestion(name, PROFILES)}: {', '.join(PROFILES)}")
    return found.with_price(price_per_million) if price_per_million else found
