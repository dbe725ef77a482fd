"""Every character that a number's words stand for is said, or it stays as it stands."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speeko_jobs.core.text.numbers.sign_names import CURRENCY_SIGNS, UNIT_SPELLINGS, spoken_languages
from speeko_jobs.core.text.numbers.verbalize import read_out
from speeko_jobs.core.text.text_rules import CURRENT_RULES, VERSIONS

TONGUES = spoken_languages(CURRENT_RULES)
SCALES = ("k", "m", "bn", " million", " Mio.", " Mrd.", " thousand", " milliards")
UNITS = sorted({*UNIT_SPELLINGS, *(unit for tongue in TONGUES.values() for unit in tongue.units)})
PRICES = [
    ("Only $25 lb bag", "en", "Only twenty-five dollars lb bag"),
    ("ab €9 m² Fläche", "de", "ab neun Euro m² Fläche"),
    ("nur $4 kg netto", "de", "nur vier Dollar kg netto"),
    ("seulement $4 kg", "fr", "seulement quatre dollars kg"),
    ("£2.50kg", "en", "two pounds and fifty pence kg"),
    ("€3/m und €4/kg", "de", "drei Euro pro Meter und vier Euro pro Kilogramm"),
    ("3 €/m, 4 €/kg", "de", "drei Euro pro Meter, vier Euro pro Kilogramm"),
    ("$15 min order", "en", "fifteen dollars min order"),
    ("$12.5 million", "de", "zwölf Komma fünf Millionen Dollar"),
    ("£5m revenue", "de", "fünf Millionen Pfund revenue"),
    ("£5m de ventes", "fr", "cinq millions de livres de ventes"),
    ("5 Mio. € Umsatz", "en", "five million euros Umsatz"),
    ("1,2 Mrd. Euro", "fr", "un virgule deux milliards Euro"),
    ("SEK 1 299 kr", "en", "SEK one thousand two hundred ninety-nine kr"),
    ("SEK 1 299 kr", "de", "SEK eintausendzweihundertneunundneunzig kr"),
    ("1 299,00 €", "en", "one thousand two hundred ninety-nine euros"),
    ("5' 10\" tall, 6'2\"", "en", "five feet ten inches tall, six feet two inches"),
    ("5' 10\"", "de", "fünf Fuß zehn Zoll"),
    ("5' 10\"", "fr", "cinq pieds dix pouces"),
    ("2' x 4' x 8'", "en", "2' x 4' x 8'"),
]


@pytest.mark.parametrize(("text", "language", "said"), PRICES)
def test_what_stands_beside_a_number_stays(text: str, language: str, said: str) -> None:
    assert read_out(text, language) == said


def test_the_first_version_reads_as_it_did() -> None:
    assert read_out("$25 lb bag", "en", VERSIONS[1]) == "twenty-five dollars bag"
    assert read_out("SEK 1 299 kr", "en", VERSIONS[1]) == "SEK one two hundred ninety-nine kr"


def words_of(language: str, sign: str) -> set[str]:
    """Return what may stand for a unit, a currency or a scale in the words: its names, or itself."""
    tongue, found = TONGUES[language], {sign}
    if name := tongue.units.get(UNIT_SPELLINGS.get(sign, sign)):
        found |= set(name[:2])
    if code := CURRENCY_SIGNS.get(sign):
        money = tongue.money[code]
        found |= {*money.unit[:2], *(money.cent[:2] if money.cent else ())}
    if scale := tongue.scales.get(sign):
        found.add(scale)
    return found


@settings(deadline=None, max_examples=600)
@given(
    language=st.sampled_from(sorted(TONGUES)),
    price=st.sampled_from(["", *CURRENCY_SIGNS]),
    behind=st.sampled_from(["", *CURRENCY_SIGNS]),
    number=st.from_regex(r"\A[1-9][0-9]{0,2}(?:[., ][0-9]{3}){0,2}(?:[.,][0-9]{1,2})?\Z"),
    scale=st.sampled_from(["", *SCALES]),
    unit=st.sampled_from(["", *UNITS]),
    spaces=st.tuples(*[st.sampled_from(["", " ", "/"])] * 2, st.sampled_from(["", " "])),
    more=st.sampled_from(["", " bag", ".", " x 5", "-7", " - 9 kg"]),
)
def test_every_sign_is_said_or_stays(
    language: str,
    price: str,
    behind: str,
    number: str,
    scale: str,
    unit: str,
    spaces: tuple[str, str, str],
    more: str,
) -> None:
    text = f"for {price}{spaces[2]}{number}{scale}{spaces[0]}{behind}{spaces[1]}{unit}{more}"
    said = read_out(text, language)
    for sign in (price, behind, scale.strip(), unit):
        assert any(word in said for word in words_of(language, sign)), (text, said, sign)
    if more == " bag":
        assert said.endswith(" bag")


@settings(deadline=None, max_examples=300)
@given(
    language=st.sampled_from(sorted(TONGUES)),
    text=st.text(alphabet="0123456789 .,/-x$€£kgmlin'\"%½Mio", max_size=24),
)
def test_letters_are_never_lost(language: str, text: str) -> None:
    """No run of letters vanishes that is no sign beside a number: it is there, or a sign that has words."""
    said = read_out(f"Oak {text} elm", language)
    assert said.startswith("Oak ")
    assert said.endswith(" elm")
    for sign in ("$", "€", "£", "%"):
        if sign in text:
            names = words_of(language, sign)
            assert any(name in said for name in names), (text, said)
