"""Cutting long texts: nothing is lost, nothing is too long, no character is torn."""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speeko_jobs.core.providers.profiles import profile_of
from speeko_jobs.core.text.cleaning import has_speech, spoken
from speeko_jobs.core.text.segmentation import MAX_CHARS, MAX_SEGMENTS, sentences, split

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
@given(PROSE | st.text(max_size=300), st.integers(12, 80))
def test_sentences_keep_all(text: str, limit: int) -> None:
    try:
        found = sentences(text, limit, "en")
    except ValueError:
        assert re.search(rf"\S{{{limit}}}", text)
        return
    assert squeezed("".join(found)) == squeezed(text)
    assert all(0 < len(piece) <= limit and piece == piece.strip() for piece in found)
    if len(text) <= limit:
        assert len(found) <= 1 or all(map(has_speech, found))


def test_what_fits_is_left_alone() -> None:
    assert split("One. Two.", 9) == ["One. Two."]
    assert split("", 5) == split("   ", 2) == []


def test_sentences_are_packed() -> None:
    assert split("One is here. Two is. Three is too. Four.", 21, "en") == [
        "One is here. Two is.",
        "Three is too. Four.",
    ]


def test_each_sentence_is_a_piece() -> None:
    assert sentences("Dr. Smith paid $3.50. He left!  Really? … 🙂 Yes.", 400, "en") == (
        "Dr. Smith paid $3.50.", "He left!", "Really? …", "🙂 Yes.",
    )  # fmt: skip
    assert sentences("你好。再见！", 400, "zh-Hans-CN") == ("你好。", "再见！")
    assert sentences("🙂 Yes. No.", 400, "Klingon (old)")[0] == "🙂 Yes."
    assert sentences("One sentence", 400) == ("One sentence",)
    assert sentences("  ", 400) == sentences("", 400) == ()


def test_a_number_or_letter_goes_with_what_it_counts() -> None:
    assert sentences("1. Wash it. 2. Dry it.", 400, "en") == ("1. Wash it.", "2. Dry it.")
    assert sentences("Wash it! 2. Dry it! 3.", 400, "en") == ("Wash it!", "2. Dry it! 3.")
    assert sentences("1. 2. B) …", 400, "en") == ("1. 2. B) …",)


def test_a_sentence_over_the_limit_is_cut_and_the_others_are_not_packed() -> None:
    assert sentences("Yes. It was red, blue and green too. No.", 16, "en") == (
        "Yes.", "It was red,", "blue and green", "too.", "No.",
    )  # fmt: skip


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
    "unit", ["“a. ", "word ", "x", ", ", "A sentence. ", "🇩", "🙂 ", "(", "a\u0301", "你好", "! "]
)
def test_a_long_text_of_anything_is_no_trap(unit: str) -> None:
    """Linear code takes well under a second; quadratic code would meet the suite's time limit."""
    text = unit * (900_000 // len(unit))
    assert squeezed("".join(split(text, 4096))) == squeezed(text)
    with contextlib.suppress(ValueError):  # more sentences than one text may have
        assert squeezed("".join(sentences(text[:200_000], 4096))) == squeezed(text[:200_000])


def test_sentences_bought_once_cost_less_than_half_of_a_fashion_catalog() -> None:
    """The same descriptions made of the same sentences: 41% of what all rows would cost at the list price."""
    path = Path(__file__).resolve().parents[4] / "shared" / "data" / "livostyle_products_v2.parquet"
    if not path.is_file():
        pytest.skip("needs the sample catalog ../shared/data/livostyle_products_v2.parquet")
    parquet = pytest.importorskip("pyarrow.parquet")
    column = parquet.read_table(path, columns=["description"])["description"]
    texts = [spoken(text) for text in column.to_pylist() if text]
    profile = profile_of("speeko")
    pieces = [sentences(text, profile.max_chars, "en") for text in texts]
    assert all(squeezed("".join(found)) == squeezed(text) for found, text in zip(pieces, texts, strict=True))

    def price(bought: Iterable[str]) -> int:
        return sum(profile.price(len(text), profile.default_model, profile.default_voice) for text in bought)

    bought = {piece for found in pieces for piece in found}
    assert price(bought) <= 0.45 * price(texts)
    assert price(bought) <= 0.47 * price(set(texts))
