"""What cells mean: null markers, formulas that keep zeros, lists and nested objects."""

from __future__ import annotations

import pytest

from speeko_jobs.core.catalog.cell_values import is_null, text_of, without_formula


@pytest.mark.parametrize("cell", ["\\N", "NULL", "null", "NaN", "nan", "None", "<NA>", " NULL ", "#N/A"])
def test_a_null_marker_is_no_text(cell: str) -> None:
    assert is_null(cell)
    assert text_of(cell) == ""


@pytest.mark.parametrize("cell", ["Null", "none", "NONE", "nan bread", "N", "", "Nan", "\\n", "no"])
def test_words_are_no_markers(cell: str) -> None:
    assert not is_null(cell)
    assert text_of(cell) == cell


def test_null_is_zero_in_german() -> None:
    assert text_of("null", "de-AT") == "null"
    assert text_of("NULL", "de-AT") == ""
    assert text_of("null", "en") == ""


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        ('="00123"', "00123"),
        (' ="a b" ', "a b"),
        ('=""', ""),
        ("=1+2", "=1+2"),
        ('="a"&"b"', '="a"&"b"'),
        ("00123", "00123"),
    ],
)
def test_formulas(cell: str, wanted: str) -> None:
    assert without_formula(cell) == wanted


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        ('["First line.", "Second line."]', "First line. Second line."),
        ('["Red", null, "Blue", 3]', "Red. Blue. 3"),
        ("['First line.', 'It\\'s the second']", "First line. It's the second"),
        (r"['C:\docs', 'b']", r"C:\docs. b"),
        ("['open, (((((", "['open, ((((("),
        ("['" + "(" * 50_000 + "']", "(" * 50_000),
        ("['a', " + "(" * 50_000 + "]", "['a', " + "(" * 50_000 + "]"),
        ("[]", ""),
        ("[1, 2]", "[1, 2]"),
        ("[gallery] A lamp [end]", "[gallery] A lamp [end]"),
        ("{{ product.title }}", "{{ product.title }}"),
        ("[" * 100_000 + "]", "[" * 100_000 + "]"),
    ],
)
def test_lists(cell: str, wanted: str) -> None:
    assert text_of(cell) == wanted


@pytest.mark.parametrize(
    "cell", ['{"sales": "For sales press one"}', '[{"a": "b"}]', "{'a': 'b'}", '[["a"]]']
)
def test_a_nested_object_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match="the text is a nested object"):
        text_of(cell)
