"""Classify what a cell looks like: a number, a code, a file name, a URL, HTML, prose, or words.

Shapes are compared between a row and the rows below it, to find out whether the row is a header.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

SAME_SHARE = 0.8  # of the values of a column, to give the column this shape
NUMBERS_SHARE = 0.9

PROSE_WORDS = 4
WORDS = ("word", "words")  # names of columns look like this, and values, too
VALUES = ("code", "url", "html")

_NUMBER = re.compile(r"[-+]?[\d.,\s/:%€$£-]*\d[\d.,\s/:%€$£-]*")
_FILE = re.compile(r"\S+(\.[A-Za-z][A-Za-z0-9]{1,3})")
_CODE = re.compile(r"(?=[^\s]*\d)(?=[^\s]*[A-Za-z])[\w./:-]+")
_SENTENCE_ENDS = ".!?…。！？"


def is_number(cell: str) -> bool:
    """Return whether a cell is a number, a price, a date or a time."""
    return _NUMBER.fullmatch(cell) is not None


def shape_of(cell: str) -> str:
    """Return the shape of a stripped cell, "" for an empty one.

    A file name has its extension as its shape.
    """
    if not cell:
        return ""
    if is_number(cell):
        return "number"
    if cell.startswith("<"):
        return "html"
    if "://" in cell[:12]:
        return "url"
    if " " not in cell:
        if match := _FILE.fullmatch(cell):
            return match[1].lower()
        if _CODE.fullmatch(cell):
            return "code"
    count = cell.count(" ") + 1
    if cell[-1] in _SENTENCE_ENDS or count >= PROSE_WORDS:
        return "prose"
    return "words" if count > 1 else "word"


def shape_of_all(values: Sequence[str]) -> str:
    """Return the shape that nearly all values of a column have, or ""."""
    if not values:
        return ""
    shape, count = Counter(map(shape_of, values)).most_common(1)[0]
    return shape if count >= (NUMBERS_SHARE if shape == "number" else SAME_SHARE) * len(values) else ""


def has_many_words(values: Sequence[str]) -> bool:
    """Return whether these values have three words or more in the mean."""
    return bool(values) and sum(len(value.split()) for value in values) >= 3 * len(values)
