"""Reduce the reasons of failures to what they have in common: figures, quoted values and ids do not count.

"0.04 s for 54 characters" and "0.05 s for 55 characters" are one reason. An HTTP status is kept: it names
another failure. Reads no clock and no text of a catalog.
"""

from __future__ import annotations

import re

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


def _reduced(text: str) -> str:
    return _FIGURE.sub(FIGURE, _ID.sub(ID, _QUOTED.sub(VALUE, text)))
