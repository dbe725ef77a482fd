"""What a plan found: the figures that `estimate` shows and that a job carries, and the orders for reading."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from speeko_jobs.core.model.money import usd


@dataclass
class Plan:
    """Figures of one catalog against what is known now. Money in micro-dollars.

    `rows` = `refused` + `left_out` + rows to serve. Rows that are left out have no text, which is no failure.
    `unique_texts` = `cached` + `in_flight` + `to_buy`, all counted in keys: one for each text, voice and
    language (and each segment of a long text).
    """

    rows: int = 0
    refused: int = 0
    left_out: int = 0
    skipped: int = 0
    unique_texts: int = 0
    duplicates: int = 0
    cached: int = 0
    reused: int = 0  # of these, texts whose audio is there in another format
    in_flight: int = 0
    to_buy: int = 0
    calls: int = 0
    chars: int = 0
    billed_chars: int = 0
    cost_micros: int = 0
    list_micros: int = 0
    in_flight_micros: int = 0
    gone: int = 0  # of those to buy: known texts whose audio is gone from the store
    gone_micros: int = 0
    reworded: int = 0  # of those to buy: texts whose words only the text rules changed
    reworded_micros: int = 0
    routing_saved_micros: int = 0  # at list price, against the provider's default voice
    changes: dict[str, int] = field(default_factory=dict)  # rows by what became of them at the destination
    removed: int = 0  # files there that left the catalog
    previous_job: int | None = None  # the last one that delivered there
    merges: bool = False  # the catalog is a part: its rows go into the manifest that is there
    notes: list[str] = field(default_factory=list)
    refusals: dict[str, int] = field(default_factory=dict)
    first_refusals: list[str] = field(default_factory=list)

    @property
    def saved_micros(self) -> int:
        """What speaking every row at list price would cost more."""
        return self.list_micros - self.cost_micros

    def to_json(self) -> dict[str, Any]:
        """For people and scripts: money as decimal strings of USD."""
        out = dataclasses.asdict(self)
        for name, shown in (
            ("cost", "cost_usd"),
            ("list", "list_cost_usd"),
            ("in_flight", "in_flight_usd"),
            ("gone", "gone_usd"),
            ("reworded", "reworded_usd"),
            ("routing_saved", "routing_saved_usd"),
        ):
            out[shown] = usd(out.pop(f"{name}_micros"))
        out["saved_usd"] = usd(self.saved_micros)
        return out

    def to_record(self) -> dict[str, Any]:
        """For the job's row: integers as they are."""
        return dataclasses.asdict(self)
