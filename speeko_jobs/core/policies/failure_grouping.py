"""Reduce the reasons of failures to what they have in common: figures, quoted values and ids do not count.

"0.04 s for 54 characters" and "0.05 s for 55 characters" are one reason. An HTTP status is kept: it names
another failure. Reads no clock and no text of a catalog.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

CANCELLED = "cancelled before it was bought"
FIGURE, VALUE, ID = "#", "…", "id"
_STATUS = re.compile(r"\bHTTP \d{3}\b")
_QUOTED = re.compile(r"""(?<!\w)(["'`])(?:(?!\1).)*\1(?!\w)|“[^”]*”|‘[^’]*’|«[^»]*»""")
_ID = re.compile(r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z_-])[\w-]{8,}(?![\w-])")
_FIGURE = re.compile(r"(?<![A-Za-z_])\d+(?:[.,:]\d+)*")


def normalized(reason: str) -> str:
    """Return `reason` with "#" for each figure, "…" for each quoted value and "id" for each identifier."""
    parts, start = [], 0
    for status in _STATUS.finditer(reason):
        parts += [_reduced(reason[start : status.start()]), status.group()]
        start = status.end()
    return "".join([*parts, _reduced(reason[start:])])


def grouped(counted: Iterable[tuple[str, int]], most: int) -> list[tuple[str, int]]:
    """Add up reasons that differ in figures, quoted values or ids only; the most frequent `most` of them.

    Each is shown in its most frequent wording. `counted`: reasons with their numbers.
    """
    sums, wordings = Counter[str](), dict[str, Counter[str]]()
    for reason, n in counted:
        what = normalized(reason)
        sums[what] += n
        wordings.setdefault(what, Counter())[reason] += n
    found = [(min(wordings[what].items(), key=_by_number)[0], n) for what, n in sums.items()]
    return sorted(found, key=_by_number)[:most]


def cancelled(reason: str, *, some_bought: bool) -> str:
    """Return why a row of a cancelled job has no audio. `reason`: what its last call told, "" without one."""
    if reason:
        return f"cancelled after a call that brought no usable audio: {reason}"
    return "cancelled before all its parts were bought" if some_bought else CANCELLED


def _by_number(entry: tuple[str, int]) -> tuple[int, str]:
    return -entry[1], entry[0]


def _reduced(text: str) -> str:
    return _FIGURE.sub(FIGURE, _ID.sub(ID, _QUOTED.sub(VALUE, text)))
