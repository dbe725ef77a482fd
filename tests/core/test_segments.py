"""Cutting long texts: nothing is lost, nothing is too long, no character is torn."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speeko_jobs.core.segments import MAX_CHARS, MAX_SEGMENTS, sentences, split
from speeko_jobs.core.text import has_speech

SCRAPS = "a Yes. no, Dr. 3.5 — word; 你好。 再见！ नमस्ते। … 🙂 👩‍🚀 e\u0301 🇩🇪🇫🇷 “Hi.” longerword?"
WORDS = st.sampled_from([*SCRAPS.split(), "\n", "\t"])
PROSE = st.lists(WORDS | st.just(" ") | st.text(max_size=4), max_size=60).map(" ".join)


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


@settings(deadline=None)
@given(PROSE | st.text(max_size=300), st.integers(12, 80))
def test_all_is_kept_in_pieces_that_fit(text: str, limit: int) -> None:
    try:
        pieces = split(text, limit, "en")
    except ValueError:
        # Twelve combining marks in a row: the only text that cannot be cut.
        assert re.search(rf"\S{{{limit}}}", text)
        assert sum(unicodedata.category(c)[0] in "MC" for c in text) >= limit - 2
        return
    assert squeezed("".join(pieces)) == squeezed(text)
    assert all(0 < len(piece) <= limit and piece.strip() for piece in pieces)
    if len(text) > limit:
        assert all(piece == piece.strip() for piece in pieces)


@settings(deadline=None)
@given(PROSE | st.text(max_size=300))
def test_sentences_keep_all(text: str) -> None:
    found = sentences(text, "en")
    assert squeezed("".join(found)) == squeezed(text)
    assert all(piece and piece == piece.strip() for piece in found)
    assert len(found) <= 1 or all(map(has_speech, found))


def test_what_fits_is_left_alone() -> None:
    assert split("One. Two.", 9) == ["One. Two."]
    assert split("", 5) == split("   ", 2) == []


def test_sentences_are_packed() -> None:
    assert split("One is here. Two is. Three is too. Four.", 21, "en") == [
        "One is here. Two is.",
        "Three is too. Four.",
    ]
    assert sentences("Dr. Smith paid $3.50. He left!  Really? … 🙂 Yes.", "en") == [
        "Dr. Smith paid $3.50.", "He left!", "Really? …", "🙂 Yes.",
    ]  # fmt: skip
    assert sentences("你好。再见！", "zh-Hans-CN") == ["你好。", "再见！"]
    assert sentences("🙂 Yes. No.", "Klingon (old)")[0] == "🙂 Yes."


def test_a_long_sentence_is_cut_after_a_clause_then_at_a_space_then_anywhere() -> None:
    assert split("it was red, blue and green too", 16) == ["it was red,", "blue and green", "too"]
    assert split("one two three four", 9) == ["one two", "three", "four"]
    assert split("1,234,567 and more", 10) == ["1,234,567", "and more"]
    assert split("abcdefghij", 4) == ["abcd", "efgh", "ij"]


@pytest.mark.parametrize(
    ("text", "limit", "pieces"),
    [
        ("e\u0301" * 4, 3, ["e\u0301"] * 4),
        ("👩‍🚀👩‍🚀", 4, ["👩‍🚀", "👩‍🚀"]),
        ("👍🏽👍🏽", 3, ["👍🏽", "👍🏽"]),
        ("🇩🇪🇫🇷", 3, ["🇩🇪", "🇫🇷"]),
        ("❤️❤️", 3, ["❤️", "❤️"]),
        ("क्षक्ष", 5, ["क्ष", "क्ष"]),
    ],
)
def test_characters_are_not_torn(text: str, limit: int, pieces: list[str]) -> None:
    assert split(text, limit) == pieces


def test_no_piece_is_left_with_nothing_to_say() -> None:
    pieces = split("one two three four. " + "…" * 5, 20)
    assert pieces == ["one two three", "four. ………"] or all(map(has_speech, pieces))
    assert squeezed("".join(pieces)) == "onetwothreefour.………" + "……"


@pytest.mark.parametrize(
    ("text", "limit", "reason"),
    [
        ("abc", 0, "leaves nothing"),
        ("a " * (MAX_CHARS // 2 + 1), 4096, "are the most"),
        ("a " * (4 * MAX_SEGMENTS + 9), 8, "pieces"),
        ("e" + "\u0301" * 30, 10, "longer than 10"),
    ],
)
def test_what_cannot_be_cut_is_refused_in_one_line(text: str, limit: int, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        split(text, limit)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "unit", ["“a. ", "word ", "x", ", ", "A sentence. ", "🇩", "🙂 ", "(", "a\u0301", "你好"]
)
def test_a_long_text_of_anything_is_no_trap(unit: str) -> None:
    """Linear code takes well under a second; quadratic code would meet the suite's time limit."""
    text = unit * (900_000 // len(unit))
    assert squeezed("".join(split(text, 4096))) == squeezed(text)
