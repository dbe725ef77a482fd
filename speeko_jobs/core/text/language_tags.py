"""The language column of a catalog, tags or names in any spelling, as BCP 47 tags.

Names come from CLDR by way of langcodes' data, and only whole names count: a prefix match would take
"German (Austria)" and "German (Swiss)" for one language. What is not known stays as it is, so that two
languages never become one. Whether a voice speaks a language is the provider's matter.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

MAX_CHARS = 35  # RFC 5646, section 4.4.1

_TAG = re.compile(r"([A-Za-z]{2,3})((?:[-_][A-Za-z0-9]{1,8})*)")
_NAME = re.compile(r"[^\W\d_][^\d_]*")
_QUALIFIED = re.compile(r"(.+?)(?:\s*\((.+)\)|\s+[-–—]\s+(.+)|\s*,\s*(.+))")

# Names and misspellings met in real catalogs that CLDR does not know, or does not know as meant.
_NAMES = {
    "brazilian": "pt-BR",
    "gujrati": "gu",
    "luxenbourgish": "lb",
    "malaysian": "ms",
    "mandarin": "zh",
    "quecha": "qu",
    "rumansh": "rm",
}
_QUALIFIERS = {
    "cyr": "Cyrl",
    "hongkong": "HK",
    "lat": "Latn",
    "simp": "Hans",
    "simplified": "Hans",
    "trad": "Hant",
    "traditional": "Hant",
    "uk": "GB",
    "us": "US",
    "usa": "US",
}


@lru_cache(maxsize=4096)
def tag(name: str) -> str:
    """The BCP 47 tag of a language column's value: "DE_at" → "de-AT", "French" → "fr", "" → "".

    What is neither tag nor known name comes back unchanged, stripped; past 35 characters, its first 26
    and a digest of the whole, so that two unknown names stay two.
    """
    text = " ".join(name.split())
    if not text:
        return ""
    found = _TAG.fullmatch(text)
    if found and len(text) <= MAX_CHARS:
        if len(found[1]) == 2:
            return _cased(text)
        if short := _shortened(text):
            return short
    # The table of names crashes on NUL.
    if _NAME.fullmatch(text) and text.isprintable() and len(text) <= 100 and (known := _tag_of_name(text)):
        return known
    if len(text) <= MAX_CHARS:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{text[: MAX_CHARS - 9]}~{digest[:8]}"


@lru_cache(maxsize=4096)
def is_valid(tag: str) -> bool:
    """Return whether a tag is valid BCP 47 with codes that are registered."""
    import langcodes

    return bool(langcodes.tag_is_valid(tag))


@lru_cache(maxsize=4096)
def has_speakers(tag: str) -> bool:
    """Return whether the language of a valid tag is spoken today, by CLDR's figures."""
    import langcodes

    language = langcodes.Language.get(tag).prefer_macrolanguage().language
    return bool(langcodes.Language.make(language=language).speaking_population())


@lru_cache(maxsize=1)
def names() -> frozenset[str]:
    """Return the English names of the languages that have a code of two letters, to look for near ones."""
    import langcodes

    letters = "abcdefghijklmnopqrstuvwxyz"
    codes = (one + other for one in letters for other in letters)
    return frozenset(langcodes.Language.get(code).display_name() for code in codes if is_valid(code))


def shown(tag: str, written: str) -> str:
    """Return a language for a message: as the user wrote it, with its tag where that is another word."""
    plain = " ".join(written.split())[:MAX_CHARS]
    if not plain or tag in (plain, _cased(plain)) or "~" in tag:
        return repr(plain or tag)
    return f"{plain!r} ({tag})"


def _cased(text: str) -> str:
    """RFC 5646, section 2.1.1: all lower case, but DE and Latn where they follow no single letter."""
    out: list[str] = []
    for part in text.replace("_", "-").lower().split("-"):
        if out and len(out[-1]) > 1 and part.isalpha():
            part = {2: part.upper(), 4: part.title()}.get(len(part), part)
        out.append(part)
    return "-".join(out)


def _shortened(text: str) -> str:
    """A tag that begins with three letters, with the two-letter code where there is one; "" for no tag."""
    import langcodes

    text = text.replace("_", "-")
    return str(langcodes.standardize_tag(text)) if langcodes.tag_is_valid(text) else ""


def _tag_of_name(name: str) -> str:
    if known := _known("language", name):
        return known
    found = _QUALIFIED.fullmatch(name)
    if not found:
        return ""
    base, qualifier = found[1], found[2] or found[3] or found[4]
    if known := _known("language", f"{qualifier} {base}"):  # "Portuguese (European)" is "European Portuguese"
        return known
    language = _known("language", base)
    if not language or "-" in language:
        return ""
    rest = _known("script", qualifier) or _known("territory", qualifier)
    return f"{language}-{rest}" if rest else ""


def _known(kind: str, name: str) -> str:
    """The code of a language, script or territory by its whole name in any language, or ""."""
    from language_data import names

    plain = " ".join(names.normalize_name(name).split())
    own = (_NAMES if kind == "language" else _QUALIFIERS).get(plain)
    if own:
        return own if kind != "territory" or len(own) == 2 else ""
    # English first: a name that means two languages is missing from the table over all languages (Hindi is).
    for spoken_in in ("en", "und"):
        try:
            code = names.name_to_code(kind, plain, spoken_in)
        except UnicodeError:
            return ""
        # name_to_code also takes prefixes; the table that it loaded tells which match was whole.
        if code and plain in names.TRIES[f"{spoken_in}/name_to_{kind}"]:
            return str(code)
    return ""
