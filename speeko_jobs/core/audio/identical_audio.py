"""Decide whether texts that share one audio differ so much that the audio cannot be theirs.

Case, punctuation and the way that a number is written change no sound. Words that sound alike ("there",
"their", "they're") may: so texts of one word need more company. Knows no provider.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from speeko_jobs.core.text.numbers.verbalize import read_out

TEXTS = 3  # of more than one word
SINGLE_WORDS = 8  # and more, with those of one word


def spoken_form(text: str, language: str) -> str:
    """Return the words of `text` in lower case, its numbers as words, without punctuation."""
    plain = read_out(unicodedata.normalize("NFKC", text), language or "en").casefold()
    return " ".join("".join(c if c.isalnum() or unicodedata.combining(c) else " " for c in plain).split())


def is_one_for_all(texts: Iterable[tuple[str, str]]) -> bool:
    """Return whether these texts, each with its language, are too different to share one audio."""
    forms = {spoken_form(text, language) for text, language in texts}
    return sum(" " in form for form in forms) >= TEXTS or len(forms) >= SINGLE_WORDS
