"""Sanitize untrusted text (CSV injection, control characters): cells that are no formulas, lines that hold no
control characters.

Knows which characters act in spreadsheets, terminals and logs. What is exact (JSON) keeps the raw text.
"""

from __future__ import annotations

import re

# Spreadsheets skip leading blanks on import in some settings, so the first visible character counts.
_FORMULA = re.compile("[ \u00a0\u3000\ufeff\u200b]*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")

_ACTS = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0 with ESC, BEL and line breaks; DEL; C1
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"  # zero-width, line breaks, bidi
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"  # BOM, annotations, surrogates, tags
)
_SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


def spreadsheet_safe(cell: str) -> str:
    """The cell with "'" before it where a spreadsheet would take it for a formula (CWE-1236).

    That holds for = + - @ TAB CR LF and their full-width twins. A cell that already has quotes before
    such a character gets one more, so that `spreadsheet_raw` always gives back the very cell.
    """
    return "'" + cell if _FORMULA.match(cell.lstrip("'")) else cell


def spreadsheet_raw(cell: str) -> str:
    """What `spreadsheet_safe` was given: for reading our own CSV files as input again."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell.lstrip("'")) else cell


def printable(text: str) -> str:
    """The text for one line of a terminal or log: what would act there is shown as an escape (\\x1b)."""
    return _ACTS.sub(_escape, text) if _ACTS.search(text) else text


def _escape(match: re.Match[str]) -> str:
    c = match.group()
    code = ord(c)
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return _SHORT.get(c) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
