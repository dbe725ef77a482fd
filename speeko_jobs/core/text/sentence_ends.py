"""Places that look like the end of a sentence and are none: abbreviations, ordinals, names, quotes.

sentencex finds the ends, by a short list of abbreviations for each language and by English where none is
given. These rules take back ends that it gets wrong, and never add one.
"""

from __future__ import annotations

import re

# Words whose dot never ends a sentence. They are looked up without the last dot, in lower case.
_NEVER = {
    "en": "approx e.g i.e cf vs dr mr mrs ms prof st viz resp incl excl",
    "de": "ca d.h z.b u.a z.t u.u i.d.r bzw vgl evtl ggf inkl exkl zzgl abzgl sog dr prof hr fr st bspw insb",
    "fr": "c.-à-d p.ex m mm mme mlle dr pr av bd st ste cf",
    "pl": "tj tzn np m.in tzw ul al pl os im św prof dr hab inż mgr wg",
    "es": "p.ej sr sra srta dr dra av avda ud uds",
    "it": "p.es sig sigg dott prof ecc.to",
    "nl": "bijv bv m.a.w d.w.z o.a dhr mevr ca incl excl",
    "pt": "p.ex sr sra dr dra av",
    "cs": "tj tzn např ul nám resp cca",
    "sv": "t.ex bl.a ca d.v.s",
}
# Words whose dot ends no sentence before a figure, a Roman number or a small letter: Vol. 2, ok. 30 cm.
_BEFORE_FIGURES = {
    "en": "vol no nos fig figs p pp ch sec art ed eq ver max min est",
    "de": "nr bd s abb kap abs art max min mind st std stk usw etc str tab aufl jh",
    "fr": "env vol n p pp t art chap fig max min etc",
    "pl": "ok nr godz str rys tab ust art pkt r w itd itp max min",
    "es": "núm n pág págs vol art fig cap aprox etc",
    "it": "n pag pagg vol art fig cap ecc",
    "nl": "nr blz art fig max min enz",
    "pt": "n pág vol art fig cap aprox etc",
    "cs": "č str obr tab odst max min atd apod",
    "sv": "nr s kap max min osv",
}
_GERMAN_ORDINAL = re.compile(
    r"\b(?:vom|am|zum|zur|beim|im|ab|bis|seit|der|die|das|den|dem|des|jede[rmns]?|diese[rmns]?|ein\w{0,2}|und)"
    r" [0-9]{1,3}\.\Z",
    re.IGNORECASE,
)
_WORD_BEFORE = re.compile(r"(?<![^\W_])([^\W\d_][\w.'’-]*)\.\Z")
_FIGURE_OR_SMALL = re.compile(r"[0-9]|[IVXLC]+\b")
_JAPANESE_QUOTE_END = re.compile(r"[。！？!?…][」』]\Z")
_JAPANESE_GOES_ON = re.compile(r"[とっはがをにもので、]|って")
_LOOK_BACK = 40


def _sets(table: dict[str, str]) -> dict[str, frozenset[str]]:
    found = {language: frozenset(words.split()) for language, words in table.items()}
    # Without a language: words of all, but for those that are words of everyday English themselves.
    everyday = {
        "ok", "no", "m", "im", "al", "os", "pl", "fr", "hr", "art", "st", "bd", "s", "w", "r", "t", "p", "n",
    }  # fmt: skip
    return found | {"": frozenset().union(*found.values()) - (everyday - found["en"])}


_NEVER_ENDS, _NOT_BEFORE_FIGURES = _sets(_NEVER), _sets(_BEFORE_FIGURES)


def is_no_end(text: str, end: int, start: int, language: str) -> bool:
    """Return whether a sentence that was found to end at `end` goes on at `start`.

    `language`: the primary part of a BCP 47 tag, "" where it is not known.
    """
    before, after = text[max(0, end - _LOOK_BACK) : end], text[start : start + _LOOK_BACK]
    if _JAPANESE_QUOTE_END.search(before):
        return _JAPANESE_GOES_ON.match(after) is not None
    if not before.endswith(".") or not after:
        return False
    if end == start and _is_inside_name(before, after):
        return True
    if language in ("", "de") and _GERMAN_ORDINAL.search(before):
        return True
    found = _WORD_BEFORE.search(before)
    if found is None:
        return False
    word = found[1].lower()
    if word in _NEVER_ENDS.get(language, ()):
        return True
    goes_on = after[0].islower() or _FIGURE_OR_SMALL.match(after) is not None
    return goes_on and word in _NOT_BEFORE_FIGURES.get(language, ())


def _is_inside_name(before: str, after: str) -> bool:
    """Return whether a dot without a space behind it is part of a word: c.-à-d., ASP.NET; not Euro.Jetzt."""
    return after[0] in "-‐‑" or (before[-2:-1].isupper() and after[0].isupper())
