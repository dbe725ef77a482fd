"""What the cache holds, how often it helped, and what that saved: by tier and by voice."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from speeko_jobs.adapters.postgres import cache
from speeko_jobs.adapters.redis.cache import Held
from speeko_jobs.core.model.states import AudioSource
from speeko_jobs.errors import ServerError
from speeko_jobs.flow.cache.eviction import GB, MB
from speeko_jobs.flow.context import Context


@dataclass(slots=True)
class VoiceStats:
    """One voice of a provider. Rows are of all jobs; a row that no call was made for is a hit."""

    provider: str
    voice: str
    entries: int = 0
    bytes: int = 0
    cost_micros: int = 0  # of buying all that is stored again
    rows: Counter[AudioSource] = field(default_factory=Counter)
    saved_micros: int = 0

    @property
    def served(self) -> int:
        return self.rows.total()

    @property
    def hits(self) -> int:
        return self.served - self.rows[AudioSource.SYNTHESIZED]


@dataclass(frozen=True, slots=True)
class Stats:
    """Both tiers. `redis` is None while Redis does not answer. Budgets are 0 where there is none."""

    redis: Held | None
    redis_budget_bytes: int
    store_budget_bytes: int
    voices: list[VoiceStats]

    @property
    def total(self) -> VoiceStats:
        """The sums over all voices."""
        total = VoiceStats("", "")
        for one in self.voices:
            total.entries += one.entries
            total.bytes += one.bytes
            total.cost_micros += one.cost_micros
            total.saved_micros += one.saved_micros
            total.rows.update(one.rows)
        return total


def stats(context: Context) -> Stats:
    """Look at both tiers; counts every entry."""
    found: dict[tuple[str, str], VoiceStats] = {}

    def of(provider: str, voice: str) -> VoiceStats:
        return found.setdefault((provider, voice), VoiceStats(provider, voice))

    for v in cache.voices(context.database):
        one = of(v.provider, v.voice)
        one.entries, one.bytes, one.cost_micros = v.entries, v.bytes, v.cost_micros
    for s in cache.served(context.database):
        one = of(s.provider, s.voice)
        one.rows[AudioSource(s.source)] = s.rows
        one.saved_micros += s.saved_micros
    try:
        redis = context.cache.held()
    except ServerError:
        redis = None
    settings = context.settings
    return Stats(
        redis,
        settings.redis_audio_budget * MB,
        round(settings.store_budget_gb * GB),
        sorted(found.values(), key=lambda v: (-v.bytes, -v.served, v.provider, v.voice)),
    )
