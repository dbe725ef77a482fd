"""Invalidate cache entries crash-safely: Postgres first, then Redis, then the objects in the store.

In this order a crash costs nothing: what lies between is an object that is due to go, which the next run
takes up. An object goes only while nobody has claimed its key again, and nobody can.
"""

from __future__ import annotations

from collections.abc import Sequence

from speeko_jobs.adapters import failpoints
from speeko_jobs.adapters.postgres import cache
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.core.catalog.file_names import audio_path
from speeko_jobs.flow.context import Context

AT_ONCE = 2_000


def forget(
    context: Context, keys: Sequence[bytes], fences: Sequence[int], since: int, reason: str
) -> dict[bytes, int]:
    """Forget those of these keys that are as they were chosen; their bytes. Who asks for one buys it again.

    `since`: what jobs from this number on need stays. Raises ServerError or StoreError; all is in order then.
    """
    marked: dict[bytes, int] = {}
    for start in range(0, len(keys), AT_ONCE):
        some, as_chosen = keys[start : start + AT_ONCE], fences[start : start + AT_ONCE]
        missing = cache.mark(context.database, some, as_chosen, since, reason)
        failpoints.point("after_mark")
        _take_out(context, some, list(missing))
        marked |= missing
    return marked


def finish(context: Context) -> int:
    """Take out what an earlier run had marked and died before it was out; how many objects."""
    after, count = b"", 0
    while keys := cache.due(context.database, after, AT_ONCE):
        _take_out(context, keys, keys)
        after, count = keys[-1], count + len(keys)
    return count


def _take_out(context: Context, keys: Sequence[bytes], missing: list[bytes]) -> None:
    """Redis forgets all that was asked for: what is not missing now was so before, or is soon known again.
    While Redis is away objects stay, since it would still say that they are there."""
    context.cache.drop(keys)
    failpoints.point("before_take_out")
    if missing:
        context.database.run(lambda t: _delete(context, t, missing))


def _delete(context: Context, t: Transaction, keys: list[bytes]) -> None:
    paths: dict[str, list[str]] = {}
    for one in cache.unclaimed(t, keys):
        paths.setdefault(one.store or context.settings.store_url, []).append(audio_path(one.key, one.format))
    for url, names in paths.items():
        context.store_of(url).delete(names)
    cache.forget_deleted(t, keys)
