"""Build the summary of a job: what was asked, what happened, what it cost. For people and scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from speeko_jobs.core.model.money import usd
from speeko_jobs.core.model.states import AudioSource
from speeko_jobs.core.reporting import job_figures, next_steps


def summary(
    figures: Mapping[str, Any], counts: Mapping[str, int], failures: Sequence[tuple[str, int]]
) -> dict[str, Any]:
    """Return summary.json's content. `figures` are the job's own columns, `counts` the sums over its chunks.

    `rows` = delivered + unchanged + failed + refused + left_out (rows without text; they are not in the job's
    own figure), and the sources add up to delivered + unchanged.
    `with_audio` is delivered + unchanged, `progress` goes from 0 to 1, `next` is what a person can do now.
    Money is decimal strings of USD; `unknown` is what may have been charged on top of `cost_usd`, and
    `budget_usd` is None for a job without a budget. `wasted_usd` is what was paid, or may have been paid,
    for answers that could not be used: a part of the two. `list_cost_usd` is that of the rows with audio,
    `planned_list_cost_usd` that of the whole catalog. `saved_usd` is never negative.
    """
    plan = figures["plan"]
    found = {
        "job": figures["id"],
        "state": str(figures["state"]),
        "state_text": job_figures.state_words(figures["state"], figures["reason"]),
        "reason": figures["reason"],
        "progress": round(figures.get("progress", 0.0), 4),
        "rows": figures["rows"] + plan.get("left_out", 0),
        "with_audio": figures["delivered"] + figures["unchanged"],
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
        "planned_calls": plan.get("calls", 0),
        "gone": plan.get("gone", 0),
        **_money(figures, counts),
        "sources": {source.value: counts.get(source.value, 0) for source in AudioSource},
        "notes": _notes(figures, counts),
        "audio_seconds": round(counts.get("audio_millis", 0) / 1000, 3),
        "audio_bytes": counts.get("audio_bytes", 0),
        "seconds": round(figures["seconds"], 3),
        "provider": figures["provider"],
        "output": figures["output"],
        "failures": [{"reason": reason, "rows": n} for reason, n in failures],
    }
    steps = next_steps.next_steps(found)
    return found | {"next": [{"text": step.text, "command": step.command} for step in steps]}


def _money(figures: Mapping[str, Any], counts: Mapping[str, int]) -> dict[str, Any]:
    plan, budget, waste_cap = figures["plan"], figures["budget_micros"], figures["waste_cap_micros"]
    return {
        "cost_usd": usd(figures["spent_micros"]),
        "gone_usd": usd(plan.get("gone_micros", 0)),
        "planned_cost_usd": usd(plan.get("cost_micros", 0)),
        "budget_usd": None if budget is None else usd(budget),
        "list_cost_usd": usd(counts.get("list_micros", 0)),
        "planned_list_cost_usd": usd(plan.get("list_micros", 0)),
        "saved_usd": usd(job_figures.saved_micros(counts)),
        "routing_saved_usd": usd(plan.get("routing_saved_micros", 0)),
        "wasted_usd": usd(figures["wasted_micros"]),
        "max_waste_usd": None if waste_cap is None else usd(waste_cap),
        "unknown": {"calls": figures["possible_calls"], "usd": usd(figures["possible_micros"])},
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
