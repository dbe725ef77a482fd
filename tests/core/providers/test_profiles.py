from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speeko_jobs.core.providers.profiles import PROFILES, profile_of
from speeko_jobs.errors import ConfigError

SPEEKO = PROFILES["speeko"]


@pytest.mark.parametrize(
    ("chars", "voice", "micros"),
    [
        (0, "kokoro-professional", 1),
        (1, "kokoro-professional", 16),
        (80, "kokoro-professional", 1_201),
        (80, "kokoro-friendly", 1_201),
        (80, "kokoro-low-latency", 961),
        (1, "kokoro-low-latency", 13),
        (4_096, "kokoro-professional", 61_441),
    ],
)
def test_a_speeko_call_costs_what_the_price_list_says(chars: int, voice: str, micros: int) -> None:
    assert SPEEKO.price(chars, "kokoro", voice) == micros


def test_models_have_their_own_rates() -> None:
    openai = PROFILES["openai"]
    assert openai.price(1_000, "tts-1", "alloy") == 15_000
    assert openai.price(1_000, "tts-1-hd", "alloy") == 30_000


def test_half_a_micro_dollar_is_rounded_up() -> None:
    assert profile_of("espeak", "0.5").price(1, "", "") == 1
    assert profile_of("espeak", "0.5").price(3, "", "") == 2
    assert profile_of("espeak", "0.4").price(1, "", "") == 0


@given(st.integers(0, 5_000), st.decimals(0, 200, places=4))
def test_a_price_is_whole_micro_dollars_within_half_of_exact(chars: int, usd_per_million: Decimal) -> None:
    price = profile_of("espeak", str(usd_per_million)).price(chars, "", "")
    assert abs(Decimal(price) - chars * usd_per_million) <= Decimal("0.5")


def test_a_given_price_keeps_the_multipliers_and_the_fee_of_a_call() -> None:
    assert profile_of("speeko", "10").price(100, "kokoro", "kokoro-low-latency") == 801


@pytest.mark.parametrize("price", ["cheap", "-1", "NaN", "Infinity", "1e", ""])
def test_a_price_that_is_none_is_refused(price: str) -> None:
    with pytest.raises(ConfigError, match="price_per_million"):
        SPEEKO.with_price(price)


def test_an_unknown_provider_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ConfigError, match="espeak, speeko, openai"):
        profile_of("polly")


@pytest.mark.parametrize(
    ("language", "code"),
    [("en", "a"), ("en-US", "a"), ("en-GB", "b"), ("pt_BR", "p"), ("zh-CN", "z"), ("de", None)],
)
def test_kokoro_has_letters_for_languages(language: str, code: str | None) -> None:
    assert PROFILES["kokoro-fastapi"].language_code(language) == code


def test_apis_without_codes_of_their_own_get_the_tag_as_it_is() -> None:
    assert SPEEKO.language_code("gsw-CH") == "gsw-CH"


@pytest.mark.parametrize(
    ("name", "voice", "language", "reason"),
    [
        ("espeak", "", "de-CH", None),
        ("espeak", "", "ceb", "does not speak the language 'ceb'"),
        ("espeak", "nobody", "de", "has no voice 'nobody'"),
        ("kokoro-fastapi", "af_heart", "de", "does not speak the language 'de'"),
        ("kokoro-fastapi", "af_heart", "", None),
        ("speeko", "any", "de", None),
        ("openai", "any", "de", None),
    ],
)
def test_refusals_known_before_anything_is_sent(
    name: str, voice: str, language: str, reason: str | None
) -> None:
    said = PROFILES[name].refusal(voice, language)
    assert (said is None) if reason is None else (said is not None and reason in said)


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_is_whole(name: str) -> None:
    profile = PROFILES[name]
    assert profile.models
    assert profile.formats
    assert profile.max_chars > 0
    assert profile.default_url or profile.needs_key or profile.family == "espeak-ng"
    assert set(profile.voice_multipliers) <= set(profile.voices)
