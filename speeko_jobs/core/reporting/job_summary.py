"""The summary of a job: what was asked, what happened, what it cost. One shape for people and scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from speeko_jobs.core.model.money import usd
from speeko_jobs.core.model.states import AudioSource


def summary(
    figures: Mapping[str, Any], counts: Mapping[str, int], failures: Sequence[tuple[str, int]]
) -> dict[str, Any]:
    """summary.json's content. `figures` are the job's own columns, `counts` the sums over its chunks.

    `rows` = delivered + unchanged + failed + refused + left_out (rows without text; they are not in the job's
    own figure), and the sources add up to delivered + unchanged.
    Money is decimal strings of USD; `unknown` is what may have been charged on top of `cost_usd`, and
    `budget_usd` is None for a job without a budget. `wasted_usd` is what was paid, or may have been paid,
    for answers that could not be used: a part of the two.
    """
    budget = figures["budget_micros"]
    spent, listed = figures["spent_micros"], counts.get("list_micros", 0)
    plan = figures["plan"]
    return {
        "job": figures["id"],
        "state": str(figures["state"]),
        "reason": figures["reason"],
        "rows": figures["rows"] + plan.get("left_out", 0),
        "delivered": figures["delivered"],
        "unchanged": figures["unchanged"],
        "failed": figures["failed"],
        "refused": figures["refused"],
        "left_out": plan.get("left_out", 0),
        "skipped": figures["skipped"],
        "changes": plan.get("changes", {}),
        "removed": plan.get("removed", 0),
        "merges": plan.get("merges", False),
        "previous_job": plan.get("previous_job"),
        "unique_texts": plan.get("unique_texts", 0),
        "reused": counts.get("reused", 0),
        "chars": counts.get("chars", 0),
        "billed_chars": figures["billed_chars"],
        "calls": figures["calls"],
        "cost_usd": usd(spent),
        "gone": plan.get("gone", 0),
        "gone_usd": usd(plan.get("gone_micros", 0)),
        "planned_cost_usd": usd(plan.get("cost_micros", 0)),
        "budget_usd": None if budget is None else usd(budget),
        "list_cost_usd": usd(listed),
        "saved_usd": usd(listed - spent),
        "routing_saved_usd": usd(plan.get("routing_saved_micros", 0)),
        "sources": {source.value: counts.get(source.value, 0) for source in AudioSource},
        "wasted_usd": usd(figures["wasted_micros"]),
        "max_waste_usd": None if figures["waste_cap_micros"] is None else usd(figures["waste_cap_micros"]),
        "notes": _notes(figures, counts),
        "unknown": {"calls": figures["possible_calls"], "usd": usd(figures["possible_micros"])},
        "audio_seconds": round(counts.get("audio_millis", 0) / 1000, 3),
        "audio_bytes": counts.get("audio_bytes", 0),
        "seconds": round(figures["seconds"], 3),
        "provider": figures["provider"],
        "output": figures["output"],
        "failures": [{"reason": reason, "rows": n} for reason, n in failures],
    }


def _notes(figures: Mapping[str, Any], counts: Mapping[str, int]) -> list[str]:
    notes = []
    if converted := figures["converted_calls"]:
        notes.append(f"{converted:,} answers came in another format than was asked for and were converted")
    if quiet := counts.get("quiet", 0):
        stay = "file stays" if quiet == 1 else "files stay"
        notes.append(
            f"{quiet:,} {stay} below {figures['spec'].loudness:g} LUFS: more gain would clip the peaks; a"
            " lower --loudness makes all files alike"
        )
    return notes
