from __future__ import annotations

import pytest

from speeko_jobs.core.providers.espeak_voices import LANGUAGES, VOICES, espeak_voice


@pytest.mark.parametrize(
    ("voice", "language", "expected"),
    [
        ("", "", "en-us"),
        ("", "en", "en-us"),
        ("", "en-GB", "en"),
        ("", "en_AU", "en"),
        ("", "en-CA", "en-us"),
        ("", "de", "de"),
        ("", "de-AT", "de"),
        ("", "pt-BR", "pt-br"),
        ("", "pt-PT", "pt"),
        ("", "zh", "cmn"),
        ("", "zh-Hans-CN", "cmn"),
        ("", "zh-TW", "cmn"),
        ("", "zh-HK", "yue"),
        ("", "zh-Hant-HK", "yue"),
        ("", "no", "nb"),
        ("", "nn-NO", "nb"),
        ("", "nb", "nb"),
        ("", "es-MX", "es-419"),
        ("", "es-ES", "es"),
        ("", "iw", "he"),
        ("en-us+f3", "", "en-us+f3"),
        ("EN-US+F3", "de", "en-us+f3"),
        ("+f3", "de", "de+f3"),
        ("+unirobot", "", "en-us+UniRobot"),
        ("fr-be", "de", "fr-be"),
        ("", "xx", None),
        ("", "zh-min-nan-x", "cmn"),
        ("", "nan", None),
        ("", "fo", None),  # espeak lists it, but has no dictionary for it
        ("nobody", "de", None),
        ("de+nobody", "", None),
        ("", "../../etc/passwd", None),
    ],
)
def test_the_voice_of_a_row(voice: str, language: str, expected: str | None) -> None:
    assert espeak_voice(voice, language) == expected


def test_every_alias_leads_to_a_voice() -> None:
    assert {name for name in LANGUAGES.values() if name} <= VOICES
