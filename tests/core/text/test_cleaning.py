"""What is spoken of a text: tables of real and nasty texts, and laws that hold for any text."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from speeko_jobs.core.text.cleaning import has_speech, spoken
from speeko_jobs.core.text.text_rules import VERSIONS

PLAIN = [
    "",
    "A plain sentence, with 100% cotton.",
    "Größe 38–40 · 20 €",
    "你好，世界。",
    "a < b",
    "x<5 and y>3",
    "x<b and c>d",
    "a<b",
    "I <3 you",
    "<- back",
    "R&D",
    "AT&T",
    "M&M's & more",
    "black&white",
    "?a=1&copy=2",
    "<https://example.com/>",
    "<bob@example.com>",
    "<John> said",
    "col·lecció",
    "می‌خواهم",  # U+200C in Persian
    "क्‍ष",  # U+200D in Hindi
    "ന്‍",  # U+200D that ends a Malayalam word
    "👩‍🚀 works",  # U+200D in an emoji
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿 flag",
    "❤️",
]


@pytest.mark.parametrize("text", PLAIN)
def test_text_without_markup_stays(text: str) -> None:
    assert spoken(text) == text


CLEANED = [
    # white space and invisible characters
    ("  a \t b\r\nc\u00a0d\u2003e\u3000f\u2028g ", "a b c d e f g"),
    ("\ufeffab\u00adcd\u200bef\u2060gh\u034f", "abcdefgh"),
    ("a\u202eb\u202cc\u2066d\u2069e\u200ff", "abcdef"),
    ("a\u200db\u200cc", "abc"),
    ("می\u200c\u200cخواهم", "می\u200cخواهم"),
    ("a\x00b\x07c\x85d\x9be", "a b c d e"),
    ("\x1b[31mred\x1b[0m", "red"),
    ("star \uf005 icon", "star icon"),
    ("e\u0301\u200b\u0301", "é\u0301"),
    ("e<b>\u0301</b>", "é"),
    # entities, however often they were escaped
    ("R&amp;D &amp;amp; &amp;nbsp;co", "R&D & co"),
    ("&quot;5&#8243; &#x3c; 6&quot; &copy 2020 &COPY; &NBSP;x", '"5″ < 6" © 2020 © x'),
    ("&#0;&#128;&#xD800;&#1;", "\ufffd€\ufffd"),
    ("&lt;b&gt;bold&lt;/b&gt;", "bold"),
    ("&amp;lt;b&amp;gt;bold", "bold"),
    ("&amp;lt;script&amp;gt;x()&amp;lt;/script&amp;gt;y", "y"),
    ("AT&T; &nosuch;", "AT&T; &nosuch;"),
    ("&frac12\u037e &euro\u037e", "½; €"),  # the Greek question mark is a semicolon after NFC
    # tags
    ("<p>Hi</p><p>there.</p> <div>You</div>", "Hi. there. You"),
    ("<P CLASS='x'>Yes</P >", "Yes"),
    ("<ul><li>One</li><li>Two</li></ul>", "One. Two"),
    ("Sizes:<br/>S<br>M", "Sizes: S. M"),
    ("<td>Weight</td><td>5 kg</td>", "Weight. 5 kg"),
    ('<p>He said "no."</p>Then', 'He said "no." Then'),
    ("<b>Bo</b>ld H<sub>2</sub>O", "Bold H2O"),
    ("Price: <!-- -->5<!-- x > y -->%", "Price: 5%"),
    ("one<img src=x alt='a > b'>two", "one two"),
    ("a<script type=x>if (1<2) y()</script >b<style>p{}</style>c", "a b c"),
    ("a<script src=x />b", "a. b"),
    ("before<script>never closed", "before"),
    ("before <!-- never closed", "before"),
    ("<!DOCTYPE html><?xml version='1.0'?><html><body>x</body></html>", "x"),
    ("<![CDATA[<b>x</b> &amp; y]]> z", "x & y z"),
    ("<!--[if mso]><o:p>w</o:p><![endif]--><o:p>v</o:p><my-card a=b>u</my-card>", "vu"),
    ('<speak>Wait<break time="1s"/>now <say-as interpret-as="x">5</say-as></speak>', "Wait. now 5"),
    (
        'an <svg class="i"><use xlink:href="#i"></use></svg> icon <foo a="b">x</foo> <John>',
        "an icon x <John>",
    ),
    ('cut off <a href="https://exam', "cut off"),
    ("cut off <br", "cut off"),
    ("<p class='x' bar <b>bold</b>", "bar bold"),
    ('<a href="x>link</a> end', "link end"),
    ("<<b>b>x", "x"),
    # bullets
    ("&bull; Two-tone.<br />&bull; Machine wash<br>• Dry", "Two-tone. Machine wash. Dry"),
    ("•Soft •Warm", "Soft. Warm"),
]


@pytest.mark.parametrize(("source", "said"), CLEANED)
def test_markup_is_not_spoken(source: str, said: str) -> None:
    assert spoken(source) == said


ODDITIES = """
 < > </ /> & ; &amp; &amp;lt; &lt; &gt; &#60; &#x26; &#38 amp; lt; b p br script style </script> <!-- -->
 <![CDATA[ ]]> <? ?> ' " = e a [ ] . , • क 👩 🚀 \u200b \u200c \u200d \u00ad \u034f \u0301 \u0338 \u037e
 \u094d \x00 \x1b \u202e \ufeff"""
PIECES = st.sampled_from([*ODDITIES.split(), "\u2029", "\x1e", " "])
MARKUP = st.lists(PIECES | st.text(max_size=3), max_size=25).map("".join)


@settings(deadline=None)
@given(MARKUP | st.text(alphabet=st.characters()))
@example("<" * 40 + "b>" * 40)
@example("&" + "amp;" * 40 + "lt;b>")
@example("&l" * 30 + "t;" * 30)
@example("<![CDATA[" * 40 + "x")
@example("\ud800 <b>\udfff")
def test_speaking_again_changes_nothing(source: str) -> None:
    once = spoken(source)
    assert spoken(once) == once


@settings(deadline=None)
@given(MARKUP)
def test_nothing_unspeakable_is_left(source: str) -> None:
    text = spoken(source)
    assert not re.search(r"</?(p|br|script|style)\s*/?>|<!--|&(amp|lt|gt|#\d+|#x[0-9a-f]+);", text)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u00ad\u200b\u2028-\u202e\ufeff]|  ", text)
    assert text == text.strip()
    assert unicodedata.is_normalized("NFC", text)


@settings(deadline=None)
@given(
    st.text(alphabet=st.characters(categories=["L", "N"]), max_size=20),
    st.sampled_from(["b", "span", "EM", "a"]),
)
def test_inline_tags_leave_their_text(word: str, tag: str) -> None:
    assert spoken(f"<{tag}>{word}</{tag}>") == spoken(word)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_text_without_markup_characters_loses_no_letter(text: str) -> None:
    text = unicodedata.normalize("NFC", text.replace("<", "").replace("&", "").replace("\x1b", ""))
    letters = [c for c in text if c.isalnum()]
    assert [c for c in spoken(text) if c.isalnum()] == letters


@pytest.mark.parametrize(
    "unit",
    ["<", "<b ", "<b '", '<b ="" =">', "&amp;", "<!--", "<![CDATA[", "<script>", "<<<b>", "&am<b>p;",
     "\u200b", "\x1b[", "<a x='", "<p>", "<?a ", " \x00", "a\u0301", "))", "<b x=y "],
)  # fmt: skip
def test_a_megabyte_of_anything_is_no_trap(unit: str) -> None:
    """Linear code takes well under a second; quadratic code would meet the suite's time limit."""
    source = unit * (1_000_000 // len(unit))
    assert len(spoken(source)) <= len(source)


@pytest.mark.parametrize(
    "text", ["a", "7", "½", "你", "€", "100 %", "&", "°", "©", "+", "…a", "ª", "🙂 ok", "₹"]
)
def test_there_is_something_to_say(text: str) -> None:
    assert has_speech(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ".",
        "…",
        "-- * --",
        "=====",
        "🙂",
        "❤️",
        "👩‍🚀🇩🇪",
        "_",
        "\u0301",
        "\u3164",
        "?!",
        "•",
        "\ufffd",
    ],
)
def test_there_is_nothing_to_say(text: str) -> None:
    assert not has_speech(text)


@pytest.mark.parametrize(
    ("source", "now", "before"),
    [
        (
            "Overview\nThe lamp\n\nFeatures\nOak",
            "Overview The lamp. Features Oak",
            "Overview The lamp Features Oak",
        ),
        ("One.\r\n \r\nTwo\n\n\n", "One. Two", "One. Two"),
        ("A<b>\n\n</b>B", "A. B", "A B"),
    ],
)
def test_a_blank_line_is_a_pause(source: str, now: str, before: str) -> None:
    assert spoken(source) == now
    assert spoken(now) == now
    assert spoken(source, VERSIONS[1]) == before
