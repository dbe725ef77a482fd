"""The bytes of an audio file that a request's Range header asks for (RFC 9110)."""

from __future__ import annotations

import re

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def asked_range(header: str, size: int) -> tuple[int, int] | None:
    """(first, last) byte of what a Range header asks for; None where it asks for all, or for what is not
    understood. Raises MissingRange when nothing of it is there."""
    found = _RANGE.fullmatch(header.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        first, last = max(0, size - int(found[2])), size - 1
    else:
        first, last = int(found[1]), min(int(found[2] or size), size - 1)
        if found[2] and int(found[2]) < first:
            return None
    if first >= size or first > last:
        raise MissingRange
    return first, last


class MissingRange(Exception):
    """Nothing of the range is there."""
