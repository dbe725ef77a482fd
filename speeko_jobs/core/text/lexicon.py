"""How words are to be said: a lexicon of words and their spoken forms, applied to spoken text.

It is applied before the key is made, so an edit of one word gives new keys to the rows that hold it and to
no others. What a lexicon file looks like is told in `lexicon_toml` and `lexicon_pls`.

A word is whole: Unicode letters, digits and marks stick together. Where a script writes no spaces (Chinese,
Japanese, Thai, Lao, Khmer, Burmese) each character stands alone, so an entry is found wherever it occurs.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from speeko_jobs.core.text.cleaning import spoken

MAX_WORD_CHARS = 100
MAX_SAY_CHARS = 1_000
MAX_ENTRIES = 1_000_000

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_LETTERS = re.compile(rf"[^\W{_UNSPACED}]+")
_LAST_MARK = 0x1EFFF  # marks end below; the variation selectors above are added by hand


@dataclass(frozen=True, slots=True)
class LexiconEntry:
    """One word or phrase and what to say for it, "" for nothing. `language` is a BCP 47 tag, "" for any.

    `word` and `say` are spoken text. ValueError, in one line, where either cannot be used.
    """

    word: str
    say: str
    language: str = ""
    case_sensitive: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "word", spoken(self.word))
        object.__setattr__(self, "say", spoken(self.say))
        if not self.word:
            raise ValueError("a word is missing: there is nothing to look for")
        if len(self.word) > MAX_WORD_CHARS:
            raise ValueError(f"{self.word[:30]!r}... has more than {MAX_WORD_CHARS} characters")
        if len(self.say) > MAX_SAY_CHARS:
            raise ValueError(f"{self.word!r} is to be said in more than {MAX_SAY_CHARS:,} characters")
        try:
            (self.word + self.say).encode()
        except UnicodeEncodeError:
            raise ValueError(f"{self.word!r} holds invalid characters (lone surrogates)") from None


class Lexicon:
    """Entries of any number of languages; of two for one word and language the later counts."""

    def __init__(self, entries: Iterable[LexiconEntry]) -> None:
        self.entries = tuple(entries)
        if len(self.entries) > MAX_ENTRIES:
            raise ValueError(f"a lexicon holds at most {MAX_ENTRIES:,} words, this has {len(self.entries):,}")
        self._languages = frozenset(entry.language.lower() for entry in self.entries)
        self._by_language: dict[str, _Words] = {}

    def spoken(self, text: str, language: str) -> str:
        """`text` with each word of the lexicon as it is to be said: longest entry first, from the left,
        what was put in is not looked at again. `language` is a row's tag, "" where it has none.

        The exact spelling beats another case. Linear in the length of the text.
        """
        words = self._by_language.get(language)
        if words is None:
            if len(self._by_language) >= 1_000:  # a wrong column must not fill the memory
                self._by_language.clear()
            words = self._by_language[language] = _Words(self._of(language.lower()))
        return words.spoken(text)

    def digest(self) -> str:
        """64 hexadecimal digits that change with any entry: for saying which lexicon a job was made with."""
        sha = hashlib.sha256()
        for entry in sorted(self.entries, key=lambda e: (e.language, e.word, e.case_sensitive)):
            fields = (entry.language, entry.word, entry.say, str(entry.case_sensitive))
            sha.update("\0".join(fields).encode() + b"\1")
        return sha.hexdigest()

    def _of(self, language: str) -> list[LexiconEntry]:
        """The entries for a row's language, the more particular ones last.

        "de" entries serve "de-AT" rows. The other way round, "en-US" entries serve "en" rows, and rows that
        name no language, only where the lexicon has no other language that would do.
        """
        wanted = [tag for tag in self._languages if _covers(tag, language)]
        narrower = [tag for tag in self._languages if tag != language and _covers(language, tag)]
        if len(narrower) == 1 and not (language and language in self._languages):
            wanted += narrower
        order = {tag: len(tag) for tag in wanted}
        chosen = [entry for entry in self.entries if entry.language.lower() in order]
        return sorted(chosen, key=lambda entry: order[entry.language.lower()])


def _covers(broad: str, narrow: str) -> bool:
    return not broad or narrow == broad or narrow.startswith(broad + "-")


class _Words:
    """The entries that serve one language, by the words that they begin with."""

    def __init__(self, entries: Iterable[LexiconEntry]) -> None:
        self._exact: dict[tuple[str, ...], str] = {}
        self._folded: dict[tuple[str, ...], str] = {}
        lengths: dict[str, set[int]] = {}
        for entry in entries:
            tokens = tuple(_tokens().findall(entry.word))
            folded = tuple(map(str.casefold, tokens))
            self._exact[tokens] = entry.say
            if not entry.case_sensitive:
                self._folded[folded] = entry.say
            lengths.setdefault(folded[0], set()).add(len(tokens))
        self._lengths = {first: sorted(counts, reverse=True) for first, counts in lengths.items()}
        starts = [(first, _LETTERS.match(first)) for first in lengths]
        self._starts = frozenset(found[0] for _, found in starts if found)
        signs = "".join({re.escape(first[0]) for first, found in starts if not found})
        self._signs = re.compile(f"[{signs}]") if signs else None

    def spoken(self, text: str) -> str:
        return self._said(text) if self._may_occur(text.casefold()) else text

    def _may_occur(self, folded: str) -> bool:
        """A test at half the price, with no for nearly every row of a catalog."""
        if not self._starts.isdisjoint(_LETTERS.findall(folded)):
            return True
        return self._signs is not None and self._signs.search(folded) is not None

    def _said(self, text: str) -> str:
        tokens = _tokens().findall(text)
        folded = [token.casefold() for token in tokens]
        out: list[str] = []
        at = 0
        while at < len(tokens):
            for count in self._lengths.get(folded[at], ()):
                say = self._exact.get(tuple(tokens[at : at + count]))
                if say is None:
                    say = self._folded.get(tuple(folded[at : at + count]))
                if say is not None:
                    out.append(say)
                    at += count
                    break
            else:
                out.append(tokens[at])
                at += 1
        return "".join(out)


@lru_cache(maxsize=1)
def _tokens() -> re.Pattern[str]:
    """Words, single characters of unspaced scripts, runs of white space, single signs: all of a text."""
    marks = _marks()
    letters = rf"[^\W{_UNSPACED}]"
    return re.compile(rf"{letters}+(?:[{marks}]+{letters}*)*|[{_UNSPACED}][{marks}]*|\s+|.", re.DOTALL)


def _marks() -> str:
    """Marks and joiners, which belong to the letter before them, as the inside of a character class."""
    spans: list[list[int]] = []
    for code in range(_LAST_MARK + 1):
        if unicodedata.category(chr(code))[0] == "M":
            if spans and spans[-1][1] == code - 1:
                spans[-1][1] = code
            else:
                spans.append([code, code])
    inside = "".join(f"{chr(first)}-{chr(last)}" for first, last in spans)
    return inside + "\u200c\u200d\U000e0100-\U000e01ef"
