"""Text that was decoded with the wrong encoding somewhere ("GrÃ¶ÃŸe") as it was meant: `--repair`, by ftfy.

Only the encoding is mended: ftfy's other repairs would uncurl quotes, widen letters and cut control
characters, which either changes what was written or is `cleaning`'s business.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ftfy import TextFixerConfig

# What ftfy looks for has two characters past ASCII side by side, or one of these. A tenth of ftfy's own test.
_MOJIBAKE_SIGNS = re.compile(r"[^\x00-\x7f]{2}|[\x80-\x9fŒœÃÂ]")


def repaired(text: str) -> str:
    """`text` without mojibake; ASCII without entities, and text that makes sense, stay as they are.

    Must come before white space and control characters are cleaned, which are part of what was mangled.
    """
    if text.isascii() and "&" not in text:
        return text
    fixed = _fixed(text)
    if fixed == text and "&" in text:
        decoded = unescape(text)  # "Gr&Atilde;&para;&Atilde;&#159;e"
        again = _fixed(decoded)
        return again if again != decoded else text
    return fixed


def _fixed(text: str) -> str:
    if _MOJIBAKE_SIGNS.search(text) is None:
        return text
    import ftfy
    from ftfy.badness import is_bad

    return ftfy.fix_text(text, _config()) if is_bad(text) else text


@lru_cache(maxsize=1)
def _config() -> TextFixerConfig:
    import ftfy

    return ftfy.TextFixerConfig(
        unescape_html=False,
        remove_terminal_escapes=False,
        fix_latin_ligatures=False,
        fix_character_width=False,
        uncurl_quotes=False,
        fix_line_breaks=False,
        fix_surrogates=False,
        remove_control_chars=False,
        normalization=None,
        explain=False,
    )
