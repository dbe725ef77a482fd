"""Add up a catalog's characters, calls and prices, each text once, in memory that does not grow."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence

from speeko_jobs.adapters.external_grouping import ExternalDedupe
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.job.plan_summary import Plan
from speeko_jobs.core.job.row_reader import SpokenRow
from speeko_jobs.core.providers.profiles import Prices
from speeko_jobs.flow.cache.missing_audio import MissingAudio, Priced
from speeko_jobs.flow.planning.key_lookup import KeyRank


class PlanTotals:
    """Add up rows batch by batch; `close` frees memory and file. Not safe for threads."""

    def __init__(self, spec: JobSpec) -> None:
        self._profile, self._prices = spec.profile, Prices(spec.profile, spec.model)
        self._is_routed = spec.routing is not None
        self._routing_saved_micros = 0
        self._keys = ExternalDedupe(2)  # a record a row and key: its characters and price

    def add(
        self, rows: Sequence[SpokenRow], unchanged: Container[int], ranks: Mapping[bytes, KeyRank]
    ) -> None:
        """Add rows. `unchanged`: places of those that need no audio; keys without a rank are CACHED."""
        keys = [key for row in rows for key in row.keys]
        row_nos = [row.row_no for row in rows for _ in row.keys]
        billable, prices_of = self._profile.billable_chars, self._prices
        chars = [billable(text) for row in rows for text in row.texts]
        voices = [row.voice for row in rows for _ in row.keys]
        prices = [prices_of[each] for each in zip(voices, chars, strict=True)]
        cached, not_needed, rank_of = int(KeyRank.CACHED), int(KeyRank.NOT_NEEDED), ranks.get
        found: Sequence[int] | int = cached
        if ranks or unchanged:
            found = [
                not_needed if at in unchanged else rank_of(key, cached)
                for at, row in enumerate(rows)
                for key in row.keys
            ]
        self._keys.add_many(keys, row_nos, found, chars, prices)
        if self._is_routed:
            default, routed = self._profile.default_voice, zip(chars, prices, strict=True)
            self._routing_saved_micros += sum([prices_of[default, c] - price for c, price in routed])

    def fill(self, plan: Plan, rows: int, skipped: set[int]) -> None:
        """Write the sums of all `rows` but the skipped ones into the plan."""
        totals = self._keys.totals(skipped)
        plan.rows = rows - len(skipped)
        plan.skipped = len(skipped)
        plan.chars, plan.list_micros = totals.sums
        nothing = (0, 0, 0)
        plan.reworded, chars, plan.reworded_micros = totals.ranks.get(KeyRank.REWORDED, nothing)
        new, new_chars, new_micros = totals.ranks.get(KeyRank.TO_BUY, nothing)
        plan.to_buy, plan.billed_chars = new + plan.reworded, new_chars + chars
        plan.cost_micros = new_micros + plan.reworded_micros
        plan.in_flight, _, plan.in_flight_micros = totals.ranks.get(KeyRank.IN_FLIGHT, nothing)
        plan.unique_texts = totals.distinct
        plan.duplicates = totals.records - totals.distinct
        plan.cached = totals.distinct - plan.to_buy - plan.in_flight
        plan.reused = totals.ranks.get(KeyRank.REUSED, nothing)[0]
        plan.calls = plan.to_buy
        plan.routing_saved_micros = self._routing_saved_micros

    def cached_keys(self, skipped: set[int]) -> Iterator[list[Priced]]:
        """Yield, a part at a time, the keys that are taken for CACHED, with characters and price."""
        return self._keys.hashes_of_rank(KeyRank.CACHED, skipped)

    def close(self) -> None:
        self._keys.close()


def add_missing(plan: Plan, missing: MissingAudio) -> None:
    """Have the plan pay for known texts whose audio is gone from the store."""
    plan.gone, plan.gone_micros = missing.texts, missing.micros
    plan.cached -= missing.texts
    plan.to_buy += missing.texts
    plan.calls += missing.texts
    plan.billed_chars += missing.chars
    plan.cost_micros += missing.micros
    plan.notes += [text for text in (missing.suspicion, missing.words) if text]
