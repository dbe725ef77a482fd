"""What `speeko cache` tells: tables for people, records for --json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from speeko_cli.output.console import console, say
from speeko_jobs.core.model.money import usd
from speeko_jobs.core.output import formatting
from speeko_jobs.core.output.sanitize import printable

if TYPE_CHECKING:
    from speeko_jobs.flow.cache.eviction import Evicted
    from speeko_jobs.flow.cache.integrity import Verified
    from speeko_jobs.flow.cache.stats import Stats, VoiceStats

SHOWN_KEYS = 10


def print_evicted(done: Evicted, dry_run: bool) -> None:
    would = "would go" if dry_run else "gone"
    where = "the store" if done.tier == "store" else "Redis"
    before = formatting.count(done.entries_before, "entry", "entries")
    size, size_before = formatting.size(done.bytes), formatting.size(done.bytes_before)
    say(f"{would} from {where}: {done.entries:,} of {before}, {size} of {size_before}")
    if done.entries:
        say(f"their hits so far saved {formatting.micros(done.worth_micros)}")
    if done.held:
        say(f"{done.held:,} had to stay: unfinished jobs need them, or calls for them may still answer")


def evicted(done: Evicted, dry_run: bool) -> dict[str, Any]:
    return {
        "tier": done.tier.value,
        "dry_run": dry_run,
        "entries": done.entries,
        "bytes": done.bytes,
        "worth_usd": usd(done.worth_micros),
        "entries_before": done.entries_before,
        "bytes_before": done.bytes_before,
        "held": done.held,
    }


def print_verified(result: Verified) -> None:
    bad = len(result.gone) + len(result.damaged)
    say(f"{formatting.count(result.entries, 'entry', 'entries')} read, {formatting.size(result.size_bytes)}")
    for what, keys in (("gone", result.gone), ("damaged", result.damaged)):
        if keys:
            say(f"{len(keys):,} {what}, bought again when a job needs them:")
            for key in keys[:SHOWN_KEYS]:
                say(f"  {key.hex()}")
            if len(keys) > SHOWN_KEYS:
                say(f"  and {len(keys) - SHOWN_KEYS:,} more")
    if result.copies:
        say(f"{len(result.copies):,} delivered with the same damage, delivered anew by the next run:")
        for path in result.copies[:SHOWN_KEYS]:
            say(f"  {printable(path)}")
        if len(result.copies) > SHOWN_KEYS:
            say(f"  and {len(result.copies) - SHOWN_KEYS:,} more")
    orphans = result.orphans
    if orphans.adopted:
        say(f"{orphans.adopted:,} that were recorded as missing are in the store: they count again")
    if orphans.unknown:
        say(f"{orphans.unknown:,} objects of the store are on no record; nothing asks for them:")
        for path in orphans.paths[:SHOWN_KEYS]:
            say(f"  {path}")
        if orphans.unknown > SHOWN_KEYS:
            say(f"  and {orphans.unknown - SHOWN_KEYS:,} more")
    if not bad:
        say("all as it was bought")


def verified(result: Verified) -> dict[str, Any]:
    return {
        "entries": result.entries,
        "bytes": result.size_bytes,
        "gone": [key.hex() for key in result.gone],
        "damaged": [key.hex() for key in result.damaged],
        "delivered": result.copies,
        "adopted": result.orphans.adopted,
        "orphans": result.orphans.unknown,
        "orphan_paths": result.orphans.paths,
        "last": result.last.hex(),
    }


def show(found: Stats) -> None:
    from rich.table import Table

    def table(first: str, *columns: str) -> Table:
        made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        made.add_column(first, overflow="fold")
        for name in columns:
            made.add_column(name, justify="right", no_wrap=True)
        return made

    tiers = table("tier", "entries", "audio", "budget", "look-ups", "hit rate")
    redis, all_voices = found.redis, found.total
    if redis is None:
        tiers.add_row("redis", "does not answer", "", "", "", "")
    else:
        tiers.add_row(
            "redis",
            f"{redis.records:,}",
            formatting.size(redis.audio_bytes),
            formatting.size(found.redis_budget_bytes),
            f"{redis.asked + redis.audio_asked:,}",
            _rate(redis.found + redis.audio_found, redis.asked + redis.audio_asked),
        )
    tiers.add_row(
        "store",
        f"{all_voices.entries:,}",
        formatting.size(all_voices.bytes),
        formatting.size(found.store_budget_bytes) if found.store_budget_bytes else "none",
        f"{all_voices.served:,}",
        _rate(all_voices.hits, all_voices.served),
    )
    console().print(tiers)
    if not found.voices:
        return
    say()
    voices = table("voice", "entries", "audio", "rows", "hit rate", "saved", "to re-buy")
    several = len({one.provider for one in found.voices}) > 1
    for one in found.voices:
        name = f"{one.provider} {one.voice}" if several or not one.voice else one.voice
        voices.add_row(printable(name.strip()), *_cells(one))
    if len(found.voices) > 1:
        voices.add_row("all", *_cells(all_voices), style="bold")
    console().print(voices)


def _cells(one: VoiceStats) -> list[str]:
    return [
        f"{one.entries:,}",
        formatting.size(one.bytes),
        f"{one.served:,}",
        _rate(one.hits, one.served),
        formatting.micros(one.saved_micros),
        formatting.micros(one.cost_micros),
    ]


def _rate(part: int, whole: int) -> str:
    return formatting.percent(part, whole) if whole else ""


def document(found: Stats) -> dict[str, Any]:
    redis, total = found.redis, found.total
    return {
        "redis": None
        if redis is None
        else {
            "entries": redis.records,
            "audio_entries": redis.audios,
            "audio_bytes": redis.audio_bytes,
            "audio_budget_bytes": found.redis_budget_bytes,
            "asked": redis.asked,
            "found": redis.found,
            "audio_asked": redis.audio_asked,
            "audio_found": redis.audio_found,
        },
        "store": _voice(total) | {"budget_bytes": found.store_budget_bytes or None},
        "voices": [{"provider": v.provider, "voice": v.voice} | _voice(v) for v in found.voices],
    }


def _voice(one: VoiceStats) -> dict[str, Any]:
    return {
        "entries": one.entries,
        "bytes": one.bytes,
        "rows": {source.value: n for source, n in sorted(one.rows.items())},
        "hit_rate": round(one.hits / one.served, 4) if one.served else None,
        "saved_usd": usd(one.saved_micros),
        "cost_to_buy_again_usd": usd(one.cost_micros),
    }
