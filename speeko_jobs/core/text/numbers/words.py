"""Numbers as words: cardinals, ordinals, years, decimals, in the languages of `locales`.

The rules are Unicode CLDR's rule-based number formats, by way of unicode-rbnf. Signs beside numbers, and
where numbers stand in a text, are the business of `verbalize`.
"""

from __future__ import annotations

from functools import lru_cache

from unicode_rbnf import RbnfEngine

from speeko_jobs.core.text.numbers.sign_names import M, SpokenLanguage

MAX_DIGITS = 15  # CLDR's rules end at 10**18
_M = f"spellout-cardinal-{M}"


@lru_cache(maxsize=8)
def _engine(code: str) -> RbnfEngine:
    return RbnfEngine.for_language(code)


@lru_cache(maxsize=16_384)
def _words(code: str, number: int, *rulesets: str) -> str:
    """The number by the first of these rule sets that the language has."""
    return _engine(code).format_number(number, ruleset_names=list(rulesets)).text


def cardinal(tongue: SpokenLanguage, number: int, gender: str = "") -> str:
    """ "twenty-one"; with a gender as it stands before a noun ("ein Liter", "une livre"), else as one counts
    ("eins", "un")."""
    if not gender:
        return _words(tongue.code, number, "spellout-numbering")
    return _words(tongue.code, number, _first(tongue, f"spellout-cardinal-{gender}", "spellout-cardinal", _M))


def _first(tongue: SpokenLanguage, *rulesets: str) -> str:
    there = _engine(tongue.code).rulesets
    return next(name for name in rulesets if name in there)


def ordinal(tongue: SpokenLanguage, number: int, ending: str = "") -> str:
    """ "first", "erste" ("ersten" with the ending "n"), "premier" ("première" with "feminine")."""
    name = f"spellout-ordinal-{ending}" if ending else "spellout-ordinal"
    return _words(tongue.code, number, _first(tongue, name, "spellout-ordinal-masculine", "spellout-ordinal"))


def year(tongue: SpokenLanguage, number: int) -> str:
    """ "nineteen ninety-nine"; French says years as numbers."""
    if tongue.code == "fr":
        return cardinal(tongue, number)
    return _words(tongue.code, number, "spellout-numbering-year")


def decimal(tongue: SpokenLanguage, whole: str, fraction: str, gender: str = "") -> str:
    """ "one point two five", "un virgule vingt-cinq"; a whole number where `fraction` is ""."""
    if not fraction:
        return cardinal(tongue, int(whole), gender)
    said = cardinal(tongue, int(whole), M if tongue.code == "fr" else "")
    return f"{said} {tongue.point} {_fraction(tongue, fraction)}"


def _fraction(tongue: SpokenLanguage, digits: str) -> str:
    """Digit by digit; in French, up to three digits as a number after the zeros that lead it."""
    rest = digits.lstrip("0")
    if tongue.code == "fr" and 0 < len(rest) <= 3:
        zeros = len(digits) - len(rest)
        return " ".join([cardinal(tongue, 0)] * zeros + [cardinal(tongue, int(rest))])
    return " ".join(cardinal(tongue, int(digit)) for digit in digits)
