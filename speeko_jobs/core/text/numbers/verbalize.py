"""Prices, units, sizes, dates and other numbers of a spoken text, as words: `--read-numbers`.

From the left, each place where a number may begin is read as the first of these that it is: a telephone
number (left alone), a date, an ordinal or decade, a fraction, quantities. What is none of them (XJ-900, A4,
2.0.1, 24/7, barcodes) stays as it is, as does every text in a language that `locales` does not have.
Words beside numbers are never changed or lost.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache

from speeko_jobs.core.text.numbers import words
from speeko_jobs.core.text.numbers.dates import AFTER, Read, german_ending, read_date
from speeko_jobs.core.text.numbers.prices_and_units import (
    INCHES,
    Quantity,
    quantity_words,
    read_quantities,
    unit_pattern,
    unit_words,
)
from speeko_jobs.core.text.numbers.sign_names import (
    CURRENCY_SIGNS,
    F,
    M,
    Name,
    SpokenLanguage,
    spoken_languages,
)
from speeko_jobs.core.text.text_rules import CURRENT_RULES, TextRules

_VULGAR = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5), "⅗": (3, 5),
    "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8),
}  # fmt: skip
_HINT = re.compile(f"[0-9{''.join(_VULGAR)}]")
_START = re.compile(
    r"(?<![\w.,:/#@=&'’+\-−–\\$€£¥₹])"
    rf"[-−–+]?(?:(?:{'|'.join(map(re.escape, CURRENCY_SIGNS))}) ?[0-9]|[0-9{''.join(_VULGAR)}])"
)
_REST = re.compile(r"[-−–+]?[\w.,:/'’+\-−–$€£¥₹@%°#=&?]*+")  # of what is left alone
_PHONE = re.compile(r"(?:\+|0)[0-9 ()/-]{7,30}+")
_QUOTED = re.compile(r'(?:^|[\s(\[])"\S|[“„]')
_BEFORE_CHARS = 12


def read_out(text: str, language: str, rules: TextRules = CURRENT_RULES) -> str:
    """Return `text` with its numbers as words of `language`, a BCP 47 tag; as it is where that is not known.

    Never raises; linear in the length.
    """
    if _HINT.search(text) is None:
        return text
    primary, _, rest = language.lower().partition("-")
    tongue = spoken_languages(rules).get(primary)
    if tongue is None:
        return text
    region = next((part.upper() for part in rest.split("-") if len(part) == 2), "")
    with_inches = _QUOTED.search(text) is None
    out: list[str] = []
    done = 0
    while found := _START.search(text, done):
        at = found.start()
        read = _read(tongue, region, text, at, with_inches)
        if read is None:
            end = max(_end_of_rest(text, at), at + 1)
            out.append(text[done:end])
        else:
            out += (text[done:at], read[0])
            end = read[1]
        done = end
    return "".join([*out, text[done:]])


def _end_of_rest(text: str, at: int) -> int:
    found = _PHONE.match(text, at)
    if found and sum(c.isdigit() for c in found[0]) >= 7:
        return found.end()
    rest = _REST.match(text, at)
    return rest.end() if rest else at


def _read(tongue: SpokenLanguage, region: str, text: str, at: int, with_inches: bool) -> Read | None:
    if date := read_date(tongue, region, text, at):
        return date
    phone = _PHONE.match(text, at)
    if phone and sum(c.isdigit() for c in phone[0]) >= 7:
        return None
    return (
        _ordinal(tongue, text, at)
        or _fraction(tongue, text, at, with_inches)
        or (_feet_and_inches(tongue, text, at) if tongue.is_exact else None)
        or read_quantities(tongue, text, at, with_inches)
    )


_FEET = re.compile(rf"([0-9]{{1,3}}) ?['’′] ?([0-9]{{1,2}})(?:[.,]([0-9]{{1,2}}))? ?(?:[\"”″]|''|′′){AFTER}")


def _feet_and_inches(tongue: SpokenLanguage, text: str, at: int) -> Read | None:
    """5' 10", 6'2"."""
    found = _FEET.match(text, at)
    if found is None:
        return None
    feet = quantity_words(tongue, Quantity(found[1], unit="ft"))
    return f"{feet} {quantity_words(tongue, Quantity(found[2], found[3] or '', unit=INCHES[0]))}", found.end()


_ORDINALS = {
    "en": re.compile(rf"([0-9]{{1,4}})(st|nd|rd|th|s){AFTER}"),
    "de": re.compile(rf"([0-9]{{1,3}})\.(?= \w)|([0-9]{{2,4}})er{AFTER}"),
    "fr": re.compile(rf"([0-9]{{1,4}})(er|re|ère|e|ème|eme|nd|nde){AFTER}"),
}
_FEMININE = ("re", "ère", "nde")


def _ordinal(tongue: SpokenLanguage, text: str, at: int) -> Read | None:
    found = _ORDINALS[tongue.code].match(text, at)
    if found is None:
        return None
    if tongue.code == "de":
        said = _german_ordinal(tongue, found, text[max(0, at - _BEFORE_CHARS) : at])
    elif found[2] == "s":
        said = _decade(tongue, found[1])
    else:
        said = words.ordinal(tongue, int(found[1]), F if found[2] in _FEMININE else M)
    return (said, found.end()) if said else None


def _german_ordinal(tongue: SpokenLanguage, found: re.Match[str], before: str) -> str:
    if found[1]:
        ending = german_ending(before)  # without an article before it, the dot may end a sentence
        return words.ordinal(tongue, int(found[1]), ending) if ending != "r" else ""
    return f"{words.year(tongue, int(found[2]))}er" if _is_decade(found[2]) else ""


def _decade(tongue: SpokenLanguage, digits: str) -> str:
    if not _is_decade(digits):
        return ""
    said = words.year(tongue, int(digits))
    return f"{said[:-1]}ies" if said.endswith("y") else f"{said}s"


def _is_decade(digits: str) -> bool:
    return digits[-1] == "0" and digits[0] != "0" and len(digits) in (2, 4)


@lru_cache(maxsize=16)
def _fractions(tongue: SpokenLanguage, with_inches: bool) -> re.Pattern[str]:
    return re.compile(
        rf"(?:(?P<whole>[0-9]{{1,3}}) ?)??"
        rf"(?:(?<![0-9])(?P<over>[0-9]{{1,2}})/(?P<under>[0-9]{{1,2}})|(?P<sign>[{''.join(_VULGAR)}]))"
        rf"(?: ?(?P<unit>{unit_pattern(tongue, with_inches)}))?+{AFTER}"
    )


def _fraction(tongue: SpokenLanguage, text: str, at: int, with_inches: bool) -> Read | None:
    found = _fractions(tongue, with_inches).match(text, at)
    if found is None:
        return None
    over, under = _VULGAR[found["sign"]] if found["sign"] else (int(found["over"]), int(found["under"]))
    if not 0 < over < under or under not in tongue.denominators or math.gcd(over, under) > 1:
        return None
    name = unit_words(tongue, found["unit"]) if found["unit"] else None
    say = _mixed if found["whole"] else _part
    said = say(tongue, int(found["whole"] or 0), over, under, name)
    if tongue.code == "en" and (over, under) == (3, 4) and not (found["whole"] or name):
        following = text[found.end() : found.end() + 4]
        if following[:1] == " " and following[1:2].islower() and following != " of ":
            said = "three-quarter"  # sleeves
    return said, found.end()


def _part(tongue: SpokenLanguage, _whole: int, over: int, under: int, name: Name | None) -> str:
    """ "three quarters", "drei viertel Liter", "un demi-litre"."""
    one, many = tongue.denominators[under]
    part = f"{words.cardinal(tongue, over, M)} {one if over == 1 else many}"
    if name is None:
        return part
    unit, _, gender = name
    if tongue.code == "de":
        ending = {M: "er", F: "e"}.get(gender, "es")
        return f"ein{'e' if gender == F else ''} halb{ending} {unit}" if under == 2 else f"{part} {unit}"
    if tongue.code == "fr":
        of = "d'" if unit[0] in "aeioué" else "de "
        return f"{words.cardinal(tongue, 1, gender)} demi-{unit}" if under == 2 else f"{part} {of}{unit}"
    article = "an" if unit[0] in "aeio" or unit == "hour" else "a"
    return f"half {article} {unit}" if under == 2 else f"{part} of {article} {unit}"


def _mixed(tongue: SpokenLanguage, whole: int, over: int, under: int, name: Name | None) -> str:
    """ "one and a half inches", "zweieinhalb Liter", "un litre et demi"."""
    one, many = tongue.denominators[under]
    counted = words.cardinal(tongue, whole, name[2] if name else M)
    if tongue.code == "de":
        part = words.cardinal(tongue, over, M) + one
        return f"{words.cardinal(tongue, whole, M)}{part}" + (f" {name[1]}" if name else "")
    if tongue.code == "fr":
        part = words.cardinal(tongue, over, M) + " " + (one if over == 1 else many)
        if under == 2:
            part = "demie" if name and name[2] == F else "demi"
        unit = f" {name[0] if whole < 2 else name[1]}" if name else ""
        return f"{counted}{unit} et {part}"
    part = f"a {one}" if over == 1 else f"{words.cardinal(tongue, over)} {many}"
    return f"{counted} and {part}" + (f" {name[1]}" if name else "")
