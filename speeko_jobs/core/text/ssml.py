"""SSML (W3C Speech Synthesis Markup Language 1.1) in a catalog: what is it, may it be sent, what does it say.

A text whose root element is <speak> is SSML. An API takes an `SsmlDialect`; all else is refused, since an
engine that does not know a tag may read it out, and some tags (<audio src>) would make it open files.

What is sent, and hashed into the key, is the canonical form. It begins with "<speak>", which no spoken text
does: `core.text.cleaning` strips that tag. So SSML needs no mark of its own in the database.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape, unescape
from html.entities import html5
from types import MappingProxyType
from xml.parsers import expat

from speeko_jobs.core.text.cleaning import has_speech, spoken

MAX_PAUSE_SECONDS = 60.0  # of all breaks together
_MAX_BREAK_SECONDS = 10.0
_MAX_DEPTH = 16
_VALIDATION_SECONDS_A_CHAR = 2.0

_ROOT = re.compile(
    r"\s*+(?:\ufeff\s*+)?(?:<\?xml[^<>]*\?>\s*+)?(?:<!--.*?-->\s*+)*+<speak(?=[\s/>])", re.DOTALL
)
_NAMED_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*;)")
_XML_ENTITIES = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})
_TAG = re.compile(r"</?([a-z][a-z-]*)[^<>]*>")
_AROUND_PAUSES = re.compile(r" ?(</?(?:speak|p|s|break)(?: [^<>]*)?>) ?")
_BREAK = re.compile(r'<break[^<>]* time="(\d+)ms"')
_TIME = re.compile(r"(\d{1,6}(?:\.\d{1,3})?|\.\d{1,3})(ms|s)")
_PROSODY = re.compile(
    r"[+-]?(?:\d{1,4}(?:\.\d{1,2})?|\.\d{1,2})(?:%|st|Hz|dB)?|default|x-[a-z]{3,4}|[a-z]{3,6}"
)
_NAME = re.compile(r"[\w:.-]{1,60}")
_VALUES = {
    "strength": re.compile(r"none|x-weak|weak|medium|strong|x-strong"),
    "level": re.compile(r"none|reduced|moderate|strong"),
    "interpret-as": re.compile(r"[a-z][a-z0-9:_-]{0,19}"),
    "format": re.compile(r"[a-z0-9]{1,10}"),
    "detail": re.compile(r"[a-z0-9]{1,10}"),
    "rate": _PROSODY,
    "pitch": _PROSODY,
    "range": _PROSODY,
    "volume": _PROSODY,
}
_AS_WRITTEN = frozenset({"say-as", "sub"})  # what is in there is told how to be said already


@dataclass(frozen=True)
class SsmlDialect:
    """What one API takes: elements and their attributes, beside <speak> and <sub>, which all understand.

    `billed` are the elements whose tags are billed as characters: none for Amazon Polly, all but speak and
    voice for Azure.
    """

    elements: Mapping[str, frozenset[str]]
    billed: frozenset[str] = frozenset()


# espeak-ng would open the file that <audio> names, and speaks the text of <phoneme> and its phonemes, too.
ESPEAK = SsmlDialect(
    MappingProxyType(
        {
            "break": frozenset({"strength", "time"}),
            "emphasis": frozenset({"level"}),
            "p": frozenset(),
            "prosody": frozenset({"rate", "pitch", "range", "volume"}),
            "s": frozenset(),
            "say-as": frozenset({"interpret-as", "format", "detail"}),
        }
    )
)


def is_ssml(source: str) -> bool:
    """Whether a catalog's text is SSML: its root is <speak>."""
    return source.lstrip("\ufeff \t\r\n")[:1] == "<" and _ROOT.match(source) is not None


def is_canonical(text: str) -> bool:
    """Whether a spoken text, as it stands in the database, is SSML."""
    return text.startswith("<speak>")


def canonical(source: str, dialect: SsmlDialect, say: Callable[[str], str] | None = None) -> str:
    """SSML with nothing in it but what is heard: cleaned text, known elements, attributes in order.

    `say` turns the text between tags into spoken form (lexicon, numbers), but for that of <say-as> and
    <sub>. A <sub> becomes its alias; the attributes of <speak> are dropped, voice and language being the
    row's. Idempotent. ValueError, in one line, for what is not XML or not of this dialect.
    """
    writer = _Writer(dialect, say)
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = writer.start
    parser.EndElementHandler = writer.end
    parser.CharacterDataHandler = writer.text.append
    parser.StartDoctypeDeclHandler = writer.doctype
    try:
        parser.Parse(_NAMED_ENTITY.sub(_numeric, source.strip().lstrip("\ufeff")).encode(), True)
    except UnicodeEncodeError:
        raise ValueError("the SSML holds invalid characters (lone surrogates)") from None
    except expat.ExpatError as error:
        raise ValueError(
            f"the SSML is not well-formed XML ({expat.ErrorString(error.code)}, line {error.lineno})"
        ) from None
    if writer.pause_seconds > MAX_PAUSE_SECONDS:
        raise ValueError(f"the SSML pauses for more than {MAX_PAUSE_SECONDS:g} s")
    result = _AROUND_PAUSES.sub(r"\1", re.sub(" {2,}", " ", "".join(writer.out)))
    if not has_speech(plain_text(result)):
        raise ValueError("there is nothing to speak in the SSML")
    return result


def plain_text(text: str) -> str:
    """The words of canonical SSML, without tags: for counting characters and for judging the audio."""
    return " ".join(unescape(_TAG.sub(_space, text)).split())


def billable_chars(text: str, dialect: SsmlDialect) -> int:
    """Characters billed for canonical SSML: its text as it is heard, and the tags that the API bills."""
    words = len(unescape(_TAG.sub("", text)))
    return words + sum(len(tag[0]) for tag in _TAG.finditer(text) if tag[1] in dialect.billed)


def validation_chars(text: str) -> int:
    """Characters by which to judge the length of the audio: the words, and as many as fill the breaks."""
    pauses = sum(int(found[1]) for found in _BREAK.finditer(text)) / 1000
    return len(plain_text(text)) + int(pauses / _VALIDATION_SECONDS_A_CHAR) + 1


def _space(tag: re.Match[str]) -> str:
    return " " if tag[1] in ("break", "p", "s", "speak") else ""


def _numeric(entity: re.Match[str]) -> str:
    """HTML's named entities, which XML does not have, as numbers."""
    known = None if entity[1] in _XML_ENTITIES else html5.get(entity[1])
    return entity[0] if known is None else "".join(f"&#{ord(c)};" for c in known)


class _Writer:
    """The canonical form of one document, written as expat tells of it."""

    def __init__(self, dialect: SsmlDialect, say: Callable[[str], str] | None) -> None:
        self.out: list[str] = []
        self.text: list[str] = []
        self.pause_seconds = 0.0
        self._dialect, self._say = dialect, say
        self._open: list[str] = []
        self._alias = ""

    def doctype(self, *_declared: object) -> None:
        raise ValueError("the SSML has a document type: take the <!DOCTYPE ...> out")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._open:
            if name != "speak":
                raise ValueError(f"the SSML begins with <{name[:40]}>, not with <speak>")
            attributes = {}
        elif len(self._open) >= _MAX_DEPTH:
            raise ValueError(f"the SSML is nested more than {_MAX_DEPTH} deep")
        self._flush()
        if "sub" in self._open or "break" in self._open:
            raise ValueError(f"<{name[:40]}> stands inside <{self._open[-1]}>")
        self._open.append(name)
        if name == "sub":
            self._alias = attributes.get("alias", "")
            self.out.append(escape(spoken(self._alias), quote=False))
        elif name == "speak" and len(self._open) == 1:
            self.out.append("<speak>")
        else:
            self.out.append(self._tag(name, attributes))

    def end(self, name: str) -> None:
        self._flush()
        self._open.pop()
        if name not in ("sub", "break"):
            self.out.append(f"</{name}>")

    def _flush(self) -> None:
        raw = "".join(self.text)
        self.text.clear()
        if not raw or not self._open:
            return
        if self._open[-1] == "sub" and self._alias:
            return
        words = spoken(raw)
        if words and self._open[-1] == "break":
            raise ValueError("<break> holds words: it must be <break/>")
        if self._say is not None and words and not _AS_WRITTEN.intersection(self._open):
            words = self._say(words)
        before, after = " " * raw[:1].isspace(), " " * raw[-1:].isspace()
        self.out.append(before + escape(words, quote=False) + after if words else before)

    def _tag(self, name: str, attributes: dict[str, str]) -> str:
        known = self._dialect.elements.get(name)
        if known is None:
            takes = ", ".join(sorted({*self._dialect.elements, "sub"}))
            raise ValueError(f"the SSML has <{name[:40]}>, which is not supported: {takes}")
        parts = [name]
        for attribute, value in sorted(attributes.items()):
            if attribute not in known:
                raise ValueError(f"the SSML has <{name} {attribute[:40]}=...>, which is not supported")
            parts.append(f'{attribute}="{self._value(name, attribute, value.strip())}"')
        return f"<{' '.join(parts)}{'/' if name == 'break' else ''}>"

    def _value(self, name: str, attribute: str, value: str) -> str:
        if attribute == "time":
            found = _TIME.fullmatch(value)
            seconds = float(found[1]) / (1000 if found[2] == "ms" else 1) if found else -1.0
            if not 0 <= seconds <= _MAX_BREAK_SECONDS:
                raise ValueError(
                    f"<break time={value[:20]!r}> is not 0 to {_MAX_BREAK_SECONDS:g} s, as 500ms or 2s"
                )
            self.pause_seconds += seconds
            return f"{round(seconds * 1000)}ms"
        if not _VALUES.get(attribute, _NAME).fullmatch(value):
            raise ValueError(f"<{name} {attribute}={value[:20]!r}> is not a supported value")
        return value
