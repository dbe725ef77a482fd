"""Words and how to say them: whole words only, the longest first, in any script, in linear time."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speeko_jobs.core.text.cleaning import spoken
from speeko_jobs.core.text.lexicon import Lexicon, LexiconEntry


def lexicon(*words: tuple[str, str] | tuple[str, str, str], case_sensitive: bool = False) -> Lexicon:
    return Lexicon(
        LexiconEntry(word, say, *language, case_sensitive=case_sensitive) for word, say, *language in words
    )


SAID = [
    (("Nike", "Nikey"), "Nike's NIKE shoes, nike; Nikel Nik", "Nikey's Nikey shoes, Nikey; Nikel Nik"),
    (("C++", "C plus plus"), "C++ and C+", "C plus plus and C+"),
    (("AT&T", "A T and T"), "AT&T/at&t", "A T and T/A T and T"),
    (("co", "company"), "co-op Co. scone", "company-op company. scone"),
    (("®", ""), "Lego® bricks ®", "Lego bricks "),
    (("Müller", "Mueller"), "MÜLLER müllers", "Mueller müllers"),
    (("Straße", "street"), "STRASSE", "street"),
    (("हिन्द", "x"), "हिन्दी हिन्द", "हिन्दी x"),
    (("می", "x"), "می\u200cخواهم می", "می\u200cخواهم x"),
    (("重庆", "Chongqing"), "我在重庆吃饭", "我在Chongqing吃饭"),
    (("iPhone", "eye phone"), "iPhone手机", "eye phone手机"),
    (("ไทย", "thai"), "ประเทศไทยครับ", "ประเทศthaiครับ"),
    (("e.g.", "for example"), "shoes, e.g. boots e.g", "shoes, for example boots e.g"),
    (("5", "five"), "5 15 5.5", "five 15 five.five"),
]


@pytest.mark.parametrize(("entry", "text", "said"), SAID, ids=[entry[0] for entry, _, _ in SAID])
def test_whole_words_are_said(entry: tuple[str, str], text: str, said: str) -> None:
    assert lexicon(entry).spoken(text, "en") == said


def test_the_longest_entry_counts_and_is_not_looked_at_again() -> None:
    words = lexicon(("New", "old"), ("New York", "New Amsterdam"), ("New York City", "New New York"))
    assert words.spoken("New York City, new york, New", "en") == "New New York, New Amsterdam, old"


def test_the_exact_spelling_beats_another_case() -> None:
    words = lexicon(("Polish", "poe-lish"), ("polish", "pol-ish"))
    assert words.spoken("Polish polish POLISH", "en") == "poe-lish pol-ish pol-ish"


def test_case_counts_on_request() -> None:
    words = lexicon(("US", "U S"), case_sensitive=True)
    assert words.spoken("US us Us", "en") == "U S us Us"


def test_of_two_entries_the_later_counts() -> None:
    assert lexicon(("a", "1"), ("a", "2")).spoken("a A", "") == "2 2"


def test_the_more_particular_language_counts() -> None:
    words = lexicon(("tap", "at", "de-AT"), ("tap", "any"), ("tap", "de", "de"), ("cup", "c", "fr"))
    said = {tag: words.spoken("tap cup", tag) for tag in ("", "de", "de-AT", "de-CH", "DE-at", "fr-CA")}
    assert said == {
        "": "any cup", "de": "de cup", "de-AT": "at cup", "de-CH": "de cup", "DE-at": "at cup",
        "fr-CA": "any c",
    }  # fmt: skip


def test_rows_that_say_less_take_the_only_language_there_is() -> None:
    american = lexicon(("tap", "x", "en-US"))
    assert [american.spoken("tap", tag) for tag in ("", "en", "en-US", "en-GB", "de")] == ["x"] * 3 + [
        "tap"
    ] * 2
    two = lexicon(("tap", "x", "en-US"), ("tap", "y", "en-GB"))
    assert [two.spoken("tap", tag) for tag in ("", "en", "en-GB")] == ["tap", "tap", "y"]


def test_what_is_said_is_spoken_text() -> None:
    assert (
        lexicon(("<b>R&amp;D</b>", "re\u0301search <i>and</i>  more")).spoken("R&D", "")
        == "résearch and more"
    )


@pytest.mark.parametrize(
    ("word", "say", "reason"),
    [
        ("", "x", "missing"),
        ("<br>", "x", "missing"),
        ("w" * 101, "x", "more than 100"),
        ("w", "x" * 1001, "more than 1,000"),
        ("w", "\ud800", "surrogates"),
    ],
    ids=["empty", "markup", "long", "long-form", "surrogate"],
)
def test_what_is_no_entry_is_refused_in_one_line(word: str, say: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        LexiconEntry(word, say)
    assert "\n" not in str(caught.value)


WORDS = st.text(st.sampled_from("aBß+é क्ष重ไ\u0301"), min_size=1, max_size=6).filter(
    lambda word: spoken(word)
)


@settings(deadline=None)
@given(st.lists(WORDS, max_size=8), st.text(max_size=80) | st.lists(WORDS).map(" ".join))
def test_words_said_as_they_are_change_nothing(words: list[str], text: str) -> None:
    same = Lexicon(LexiconEntry(word, word, case_sensitive=True) for word in words)
    assert same.spoken(spoken(text), "de") == spoken(text)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["red", "Green", "green", "greenish", "éclair", "5"])).map(" ".join))
def test_only_rows_that_hold_the_word_change(text: str) -> None:
    text = spoken(text)
    said = lexicon(("green", "verde"), case_sensitive=True).spoken(text, "en")
    assert said == re.sub(r"\bgreen\b", "verde", text)


def test_an_edit_changes_the_digest() -> None:
    one, other = lexicon(("a", "b"), ("c", "d")), lexicon(("c", "d"), ("a", "b"))
    assert one.digest() == other.digest() != lexicon(("a", "b"), ("c", "e")).digest()
    assert lexicon(("a", "b"), case_sensitive=True).digest() != lexicon(("a", "b")).digest()


def test_a_big_lexicon_and_a_long_text_are_no_trap() -> None:
    """Linear code takes a second or two; quadratic code would meet the suite's time limit."""
    words = Lexicon(LexiconEntry(f"word{n // 40} {'x ' * (n % 40)}end", "said") for n in range(4_000))
    text = "word1 " + "x " * 39 + "word2 x x end " + "word3 x " * 5_000
    assert words.spoken(text, "en").startswith("word1 x")
    assert "said word3" in words.spoken(text, "en")
