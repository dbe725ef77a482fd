"""Metrics: what Postgres, Redis and the broker know, as families of samples in Prometheus' terms.

Three readings, since each of the three may be away on its own. Labels are tenants, providers, accounts,
states and names of ours: never a job, a key or a text. Counters come from sums that outlive processes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from speeko_jobs.adapters.postgres import metrics
from speeko_jobs.adapters.postgres.metrics import CostMetrics, MetricsSnapshot
from speeko_jobs.core.model.money import MICROS_PER_USD
from speeko_jobs.core.model.states import AudioSource
from speeko_jobs.flow.cache.eviction import MB
from speeko_jobs.flow.context import Context

Labels = tuple[str, ...]
ENDS = ("delivered", "unchanged", "failed", "refused", "waiting")
OUTCOMES = {"synthesized": "stored", "bad": "bad"}  # of calls that are paid, by their source in cost_daily
UNKNOWN = "unknown"
WITHOUT_CALL = (AudioSource.CACHE, AudioSource.DUPLICATE, AudioSource.COALESCED, AudioSource.UNCHANGED)
CHUNK_STATES = ("planned", "synthesizing", "ready")


@dataclass(frozen=True)
class Family:
    """One metric: `name` without the "_total" of a counter, `labels` by name, samples by their values."""

    name: str
    help: str
    kind: Literal["gauge", "counter"]
    labels: Labels
    samples: dict[Labels, float]


def postgres(context: Context) -> list[Family]:
    """Everything that Postgres knows. Raises ServerError or SchemaError."""
    found = metrics.look(context.database)
    return [*_jobs(found), *_calls(found), *_accounts(found), *_chunks(found), *_upkeep(found)]


def _jobs(found: MetricsSnapshot) -> list[Family]:
    rows: dict[Labels, float] = defaultdict(float)
    reserved: dict[Labels, float] = defaultdict(float)
    for one in found.jobs:
        reserved[(one.tenant,)] += one.reserved_micros / MICROS_PER_USD
        for end in ENDS:
            rows[one.tenant, end] += getattr(one, end)
    return [
        _gauge(
            "speeko_jobs", "Jobs by state.", ("tenant", "state"),
            {(one.tenant, one.state): one.jobs for one in found.jobs},
        ),
        _gauge("speeko_rows", "Rows of all jobs by their end; waiting: of jobs that go on.",
               ("tenant", "end"), rows),
        _gauge("speeko_jobs_waiting", "Open jobs that wait, by what for.", ("for",), found.waiting),
        _gauge("speeko_reserved_usd", "Reserved for calls that are open.", ("tenant",), reserved),
    ]  # fmt: skip


def _calls(found: MetricsSnapshot) -> list[Family]:
    paid = [one for one in found.costs if one.source in OUTCOMES]
    unknown = [one for one in found.costs if one.source == UNKNOWN]
    free = [one for one in found.costs if one.source in WITHOUT_CALL]

    def sums(
        of: list[CostMetrics], key: Callable[[CostMetrics], Labels], value: str, unit: int = 1
    ) -> dict[Labels, float]:
        out: dict[Labels, float] = defaultdict(float)
        for one in of:
            out[key(one)] += getattr(one, value) / unit
        return out

    def outcome(one: CostMetrics) -> Labels:
        return one.tenant, one.provider, OUTCOMES[one.source]

    def source(one: CostMetrics) -> Labels:
        return one.tenant, one.provider, one.source

    def provider(one: CostMetrics) -> Labels:
        return one.tenant, one.provider

    whose = ("tenant", "provider")
    usd = MICROS_PER_USD
    return [
        _counter("speeko_calls", "Calls that are paid, by outcome.", (*whose, "outcome"),
                 sums(paid, outcome, "requests")),
        _counter("speeko_billed_characters", "Characters of paid calls.", whose,
                 sums(paid, provider, "chars")),
        _counter("speeko_spent_usd", "Money spent on calls, by outcome.", (*whose, "outcome"),
                 sums(paid, outcome, "micros", usd)),
        _gauge("speeko_unknown_calls", "Calls of unknown outcome: perhaps billed.", whose,
               sums(unknown, provider, "requests")),
        _gauge("speeko_unknown_usd", "What such calls may have cost.", whose,
               sums(unknown, provider, "micros", usd)),
        _counter("speeko_rows_without_call", "Rows served without a call of their own, by source.",
                 (*whose, "source"), sums(free, source, "requests")),
        _counter("speeko_saved_usd", "What these rows would have cost.", (*whose, "source"),
                 sums(free, source, "saved_micros", usd)),
        _counter("speeko_refused_calls", "Calls that a provider refused, by HTTP status; 0: no connection.",
                 ("provider", "status"), {(r.provider, str(r.status)): r.calls for r in found.refusals}),
    ]  # fmt: skip


def _accounts(found: MetricsSnapshot) -> list[Family]:
    def of(name: str, help: str, field: str) -> Family:
        return _gauge(name, help, ("account",), {(a.name,): getattr(a, field) for a in found.accounts})

    return [
        of("speeko_calls_in_flight", "Calls that are open now.", "open_calls"),
        of("speeko_calls_wanted", "Calls that engines could have open.", "wanted_calls"),
        of("speeko_calls_limit", "Most calls at a time, as the limit stands.", "limit"),
        of("speeko_calls_ceiling", "Most calls at a time that were asked for.", "ceiling"),
        _gauge(
            "speeko_trouble_seconds",
            "For how long nothing but failures has come; 0: it answers.",
            ("account",),
            {(a.name,): a.trouble_seconds for a in found.accounts},
        ),
        of(
            "speeko_blocked_seconds", "For how long nothing is sent: the provider said so.", "blocked_seconds"
        ),
    ]


def _chunks(found: MetricsSnapshot) -> list[Family]:
    counts: dict[Labels, float] = {(state,): 0.0 for state in CHUNK_STATES}
    oldest = dict(counts)
    for one in found.chunks:
        counts[(one.state,)] = one.chunks
        oldest[(one.state,)] = one.oldest_seconds or 0.0
    return [
        _gauge("speeko_chunks", "Chunks of running jobs, by state.", ("state",), counts),
        _gauge("speeko_oldest_chunk_seconds", "For how long the oldest chunk has been in that state.",
               ("state",), oldest),
        _gauge("speeko_idle_chunks", "Chunks that are due and that no engine is at.", (),
               {(): found.idle_chunks}),
        _gauge("speeko_engines", "Engines: those that renew their lease, and those that died.", ("state",),
               {("living",): found.engines, ("dead",): found.dead_engines}),
    ]  # fmt: skip


def _upkeep(found: MetricsSnapshot) -> list[Family]:
    chore = ("chore",)
    return [
        _gauge("speeko_chore_age_seconds", "Time since a periodic task last ended: the sweeper's lag.", chore,
               {(c.name,): c.ago_seconds for c in found.chores}),
        _counter("speeko_chore_runs", "How often a periodic task has ended.", chore,
                 {(c.name,): c.runs for c in found.chores}),
        _counter("speeko_chore_done", "Chunks sent again, cache entries evicted, jobs pruned.", chore,
                 {(c.name,): c.done for c in found.chores}),
        _gauge("speeko_database_bytes", "Size of the database.", (), {(): found.database_bytes}),
    ]  # fmt: skip


def redis(context: Context) -> list[Family]:
    """What Redis holds as a cache, as far as that is cheap to know. Raises ServerError."""
    cache = context.cache
    asked = cache.lookups()
    used, most = cache.server.memory_bytes()
    kinds = (("record", "asked", "found"), ("audio", "audio_asked", "audio_found"))
    return [
        _gauge("speeko_redis_audio_bytes", "Audio that Redis holds.", (), {(): cache.audio_bytes()}),
        _gauge("speeko_redis_audio_budget_bytes", "Audio that Redis may hold.", (),
               {(): context.settings.redis_audio_budget * MB}),
        _gauge("speeko_redis_memory_bytes", "Memory that Redis uses.", (), {(): used}),
        _gauge("speeko_redis_memory_limit_bytes", "Memory that Redis may use; 0: no limit.", (), {(): most}),
        _counter("speeko_cache_lookups", "Look-ups in Redis.", ("kind",),
                 {(kind,): asked[name] for kind, name, _ in kinds}),
        _counter("speeko_cache_hits", "Look-ups that Redis could answer.", ("kind",),
                 {(kind,): asked[name] for kind, _, name in kinds}),
        _counter("speeko_dead_letters", "Messages that no worker could run, which were set aside.", (),
                 {(): cache.dead_letters.read()[0]}),
    ]  # fmt: skip


def broker(context: Context) -> list[Family]:
    """Messages that wait, and workers that answer. Raises ServerError."""
    queue = context.queue
    waiting = queue.lengths()
    return [
        _gauge("speeko_queue_messages", "Messages that wait in the broker.", ("queue",),
               {(name,): count for name, count in waiting.items()}),
        _gauge("speeko_workers", "Celery nodes that answer.", (), {(): len(queue.workers_alive())}),
    ]  # fmt: skip


READINGS: dict[str, Callable[[Context], list[Family]]] = {
    "postgres": postgres,
    "redis": redis,
    "broker": broker,
}


def _gauge(name: str, help: str, labels: Labels, samples: dict[Labels, float]) -> Family:
    return Family(name, help, "gauge", labels, samples)


def _counter(name: str, help: str, labels: Labels, samples: dict[Labels, float]) -> Family:
    return Family(name, help, "counter", labels, samples)
