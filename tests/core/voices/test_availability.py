"""A voice or language that does not exist is refused with the nearest names; what is on no list may pass."""

from __future__ import annotations

import dataclasses

import pytest

from speeko_jobs.core.job.job_spec import checked
from speeko_jobs.core.providers.profiles import PROFILES
from speeko_jobs.core.text.language_tags import tag
from speeko_jobs.core.voices.availability import VoiceOffer
from speeko_jobs.errors import UsageError
from tests.fixtures.books import SPEC

KOKORO = ("af_bella", "af_heart", "af_sky", "bf_emma")


def refusal(provider: str, voice: str = "", language: str = "", **more: object) -> str:
    listed = KOKORO if provider in ("kokoro-fastapi", "speaches") else PROFILES[provider].voices
    offer = VoiceOffer(PROFILES[provider], listed=lambda: listed)
    return dataclasses.replace(offer, **more).refusal(voice, language) or ""  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("provider", "voice", "near"),
    [
        ("speeko", "kokoro-frendly", "did you mean kokoro-friendly"),
        ("speeko", "Kokoro-Friendly", "did you mean kokoro-friendly"),
        ("openai", "aloy", "did you mean alloy?"),
        ("openai", "kokoro", "`speeko voices` lists them"),
        ("kokoro-fastapi", "af_belle", "did you mean af_bella"),
        ("kokoro-fastapi", "af_bella+af_skye", "has no voice 'af_skye': did you mean af_sky"),
        ("kokoro-fastapi", "af_bella(two)+af_sky", "has no voice 'af_bella(two)+af_sky'"),
        ("speaches", "af_belle", "did you mean af_bella"),
        ("espeak", "en-usa+f33", "espeak has no voice"),
    ],
)
def test_a_voice_that_does_not_exist(provider: str, voice: str, near: str) -> None:
    said = refusal(provider, voice)
    assert near in said
    assert "\n" not in said
    assert ("--any-voice lets it pass" in said) == (provider != "espeak")


@pytest.mark.parametrize(
    ("provider", "voice"),
    [
        ("speeko", ""),
        ("speeko", "kokoro-low-latency"),
        ("openai", "shimmer"),
        ("kokoro-fastapi", "af_bella(2)+af_sky"),
        ("kokoro-fastapi", "af_bella(0.5)+af_sky(1)+bf_emma"),
        ("speaches", "af_sky"),
        ("espeak", "en-us+f3"),
    ],
)
def test_a_voice_that_exists(provider: str, voice: str) -> None:
    assert refusal(provider, voice) == ""


def test_a_list_that_is_not_known_refuses_nothing_and_own_voices_ask_for_none() -> None:
    assert refusal("speeko", "kokoro-frendly", listed=lambda: None) == ""
    asked = list[bool]()
    offer = VoiceOffer(PROFILES["speeko"], listed=lambda: asked.append(True) or ["cloned"])  # type: ignore[func-returns-value]
    assert offer.refusal("kokoro-friendly", "en") is None
    assert asked == []
    assert offer.refusal("cloned", "en") is None
    assert asked == [True]


def test_any_voice_passes_but_for_what_cannot_be_asked_for() -> None:
    assert refusal("speeko", "my-clone", any_voice=True) == ""
    assert refusal("speeko", "my-clone", "tlh", any_voice=True) == ""
    assert "does not speak" in refusal("kokoro-fastapi", "my-clone", "tlh", any_voice=True)
    assert "espeak has no voice" in refusal("espeak", "en-us+f33", any_voice=True)


@pytest.mark.parametrize("provider", ["speeko", "kokoro-fastapi"])
def test_klingon(provider: str) -> None:
    assert f"{provider} does not speak the language 'tlh'" in refusal(provider, "", tag("klingon"))
    said = VoiceOffer(PROFILES[provider]).refusal("", tag("klingon"), "klingon")
    assert said is not None
    assert f"{provider} does not speak the language 'klingon' (tlh)" in said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("germn", "there is no language 'germn': did you mean German"),
        ("xx", "there is no language 'xx'"),
        ("en-GB", ""),
        ("de-AT", ""),
        ("zh-Hant-HK", ""),
        ("cmn", ""),
        ("arb", ""),
        ("yue", ""),
        ("nb", ""),
        ("eo", ""),
    ],
)
def test_languages_are_valid_and_spoken(language: str, said: str) -> None:
    assert refusal("speeko", "", tag(language)).startswith(said)
    assert bool(refusal("speeko", "", tag(language))) == bool(said)


def test_region_variants_fall_back_as_before() -> None:
    assert refusal("kokoro-fastapi", "", "en-PH") == ""
    assert refusal("kokoro-fastapi", "", "pt-AO") == ""
    assert refusal("espeak", "", "de-AT") == ""


def test_a_jobs_own_voice_and_language_are_errors_of_usage() -> None:
    with pytest.raises(UsageError, match="there is no language 'germn': did you mean German"):
        checked(dataclasses.replace(SPEC, language="germn"))
    openai = dataclasses.replace(SPEC, provider="openai", model="", voice="aloy")
    with pytest.raises(UsageError, match=r"openai has no voice 'aloy': did you mean alloy\?"):
        checked(openai)
    assert checked(dataclasses.replace(openai, any_voice=True)).voice == "aloy"
    assert UsageError.exit_code == 2
