"""Numbers with the signs beside them as words: prices, units, sizes (30 x 40 cm) and ranges (10-12 cm).

Reads at one place of a text; where those places are is the business of `verbalize`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from speeko_jobs.core.text.numbers import words
from speeko_jobs.core.text.numbers.dates import AFTER, Read
from speeko_jobs.core.text.numbers.sign_names import (
    CURRENCY_SIGNS,
    PORTIONS,
    UNIT_SPELLINGS,
    Name,
    SpokenLanguage,
)

YEARS = range(1500, 2100)  # a bare number of four digits from here is said as a year
_MAX_IN_A_SIZE = 4
_MAX_BARE_DIGITS = 6  # a longer number without separators is a code
_MAX_FRACTION_DIGITS = 9

_AFTER = re.compile(AFTER)
_SIZE = re.compile(r" ?[x×X] ?(?=[0-9])")
_RANGE = re.compile(r" ?[-–—] ?(?=[0-9$€£¥])")
_GROUPED = {
    mark: re.compile(rf"[0-9]{{1,3}}(?:{re.escape(mark)}[0-9]{{3}})+") for mark in (".", ",", "'", " ")
}
MINUS = ("-", "−", "–")
_FOOT_MARK = re.compile(r"['’′](?!\w)")
_CROWNS = re.compile(r" ?(?:kr|zł|Kč|Ft|SEK|NOK|DKK|PLN|CZK|HUF)(?!\w)")  # money without words here
_IN = "in"
# "5 in stock" and "2 in 1" are no inches: something must tell, a fraction or range before or an end after.
_IS_INCH = r"(?:(?= ?(?:\Z|[.,;)\]]| ?\())|(?<=[.][0-9] in)|(?<=[.][0-9]{2} in)|(?<=[-–][0-9]{2} in))"
# "12 V-neck sweaters", and the sizes "L" and "14W" between the numbers of a size table.
_IS_NO_LETTER = r"(?!(?<=[ 0-9][A-Za-z])-[a-z]|(?<=[ 0-9][LW]) [0-9])"
INCHES = '"”″'


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number as it stands: digits before and after the decimal mark, and keys of the tongue's tables."""

    whole: str
    fraction: str = ""
    sign: str = ""
    currency: str = ""
    unit: str = ""
    scale: str = ""
    per: str = ""
    kept: str = ""  # a unit behind a price: "$25 lb bag"
    is_plain: bool = False  # digits only

    @property
    def value(self) -> Decimal:
        return Decimal(f"{self.whole}.{self.fraction or 0}") * (-1 if self.sign in MINUS else 1)

    @property
    def is_bare(self) -> bool:
        return not (self.currency or self.unit or self.scale)


def read_quantities(tongue: SpokenLanguage, text: str, at: int, with_inches: bool) -> Read | None:
    """The number, size or range that begins at `at`; None for what is not to be read out."""
    first = _match(tongue, text, at, with_inches)
    if first is None:
        return None
    found = [first]
    while len(found) < _MAX_IN_A_SIZE and (between := _SIZE.match(text, found[-1].end())):
        following = _match(tongue, text, between.end(), with_inches)
        if following is None or following["pre"] or following["sign"]:
            break
        found.append(following)
    if tongue.is_exact and _FOOT_MARK.match(text, found[-1].end()):
        return None  # 2' x 4': all of it stays as it stands
    if len(found) == 1 and (between := _RANGE.match(text, first.end())):
        following = _match(tongue, text, between.end(), with_inches)
        if following is not None and not following["sign"]:
            said = _said_range(tongue, first, following, between[0])
            if said and _AFTER.match(text, following.end()):
                return said, following.end()
    if not _AFTER.match(text, found[-1].end()):
        return None
    affixed = any(_is_affixed(one) for one in found)
    quantities = [_parsed(tongue, one, affixed) for one in found]
    if None in quantities:
        return None
    said = _said_size(tongue, [one for one in quantities if one])
    return (said, found[-1].end()) if said else None


def unit_words(tongue: SpokenLanguage, sign: str) -> Name | None:
    return tongue.units.get(UNIT_SPELLINGS.get(sign, sign))


# how they are found


@lru_cache(maxsize=32)
def _pattern(tongue: SpokenLanguage, with_inches: bool, grouped: bool) -> re.Pattern[str]:
    money = "|".join(map(re.escape, CURRENCY_SIGNS))
    units = unit_pattern(tongue, with_inches)
    scales = sorted(tongue.scales, key=len, reverse=True) if tongue.is_exact else list(tongue.scales)
    long = [re.escape(word) for word in scales if len(word) > 2]
    short = [re.escape(word) for word in scales if len(word) <= 2]
    number = r"[0-9]++(?:[.,'’][0-9]++)*+"
    if grouped:  # at most four groups, so that no run of them is read again and again
        mark = "[.,]" if tongue.is_exact else ","
        number = rf"[0-9]{{1,3}}(?: [0-9]{{3}}(?![0-9])){{1,4}}+(?:{mark}[0-9]++)?+"
    per = rf"(?(pre) ?/ ?(?P<after_price>{units})|(?!))|" if tongue.is_exact else "(?P<after_price>(?!))|"
    return re.compile(
        rf"(?P<sign>[-−–+])?(?:(?P<pre>{money}) ?)?(?P<number>{number})(?P<dash>,[-–—]{{1,2}}(?!\w))?+"
        rf"(?: ?(?P<scale>{'|'.join(long)})(?!\w)"
        rf"|(?P<letter>{'|'.join(short) or '(?!)'})(?:(?=[€$£])|(?(pre)(?!\w)|(?!))))?+"
        rf"(?:{per} ?(?P<suf>{money})(?!\w)(?: ?/ ?(?P<per>{units}))?+| ?(?P<unit>{units}))?+"
    )


@lru_cache(maxsize=16)
def unit_pattern(tongue: SpokenLanguage, with_inches: bool) -> str:
    """A regular expression of the unit signs, each to its end."""
    signs = [sign for sign in {*tongue.units, *UNIT_SPELLINGS} - {_IN} if unit_words(tongue, sign)]
    if not with_inches:
        signs = [sign for sign in signs if sign not in INCHES or sign == "″"]
    longest_first = "|".join(re.escape(sign) for sign in sorted(signs, key=lambda sign: (-len(sign), sign)))
    inch = rf"{_IN}(?!\w|/\w|-){_IS_INCH}|" if _IN in tongue.units else ""
    return rf"(?:{inch}(?:{longest_first})(?!\w|/\w){_IS_NO_LETTER})"


def _match(tongue: SpokenLanguage, text: str, at: int, with_inches: bool) -> re.Match[str] | None:
    if tongue.decimal == "," or tongue.is_exact:
        found = _pattern(tongue, with_inches, True).match(text, at)
        # Without decimals only the French group by spaces, and "36 100 % coton" is a size and a share.
        if found and _groups_by_spaces(tongue, text, found):
            return found
    return _pattern(tongue, with_inches, False).match(text, at)


def _groups_by_spaces(tongue: SpokenLanguage, text: str, found: re.Match[str]) -> bool:
    """Return whether "1 299" is one number: always with decimals in languages of a decimal comma, else where
    money follows."""
    if tongue.decimal == "," and ("," in found["number"] or (tongue.group == " " and found["unit"] != "%")):
        return True
    return tongue.is_exact and bool(found["suf"] or _CROWNS.match(text, found.end()))


def _is_affixed(found: re.Match[str]) -> bool:
    return bool(found["pre"] or found["suf"] or found["unit"] or found["scale"] or found["letter"])


def _parsed(tongue: SpokenLanguage, found: re.Match[str], affixed: bool) -> Quantity | None:
    raw = found["number"].replace("’", "'")
    currency = CURRENCY_SIGNS.get(found["pre"] or found["suf"] or "", "")
    digits = _digits(tongue, raw, affixed, bool(currency))
    if digits is None or (found["pre"] and found["suf"]) or (found["dash"] and not currency):
        return None
    whole, fraction = digits
    is_code = (len(whole) > 1 and whole[0] == "0") or len(whole) > words.MAX_DIGITS
    is_plain = raw.isdigit() and not affixed and not found["sign"]
    if is_code or len(fraction) > _MAX_FRACTION_DIGITS or (is_plain and len(whole) > _MAX_BARE_DIGITS):
        return None
    unit, per = found["unit"] or "", found["per"] or found["after_price"] or ""
    kept = unit if tongue.is_exact and currency else ""
    return Quantity(
        whole,
        fraction,
        found["sign"] or "",
        currency,
        "" if kept else UNIT_SPELLINGS.get(unit, unit),
        tongue.scales[found["scale"] or found["letter"]] if found["scale"] or found["letter"] else "",
        UNIT_SPELLINGS.get(per, per),
        kept,
        is_plain,
    )


def _digits(tongue: SpokenLanguage, raw: str, affixed: bool, is_money: bool) -> tuple[str, str] | None:
    """(before, after) the decimal mark; None where the separators say no number of this language."""
    marks = [c for c in raw if not c.isdigit()]
    if not marks:
        return raw, ""
    last = marks[-1]
    if len(set(marks)) == 1:
        whole, _, fraction = raw.partition(last)
        grouped = _GROUPED[last].fullmatch(raw)
        if last in "' " or len(marks) > 1 or last == tongue.group:
            if grouped and not (len(marks) == 1 and whole == "0"):
                return raw.replace(last, ""), ""
            if len(marks) > 1 or last in "' ":
                return None
        if last == tongue.decimal or (affixed and not (grouped and is_money)):
            return whole, fraction
        return (raw.replace(last, ""), "") if grouped and affixed else None
    whole, _, fraction = raw.rpartition(last)
    if last in "' " or len(set(marks)) > 2 or not _GROUPED[marks[0]].fullmatch(whole):
        return None
    return whole.replace(marks[0], ""), fraction


# how they are said


def _said_size(tongue: SpokenLanguage, quantities: list[Quantity]) -> str:
    if len(quantities) == 1:
        only = quantities[0]
        if only.sign and only.is_bare:
            return ""  # "-5" may be a bullet as well as a number
        if only.is_plain and len(only.whole) == 4 and int(only.whole) in YEARS:
            return words.year(tongue, int(only.whole))
        return quantity_words(tongue, only)
    portions = len(quantities) == 2 and quantities[1].unit in PORTIONS and quantities[0].is_bare
    joint = tongue.times if portions else tongue.by
    return f" {joint} ".join(quantity_words(tongue, one) for one in quantities)


def _said_range(tongue: SpokenLanguage, low: re.Match[str], high: re.Match[str], between: str) -> str:
    affixed = _is_affixed(low) or _is_affixed(high)
    one, two = _parsed(tongue, low, affixed), _parsed(tongue, high, affixed)
    if one is None or two is None or one.value >= two.value:
        return ""
    if tongue.is_exact and (one.kept or two.kept or one.per not in ("", two.per)):
        return ""
    if one.currency and two.is_bare:
        two = replace(two, currency=one.currency)
    elif two.currency and one.is_bare and (one.fraction or two.fraction):
        one = replace(one, currency=two.currency)
    if two.is_bare:
        if one.fraction or two.fraction or between == " - " or not (one.is_plain and two.is_plain):
            return ""
        if int(one.whole) in YEARS and int(two.whole) in YEARS:
            return f"{words.year(tongue, int(one.whole))} {tongue.to} {words.year(tongue, int(two.whole))}"
        if len(two.whole) > 3:
            return ""
    if (one.currency, one.unit) == (two.currency, two.unit) and not (one.currency and one.fraction):
        one = replace(one, currency="", unit="")
    return f"{quantity_words(tongue, one)} {tongue.to} {quantity_words(tongue, two)}"


def quantity_words(tongue: SpokenLanguage, quantity: Quantity) -> str:
    """One quantity as words, with its sign."""
    sign = tongue.plus if quantity.sign == "+" else tongue.minus if quantity.sign else ""
    return f"{sign} {_unsigned(tongue, quantity)}".lstrip()


def _unsigned(tongue: SpokenLanguage, quantity: Quantity) -> str:
    if quantity.currency:
        per = unit_words(tongue, quantity.per) if quantity.per else None
        said = _money(tongue, quantity) + (f" {tongue.per} {per[0]}" if per else "")
        return f"{said} {quantity.kept}".rstrip()
    name = unit_words(tongue, quantity.unit) if quantity.unit else None
    if name is None:
        number = words.decimal(tongue, quantity.whole, quantity.fraction)
        return f"{number} {quantity.scale}".rstrip()
    return _counted(tongue, quantity, name)


def _money(tongue: SpokenLanguage, quantity: Quantity) -> str:
    money = tongue.money[quantity.currency]
    cents = quantity.fraction.ljust(2, "0")
    if quantity.scale or len(cents) > 2 or (money.cent is None and int(cents)):
        return _counted(tongue, quantity, money.unit)
    whole = _counted(tongue, replace(quantity, fraction=""), money.unit)
    if not int(cents) or money.cent is None:
        return whole
    part = _counted(tongue, Quantity(str(int(cents))), money.cent)
    return part if not int(quantity.whole) else f"{whole} {tongue.and_} {part}"


def _counted(tongue: SpokenLanguage, quantity: Quantity, name: Name) -> str:
    number = words.decimal(tongue, quantity.whole, quantity.fraction, name[2])
    if quantity.scale:
        of = ""
        if tongue.code == "fr" and quantity.scale != "mille":
            of = "d'" if name[1][0] in "aeioué" else "de "
        return f"{number} {quantity.scale} {of}{name[1]}"
    if tongue.code == "fr":
        is_one = int(quantity.whole) < 2
    else:
        is_one = quantity.whole == "1" and not quantity.fraction
    return f"{number} {name[0] if is_one else name[1]}"
