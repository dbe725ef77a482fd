"""Make room in the audio store or in Redis: what is worth least goes first (core.policies.eviction_ranking).

The store: a key goes for good, and a job that asks for it buys it again; what unfinished jobs need stays.
Redis: only the copy of the audio goes, so everything may. What is chosen waits in a temporary file: memory
is bounded, and no snapshot of the database is held while objects are deleted.
"""

from __future__ import annotations

import logging
import struct
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import IO

from speeko_jobs.adapters.postgres import cache, metrics
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.core.policies import eviction_ranking
from speeko_jobs.core.policies.eviction_ranking import EvictionCandidate, IdleCriteria
from speeko_jobs.flow.cache.invalidation import finish, forget
from speeko_jobs.flow.context import Context

REASON = "evicted"
MB, GB = 1_000_000, 1_000_000_000
_CHOSEN = struct.Struct(">32sI")
_AT_ONCE = 10_000
_MEMORY_BYTES = 8 << 20
log = logging.getLogger(__name__)


class Tier(StrEnum):
    STORE = "store"
    REDIS = "redis"


@dataclass(frozen=True, slots=True)
class EvictionOptions:
    """What is to go: a part of the entries, what is beyond a budget, or what was idle. One of the three."""

    tier: Tier
    fraction: float | None = None
    budget_bytes: int | None = None
    idle: IdleCriteria | None = None
    dry_run: bool = False


@dataclass(slots=True)
class Evicted:
    """What was there, and what went of it (or would go). `worth_micros`: what its hits so far saved."""

    tier: Tier
    entries_before: int
    bytes_before: int
    held: int = 0  # that had to stay
    entries: int = 0
    bytes: int = 0
    worth_micros: int = 0


def evict(context: Context, orders: EvictionOptions) -> Evicted:
    """Choose and take out. Raises ServerError or StoreError; what is gone by then is gone in good order."""
    cache.count_hits(context.database)
    if orders.tier is Tier.STORE and not orders.dry_run:
        finish(context)
    with tempfile.SpooledTemporaryFile(_MEMORY_BYTES) as chosen:
        result, since = context.database.run(lambda t: _choose(context, t, orders, chosen))
        if not orders.dry_run:
            _carry_out(context, chosen, since, result)
    return result


def keep_budgets(context: Context) -> list[Evicted]:
    """Make room where a budget asks for it: in Redis before it is full, in the store once it is over."""
    settings, done = context.settings, []
    cache.count_hits(context.database)  # also where nothing has to go: finished jobs may be cleared away
    finish(context)
    redis_bytes = settings.redis_audio_budget * MB
    if context.cache.audio_bytes() > redis_bytes * eviction_ranking.REDIS_FULL:
        done.append(
            evict(
                context,
                EvictionOptions(Tier.REDIS, budget_bytes=int(redis_bytes * eviction_ranking.REDIS_ROOM)),
            )
        )
    store_bytes = round(settings.store_budget_gb * GB)
    if store_bytes and cache.total(context.database)[1] > store_bytes:
        done.append(evict(context, EvictionOptions(Tier.STORE, budget_bytes=store_bytes)))
    for one in done:
        log.info("evicted %d entries, %d bytes from the tier %s", one.entries, one.bytes, one.tier)
    metrics.note_periodic_task(context.database, metrics.EVICT, sum(one.entries for one in done))
    return done


def _choose(
    context: Context, t: Transaction, orders: EvictionOptions, chosen: IO[bytes]
) -> tuple[Evicted, int]:
    """Write down what goes; what that comes to, and the first job that was not asked."""
    chosen.seek(0)
    chosen.truncate()
    since = cache.since(t)
    if orders.tier is Tier.STORE:
        result = Evicted(orders.tier, *cache.total(context.database))
        found = cache.entries(t, idle=orders.idle)
    else:
        keys = bytearray()
        for key in context.cache.audio_keys():
            keys += key
        result = Evicted(orders.tier, len(keys) // 32, context.cache.audio_bytes())
        found = cache.entries(t, keys=keys, protect=False, idle=orders.idle)
    for entry in _losers(_counted(found, result), orders, result):
        chosen.write(_CHOSEN.pack(entry.key, entry.fence))
        result.entries += 1
        result.bytes += entry.bytes
        result.worth_micros += entry.worth_micros
    return result, since


def _losers(
    entries: Iterator[EvictionCandidate], orders: EvictionOptions, result: Evicted
) -> Iterator[EvictionCandidate]:
    if orders.budget_bytes is not None:
        return eviction_ranking.beyond_budget(entries, orders.budget_bytes)
    if orders.fraction is not None:
        return eviction_ranking.beyond_fraction(entries, result.entries_before, orders.fraction)
    return (entry for entry in entries if not entry.held)


def _counted(entries: Iterator[EvictionCandidate], result: Evicted) -> Iterator[EvictionCandidate]:
    for entry in entries:
        result.held += entry.held
        yield entry


def _carry_out(context: Context, chosen: IO[bytes], since: int, result: Evicted) -> None:
    """Take out what was chosen, as far as it is still as it was; then that is the result."""
    result.entries = result.bytes = 0
    chosen.seek(0)
    while block := chosen.read(_CHOSEN.size * _AT_ONCE):
        keys, fences = zip(*_CHOSEN.iter_unpack(block), strict=True)
        if result.tier is Tier.STORE:
            gone = forget(context, keys, fences, since, REASON)
            result.entries += len(gone)
            result.bytes += sum(gone.values())
        else:
            result.bytes += context.cache.drop_audio(keys)
            result.entries += len(keys)
