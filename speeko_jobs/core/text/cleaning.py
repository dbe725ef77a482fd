"""From a catalog's text to what will be spoken: no tags, no entities, no invisible characters.

A cheap test lets plain text through untouched; only the rest is taken apart. Entities are values of
`html.entities`; tags are found here and not by `html.parser`, which would swallow "x<b and c>d" and
knows no difference between a tag and a "<" that somebody wrote. Lexicons, SSML for providers that take
it, and what to do with a text that says nothing are left to others.

One rule needs a word: entities are decoded and tags removed until nothing changes any more. So text
that was escaped twice ("&amp;lt;b&amp;gt;") is read as the markup it once was, no entity or tag is ever
spoken, and `spoken(spoken(x)) == spoken(x)` for every x.
"""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from html.entities import html5

from speeko_jobs.core.text import anki_tags, exporter_escapes, ruby
from speeko_jobs.core.text.text_rules import CURRENT_RULES, TextRules


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


# HTML's elements, today's and yesterday's, and SSML's.
_INLINE_TAGS = _names(
    "a abbr acronym amazon:effect audio b bdi bdo big cite code data del dfn em emphasis font i ins kbd "
    "label lang lexicon mark meter nobr output phoneme prosody q ruby s samp say-as small span strike strong "
    "sub sup time token tt u var voice w wbr"
)
_BREAK_TAGS = _names(
    "address applet area article aside base basefont blockquote body br break button canvas caption center "
    "col colgroup datalist dd details dialog dir div dl dt embed fieldset figcaption "
    "figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html iframe img input "
    "legend li link main map marquee menu meta nav noframes noscript object ol optgroup option p param "
    "paragraph picture portal pre progress rb rp rt rtc script search section "
    "select sentence slot source speak style summary table tbody td template textarea tfoot th thead "
    "title tr track ul video"
)
# These sit in running text: something to see between two words, nothing to pause for.
_SPACE_TAGS = _names(
    "area audio canvas embed img input object picture source video "
    "svg circle defs ellipse g line path polygon polyline rect use"
)
_KNOWN_TAGS = _INLINE_TAGS | _BREAK_TAGS | _SPACE_TAGS
_BARE_ATTRIBUTES = _names("checked compact disabled download hidden noshade nowrap open reversed selected")

_MARKUP = re.compile(
    r"<!--(?:-?>|.*?(?:--!?>|\Z))"
    r"|<!\[CDATA\[(?P<cdata>.*?)(?:\]\]>|\Z)"
    r"|<!(?:\[(?:if|else|endif)|[A-Z])[^<>]*>"
    r"|<\?[A-Z=][^<>]*>"
    r"|<(?P<raw>script|style)(?=[\s/>])[^<>]*(?<!/)>.*?(?:</(?P=raw)[\s/]*>|\Z)"
    # A tag never reaches over the next "<": this keeps every search linear.
    r"|<(?P<slash>/?)(?P<name>[A-Z][\w:.-]*)(?=[\s/>])"
    r"""(?P<rest>(?:[^<>=]++|=\s*+(?:"[^"<]*+"|'[^'<]*+')?+)*+(?=>)|[^<>]*+(?=>))>"""
    r"|<(?P<cut_slash>/?)(?P<cut_name>[A-Z][\w:.-]*)(?=[\s/<]|\Z)"
    r"""(?P<cut>(?:\s++[\w:.-]++\s*+=\s*+(?:"[^"<]*+"?|'[^'<]*+'?|[^\s"'<]*+))*+)\s*+/?""",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)
_ENTITY = re.compile(
    r"&(?:#[xX][0-9a-fA-F]{1,16};?|#[0-9]{1,20};?|([A-Za-z][A-Za-z0-9]*+(?:;|(?![A-Za-z0-9=]))))"
)
_ATTRIBUTE = re.compile(r"""\s[\w:.-]+\s*=\s*["'\w#]""")
_ESCAPED_AMPERSANDS = re.compile(r"&(?:(?:amp|AMP|#0{0,9}38|#[xX]0{0,9}26);)+")

_BREAK = "\u2029"  # Unicode's own paragraph separator marks a pause until the parts are joined
_PARAGRAPH_END = re.compile(r"\n(?:[^\S\n]*+\n)++")
_BULLETS = re.compile("[\u2022\u2023\u25aa\u25cf\u25e6]")
_TERMINAL = frozenset(
    ".!?\u2026:;,\u3002\uff01\uff1f\u3001\uff0c\uff1b\uff1a\uff0e\uff61\u0964\u0965\u061f\u061b\u060c\u06d4\u1362\u2013\u2014-"
)
_CLOSERS = "\"')]}\u00bb\u203a\u201d\u2019\u300d\u300f\uff09 "

# Arabic to N'Ko, the Indic scripts, Myanmar, Khmer, Mongolian, Balinese, Phags-pa, Arabic forms, the older
# joining scripts, Hanifi Rohingya, the later Brahmi scripts and Adlam: where U+200C and U+200D change how a
# word is read, and so does U+180E in Mongolian.
_JOINING = (
    "\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u18af\u1b00-\u1b7f\ua840-\ua87f"
    "\ua8e0-\ua8ff\ufb50-\ufdff\ufe70-\ufefc\U00010a00-\U00011fff\U0001e900-\U0001e95f"
)
_EMOJI = "\u00a9\u00ae\u203c-\u3299\ufe0f\U0001f000-\U0001faff"
_CONTROL = (
    r"\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ue000-\uf8ff\ufffe\uffff\U000f0000-\U0010ffff"  # private use, too
)
_FORMAT = (
    "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
)
_SUSPECT = re.compile(
    f"[{_CONTROL}{_FORMAT}]"
)  # twenty times as fast as the next, and it mostly finds nothing
_INVISIBLE = re.compile(
    f"(?P<joiner>(?<=[{_JOINING}])[\u200c\u200d]+|(?<=[\u1820-\u18aa])\u180e+"
    f"|(?<=[{_EMOJI}])\u200d+(?=[{_EMOJI}]))"
    "|(?P<flag>(?<=\U0001f3f4)[\U000e0020-\U000e007e]+\U000e007f)"
    rf"|(?P<space>\x1b\[[0-?]*[ -/]*[@-~]|[{_CONTROL}])"
    f"|[{_FORMAT}]"
)
_MAX_PASSES = 16


def spoken(source: str, rules: TextRules = CURRENT_RULES) -> str:
    """Return what will be spoken of `source`; "" where nothing is left. Never raises; idempotent.

    Block tags, <br>, cells, list items, paragraph separators, blank lines and bullets become a pause (". ",
    or " " after punctuation). Other tags, comments, script and style vanish, unclosed ones up to the end. "<"
    and "&" that belong to no HTML or SSML markup stay. Controls and private-use characters become spaces;
    zero-width, bidi and soft-hyphen characters vanish, except the joiners that Indic and Arabic scripts and
    emoji need. White space is collapsed, the whole is NFC. Linear in the length.
    """
    text = source
    for _ in range(_MAX_PASSES):
        if is_plain(text):
            return text
        cleaned = _clean(_without_markup(_of_exporters(text, rules)), rules)
        if cleaned == text:
            return text
        text = cleaned
    # Only markup nested on purpose gets here.
    text = text.replace("<", " ").replace("&", " ")
    while not is_plain(text):
        cleaned = _clean(_of_exporters(text, rules), rules)
        if cleaned == text:
            break
        text = cleaned
    return text


def is_plain(text: str) -> bool:
    """True where `spoken` has nothing to do; false says nothing. str.isprintable() is the whole trick: it
    is false for every control, format and private-use character and for every space but U+0020."""
    return (
        text.isprintable()
        and "<" not in text
        and "&" not in text
        and "  " not in text
        and text.strip() == text
        and "\\" not in text
        and "_x00" not in text
        and "::" not in text
        and ("[" not in text or not anki_tags.has_tags(text))
        and (
            text.isascii()
            or (
                unicodedata.is_normalized("NFC", text)
                and not _BULLETS.search(text)
                and not ruby.has_ruby(text)
            )
        )
    )


def _of_exporters(text: str, rules: TextRules) -> str:
    """Return the text without what exporters and card programs add: escapes, second readings, Anki's tags."""
    if rules.exporter_escapes:
        text = exporter_escapes.without_escapes(text)
    if rules.one_reading:
        text = ruby.one_reading(text)
    if rules.anki_tags:
        text = anki_tags.without_tags(text)
    return text


def _without_markup(text: str) -> str:
    if "<" in text:
        text = _MARKUP.sub(_replacement, text)
    if "&" in text:
        text = _ESCAPED_AMPERSANDS.sub("&", text)
        text = _ENTITY.sub(_character, text)
    return text


def _replacement(found: re.Match[str]) -> str:
    if found["name"]:
        return _tag(found, found["name"].lower(), found["rest"])
    if found["cut_name"]:
        return _unterminated(found)
    if found["raw"]:
        return " "
    return found["cdata"] or ""


def _tag(found: re.Match[str], name: str, rest: str) -> str:
    if name not in _KNOWN_TAGS and not (found["slash"] or _is_foreign(name, rest)):
        return found[0]
    if len(name) == 1 and not found["slash"] and not _are_attributes(rest):
        return found[0]
    return _left_by(name)


def _left_by(name: str) -> str:
    if name in _SPACE_TAGS:
        return " "
    return _BREAK if name in _BREAK_TAGS else ""


def _is_foreign(name: str, rest: str) -> bool:
    """Whether an unknown name is a tag all the same: it has attributes or ends in "/>", is a custom element
    (my-card) or in a namespace (o:p). <John> and <https://...> are text."""
    if _ATTRIBUTE.match(rest) or rest.rstrip() == "/":
        return True
    left, mark, right = name.partition(":") if ":" in name else name.partition("-")
    return bool(mark and left and right)


def _are_attributes(rest: str) -> bool:
    """Whether what follows a one-letter name is attributes and not the words of "x<b and c>d"."""
    if "=" in rest:
        return True
    return all(word in _BARE_ATTRIBUTES or "-" in word for word in rest.lower().replace("/", " ").split())


def _unterminated(found: re.Match[str]) -> str:
    """A tag whose ">" is missing, as where a text was cut short. What is no attribute is text."""
    name = found["cut_name"].lower()
    if name not in _KNOWN_TAGS:
        return found[0]
    at_end = found.end() == len(found.string)
    if found["cut"] or found["cut_slash"] or (len(name) > 1 and at_end):
        return _left_by(name) or " "
    return found[0]


def _character(found: re.Match[str]) -> str:
    """The character of one entity. A name without its ";" counts only where HTML would take it in an
    attribute too, so that "?a=1&copy=2" and "black&white" stay as they are."""
    name = found[1]
    if name is None:
        return unescape(found[0])
    value = html5.get(name)
    if value is None and name.endswith(";"):
        value = html5.get(name.lower())
    return found[0] if value is None else value


def _clean(text: str, rules: TextRules) -> str:
    if rules.paragraph_pauses and "\n" in text:
        text = _PARAGRAPH_END.sub(_BREAK, text)
    if _SUSPECT.search(text):
        text = _INVISIBLE.sub(_visible, text)
    if not text.isascii():
        text = _BULLETS.sub(_BREAK, unicodedata.normalize("NFC", text))
    if _BREAK not in text:
        return " ".join(text.split())
    return _joined([part for part in (" ".join(p.split()) for p in text.split(_BREAK)) if part])


def _visible(found: re.Match[str]) -> str:
    if found["joiner"]:
        return found["joiner"][0]
    if found["flag"]:
        return found["flag"]
    return " " if found["space"] else ""


def _joined(parts: list[str]) -> str:
    """Parts with a pause between them. None is added at the end: "<p>Yes</p>" is the same speech as "Yes"."""
    out: list[str] = []
    for part in parts:
        if out:
            last = out[-1].rstrip(_CLOSERS)[-1:]
            out.append(" " if not last or last in _TERMINAL else ". ")
        out.append(part)
    return "".join(out)


# Signs that voices read out. "=", "*", "~" and "<" draw lines far more often than they mean something.
_SAYS = re.compile(
    "[^\\W_\u115f\u1160\u3164\uffa0]|[%\u2030&@#+\u00a7\u00b0\u00a9\u00ae\u2122\u00b1\u00d7\u00f7\u221a\u221e]"
)


def has_speech(text: str) -> bool:
    """Whether a voice has anything to say: one letter, digit, currency sign or sign such as % & @ # + ° ©.

    Punctuation, emoji, combining marks alone and invisible letters (Hangul fillers) say nothing.
    """
    return _SAYS.search(text) is not None or any(unicodedata.category(c) == "Sc" for c in text)
