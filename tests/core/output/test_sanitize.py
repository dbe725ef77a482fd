"""Text of strangers: no cell is a formula, no line holds what a terminal obeys."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speeko_jobs.core.output.sanitize import printable, spreadsheet_raw, spreadsheet_safe

CELLS = st.text(st.sampled_from("'=+-@\t\r\n ＝＋－＠a1\u00a0") | st.characters(), max_size=20)


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-2+3", "@SUM(A1)", "\tx", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠x"]
)
def test_formulas_are_quoted(cell: str) -> None:
    assert spreadsheet_safe(cell) == "'" + cell
    assert spreadsheet_safe("  " + cell) == "'  " + cell


@pytest.mark.parametrize("cell", ["", "a=1", "1+1", "sku-1", "a@b.c", "'tis", " x", "日本"])
def test_other_cells_are_left_alone(cell: str) -> None:
    assert spreadsheet_safe(cell) == cell
    assert spreadsheet_raw(cell) == cell


@settings(deadline=None)
@given(CELLS)
def test_no_cell_starts_a_formula_and_each_can_be_read_back(cell: str) -> None:
    made = spreadsheet_safe(cell)
    assert made.lstrip(" \u00a0\u3000\u200b\ufeff")[:1] not in set("=+-@\t\r\n＝＋－＠")
    assert spreadsheet_raw(made) == cell


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain, ünï 日本 😀 ok", "plain, ünï 日本 😀 ok"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x1b]8;;http://x\x07", "\\x1b]8;;http://x\\x07"),
        ("a\r\nERROR: fake", "a\\r\\nERROR: fake"),
        ("a\tb\0", "a\\tb\\x00"),
        ("\x7f\x85\x9b", "\\x7f\\x85\\x9b"),
        ("\u202eabc\u2066", "\\u202eabc\\u2066"),
        ("\u2028\u2029\ufeff", "\\u2028\\u2029\\ufeff"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_acts_is_shown(text: str, expected: str) -> None:
    assert printable(text) == expected


@settings(deadline=None)
@given(st.text(st.characters() | st.sampled_from("\x1b\n\u202e\ud800")))
def test_printable_lines_are_one_line_and_can_be_encoded(text: str) -> None:
    line = printable(text)
    assert line.splitlines() in ([line], [])
    line.encode()
    assert not line or all(unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp") for c in line)
    assert printable(line) == line
