"""Rules that give a row its voice by what its cells hold: `category = "toys"` → kokoro-friendly.

The first rule that a row meets decides. Rules are read from TOML text once, and compiled once for each table
header to a function of the cells. Reads no file; which voices there are is for others to know.
"""

from __future__ import annotations

import contextlib
import fnmatch
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any

from speeko_jobs.core.catalog import column_mapping
from speeko_jobs.core.voices.voice_catalog import parse_toml
from speeko_jobs.errors import CatalogError, ConfigError

MEMO_ENTRIES = 10_000  # rows tested last, by the cells that rules look at
NUMBER_CHARS = 100
MEMO_CHARS = 200  # of these cells together: longer ones hardly repeat, and would fill the memory

# "1,299.00 €", "1.299,00", "12,5", "-3": a number as price columns have it
_NUMBER = re.compile(r"[^\d.,+-]*([+-]?)[^\d.,+-]*(\d[\d.,' \u00a0\u202f]*|[.,]\d+)[^\d.,+-]*")
_GROUPS = re.compile(r"\d{1,3}(?:([.,])\d{3})+")


class Check(StrEnum):
    """What can be asked of a cell. Words are compared without case and outer spaces."""

    IS = "is"
    NOT = "not"
    GLOB = "glob"
    REGEX = "regex"
    BELOW = "below"
    ABOVE = "above"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    SHORTER_THAN = "shorter_than"
    LONGER_THAN = "longer_than"
    EMPTY = "empty"


_NUMERIC: dict[Check, Callable[[Any, Any], bool]] = {
    Check.BELOW: lambda cell, bound: cell < bound,
    Check.ABOVE: lambda cell, bound: cell > bound,
    Check.AT_LEAST: lambda cell, bound: cell >= bound,
    Check.AT_MOST: lambda cell, bound: cell <= bound,
}
Decide = Callable[[Sequence[str]], str]
Holds = Callable[[str], bool]


@dataclass(frozen=True)
class Condition:
    """A test of one column. `values`: words, and numbers as floats, of which IS and NOT take several."""

    column: str
    test: Check
    values: tuple[str | float, ...]


@dataclass(frozen=True)
class Rule:
    """All conditions must hold; none: it holds for every row. `voice` may be "auto"."""

    voice: str
    when: tuple[Condition, ...] = ()


def rule_from_json(data: Mapping[str, Any]) -> Rule:
    """The rule that dataclasses.asdict wrote."""
    when = [Condition(c["column"], Check(c["test"]), tuple(c["values"])) for c in data["when"]]
    return Rule(data["voice"], tuple(when))


def read(where: str, text: str) -> tuple[Rule, ...]:
    """The rules of a file's text, in its order. Raises ConfigError with the file and the rule's number."""
    table = parse_toml(where, text)
    found = table.pop("rule", None)
    if table:
        raise ConfigError(f"{where}: {next(iter(table))!r} is not supported: rules are [[rule]] tables")
    if not isinstance(found, list) or not found:
        raise ConfigError(f'{where}: no [[rule]] with when = {{column = "value"}} and voice = "name"')
    rules = [_rule(f"{where}, rule {number}", each) for number, each in enumerate(found, 1)]
    for number, rule in enumerate(rules[:-1], 1):
        if not rule.when:
            raise ConfigError(f"{where}, rule {number}: has no `when`, so it must be the last")
    return tuple(rules)


def compiled(rules: Sequence[Rule], header: Sequence[str]) -> Decide:
    """A row's cells → the voice of the first rule that holds, "" where none does.

    Columns are found as --text finds them: by name, or by number from "1". Raises CatalogError, with the
    rule's number, for a column that the header does not have.
    """
    at: dict[str, int] = {}
    for number, rule in enumerate(rules, 1):
        for condition in rule.when:
            try:
                at[condition.column] = column_mapping.choose(header, True, (), text=(condition.column,)).text[
                    0
                ]
            except CatalogError as error:
                raise CatalogError(f"rule {number}: {error}") from None
    places = sorted(set(at.values()))
    pick = operator.itemgetter(*places, *places[:1]) if places else tuple  # of one place it makes no tuple
    slot = {place: n for n, place in enumerate(places)}
    checks = [([(slot[at[c.column]], _holds(c)) for c in rule.when], rule.voice) for rule in rules]
    memo: dict[tuple[str, ...], str] = {}

    def decide(tested: tuple[str, ...]) -> str:
        for conditions, voice in checks:
            if all(holds(tested[n]) for n, holds in conditions):
                return voice
        return ""

    if not places:
        constant = decide(())
        return lambda _: constant

    def voice_of(cells: Sequence[str]) -> str:
        try:
            tested = pick(cells)
        except IndexError:  # a short row
            tested = pick([*cells, *[""] * (places[-1] + 1 - len(cells))])
        found = memo.get(tested)
        if found is None:
            found = decide(tested)
            if sum(map(len, tested)) <= MEMO_CHARS:
                if len(memo) >= MEMO_ENTRIES:
                    memo.clear()
                memo[tested] = found
        return found

    return voice_of


def number(cell: str) -> float | None:
    """A cell as a number, with or without currency, thousands and a decimal comma; None for what is none.

    One comma or point counts as decimal, unless three digits follow a comma: "1,299" is 1299, "1.299" is
    a little over one.
    """
    return _number(cell) if len(cell) <= NUMBER_CHARS else None


@lru_cache(maxsize=4_096)
def _number(cell: str) -> float | None:
    found = _NUMBER.fullmatch(cell.strip())
    if found is None:
        return None
    digits = re.sub(r"[' \u00a0\u202f]", "", found[2])
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        decimal = max(".", ",", key=digits.rfind)
        whole, _, part = digits.rpartition(decimal)
        digits = re.sub("[.,]", "", whole) + "." + part
    elif commas > 1 or points > 1 or (commas == 1 and _GROUPS.fullmatch(digits)):
        if not _GROUPS.fullmatch(digits):
            return None
        digits = re.sub("[.,]", "", digits)
    try:
        return float(found[1] + digits.replace(",", "."))
    except ValueError:
        return None


def _holds(condition: Condition) -> Holds:
    """A condition as a function of the cell. A cell that is no number meets no comparison."""
    test, values = condition.test, condition.values
    first: Any = values[0]
    if test in (Check.IS, Check.NOT):
        words = frozenset(_word(v) for v in values if isinstance(v, str))
        numbers = frozenset(v for v in values if not isinstance(v, str))
        wanted = test is Check.IS

        def among(cell: str) -> bool:
            return (_word(cell) in words or (bool(numbers) and number(cell) in numbers)) is wanted

        return among
    if test is Check.GLOB:
        shape = re.compile(fnmatch.translate(_word(first)))
        return lambda cell: shape.match(_word(cell)) is not None
    if test is Check.REGEX:
        pattern = re.compile(first)
        return lambda cell: pattern.search(cell) is not None
    if test is Check.SHORTER_THAN:
        return lambda cell: len(cell.strip()) < first
    if test is Check.LONGER_THAN:
        return lambda cell: len(cell.strip()) > first
    if test is Check.EMPTY:
        return lambda cell: (not cell.strip()) is (first == "true")
    compare = _NUMERIC[test]

    def compared(cell: str) -> bool:
        value = number(cell)
        return value is not None and compare(value, first)

    return compared


def _word(text: str) -> str:
    return text.strip().casefold()


def _rule(at: str, table: Any) -> Rule:
    if not isinstance(table, dict) or not {"voice"} <= set(table) <= {"when", "voice"}:
        raise ConfigError(f"{at}: takes `when` and `voice`")
    voice, when = table["voice"], table.get("when", {})
    if not isinstance(voice, str) or not voice.strip():
        raise ConfigError(f"{at}: voice takes a voice's name")
    if not isinstance(when, dict):
        raise ConfigError(f'{at}: when takes columns and values, such as {{category = "toys"}}')
    conditions: list[Condition] = []
    for column, wanted in when.items():
        tests = wanted if isinstance(wanted, dict) else {Check.IS: wanted}
        if not tests:
            raise ConfigError(f"{at}: {column} has no test: {', '.join(Check)}")
        conditions += [_condition(at, column, name, value) for name, value in tests.items()]
    return Rule(voice.strip(), tuple(conditions))


def _condition(at: str, column: str, name: str, value: Any) -> Condition:
    where = f"{at}: {column}"
    try:
        test = Check(name)
    except ValueError:
        raise ConfigError(f"{where}: there is no test {name!r}: {', '.join(Check)}") from None
    listed = value if isinstance(value, list) and test in (Check.IS, Check.NOT) else [value]
    values = tuple(_value(where, each) for each in listed)
    first = values[0] if values else None
    if not values:
        raise ConfigError(f"{where}: {test} takes at least one value")
    if test is Check.EMPTY and not isinstance(value, bool):
        raise ConfigError(f"{where}: {test} takes true or false")
    if test in (Check.GLOB, Check.REGEX) and not isinstance(value, str):
        raise ConfigError(f"{where}: {test} takes a text")
    if (test in _NUMERIC or test in (Check.SHORTER_THAN, Check.LONGER_THAN)) and not isinstance(first, float):
        raise ConfigError(f"{where}: {test} takes a number")
    if test is Check.REGEX:
        try:
            re.compile(value)
        except (re.error, RecursionError, OverflowError) as error:
            raise ConfigError(f"{where}: not a regular expression: {error}") from None
    return Condition(column, test, values)


def _value(where: str, value: Any) -> str | float:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        with contextlib.suppress(OverflowError):
            exact = float(value)
            if math.isfinite(exact):
                return exact
    if isinstance(value, str):
        return value
    raise ConfigError(f"{where}: takes words and numbers")
