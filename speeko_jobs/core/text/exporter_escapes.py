r"""Undo escapes of exporters: `\n`, `\r\n` and `\t` written as letters, `\u00e9`, and Excel's `_x000D_`.

WooCommerce writes `\n` for each line end of a description; JSON that was pasted into a table has all of them.
The same letters are a part of paths (`C:\new`, `\\server\table`), which stay, and of LaTeX (`\nabla`): before
a lower-case letter, `\n` and `\t` need another escape in the text as evidence.
"""

from __future__ import annotations

import re

_PATH = (
    r"(?:(?<![A-Za-z])[A-Za-z]:\\(?![nrt](?![a-z]))|(?<!\S)(?:\\\\[\w.-]+|\.{1,2}|%\w+%|~)\\)[^\s<>\"|?*]*"
)
_ESCAPE = re.compile(
    rf"(?P<path>{_PATH})"
    r"|(?:\\u[0-9a-fA-F]{4})+"
    r"|_x00(?:0[9AD]|1F|7F)_"
    r"|(?P<certain>\\r\\n|\\[nrt](?![a-z])|(?<=[.!?:;>。！？])\\[nrt])"
    r"|(?P<doubtful>\\[nrt])"
)
_LINE_ENDS = {"\\r\\n": "\n", "\\n": "\n", "\\r": "\n", "\\t": "\t"}
_SURROGATES = re.compile("[\ud800-\udfff]")


def has_escapes(text: str) -> bool:
    """Return whether `without_escapes` may change the text."""
    return "\\" in text or "_x00" in text


def without_escapes(text: str) -> str:
    """Return the text with the characters that its escapes stand for. Never raises."""
    if not has_escapes(text):
        return text
    is_certain = any(found["certain"] for found in _ESCAPE.finditer(text))

    def character(found: re.Match[str]) -> str:
        escape = found[0]
        if found["path"] is not None or (found["doubtful"] and not is_certain):
            return escape
        if escape.startswith("_"):
            return "\n" if escape in ("_x000A_", "_x000D_") else " "
        return _LINE_ENDS.get(escape) or _unicode(escape)

    return _ESCAPE.sub(character, text)


def _unicode(escapes: str) -> str:
    """Return the characters of one or more `\\uXXXX`; as they stand where they are none."""
    units = bytes.fromhex(escapes.replace("\\u", ""))
    found = units.decode("utf-16-be", "surrogatepass")
    return escapes if _SURROGATES.search(found) else found
