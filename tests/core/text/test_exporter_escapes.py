"""What exporters write for line ends and characters; paths and LaTeX stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speeko_jobs.core.text.cleaning import is_plain, spoken
from speeko_jobs.core.text.exporter_escapes import without_escapes
from speeko_jobs.core.text.text_rules import VERSIONS

WOO = "<ul>\n\\n<li>9579 pieces</li>\n\\n<li>Display stand</li>\n\\n</ul>\n\\nShips in about 2 months."


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        (WOO, "9579 pieces. Display stand. Ships in about 2 months."),
        (r"Line one\nLine two\n\nLine three", "Line one Line two. Line three"),
        (r"Made of oak.\r\nOiled finish.", "Made of oak. Oiled finish."),
        (r"Size\tM", "Size M"),
        (r"Grade A:\nGood", "Grade A: Good"),
        (r"Oak.\nsoft\nwarm", "Oak. soft warm"),  # another escape is evidence for the last one
        (r"caf\u00e9 \ud83d\ude00", "café 😀"),
        ("tall _x000D_ end_x000A_", "tall end"),
    ],
)
def test_escapes_are_undone(source: str, wanted: str) -> None:
    assert spoken(source) == wanted
    assert spoken(source, VERSIONS[1]) != wanted


@pytest.mark.parametrize(
    "text",
    [
        r"Path C:\new\table",
        r"See .\new and \\server\new\table and %TEMP%\new",
        r"f \neq \theta, \nabla f",
        r"docs\notes",
        r"half a pair \ud83d",
        "_x00 snake_x0041_case",
    ],
)
def test_paths_and_other_backslashes_stay(text: str) -> None:
    assert spoken(text) == text


@given(
    st.lists(st.sampled_from(["\\", "n", "r", "t", "u00e9", "C:", "a", "B", " ", ".", "_x000D_", "\n", "😀"]))
)
def test_nothing_is_left_to_do(parts: list[str]) -> None:
    source = "".join(parts)
    once = spoken(source)
    assert spoken(once) == once
    if is_plain(source):
        assert once == source
    if "\\" not in source and "_x00" not in source:
        assert without_escapes(source) == source
