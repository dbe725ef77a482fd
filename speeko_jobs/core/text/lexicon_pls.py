"""A W3C Pronunciation Lexicon (PLS 1.0, https://www.w3.org/TR/pronunciation-lexicon/) as entries.

Aliases become entries, case-sensitive as PLS writes each spelling out. Phonemes are left out and told, since
speech APIs of the common shape take plain text. Document types are refused, so no entity can be declared
and none can grow; nothing outside the file is ever read.
"""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

from speeko_jobs.core.text import language_tags as languages
from speeko_jobs.core.text.lexicon import LexiconEntry
from speeko_jobs.errors import ConfigError

_NAMESPACE = "http://www.w3.org/2005/01/pronunciation-lexicon"
_XML_LANG = "http://www.w3.org/XML/1998/namespace lang"
_KEPT = frozenset({"grapheme", "alias", "phoneme"})


class _Refused(Exception):
    pass


def entries_of(raw: bytes, name: str) -> tuple[list[LexiconEntry], list[str]]:
    """The entries of a file that is called `name`, and one line for each lexeme that had to be left out.

    Of several lexemes with one spelling the first counts, of several aliases the preferred one, else the
    first. ConfigError names the line and what to do; a file without any alias is refused.
    """
    reader = _Reader(name)
    try:
        reader.parser.Parse(raw, True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise ConfigError(f"{name}, line {error.lineno}: {reason}: a PLS lexicon is XML") from None
    except _Refused as refused:
        raise ConfigError(f"{name}, line {reader.parser.CurrentLineNumber}: {refused}") from None
    except (ValueError, LookupError):  # an encoding that Python does not have, or cannot give to expat
        raise ConfigError(f"{name}: its encoding cannot be read: save the lexicon as UTF-8") from None
    if not reader.entries:
        why = reader.left_out[0] if reader.left_out else f"{name}: it holds no lexeme with an alias"
        raise ConfigError(f"{why}; no entry is left")
    return list(reader.entries.values()), reader.left_out


class _Reader:
    """What expat tells of one file. Elements that PLS does not define, and examples, are passed over."""

    def __init__(self, name: str) -> None:
        self.entries: dict[str, LexiconEntry] = {}
        self.left_out: list[str] = []
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype
        self._name = name
        self._language = ""
        self._path: list[str] = []
        self._line = 0
        self._said: list[str] = []
        self._words: list[str] = []
        self._aliases: list[tuple[bool, str]] = []
        self._preferred = False
        self._has_phoneme = False

    def _doctype(self, *_declared: Any) -> None:
        raise _Refused("a document type is not accepted: take the <!DOCTYPE ...> out")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        space, _, element = tag.rpartition(" ")
        if not self._path:
            if element != "lexicon" or space not in ("", _NAMESPACE):
                raise _Refused(f"<{element[:40]}> is not a PLS lexicon: its root must be <lexicon>")
            self._language = languages.tag(attributes.get(_XML_LANG, ""))
        self._path.append(element if space in ("", _NAMESPACE) else "")
        if element == "lexeme":
            self._line = self.parser.CurrentLineNumber
            self._words, self._aliases, self._has_phoneme = [], [], False
        if element in _KEPT:
            self._said = []
            self._preferred = attributes.get("prefer") in ("true", "1")

    def _text(self, text: str) -> None:
        if self._path[-1] in _KEPT:
            self._said.append(text)

    def _end(self, _tag: str) -> None:
        element = self._path.pop()
        if self._path[-1:] == ["lexeme"] and element in _KEPT:
            text = " ".join("".join(self._said).split())
            if element == "grapheme":
                self._words.append(text)
            elif element == "phoneme":
                self._has_phoneme = True
            else:
                self._aliases.append((not self._preferred, text))
        elif element == "lexeme":
            self._lexeme()

    def _lexeme(self) -> None:
        where = f"{self._name}, line {self._line}"
        if not self._words:
            raise _Refused("a lexeme has no grapheme: there is no word to look for")
        if not self._aliases:
            what = (
                "has only a phoneme, and speech APIs take plain text" if self._has_phoneme else "has no alias"
            )
            self.left_out.append(f"{where}: {self._words[0]!r} {what}: give it an <alias>")
            return
        say = min(self._aliases, key=lambda alias: alias[0])[1]
        for word in self._words:
            if word not in self.entries:
                try:
                    self.entries[word] = LexiconEntry(word, say, self._language, True)
                except ValueError as error:
                    raise _Refused(str(error)) from None
