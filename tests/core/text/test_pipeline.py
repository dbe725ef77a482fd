"""From a row's text to its words: each step on request, in one order, and nothing by itself."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speeko_jobs.core.text.cleaning import spoken
from speeko_jobs.core.text.lexicon import Lexicon, LexiconEntry
from speeko_jobs.core.text.pipeline import Wording
from speeko_jobs.core.text.ssml import ESPEAK

NIKE = Lexicon([LexiconEntry("Nike", "Neik", "de"), LexiconEntry("kg", "Kilo"), LexiconEntry("™", "")])
ALL = Wording(repair=True, lexicon=NIKE, read_numbers=True)


@settings(deadline=None)
@given(st.text())
def test_nothing_on_is_the_bare_function(source: str) -> None:
    assert Wording().is_plain
    assert Wording().spoken(source, "de") == spoken(source)


def test_the_steps_come_in_order() -> None:
    source = "<p>Nike™ GrÃ¶ÃŸe 5 kg, 1&nbsp;299,00 € NIKE</p>"
    assert ALL.steps(source, "de") == [
        ("repaired", "<p>Nike™ Größe 5 kg, 1&nbsp;299,00 € NIKE</p>"),
        ("cleaned", "Nike™ Größe 5 kg, 1 299,00 € NIKE"),
        (
            "numbers",
            "Nike™ Größe fünf Kilogramm, eintausendzweihundertneunundneunzig Euro NIKE",
        ),
        (
            "lexicon",
            "Neik Größe fünf Kilogramm, eintausendzweihundertneunundneunzig Euro Neik",
        ),
    ]
    assert ALL.spoken(source, "de") == ALL.steps(source, "de")[-1][1]


def test_each_is_off_by_default() -> None:
    source = "NikeÃ© 5 kg"
    assert not ALL.is_plain
    assert Wording(repair=True).spoken(source, "de") == "Nikeé 5 kg"
    assert Wording(read_numbers=True).spoken(source, "de") == "NikeÃ© fünf Kilogramm"
    assert Wording(lexicon=NIKE).spoken(source, "de") == "NikeÃ© 5 Kilo"


@settings(deadline=None)
@given(
    st.text()
    | st.lists(st.sampled_from(["Nike", "™", "<b", ">", "&", "amp;", " ", "5", "kg", "Ã¶"])).map("".join)
)
def test_the_words_are_clean_whatever_is_on(source: str) -> None:
    words = ALL.spoken(source, "de")
    assert spoken(words) == words


def test_the_version_says_what_is_on() -> None:
    assert Wording().version == "2"
    assert Wording(repair=True, read_numbers=True).version == "2+repair+numbers"
    with_lexicon = Wording(lexicon=NIKE).version
    assert with_lexicon.startswith("2+lexicon:")
    assert with_lexicon != Wording(lexicon=Lexicon([LexiconEntry("a", "b")])).version


def test_ssml_keeps_its_tags_and_gets_the_same_words() -> None:
    source = (
        "<speak>Nike™ <break time='1s'/>GrÃ¶ÃŸe 5 kg <say-as interpret-as='characters'>Nike</say-as></speak>"
    )
    assert ALL.ssml(source, "de", ESPEAK) == (
        '<speak>Neik<break time="1000ms"/>Größe fünf Kilogramm '
        '<say-as interpret-as="characters">Nike</say-as></speak>'
    )
    with pytest.raises(ValueError, match="<audio>"):
        ALL.ssml("<speak>a<audio src='x'/></speak>", "de", ESPEAK)


def test_ssml_that_is_not_asked_for_is_never_spoken() -> None:
    assert Wording().spoken("<speak>Wait<break time='1s'/>now</speak>", "") == "Wait. now"
