"""Suggest known names for a misspelled one. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Collection

NEAREST, ALIKE = 3, 0.6


def nearest(name: str, known: Collection[str]) -> str:
    """Return "did you mean ...?" with the nearest of the known names; "" where none is near."""
    by_lower = {one.lower(): one for one in known}
    near = difflib.get_close_matches(name.lower(), sorted(by_lower), NEAREST, ALIKE)
    return f"did you mean {', '.join(by_lower[one] for one in near)}?" if near else ""


def suggestion(name: str, known: Collection[str]) -> str:
    """Return the same in parentheses behind a blank, to follow the name in a message."""
    near = nearest(name, known)
    return f" ({near})" if near else ""
