"""The choice of a voice: always one that meets what was asked, never a dearer one than need be."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speeko_jobs.adapters.voice_files import read_voices
from speeko_jobs.core.voices.cheapest_voice import (
    RoutingRequest,
    candidates,
    checked,
    choose,
    failing,
    relaxed,
)
from speeko_jobs.core.voices.voice_catalog import Voice
from speeko_jobs.errors import ConfigError
from tests.fixtures.voices import LANGUAGES, REQUESTS, asked, possible, some_voices

SEED = read_voices()["speeko"]
PROFESSIONAL, FRIENDLY, FAST = "kokoro-professional", "kokoro-friendly", "kokoro-low-latency"
IMPOSSIBLE: list[dict[str, Any]] = [{"max_latency_millis": 10}, {"min_quality": 1.01}, {"use_case": "opera"}]


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        (asked(), FAST),
        (asked(0.85, 500), FAST),
        (asked(0.9, 500), PROFESSIONAL),
        (asked(0.9, 500, "narration", FRIENDLY), PROFESSIONAL),
        (asked(0.9, 500, "support"), FRIENDLY),
        (asked(0.92, 500, "casual"), FRIENDLY),
        (asked(0, 100), FAST),
        (asked(0, 80), FAST),
        (asked(0.88), FAST),
        (asked(0, None, "", FRIENDLY), FAST),
    ],
    ids=str,
)
def test_the_voice_among_the_three(request_: RoutingRequest, name: str) -> None:
    assert choose(SEED, request_).name == name


def test_ties_go_by_quality_then_preference_then_name() -> None:
    b, a = (Voice(name, Decimal(1), 100, 0.9) for name in "ba")
    better, dear = Voice("z", Decimal(1), 100, 0.91), Voice("0", Decimal("1.01"), 1, 1.0)
    assert choose([dear, b, a], asked()).name == "a"
    assert choose([dear, b, a], asked(0, None, "", "b")).name == "b"
    assert choose([dear, b, a, better], asked(0, None, "", "b", "0")).name == "z"


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (asked(0.96), ["--min-quality 0.96 excludes", "(0.95)", "--min-quality 0.95 would take kokoro-pro"]),
        (asked(0, 50), ["(80 ms)", "--max-latency-ms 80 would take " + FAST]),
        (asked(0.9, 100), [
            "--min-quality 0.9 excludes kokoro-low-latency (0.88)",
            "--max-latency-ms 100 excludes kokoro-professional (150 ms), kokoro-friendly (150 ms)",
            "--min-quality 0.88 would take " + FAST,
            "--max-latency-ms 150 would take " + PROFESSIONAL,
        ]),
        (asked(0, None, "naration"), ["--use-case narration would take " + PROFESSIONAL]),
        (asked(0.93, None, "support"), ["--min-quality 0.92 would take " + FRIENDLY]),
        (asked(0.99, 10, "opera"), ["--min-quality 0.95 and --max-latency-ms 150 and --use-case business"]),
    ],
    ids=str,
)  # fmt: skip
def test_where_no_voice_will_do_the_error_names_what_to_relax(
    request_: RoutingRequest, told: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        choose(SEED, request_)
    assert "\n" not in str(caught.value)
    for words in told:
        assert words in str(caught.value)


def test_a_provider_without_figures_and_a_language_that_nobody_speaks() -> None:
    with pytest.raises(ConfigError, match="no voice has figures"):
        choose([], asked())
    with pytest.raises(ConfigError, match=r"no voice in voices\.toml speaks 'de': they speak en-US"):
        choose(read_voices()["kokoro-fastapi"], asked(), "de")


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (asked(1.01), "--min-quality takes 0 to 1, not 1.01"),
        (asked(-0.1), "--min-quality takes 0 to 1"),
        (asked(float("nan")), "--min-quality takes 0 to 1, not nan"),
        (asked(0, 0), "--max-latency-ms takes 1 to"),
        (
            asked(0, None, "", "kokoro-frendly"),
            r"no voice 'kokoro-frendly' \(did you mean kokoro-friendly\?\)",
        ),
        (asked(0, None, "", "nova"), "no voice 'nova': kokoro-professional, kokoro-friendly"),
    ],
    ids=str,
)
def test_a_request_that_cannot_be(request_: RoutingRequest, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        checked(request_, SEED)


def test_a_use_case_has_one_spelling() -> None:
    assert choose(SEED, checked(asked(0, None, "Customer Service"), SEED)).name == FRIENDLY


def meets(voice: Voice, request: RoutingRequest, language: str) -> bool:
    """What was asked, said once more and without the code under test."""
    most = request.max_latency_millis
    seen = voice.latency_millis if voice.learned_millis is None else voice.learned_millis
    fits = voice.quality >= request.min_quality and (most is None or seen <= most)
    return fits and (not request.use_case or request.use_case in voice.use_cases) and voice.speaks(language)


@settings(deadline=None)
@given(some_voices(), REQUESTS, LANGUAGES)
def test_the_chosen_voice_meets_all_and_no_cheaper_one_does(
    voices: list[Voice], request: RoutingRequest, language: str
) -> None:
    able = [voice for voice in voices if meets(voice, request, language)]
    if not able:
        with pytest.raises(ConfigError) as caught:
            choose(voices, request, language)
        assert "\n" not in str(caught.value)
        return
    chosen = choose(voices, request, language)
    assert chosen in able
    assert chosen.cost_multiplier == min(voice.cost_multiplier for voice in able)
    equals = [voice for voice in able if voice.cost_multiplier == chosen.cost_multiplier]
    assert chosen.quality == max(voice.quality for voice in equals)
    preferred = [v.name for v in equals if v.quality == chosen.quality and v.name in request.prefer]
    assert not preferred or chosen.name == min(preferred, key=request.prefer.index)


@settings(deadline=None)
@given(some_voices(1), REQUESTS, LANGUAGES, st.sampled_from(IMPOSSIBLE))
def test_what_the_error_proposes_works(
    voices: list[Voice], request: RoutingRequest, language: str, more: dict[str, Any]
) -> None:
    request = dataclasses.replace(request, **more)
    ways = relaxed(voices, request, language)
    assert bool(ways) == any(voice.speaks(language) for voice in voices)
    for way, voice in ways:
        assert voice in candidates(voices, way, language)
        assert way != request


@settings(deadline=None)
@given(some_voices(2), REQUESTS, LANGUAGES, st.booleans())
def test_a_voice_that_is_dearer_or_meets_less_changes_no_choice(
    voices: list[Voice], request: RoutingRequest, language: str, dearer: bool
) -> None:
    *others, added = voices
    request, language = possible(others, request, language)
    before = choose(others, request, language)
    if dearer or meets(added, request, language):
        added = dataclasses.replace(added, cost_multiplier=before.cost_multiplier + Decimal("0.01"))
    assert choose([*others, added], request, language) == before
    assert choose([added, *reversed(others)], request, language) == before


def test_failing_tells_every_constraint_that_is_not_met() -> None:
    assert [str(limit) for limit in failing(SEED[0], asked(0.96, 149, "casual"))] == [
        "--min-quality", "--max-latency-ms", "--use-case",
    ]  # fmt: skip
