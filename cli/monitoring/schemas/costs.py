"""Define the documents of money: costs, budgets, and what the cache saves."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypedDict

from msgspec import Meta

from speeko_cli.monitoring.schemas.fields import Count, Day, Share, Usd, counts_of, doc, words
from speeko_jobs.core.model.states import AudioSource
from speeko_jobs.flow.reporting.costs import By

# what a type cannot say: a line has one of its names
CONSTRAINTS: Final[dict[str, dict[str, Any]]] = {
    "CostLine": {"oneOf": [{"required": [by.value]} for by in By]}
}


class FiguresJson(TypedDict):
    """Sums of some days."""

    requests: Annotated[Count, doc("Paid calls, and rows that took none.")]
    calls: Annotated[Count, doc("Paid calls.")]
    cached: Annotated[Count, doc("Rows that took no call.")]
    chars: Annotated[int, doc("Characters of paid calls.")]
    cost_usd: Annotated[Usd, doc("Spent.")]
    speech_usd: Annotated[Usd, doc("Of it, for characters.")]
    overhead_usd: Annotated[Usd, doc("Of it, for calls as such.")]
    wasted_calls: Annotated[Count, doc("Paid calls with bad audio.")]
    wasted_usd: Annotated[Usd, doc("What these cost.")]
    possible_calls: Annotated[Count, doc("Calls of unknown outcome.")]
    possible_usd: Annotated[Usd, doc("What these may have cost.")]
    saved_usd: Annotated[Usd, doc("Not spent, at list price.")]
    saved_cache_usd: Annotated[Usd, doc("Of it, by cache.")]
    saved_duplicate_usd: Annotated[Usd, doc("Of it, by duplicate.")]
    saved_coalesced_usd: Annotated[Usd, doc("Of it, by coalesced.")]
    saved_segments_usd: Annotated[Usd, doc("Of it, by segments.")]
    saved_unchanged_usd: Annotated[Usd, doc("Of it, by unchanged.")]


class CostLineJson(FiguresJson, total=False):
    """Sums of one voice, day, job, tenant, provider or source: the field that `by` names tells which;
    a job of null is what no job accounts for."""

    voice: Annotated[str | None, doc("With by=voice.")]
    day: Annotated[str | None, doc("With by=day.")]
    job: Annotated[str | None, doc("With by=job.")]
    tenant: Annotated[str | None, doc("With by=tenant.")]
    provider: Annotated[str | None, doc("With by=provider.")]
    source: Annotated[str | None, doc("With by=source.")]


class StorageCostsJson(TypedDict):
    """The audio that is kept."""

    texts: Count
    bytes: Count
    usd: Annotated[Usd, doc("In the days asked for, at the list price of object stores.")]
    usd_a_month: Annotated[Usd, doc("A month.")]


class OpenCallsJson(TypedDict):
    """Calls that are open now."""

    calls: Count
    usd: Annotated[Usd, doc("Reserved for them.")]


class ForecastJson(TypedDict):
    """What this month will come to."""

    month: Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}$")]
    so_far_usd: Annotated[Usd, doc("Spent so far.")]
    usd_a_day: Annotated[Usd, doc("Mean of full days.")]
    full_days: Annotated[Count, doc("How many full days that is.")]
    days_left: Annotated[Count, doc("Days until the month ends.")]
    calls_usd: Annotated[Usd, doc("Calls, to its end.")]
    storage_usd: Annotated[Usd, doc("Storage, to its end.")]
    usd: Annotated[Usd, doc("Both.")]


class CostsJson(TypedDict):
    """What `speeko costs --json` tells."""

    since: Annotated[Day, doc("First day (UTC).")]
    until: Annotated[Day, doc("Last day (UTC).")]
    tenant: Annotated[str | None, doc("Only what is booked on this tenant; null: all.")]
    by: Annotated[str, words(By), doc("What a line is.")]
    lines: list[CostLineJson]
    total: FiguresJson
    storage: StorageCostsJson
    total_usd: Annotated[Usd, doc("Calls and storage.")]
    routing_saved_usd: Annotated[Usd, doc("Saved by voices that were chosen for their price.")]
    in_flight: OpenCallsJson
    forecast: Annotated[ForecastJson | None, doc("Null before the first full day.")]


class BudgetJson(TypedDict):
    """A tenant that has a cap or a weight."""

    tenant: str
    weight: Annotated[float, Meta(gt=0), doc("Share of the calls beside other tenants.")]
    daily_usd: Annotated[Usd | None, doc("Most a day; null: no cap.")]
    monthly_usd: Annotated[Usd | None, doc("Most a month; null: no cap.")]
    spent_today_usd: Annotated[Usd, doc("Charged today, or perhaps charged.")]
    spent_month_usd: Annotated[Usd, doc("The same of this month.")]
    reserved_usd: Annotated[Usd, doc("Reserved for calls that are open.")]


class BudgetsJson(TypedDict):
    """Caps, what is spent of them, and weights: the list of `speeko budget list --json`."""

    budgets: list[BudgetJson]


class RedisTierJson(TypedDict):
    """The quick tier."""

    entries: Count
    audio_entries: Count
    audio_bytes: Count
    audio_budget_bytes: Count
    asked: Annotated[Count, doc("Look-ups of entries.")]
    found: Annotated[Count, doc("Of these, found.")]
    audio_asked: Annotated[Count, doc("Look-ups of audio.")]
    audio_found: Annotated[Count, doc("Of these, found.")]


class StoreTierJson(TypedDict):
    """All audio that is kept."""

    entries: Annotated[Count, doc("Texts whose audio is kept.")]
    bytes: Count
    rows: Annotated[
        dict[str, Count],
        counts_of(AudioSource, all_given=False),
        doc("Rows of all jobs by where their audio came from."),
    ]
    hit_rate: Annotated[Share | None, doc("Part of the rows that took no call; null where there were none.")]
    saved_usd: Annotated[Usd, doc("What these rows did not cost.")]
    cost_to_buy_again_usd: Annotated[Usd, doc("What all that is kept would cost.")]
    budget_bytes: Annotated[Count | None, doc("How much there may be; null: no limit.")]


class CachedVoiceJson(TypedDict):
    """One voice."""

    provider: str
    voice: str
    entries: Annotated[Count, doc("Texts whose audio is kept.")]
    bytes: Count
    rows: Annotated[
        dict[str, Count],
        counts_of(AudioSource, all_given=False),
        doc("Rows of all jobs by where their audio came from."),
    ]
    hit_rate: Annotated[Share | None, doc("Part of the rows that took no call; null where there were none.")]
    saved_usd: Annotated[Usd, doc("What these rows did not cost.")]
    cost_to_buy_again_usd: Annotated[Usd, doc("What all that is kept would cost.")]


class CacheJson(TypedDict):
    """What `speeko cache stats --json` tells."""

    redis: Annotated[RedisTierJson | None, doc("Null while Redis does not answer.")]
    store: StoreTierJson
    voices: list[CachedVoiceJson]
