"""Numbers as words, in tables a language; what is no number to read out; laws for any text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speeko_jobs.core.text.numbers.verbalize import read_out

ENGLISH = {
    "$19.99": "nineteen dollars and ninety-nine cents",
    "19,99 €": "nineteen euros and ninety-nine cents",
    "1.299,00 €": "one thousand two hundred ninety-nine euros",
    "$1,299.00": "one thousand two hundred ninety-nine dollars",
    "5 kg": "five kilograms",
    "1 kg": "one kilogram",
    "30 x 40 cm": "thirty by forty centimeters",
    "30x40x10cm": "thirty by forty by ten centimeters",
    "30 cm x 40 cm": "thirty centimeters by forty centimeters",
    "2026-03-01": "March first, twenty twenty-six",
    "01.03.2026": "March first, twenty twenty-six",
    "3/1/2026": "March first, twenty twenty-six",
    "25/12/2026": "December twenty-fifth, twenty twenty-six",
    "10%": "ten percent",
    "-5 °C": "minus five degrees Celsius",
    "1/2": "one half",
    "3/4 sleeves": "three-quarter sleeves",
    "1 1/2 inch": "one and a half inch",
    "1½ cups": "one and a half cups",
    '1/4"': "one quarter of an inch",
    "8GB": "eight gigabytes",
    "in 1999": "in nineteen ninety-nine",
    "1905": "nineteen oh-five",
    "the 1990s": "the nineteen nineties",
    "90s": "nineties",
    "21st": "twenty-first",
    "10-12 cm": "ten to twelve centimeters",
    "12 V-neck sweaters": "twelve V-neck sweaters",
    "5-year warranty": "five-year warranty",
    "2-pack": "two-pack",
    "ages 3-6": "ages three to six",
    "2010-2015": "twenty ten to twenty fifteen",
    "$10-20": "ten to twenty dollars",
    "$10.50-$20": "ten dollars and fifty cents to twenty dollars",
    "5-10 €": "five to ten euros",
    "$1.5 million": "one point five million dollars",
    "$2M": "two million dollars",
    "€0.99": "ninety-nine cents",
    "$1": "one dollar",
    "£5.50": "five pounds and fifty pence",
    "¥500": "five hundred yen",
    "6 x 330 ml": "six times three hundred thirty milliliters",
    "March 1, 2026": "March first, twenty twenty-six",
    "1 March 2026": "the first of March twenty twenty-six",
    "on the 1st of March": "on the first of March",
    "May 5": "May fifth",
    "ISO 9001": "ISO nine thousand one",
    "(5)": "(five)",
    "1,234,567": "one million two hundred thirty-four thousand five hundred sixty-seven",
    "3.14": "three point one four",
    "5.": "five.",
    "12345": "twelve thousand three hundred forty-five",
    '"Model 27" x': '"Model twenty-seven" x',
    'He said "take 5" ok': 'He said "take five" ok',
    "US$5": "five dollars",
    "- 5 items": "- five items",
    "+5 °C": "plus five degrees Celsius",
    "5 €/kg": "five euros per kilogram",
    "80 g/m²": "eighty grams per square meter",
    "100 g/m2": "one hundred grams per square meter",
    "2 in 1": "two in one",
    "3-in-1": "three-in-1",
    "1920x1080": "one thousand nine hundred twenty by one thousand eighty",
    "5m": "five meters",
    "60W": "sixty watts",
    "5000 mAh": "five thousand milliamp-hours",
    "2.4 GHz": "two point four gigahertz",
    "36 1/2": "thirty-six and a half",
    "1,5 kg": "one point five kilograms",
    "CHF 12.50": "twelve Swiss francs and fifty centimes",
    "EUR 5": "five euros",
    "0.5 l": "zero point five liters",
    "1.5 l": "one point five liters",
    "99.9%": "ninety-nine point nine percent",
    "1/2 inch": "one half inch",
    "1/4 cup": "one quarter cup",
    "2/3": "two thirds",
    "USB 3.0": "USB three point zero",
    "B2B 12 pcs": "B2B twelve pieces",
    "2026": "twenty twenty-six",
    "300 thread count": "three hundred thread count",
    "1st": "first",
    "30 × 40 × 50 mm": "thirty by forty by fifty millimeters",
    "10–12": "ten to twelve",
    "Size 10 - 12": "Size ten - twelve",
}
BRITISH = {
    "3/1/2026": "the third of January, twenty twenty-six",
    "the 2026-03-01": "the first of March, twenty twenty-six",
    "1 March 2026": "the first of March twenty twenty-six",
}
GERMAN = {
    "19,99 €": "neunzehn Euro und neunundneunzig Cent",
    "1.299,00 €": "eintausendzweihundertneunundneunzig Euro",
    "1.299 €": "eintausendzweihundertneunundneunzig Euro",
    "19,- €": "neunzehn Euro",
    "1 €": "ein Euro",
    "0,99 €": "neunundneunzig Cent",
    "5 kg": "fünf Kilogramm",
    "1 kg": "ein Kilogramm",
    "1 t": "eine Tonne",
    "1 h": "eine Stunde",
    "30 x 40 cm": "dreißig mal vierzig Zentimeter",
    "01.03.2026": "erster März zweitausendsechsundzwanzig",
    "am 01.03.2026": "am ersten März zweitausendsechsundzwanzig",
    "am 1. März 2026": "am ersten März zweitausendsechsundzwanzig",
    "der 3. Platz": "der dritte Platz",
    "am 3. Tag": "am dritten Tag",
    "Größe 3. Danach": "Größe drei. Danach",
    "10 %": "zehn Prozent",
    "-5 °C": "minus fünf Grad Celsius",
    "1/2 l": "ein halber Liter",
    "1/2 t": "eine halbe Tonne",
    "3/4 l": "drei viertel Liter",
    "1 1/2 l": "eineinhalb Liter",
    "8GB": "acht Gigabyte",
    "1999": "neunzehnhundertneunundneunzig",
    "2026": "zweitausendsechsundzwanzig",
    "90er": "neunziger",
    "1990er Jahre": "neunzehnhundertneunziger Jahre",
    "10-12 cm": "zehn bis zwölf Zentimeter",
    "5-teilig": "fünf-teilig",
    "100-Watt-Lampe": "einhundert-Watt-Lampe",
    "1,5 Mio. €": "eins Komma fünf Millionen Euro",
    "12 V-Akku": "zwölf Volt-Akku",
    "1,25 l": "eins Komma zwei fünf Liter",
    "6 x 0,33 l": "sechs mal null Komma drei drei Liter",
    "21 kg": "einundzwanzig Kilogramm",
    "100 %": "einhundert Prozent",
    "CHF 12.50": "zwölf Franken und fünfzig Rappen",
    "1'299.00 CHF": "eintausendzweihundertneunundneunzig Franken",
    "5 €/kg": "fünf Euro pro Kilogramm",
    "10-20 €": "zehn bis zwanzig Euro",
    "1/2": "ein halb",
    "3/4": "drei viertel",
    "100%ige": "einhundert%ige",
    "3/1/2026": "dritter Januar zweitausendsechsundzwanzig",
    "1.000.000": "eine Million",
}
FRENCH = {
    "19,99 €": "dix-neuf euros et quatre-vingt-dix-neuf centimes",
    "1 299,00 €": "mille deux cent quatre-vingt-dix-neuf euros",
    "1.299,00 €": "mille deux cent quatre-vingt-dix-neuf euros",
    "1.299 €": "mille deux cent quatre-vingt-dix-neuf euros",
    "1 €": "un euro",
    "5 kg": "cinq kilogrammes",
    "1,5 litre": "un virgule cinq litre",
    "1,5 l": "un virgule cinq litre",
    "1 t": "une tonne",
    "21 t": "vingt-et-une tonnes",
    "30 x 40 cm": "trente sur quarante centimètres",
    "01/03/2026": "premier mars deux mille vingt-six",
    "1er mars 2026": "premier mars deux mille vingt-six",
    "le 2 mars": "le deux mars",
    "1ère": "première",
    "2e": "deuxième",
    "36 100 % coton": "trente-six cent pour cent coton",
    "10 000 pièces": "dix mille pièces",
    "12 500 g": "douze mille cinq cents grammes",
    "-5 °C": "moins cinq degrés Celsius",
    "1/2 l": "un demi-litre",
    "1/2 t": "une demi-tonne",
    "3/4 l": "trois quarts de litre",
    "1 1/2 l": "un litre et demi",
    "8 Go": "huit gigaoctets",
    "1999": "mille neuf cent quatre-vingt-dix-neuf",
    "10-12 cm": "dix à douze centimètres",
    "12,50 €": "douze euros et cinquante centimes",
    "12,05 €": "douze euros et cinq centimes",
    "0,99 €": "quatre-vingt-dix-neuf centimes",
    "1,5 million €": "un virgule cinq million d'euros",
    "200 €": "deux cents euros",
    "80 €": "quatre-vingts euros",
    "6 x 33 cl": "six fois trente-trois centilitres",
    "1.250 kg": "un virgule deux cent cinquante kilogramme",
}
ALONE = [
    "9999999999999999 kg",
    "1.55555555555555555555 kg",
    "1e400",
    "٣ kg",
    "5\u0301kg",
    "1/2/3",
    "XJ-900",
    "A4",
    "900-XJ",
    "24/7",
    "2.0.1",
    "v2.0",
    "555-123-4567",
    "555-1234",
    "+49 30 1234567",
    "4006381333931",
    "007",
    "#5",
    "x.com/5",
    "a=5 b",
    ".5",
    "R$5",
    "-5",
    "16:9",
    "10:30",
    "4K",
    "3D",
    "5/10",
]

SAID = [
    *((text, "en", said) for text, said in ENGLISH.items()),
    *((text, "en-GB", said) for text, said in BRITISH.items()),
    *((text, "de-AT", said) for text, said in GERMAN.items()),
    *((text, "fr", said) for text, said in FRENCH.items()),
]


@pytest.mark.parametrize(("text", "language", "said"), SAID, ids=[f"{tag}: {text}" for text, tag, _ in SAID])
def test_numbers_are_read_out(text: str, language: str, said: str) -> None:
    assert read_out(text, language) == said
    assert read_out(f"Oh, {text}, ah", language) == f"Oh, {said}, ah"


@pytest.mark.parametrize("text", ALONE)
@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_codes_are_left_alone(text: str, language: str) -> None:
    assert read_out(text, language) == text


def test_german_and_french_leave_foreign_decimals_alone_where_nothing_tells_what_they_are() -> None:
    assert read_out("USB 3.0, 5.2 und 24.12. und 3,5", "de") == "USB 3.0, 5.2 und 24.12. und drei Komma fünf"
    assert read_out("0800 123 456 oder 06 12 34 56 78", "fr") == "0800 123 456 oder 06 12 34 56 78"


@pytest.mark.parametrize("language", ["", "ja", "und", "english", "x-klingon", "-", "zh-Hans-CN"])
def test_an_unknown_language_is_left_alone(language: str) -> None:
    assert read_out("5 kg for $19.99 on 2026-03-01", language) == "5 kg for $19.99 on 2026-03-01"


@pytest.mark.parametrize(
    "date", ["2026-02-30", "2026-13-01", "31/04/2026", "2025-02-29", "0/1/2026", "99.99.2026"]
)
def test_what_is_no_day_is_no_date(date: str) -> None:
    assert read_out(date, "en-GB") == date


def test_inches_are_not_quotation_marks() -> None:
    assert read_out('A 24" wheel and 10″', "en") == "A twenty-four inches wheel and ten inches"
    assert read_out('the "Porsche 911" model', "en") == 'the "Porsche nine hundred eleven" model'


def test_a_size_table_is_no_list_of_liters_and_watts() -> None:
    said = read_out("M 29-31 in 39-41 in L 32 43 XL 34, 14W 31 40, 1.5 L, 2 in 1, 5 in stock", "en")
    assert said == (
        "M twenty-nine to thirty-one inches thirty-nine to forty-one inches L thirty-two forty-three "
        "XL thirty-four, 14W thirty-one forty, one point five liters, two in one, five in stock"
    )
    assert read_out("9 L 10 (2 in) 4.7 in wide, 60 W", "en") == (
        "nine L ten (two inches) four point seven inches wide, sixty watts"
    )


def test_a_whole_description() -> None:
    text = "Bomann AK-47 Kanne, 1,5 l, 20-25 cm, nur 19,99 € statt 24,90 € (–20 %), seit 1998. Modell A4."
    assert read_out(text, "de-DE") == (
        "Bomann AK-47 Kanne, eins Komma fünf Liter, zwanzig bis fünfundzwanzig Zentimeter, nur neunzehn Euro "
        "und neunundneunzig Cent statt vierundzwanzig Euro und neunzig Cent (minus zwanzig Prozent), seit "
        "neunzehnhundertachtundneunzig. Modell A4."
    )


SCRAPS = st.sampled_from(
    [*"0159.,/-–:%€$£°½\"'x×()+#", " ", " ", "kg", "cm", "l", "March", "März", "mars", "am", "1er", "st",
     "m²", "Mio.", "million", "CHF", "US$", "1.299", "12 500", "2026", "-03-", "٣", "²", "é"]
)  # fmt: skip
MESS = st.lists(SCRAPS | st.text(max_size=2), max_size=30).map("".join) | st.text(max_size=200)
LANGUAGES = st.sampled_from(["en", "en-GB", "de", "fr", "fr-CH"])


@settings(deadline=None)
@given(MESS, LANGUAGES)
def test_any_text_is_read_without_an_error(text: str, language: str) -> None:
    read_out(text, language)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["zebra", "Quark", "naïve,", "Wörth.", "(lapin)"]) | MESS, max_size=12),
    LANGUAGES,
)
def test_words_are_never_lost(parts: list[str], language: str) -> None:
    text = " ".join(parts)
    kept = re.compile(r"(?<!\w)(?:zebra|Quark|naïve|Wörth|lapin)(?!\w)")
    assert kept.findall(read_out(text, language)) == kept.findall(text)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["N"]), max_size=100), LANGUAGES)
def test_text_without_numbers_stays(text: str, language: str) -> None:
    assert read_out(text, language) == text


@settings(deadline=None)
@given(st.integers(0, 10**6 - 1), st.sampled_from(["en", "de", "fr"]))
def test_every_number_becomes_words(number: int, language: str) -> None:
    assert not re.search("[0-9]", read_out(f"{number:,} €", "en"))
    assert not re.search("[0-9]", read_out(f"{number} kg", language))


@pytest.mark.parametrize(
    "unit",
    ["1", "1 ", "1,", "1.", "1-", "1 - ", "1/", "1 x ", "1x", "111 ", "$", "$1", "+1 ", "0 1", "½", "1½",
     "1 1/2 ", "-", "March 1", "1. ", "'1", "1'111", "US$ 1-", "1e"],
)  # fmt: skip
@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_long_text_of_anything_is_no_trap(unit: str, language: str) -> None:
    """Linear code takes well under a second; quadratic code would meet the suite's time limit."""
    read_out(unit * (20_000 // len(unit)), language)
