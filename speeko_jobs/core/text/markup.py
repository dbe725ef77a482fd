"""Take Markdown or WordPress shortcodes out of texts, where a job asks for it (--markup), and notice them.

Both are plain text to a program that does not know them, so nothing is taken out unasked: "[sic]" is no
shortcode and "2 * 3 * 4" no emphasis. What comes out is HTML or text with breaks, for cleaning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

NONE, MARKDOWN, WORDPRESS = MARKUPS = ("none", "markdown", "wordpress")
SUGGESTED_SHARE = 0.05  # of the texts looked at

_BREAK = "\u2029"  # cleaning makes a pause of it
_MARKDOWN = re.compile(
    r"^ {0,3}#{1,6} +\S|\*\*[^\s*][^*\n]{0,500}\*\*|__[^\s_][^_\n]*__|!?\[[^\]\n]{1,200}\]\([^)\s]{1,500}\)"
    r"|^ {0,3}[-*+] +\S[^\n]*\n {0,3}[-*+] +\S|^ {0,3}\|?[ :]*-{3,}[ :]*\|[-: |]*$|^```|(?<!`)`[^`\n]+`(?!`)",
    re.MULTILINE,
)
_SHORTCODE = re.compile(
    r"\[\[(?P<escaped>[^\[\]]+)\]\]"
    r"|\[(?P<slash>/?)(?P<name>[A-Za-z][\w-]*)(?P<rest>(?:\s[^\[\]]*)?)/?\]"
)
# WordPress' own, and those of well-known plug-ins that have no attribute as a rule.
_KNOWN = frozenset(
    ("audio", "caption", "embed", "gallery", "playlist", "video", "more", "products", "toc", "button", "row")
)
# What these enclose is an address.
_MEDIA = re.compile(r"\[(audio|embed|playlist|video)\b[^\[\]]*\][^\[\]]*\[/\1\]", re.IGNORECASE)


def remover(markup: str) -> Callable[[str], str]:
    """Return what takes one of MARKUPS out of a text."""
    removers = {MARKDOWN: without_markdown, WORDPRESS: without_shortcodes}
    return removers.get(markup, str)


def without_markdown(text: str) -> str:
    """Return Markdown (CommonMark with tables) as HTML, which cleaning turns into text with pauses."""
    return _parser()(text)


def without_shortcodes(text: str) -> str:
    """Return the text without shortcodes; what they enclose stays.

    A word in square brackets is a shortcode if it has an attribute, is closed, has a sign such as "_" in its
    name, or is one of WordPress' own.
    """
    if "[" not in text:
        return text
    text = _MEDIA.sub(_BREAK, text)
    closed = {found["name"].lower() for found in _SHORTCODE.finditer(text) if found["slash"]}

    def replaced(found: re.Match[str]) -> str:
        if found["escaped"]:
            return f"[{found['escaped']}]"
        name = found["name"].lower()
        is_code = name in closed or name in _KNOWN or "=" in found["rest"] or "_" in name or "-" in name
        return _BREAK if is_code else found[0]

    return _SHORTCODE.sub(replaced, text)


def suggestion(texts: Iterable[str]) -> str:
    """Return which markup many of these texts seem to have, in one line for the user; "" for none."""
    seen = {MARKDOWN: 0, WORDPRESS: 0}
    count = 0
    for text in texts:
        count += bool(text)
        seen[MARKDOWN] += _MARKDOWN.search(text) is not None
        seen[WORDPRESS] += "[" in text and without_shortcodes(text) != text
    best = max(seen, key=lambda markup: seen[markup])
    if not seen[best] or seen[best] < SUGGESTED_SHARE * count:
        return ""
    what = "Markdown" if best == MARKDOWN else "shortcodes"
    return (
        f"{seen[best]:,} of the first {count:,} texts hold {what}: --markup {best} leaves its signs unspoken"
    )


@lru_cache(maxsize=1)
def _parser() -> Callable[[str], str]:
    from markdown_it import MarkdownIt

    found = MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable("code")
    return lambda text: str(found.render(text))
