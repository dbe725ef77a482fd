"""SSML: what is it, what of it goes through, what it says and costs; and no tag is ever spoken."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speeko_jobs.core.text import ssml
from speeko_jobs.core.text.cleaning import spoken

POLLY = ssml.SsmlDialect({**ssml.ESPEAK.elements, "voice": frozenset({"name"})})
AZURE = ssml.SsmlDialect(POLLY.elements, frozenset(POLLY.elements) - {"voice"})


@pytest.mark.parametrize(
    "source",
    ["<speak>a</speak>", " \n<speak version='1.0'>a</speak>", "<speak/>",
     "\ufeff<?xml version='1.0'?>\n<speak\n>", "<!-- x --><!-- y --> <speak>a"],
)  # fmt: skip
def test_a_speak_root_is_ssml(source: str) -> None:
    assert ssml.is_ssml(source)


@pytest.mark.parametrize(
    "source",
    ["", "a", "He said <speak>a</speak>", "<speaker>a</speaker>", "&lt;speak&gt;", "<p><speak>a</speak></p>"],
)
def test_other_texts_are_not(source: str) -> None:
    assert not ssml.is_ssml(source)


CANONICAL = [
    ("<speak>Hi  there\n</speak>", "<speak>Hi there</speak>"),
    ('<?xml version="1.0"?><speak version="1.1" xmlns="urn:x" xml:lang="de">Hi</speak>', "<speak>Hi</speak>"),
    ("<speak> Wait <break time='1.5s'/> now <break time = '.2s'></break></speak>",
     '<speak>Wait<break time="1500ms"/>now<break time="200ms"/></speak>'),
    ("<speak><p>\n  <s>One.</s>\n  <s>Two.</s>\n</p></speak>",
     "<speak><p><s>One.</s><s>Two.</s></p></speak>"),
    ("<speak>A <emphasis level='strong'>very</emphasis> big</speak>",
     '<speak>A <emphasis level="strong">very</emphasis> big</speak>'),
    ("<speak><prosody rate='slow' pitch='+10%'>x</prosody></speak>",
     '<speak><prosody pitch="+10%" rate="slow">x</prosody></speak>'),
    ("<speak>the <sub alias='World Wide  &amp; Web'>WWW</sub>.</speak>",
     "<speak>the World Wide &amp; Web.</speak>"),
    ("<speak><sub>WWW</sub> <sub alias='x'/></speak>", "<speak>WWW x</speak>"),
    ("<speak>R&amp;D&nbsp;caf&eacute; &#233; &lt;b&gt;bold <![CDATA[<i>x</i>]]><!-- n --><?php n ?></speak>",
     "<speak>R&amp;D café é bold x</speak>"),
    ("<speak>e\u0301\u200b a\u00adb</speak>", "<speak>\xe9 ab</speak>"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "form"), CANONICAL)
def test_the_canonical_form_holds_what_is_heard(source: str, form: str) -> None:
    assert ssml.canonical(source, ssml.ESPEAK) == form
    assert ssml.canonical(form, ssml.ESPEAK) == form
    assert ssml.is_ssml(form)
    assert ssml.is_canonical(form)


REFUSED = {
    "no xml": ("<speak>R&D</speak>", "not well-formed XML"),
    "unclosed": ("<speak>Hi <break>", "not well-formed XML"),
    "bomb": ('<!DOCTYPE s [<!ENTITY a "aa">]><speak>&a;</speak>', "document type"),
    "outside": ("<speak>a</speak>b", "not well-formed XML"),
    "entity": ("<speak>&nosuch;</speak>", r"not well-formed XML \(undefined entity"),
    "audio": (
        '<speak>a<audio src="/etc/passwd"/></speak>',
        "has <audio>, which is not supported: break, emphasis",
    ),
    "base": ('<speak>a<p xml:base="/etc">b</p></speak>', "<p xml:base=...>, which is not supported"),
    "phoneme": ('<speak><phoneme ph="x">a</phoneme></speak>', "<phoneme>"),
    "speak in speak": ("<speak><speak>a</speak></speak>", "<speak>, which"),
    "long break": ('<speak>a<break time="11s"/></speak>', "not 0 to 10 s"),
    "odd break": ('<speak>a<break time="soon"/></speak>', "not 0 to 10 s"),
    "many breaks": ("<speak>a" + '<break time="10s"/>' * 7 + "</speak>", "more than 60 s"),
    "value": ('<speak><prosody rate="1;2">a</prosody></speak>', "rate='1;2'> is not a supported value"),
    "break with words": ("<speak>a<break>b</break></speak>", "<break> holds words"),
    "element in break": ("<speak>a<break><p>b</p></break></speak>", "<p> stands inside <break>"),
    "element in sub": ("<speak>a<sub alias='x'><p>b</p></sub></speak>", "<p> stands inside <sub>"),
    "deep": ("<speak>" + "<s>" * 20 + "a" + "</s>" * 20 + "</speak>", "nested more than 16"),
    "silent": ('<speak>...<break time="1s"/></speak>', "nothing to speak"),
    "surrogate": ("<speak>\ud800</speak>", "surrogates"),
    "other root": ("<html>a</html>", "begins with <html>"),
    "control": ("<speak>\x01</speak>", "not well-formed XML"),
}


@pytest.mark.parametrize(("source", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_taken_is_refused_in_one_line(source: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        ssml.canonical(source, ssml.ESPEAK)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_words_between_tags_can_be_said_otherwise() -> None:
    source = "<speak>a <p>b</p> <say-as interpret-as='characters'>c</say-as> <sub alias='d'>e</sub></speak>"
    assert ssml.canonical(source, ssml.ESPEAK, str.upper) == (
        '<speak>A<p>B</p><say-as interpret-as="characters">c</say-as> d</speak>'
    )


def test_characters_are_counted_as_each_api_bills_them() -> None:
    form = '<speak>R&amp;D<break time="500ms"/><voice name="x">now</voice></speak>'
    assert ssml.canonical(form, POLLY) == form
    assert ssml.plain_text(form) == "R&D now"
    assert ssml.billable_chars(form, POLLY) == len("R&Dnow")
    assert ssml.billable_chars(form, AZURE) == len("R&Dnow") + len('<break time="500ms"/>')


def test_breaks_count_as_time_that_the_audio_takes() -> None:
    assert ssml.validation_chars('<speak>Hi<break time="9000ms"/>you</speak>') == len("Hi you") + 4 + 1


PIECES = st.sampled_from(
    ["<p>", "</p>", "<s>", "</s>", "<break/>", "<break time='1s'/>", "<b>", "&lt;", "&amp;", "&", "&nbsp;",
     "a", " ", "\n", "<emphasis>", "</emphasis>", "<![CDATA[", "]]>", "<!--", "-->", "<sub alias='x'>",
     "</sub>", "é", "<speak>"]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(PIECES | st.text(max_size=3), max_size=20).map("".join))
def test_anything_is_either_refused_or_clean(inside: str) -> None:
    try:
        form = ssml.canonical(f"<speak>{inside}</speak>", ssml.ESPEAK)
    except ValueError:
        return
    assert ssml.canonical(form, ssml.ESPEAK) == form
    assert spoken(ssml.plain_text(form)) == ssml.plain_text(form)
    known = r"</?(speak|p|s|emphasis)>|<break( time=\"\d+ms\")?/>|&(amp|lt|gt);"
    assert not re.search("[<>&]", re.sub(known, "", form))


@pytest.mark.parametrize(
    "unit", ["<p>", "<!--", "<break/>", "&amp;", "&a", " ", "<", "<s>a</s>", "a<!-- -->"]
)
def test_a_long_text_of_anything_is_no_trap(unit: str) -> None:
    """Linear code takes well under a second; quadratic code would meet the suite's time limit."""
    source = unit * (300_000 // len(unit))
    assert not ssml.is_ssml(source)
    for text in (f"<speak>a{source}</speak>", f"<speak>a{source}"):
        with contextlib.suppress(ValueError):  # most of it is no XML
            ssml.validation_chars(ssml.canonical(text, ssml.ESPEAK))
