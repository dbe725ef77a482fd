"""Dates inside a text as words: 2026-03-01, 01.03.2026, 3/1/2026, and days beside a month's name.

Which of 3/1 is the month is told by the language tag: the month comes first in "en" and "en-US" only. What
is no day of the calendar is no date.
"""

from __future__ import annotations

import re
from functools import lru_cache

from speeko_jobs.core.text.numbers import words
from speeko_jobs.core.text.numbers.sign_names import ENGLISH, M, SpokenLanguage

Read = tuple[str, int]  # the words, and where in the text what they stand for ends

# What may follow a number: no letter, no more of the same number, no further part of a model's name.
AFTER = r"(?![\w\u0300-\u036f])(?![.,:/'’][0-9])(?![-–−][0-9])(?!-[A-Z]{2}|-[A-Z](?!\w))(?![@\\])"

_ISO = re.compile(rf"([0-9]{{4}})-([0-9]{{2}})-([0-9]{{2}}){AFTER}")
_DOTS = re.compile(rf"([0-9]{{1,2}})\. ?([0-9]{{1,2}})\. ?([0-9]{{4}}){AFTER}")
_SLASHES = re.compile(rf"([0-9]{{1,2}})([/-])([0-9]{{1,2}})\2([0-9]{{4}}){AFTER}")
_ENGLISH_DAY = re.compile(rf"([0-9]{{1,2}})(?:st|nd|rd|th)?{AFTER}(?! ?[%°€$£])")
_BEFORE_CHARS = 12
_DATIVE = re.compile(r"\b(?:am|vom|zum|beim|im|dem|den|ab|seit|bis|einem|einen)\s\Z", re.IGNORECASE)
_WEAK = re.compile(r"\b(?:der|die|das|jede|diese)\s\Z", re.IGNORECASE)
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def read_date(tongue: SpokenLanguage, region: str, text: str, at: int) -> Read | None:
    """The date that begins at `at`; None where none does. `region` is the tag's, as "US", or ""."""
    if found := _ISO.match(text, at):
        year, month, day = map(int, found.groups())
    elif found := _DOTS.match(text, at):
        day, month, year = map(int, found.groups())
    elif found := _SLASHES.match(text, at):
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        month_first = _is_month_first(tongue, region)
        day, month = (second, first) if month_first else (first, second)
        if month > 12:
            day, month = month, day
    else:
        return _beside_month(tongue, text, at)
    if not _is_day(day, month, year):
        return None
    name, said = tongue.months[month - 1], words.year(tongue, year)
    before = text[max(0, at - _BEFORE_CHARS) : at]
    if tongue.code != "en":
        return f"{_day(tongue, day, before)} {name} {said}", found.end()
    if _is_month_first(tongue, region):
        return f"{name} {words.ordinal(tongue, day)}, {said}", found.end()
    return f"{_day(tongue, day, before)} of {name}, {said}", found.end()


def german_ending(before: str) -> str:
    """The ending of an ordinal by the word before it: am ersten, die erste, and erster where none tells."""
    if _DATIVE.search(before):
        return "n"
    return "" if _WEAK.search(before) else "r"


def _is_month_first(tongue: SpokenLanguage, region: str) -> bool:
    return tongue.code == "en" and region in ("", "US")


def _is_day(day: int, month: int, year: int) -> bool:
    if not (1 <= month <= 12 and 1 <= day <= _DAYS[month - 1] and 1000 <= year < 3000):
        return False
    return (month, day) != (2, 29) or (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0))


def _day(tongue: SpokenLanguage, day: int, before: str) -> str:
    if tongue.code == "de":
        return words.ordinal(tongue, day, german_ending(before))
    if tongue.code == "fr":
        return words.ordinal(tongue, 1, M) if day == 1 else words.cardinal(tongue, day)
    article = "" if before.lower().endswith("the ") else "the "
    return article + words.ordinal(tongue, day)


def _beside_month(tongue: SpokenLanguage, text: str, at: int) -> Read | None:
    """A day with its month in letters; the year after them is read by itself."""
    before = text[max(0, at - _BEFORE_CHARS) : at]
    if (found := _day_first(tongue).match(text, at)) and 1 <= int(found[1]) <= 31:
        joint = " of " if tongue.code == "en" else " "
        return _day(tongue, int(found[1]), before) + joint, found.end()
    if tongue.code == "en" and _month_before().search(before):
        found = _ENGLISH_DAY.match(text, at)
        if found and 1 <= int(found[1]) <= 31:
            return words.ordinal(tongue, int(found[1])), found.end()
    return None


@lru_cache(maxsize=8)
def _day_first(tongue: SpokenLanguage) -> re.Pattern[str]:
    name = _month_names(tongue)
    between = {"en": r"(?:st|nd|rd|th)? (?:of )?", "de": r"\. ?", "fr": r"(?:er)? "}[tongue.code]
    return re.compile(rf"([0-9]{{1,2}}){between}(?={name}(?!\w))")


@lru_cache(maxsize=1)
def _month_before() -> re.Pattern[str]:
    return re.compile(rf"\b{_month_names(ENGLISH)}\.? \Z")


def _month_names(tongue: SpokenLanguage) -> str:
    short = {name[:3] for name in tongue.months if len(name) > 4} | {"Sept"} if tongue.code != "fr" else set()
    return "(?:" + "|".join([*tongue.months, *sorted(short)]) + ")"
