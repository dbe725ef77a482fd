"""voices.toml: what may stand in it, how files add up, and what prices follow."""

from __future__ import annotations

import dataclasses
import json
from decimal import Decimal

import pytest

from speeko_jobs.adapters.voice_files import read_voices
from speeko_jobs.core.providers.profiles import PROFILES
from speeko_jobs.core.voices.voice_catalog import (
    LEARNED_CALLS,
    Voice,
    priced,
    read,
    use_case,
    voice_from_json,
)
from speeko_jobs.errors import ConfigError

BUILT_IN = read_voices()
PLAIN = "[speeko.new]\nlatency_ms = 100\nquality = 0.5\n"
VOICE = Voice("v", Decimal(1), 150, 0.9)


def test_the_figures_of_the_three_voices_bind() -> None:
    assert BUILT_IN["speeko"] == (
        Voice("kokoro-professional", Decimal(1), 150, 0.95, ("business", "professional", "narration")),
        Voice("kokoro-friendly", Decimal(1), 150, 0.92, ("customer-service", "casual", "support")),
        Voice("kokoro-low-latency", Decimal("0.8"), 80, 0.88, ("real-time", "interactive", "voice-chat")),
    )


@pytest.mark.parametrize("provider", PROFILES)
def test_built_in_voices_cost_what_the_profile_charges(provider: str) -> None:
    profile, voices = PROFILES[provider], BUILT_IN[provider]
    assert priced(profile, voices).price(1_000, profile.default_model, voices[0].name) == profile.price(
        1_000, profile.default_model, voices[0].name
    )
    for voice in voices:
        assert voice.cost_multiplier == profile.voice_multipliers.get(voice.name, 1), voice.name
        assert not profile.voices or voice.name in profile.voices
        assert profile.refusal(voice.name, "") is None


def test_a_later_file_adds_voices_and_overrides_single_fields() -> None:
    first = '[speeko.a]\nlatency_ms = 100\nquality = 0.5\nuse_cases = ["Voice_Chat", "voice chat"]\n'
    second = "[speeko.a]\nquality = 0.7\ncost_multiplier = 0.1\n[openai.b]\nlatency_ms = 7\nquality = 1\n"
    found = read([("first", first), ("second", second)])
    assert found == {
        "speeko": (Voice("a", Decimal("0.1"), 100, 0.7, ("voice-chat",)),),
        "openai": (Voice("b", Decimal(1), 7, 1.0),),
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[speeko.a\n", "my.toml: not valid TOML: .*line 1"),
        ("\n\n[speeko.a]\nquality = good\n", "my.toml: not valid TOML: .*line 4"),
        ("a = " + "[" * 5_000, "my.toml: not valid TOML"),
        ("a = " + "9" * 5_000, "my.toml: not valid TOML"),
        (PLAIN + "x = 0x" + "f" * 5_000, "there is no field 'x'"),
        (PLAIN + "cost_multiplier = 0x" + "f" * 5_000, "cost_multiplier takes a number from 0 to 10000"),
        (PLAIN.replace("0.5", "1.5"), r"my.toml: \[speeko.new\]: quality takes a number from 0 to 1"),
        (PLAIN.replace("0.5", "nan"), "quality takes a number"),
        (PLAIN.replace("0.5", "inf"), "quality takes a number"),
        (PLAIN.replace("0.5", "true"), "quality takes a number"),
        (PLAIN.replace("0.5", "'high'"), "quality takes a number"),
        (PLAIN.replace("100", "-1"), "latency_ms takes a number from 0 to 3600000"),
        (PLAIN + "colour = 1", "there is no field 'colour': cost_multiplier"),
        (PLAIN + "use_cases = 'narration'", "use_cases takes a list of words"),
        (PLAIN + "languages = [1]", "languages takes a list of words"),
        ("[speeko.new]\nquality = 1\n", r"my.toml: \[speeko.new\] lacks latency_ms"),
        ("[speeko.new]\n", "lacks latency_ms and quality"),
        ("[speko.new]\n", r"there is no provider 'speko' \(did you mean speeko, espeak\?\): espeak, speeko"),
        ("speeko = 1", r"speeko takes tables such as \[speeko.a-voice\]"),
        ("[speeko]\nquality = 1", r"a voice is a table, \[speeko.quality\]"),
        ("[speeko.auto]\n", "a voice cannot be named 'auto'"),
        ("[speeko.' ']\n", "a voice cannot be named ' '"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_in_one_line(text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        read([("my.toml", text)])
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("languages", "tag", "speaks"),
    [
        ((), "de", True),
        (("en",), "", True),
        (("en",), "en", True),
        (("en",), "EN-gb", True),
        (("en-GB",), "en", True),
        (("en-GB",), "en-US", False),
        (("en",), "eng", False),
        (("fr", "de"), "de-AT", True),
    ],
)
def test_the_languages_of_a_voice(languages: tuple[str, ...], tag: str, speaks: bool) -> None:
    assert dataclasses.replace(VOICE, languages=languages).speaks(tag) is speaks


def test_what_calls_took_counts_once_there_are_enough() -> None:
    few = VOICE.learned(LEARNED_CALLS - 1, 99 * 700)
    assert (few.known_millis, few.learned_millis, few.calls) == (150, None, 99)
    enough = VOICE.learned(LEARNED_CALLS, 100 * 700 + 60)
    assert (enough.known_millis, enough.latency_millis) == (701, 150)


def test_prices_follow_the_file() -> None:
    mine = priced(PROFILES["speeko"], (dataclasses.replace(VOICE, cost_multiplier=Decimal("0.25")),))
    assert mine.price(1_000, "kokoro", "v") == 3_751
    assert mine.price(1_000, "kokoro", "kokoro-low-latency") == 12_001


def test_a_voice_survives_json() -> None:
    for voice in (*BUILT_IN["speeko"], BUILT_IN["kokoro-fastapi"][0].learned(100, 5)):
        assert voice_from_json(json.loads(json.dumps(voice.to_json()))) == voice


def test_use_cases_have_one_spelling() -> None:
    assert {use_case(w) for w in ("Customer Service", "customer_service", " customer--service ")} == {
        "customer-service"
    }
