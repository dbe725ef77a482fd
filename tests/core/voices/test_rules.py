"""Rules: a row's voice by what its cells hold."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speeko_jobs.core.voices import rules as routing_rules
from speeko_jobs.core.voices.rules import compiled, number, read, rule_from_json
from speeko_jobs.errors import CatalogError, ConfigError

HEADER = ["id", "category", "price", "Product Text", "sku"]
SHOP = """
[[rule]]
when = { category = "toys" }
voice = "friendly"

[[rule]]
when = { price = { at_least = 100 }, sku = { glob = "lux-*" } }
voice = "professional"

[[rule]]
when = { product_text = { longer_than = 40 } }
voice = "fast"

[[rule]]
voice = "auto"
"""


def voice(rules: str, *cells: str, header: list[str] = HEADER) -> str:
    return compiled(read("rules.toml", rules), header)(cells)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("1", "toys", "200", "x", "LUX-1"), "friendly"),
        (("1", " Toys ", "", "", ""), "friendly"),
        (("1", "toys and games", "$100.00", "x", "LUX-1"), "professional"),
        (("1", "books", "99.99", "x", "LUX-1"), "auto"),
        (("1", "books", "100", "x", "plain"), "auto"),
        (("1", "books", "no price", "x", "LUX-1"), "auto"),
        (("1", "books", "1", "x" * 41, ""), "fast"),
        (("1", "books", "1", " " * 50, ""), "auto"),
        (("1",), "auto"),
        ((), "auto"),
    ],
)
def test_the_first_rule_that_holds_decides(cells: tuple[str, ...], expected: str) -> None:
    assert voice(SHOP, *cells) == expected


@pytest.mark.parametrize(
    ("when", "cell", "holds"),
    [
        ('"toys"', "TOYS", True),
        ('"toys"', "toy", False),
        ('["a", "b"]', "B", True),
        ('["a", "b"]', "c", False),
        ("10", "10.00", True),
        ("10", "$10", True),
        ("10", "", False),
        ('"10"', "10.00", False),
        ('"007"', "7", False),
        ("[1, 'x']", "X", True),
        ("[1, 'x']", "1.0", True),
        ("true", "TRUE", True),
        ("true", "yes", False),
        ('{not = "toys"}', "books", True),
        ('{not = ["toys", "books"]}', "Books", False),
        ('{not = ""}', " ", False),
        ('{glob = "TOY-?-*"}', "toy-1-red", True),
        ('{glob = "toy"}', "toys", False),
        ('{glob = "a*"}', "a\nb", True),
        ("{regex = '(?i)gift|present'}", "A Gift", True),
        ("{regex = '^gift'}", "A gift", False),
        ("{below = 5}", "4,99 €", True),
        ("{below = 5}", "5", False),
        ("{below = 5}", "", False),
        ("{below = 5}", "-1", True),
        ("{above = 1_000}", "1,299.00", True),
        ("{above = 1000}", "1.299,00 EUR", True),
        ("{at_most = 0.3}", "0.3", True),
        ("{at_least = 1, below = 2}", "1.5", True),
        ("{at_least = 1, below = 2}", "2", False),
        ("{shorter_than = 3}", " ab ", True),
        ("{shorter_than = 3}", "abc", False),
        ("{longer_than = 2}", "日本語", True),
        ("{empty = true}", " \t", True),
        ("{empty = true}", "x", False),
        ("{empty = false}", "x", True),
    ],
)
def test_what_can_be_asked_of_a_cell(when: str, cell: str, holds: bool) -> None:
    rules = f'[[rule]]\nwhen = {{ c = {when} }}\nvoice = "yes"\n'
    decide = compiled(read("r", rules), ["c"])
    assert decide([cell]) == ("yes" if holds else "")
    assert decide([cell]) == ("yes" if holds else "")  # out of the memo


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("12", 12), ("-3", -3), ("+3", 3), ("1,299", 1299), ("1.299", 1.299), ("12,5", 12.5), (".5", 0.5),
        ("1,299.5", 1299.5), ("1.299,5", 1299.5), ("1.299.000", 1299000), ("1 299,00", 1299),
        ("1'299.00", 1299), ("US$ 7.50", 7.5), ("7.50 CHF", 7.5), ("-$3", -3), ("$-3", -3),
        ("1\u202f299 €", 1299), ("0", 0), ("", None), ("free", None), ("3 for 2", None), ("1-2", None),
        ("12/24", None), ("1,2,3", None), ("1.2.3", None), (".", None), ("nan", None),
        ("inf", None), ("1e5", None), ("٣", 3), ("1" * 200, None),
    ],
)  # fmt: skip
def test_numbers_as_catalogs_have_them(cell: str, value: float | None) -> None:
    assert number(cell) == value


@settings(deadline=None)
@given(st.text(max_size=30) | st.text("0123456789.,-+ $'e", max_size=20))
def test_any_cell_is_a_number_or_none(cell: str) -> None:
    found = number(cell)
    assert found is None or found == found


@settings(deadline=None)
@given(st.floats(-1e9, 1e9).map(lambda x: round(x, 2)))
def test_plain_and_grouped_numbers_are_read_back(value: float) -> None:
    assert number(f"{value:.2f}") == value
    assert number(f"{value:,.2f}") == value
    assert number(f"{value:,.2f} €".translate(str.maketrans(",.", ".,"))) == value


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[rule]\n", "rules.toml: not valid TOML: .*line 1"),
        ("", r"rules.toml: no \[\[rule\]\]"),
        ("rule = 1", r"no \[\[rule\]\]"),
        ("rule = [1]", "rules.toml, rule 1: takes `when` and `voice`"),
        ("[rule]\nvoice = 'x'", r"no \[\[rule\]\]"),
        ("[[rules]]\nvoice = 'x'", "'rules' is not supported"),
        ("[[rule]]\nwhen = {a = 'b'}", "rule 1: takes `when` and `voice`"),
        ("[[rule]]\nvoice = 'x'\nif = 1", "rule 1: takes `when` and `voice`"),
        ("[[rule]]\nvoice = ''", "rule 1: voice takes a voice's name"),
        ("[[rule]]\nvoice = 1", "rule 1: voice takes a voice's name"),
        ("[[rule]]\nvoice = 'x'\nwhen = 'toys'", "rule 1: when takes columns"),
        ("[[rule]]\nvoice = 'x'\n[[rule]]\nvoice = 'y'", "rule 1: has no `when`, so it must be the last"),
        ("[[rule]]\nvoice = 'x'\nwhen = {a = []}", "rule 1: a: is takes at least one value"),
        ("[[rule]]\nvoice = 'x'\nwhen = {a = {}}", "a has no test: is, not, glob"),
        ("[[rule]]\nvoice = 'x'\nwhen = {a = {like = 'b'}}", "there is no test 'like': is, not"),
        ("[[rule]]\nvoice = 'x'\nwhen = {a = {below = '5'}}", "a: below takes a number"),
        ("[[rule]]\nvoice = 'x'\nwhen = {a = {below = [5]}}", "a: takes words and numbers"),
        ("[[rule]]\nvoice = 'x'\nwhen = {a = {below = nan}}", "a: takes words and numbers"),
        ("[[rule]]\nvoice = 'x'\nwhen = {a = 1979-05-27}", "a: takes words and numbers"),
        ("[[rule]]\nvoice = 'x'\nwhen = {a = {regex = '('}}", "a: not a regular expression"),
        ("[[rule]]\nvoice = 'x'\nwhen = {a = {glob = 1}}", "a: glob takes a text"),
        ("[[rule]]\nvoice = 'x'\nwhen = {a = {empty = 1}}", "a: empty takes true or false"),
        ("[[rule]]\nvoice = 'x'\nwhen = {a = {empty = 'true'}}", "a: empty takes true or false"),
        ("[[rule]]\nvoice = 'x'\nwhen = {a = 0x" + "f" * 5_000 + "}", "a: takes words and numbers"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_in_one_line(text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        read("rules.toml", text)
    assert "\n" not in str(caught.value)


def test_a_column_that_is_not_there_is_an_error_of_the_plan() -> None:
    with pytest.raises(CatalogError, match='rule 2: there is no column "sku": the columns are "category"'):
        compiled(read("r", SHOP), ["category", "price"])
    with pytest.raises(CatalogError, match='2 columns are called "category": give the number, 1 or 2'):
        compiled(read("r", SHOP), ["category", "category", "price", "sku", "product text"])


def test_columns_by_number_and_by_name_in_any_spelling() -> None:
    for name in ('"2"', "CATEGORY"):
        assert voice(f'[[rule]]\nwhen = {{{name} = "toys"}}\nvoice = "x"', "1", "toys") == "x"


def test_rules_survive_json() -> None:
    rules = read("r", SHOP)
    assert tuple(rule_from_json(json.loads(json.dumps(dataclasses.asdict(r)))) for r in rules) == rules


CELLS = st.sampled_from(["", "toys", "Toys", "lux-1", "99", "100", "1,000", "x" * 30, "y" * 300])


@settings(deadline=None)
@given(st.lists(st.lists(CELLS, max_size=6), max_size=60))
def test_the_memo_changes_nothing(rows: list[list[str]]) -> None:
    """A function that has seen many rows says of each what a fresh one says; a small memo says the same."""
    rules = read("r", SHOP)
    long_lived = compiled(rules, HEADER)
    assert [long_lived(row) for row in rows] == [compiled(rules, HEADER)(row) for row in rows]


def test_the_memo_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing_rules, "MEMO_ENTRIES", 10)
    decide: Any = compiled(read("r", SHOP), HEADER)
    assert {decide(["1", f"c{n}", "", "", ""]) for n in range(1_000)} == {"auto"}
    memo = next(c.cell_contents for c in decide.__closure__ if isinstance(c.cell_contents, dict))
    assert 0 < len(memo) <= 10
    decide(["1", "c", "", "z" * 500, ""])
    assert max(sum(map(len, cells)) for cells in memo) <= routing_rules.MEMO_CHARS
