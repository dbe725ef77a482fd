"""How many calls one engine may begin, when several share one limit.

The share is max-min fair: who wants less than an equal part gets it all, the rest is divided. What
others still hold is never taken from them: they give it back when they lease again.
"""

from __future__ import annotations

from collections.abc import Iterable


def grant(limit: int, wants: int, others: Iterable[tuple[int, int]]) -> int:
    """Calls that an engine which wants `wants` may have open until it asks again.

    `others`: (held, wanted) of every other living engine. What an engine holds is the larger of its grant
    and the calls it has open already, which cannot be called back; so the sum of what all hold never
    passes `limit` as long as everybody asks here under one lock.
    """
    others = list(others)
    share, one_more = _fair_share(limit, wants, [w for _, w in others])
    if sum(h > share for h, _ in others) < one_more:
        share += 1
    return max(min(share, limit - sum(h for h, _ in others)), 0)


def _fair_share(limit: int, wants: int, others: list[int]) -> tuple[int, int]:
    """The equal part, and how many of those who want more may have one more: no permit lies idle."""
    room, waiting = limit, sorted([wants, *others])
    for position, want in enumerate(waiting):
        equal, over = divmod(room, len(waiting) - position)
        if want > equal:
            return (equal, over) if wants > equal else (wants, 0)
        room -= want
    return wants, 0
