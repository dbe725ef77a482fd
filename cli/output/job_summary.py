"""Print a job's summary and a plan's figures as a few lines for people."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from speeko_cli.output.console import say
from speeko_jobs.core.catalog.change_detection import ADDED, CHANGED
from speeko_jobs.core.model.money import micros
from speeko_jobs.core.model.states import PLANNING_STOPPED
from speeko_jobs.core.output import formatting
from speeko_jobs.core.output.archive_path import is_archive
from speeko_jobs.core.reporting import job_figures
from speeko_jobs.core.reporting.next_steps import failed_csv, is_place, next_steps
from speeko_jobs.core.text.text_rules import TEXT_VERSION
from speeko_jobs.settings import Settings

if TYPE_CHECKING:
    from speeko_jobs.core.job.job_spec import JobSpec
    from speeko_jobs.core.job.plan_summary import Plan

LABEL_WIDTH, FIGURE_WIDTH = 13, 12
SHOWN_FAILURES = 5
SHOWN_REFUSALS = 5
ENDS = {
    "done": "done: every row has its audio",
    "done_with_errors": "done, but not every row has audio",
    "cancelled": "cancelled; the audio that was bought is kept",
}
WITHOUT_TEXT = "without text left out"
SOURCES = {
    "synthesized": "bought",
    "duplicate": "same text as another row",
    "coalesced": "bought by another job meanwhile",
    "cache": "cached",
    "unchanged": "there already",
}


def print_summary(summary: Mapping[str, Any], spec: JobSpec, *, retry: str = "") -> None:
    """Print summary.json's content as a compact table, with what failed and what to do next.

    `retry`: the command that tries failed rows again, where it needs more than the job's number.
    """
    state, reason = summary["state"], summary["reason"]
    why = f" ({job_figures.reason_words(reason)})" if job_figures.reason_words(reason) else ""
    stopped = reason.startswith(PLANNING_STOPPED)
    shown = ENDS.get(state) or job_figures.state_words(state, reason)
    say(f"job {summary['job']}: {reason}" if stopped else f"job {summary['job']} is {shown}{why}")
    if summary.get("waiting"):
        say(f"it {summary['waiting']['text']}")
    say()
    for label, figure, words in _summary_lines(summary):
        say(_line(label, figure, words))
    print_failures(summary, spec, retry=retry)


def _bought(billed: int, delivered: int) -> str:
    """Return the characters bought, of those delivered: a job that runs may have bought more."""
    return f"{billed:,}{f' of {delivered:,}' if 0 < delivered >= billed else ''} characters bought"


def _progress(summary: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield how far a job is, unless every row has audio: 100% is nothing but that."""
    served, rows = summary["delivered"] + summary["unchanged"], job_figures.spoken_rows(summary)
    if "progress" not in summary or served == rows:
        return
    parts = [f"{served:,} of {formatting.count(rows, 'row')} with audio"]
    calls = job_figures.planned_calls({"calls": summary["planned_calls"]}, summary["calls"])
    if calls and summary["state"] not in ENDS:
        parts.insert(0, f"{summary['calls']:,} of {formatting.count(calls, 'text')} bought")
    yield "progress", job_figures.progress_words(summary["progress"]), " · ".join(parts)


def _price(summary: Mapping[str, Any]) -> str:
    """Return what a cost compares with: the plan's, while rows lack audio, and the list price."""
    parts = []
    is_whole = summary["delivered"] + summary["unchanged"] == job_figures.spoken_rows(summary)
    if not is_whole and micros(summary.get("planned_cost_usd", "0")):
        parts.append(f"of {formatting.table_money(summary['planned_cost_usd'])} planned")
    if against := _against_list(summary["list_cost_usd"], summary["saved_usd"]):
        parts.append(against)
    return " · ".join(parts)


def _summary_lines(summary: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    kinds = [(summary[name], name) for name in ("delivered", "unchanged", "failed", "refused")]
    sources = [(n, SOURCES[name]) for name, n in summary["sources"].items()]
    chars = _bought(summary["billed_chars"], summary["chars"])
    served = summary["delivered"] + summary["unchanged"]
    kinds.append((summary.get("left_out", 0), WITHOUT_TEXT))
    yield "rows", f"{summary['rows']:,}", _counted(kinds) + _left_out(summary["skipped"])
    yield from _progress(summary)
    yield from _changed(summary)
    yield "audio from", f"{served:,}", _counted(sources)
    if summary["reused"]:
        yield "converted", f"{summary['reused']:,}", "served from audio in another format"
    yield "calls", f"{summary['calls']:,}", chars
    yield "cost", formatting.table_money(summary["cost_usd"]), _price(summary)
    if summary.get("gone"):
        again = f"known texts to buy again: lost in the store, {formatting.table_money(summary['gone_usd'])}"
        yield "bought again", f"{summary['gone']:,}", again
    yield from _routed(summary["routing_saved_usd"])
    unknown = summary["unknown"]
    if unknown["calls"]:
        what = formatting.count(unknown["calls"], "call")
        yield "possible", formatting.table_money(unknown["usd"]), f"extra charge: {what} with unknown outcome"
    if micros(summary.get("wasted_usd", "0")):
        cap = summary["max_waste_usd"]
        most = f"of at most {formatting.money(cap)}, " if cap is not None else ""
        wasted = formatting.table_money(summary["wasted_usd"])
        yield "wasted", wasted, f"{most}on audio that failed validation"
    for note in summary.get("notes", ()):
        yield "note", note, ""
    if summary.get("budget_usd") is not None:
        left = micros(summary["budget_usd"]) - micros(summary["cost_usd"]) - micros(unknown["usd"])
        yield (
            "budget",
            formatting.money(summary["budget_usd"]),
            f"{formatting.micros(max(left, 0))} of it is left",
        )
    length = formatting.duration(summary["audio_seconds"])
    yield "audio", length, formatting.size(summary["audio_bytes"])
    yield "time", formatting.duration(summary["seconds"]), ""
    yield "output", summary["output"], ""
    if summary["state"].startswith("done") and is_place(summary["output"]):
        where = "in it" if is_archive(summary["output"]) else "there"
        yield "", f"report.html, manifest.jsonl, manifest.csv and summary.json are {where}, too", ""


def print_failures(summary: Mapping[str, Any], spec: JobSpec, *, retry: str = "") -> None:
    """Print the most frequent reasons, and what to do about them."""
    reasons = summary["failures"]
    if not reasons:
        return
    say()
    say("rows without audio")
    for reason in reasons[:SHOWN_FAILURES]:
        say(f"{reason['rows']:>9,}  {reason['reason']}")
    if len(reasons) > SHOWN_FAILURES:
        say(f"{'':>9}  and other reasons")
    if summary["state"] not in ENDS:
        return  # what ends a pause is said where the job stops
    failed = failed_csv(summary["output"])
    for step in next_steps(summary, retry=retry, rerun=again(spec, failed)):
        say()
        say(step.text if not step.command else f"{step.text}:")
        if step.command:
            say(f"  {step.command}")


def again(spec: JobSpec, path: str) -> str:
    """Return the command that speaks `path` as this job was spoken."""
    defaults = Settings()
    words = ["speeko", "run", path, "--output", spec.output]
    profile = spec.profile
    for name, usual in (
        ("provider", defaults.provider),
        ("model", profile.default_model),
        ("voice", profile.default_voice),
        ("language", defaults.language),
        ("speed", defaults.speed),
        ("reuse", defaults.reuse),
        ("price_per_million", defaults.price_per_million),
        ("name", "{id}.{ext}"),
    ):
        value = getattr(spec, name)
        if value != usual:
            words += [f"--{name.replace('_', '-')}", f"{value:g}" if isinstance(value, float) else value]
    wanted, changed = spec.delivered, []
    if wanted.format != defaults.format:
        changed += ["--format", wanted.format]
    if wanted.loudness_lufs is not None:
        changed += ["--loudness", f"{wanted.loudness_lufs:g}"]
    for flag, value in (("--segments", spec.segments), ("--ssml", spec.ssml)):
        changed += [flag, value] if value != "auto" else []
    changed += ["--markup", spec.markup] if spec.markup != "none" else []
    changed += ["--repair"] * spec.repair + ["--read-numbers"] * spec.read_numbers
    for file in spec.lexicon:
        changed += ["--lexicon", file]
    if spec.text_rules != TEXT_VERSION:
        changed += ["--keep-text-rules", str(spec.text_rules)]
    return shlex.join(words + changed)


def print_plan(plan: Plan, *, title: str) -> None:
    """Print what a catalog would cost, and what in it cannot be spoken."""
    document = plan.to_json()
    say(title)
    say()
    refused = [(plan.refused, "refused"), (plan.left_out, WITHOUT_TEXT)]
    say(_line("rows", f"{plan.rows:,}", _counted(refused) + _left_out(plan.skipped)))
    say(_line("unique texts", f"{plan.unique_texts:,}", _counted([(plan.duplicates, "more are duplicates")])))
    if plan.cached:
        converted = f", {plan.reused:,} of them in another format" if plan.reused else ""
        say(_line("cached", f"{plan.cached:,}", f"bought before{converted}"))
    if plan.in_flight:
        cost = formatting.table_money(document["in_flight_usd"])
        say(_line("in flight", f"{plan.in_flight:,}", f"bought by a running job, for {cost}"))
    calls = f"{formatting.count(plan.calls, 'call')}, {plan.billed_chars:,} of {plan.chars:,} characters"
    say(_line("to buy", f"{plan.to_buy:,}", calls))
    against = _against_list(document["list_cost_usd"], document["saved_usd"])
    say(_line("cost", formatting.table_money(document["cost_usd"]), against))
    for label, figure, words in _routed(document["routing_saved_usd"]):
        say(_line(label, figure, words))
    for note in plan.notes:
        say()
        say(note)
    print_refusals(plan)


def print_refusals(plan: Plan) -> None:
    if not plan.refused:
        return
    say()
    say(f"{formatting.count(plan.refused, 'row')} cannot be spoken:")
    for refusal in plan.first_refusals[:SHOWN_REFUSALS]:
        say(f"  {refusal}")
    if plan.refused > SHOWN_REFUSALS:
        say(f"  and {plan.refused - SHOWN_REFUSALS:,} more")


def _line(label: str, figure: str, words: str) -> str:
    if not words:
        return f"{label:<{LABEL_WIDTH}}{figure}"
    return f"{label:<{LABEL_WIDTH}}{figure:<{FIGURE_WIDTH}}  {words}".rstrip()


def _counted(kinds: list[tuple[int, str]]) -> str:
    return " · ".join(f"{n:,} {name}" for n, name in kinds if n)


def _left_out(skipped: int) -> str:
    return f" · {skipped:,} left out" if skipped else ""


def _changed(summary: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield what is new against the run before, as planned where not all of it is delivered."""
    changes, removed = summary["changes"], summary["removed"]
    if not removed and not set(changes) - {ADDED}:
        return
    kinds = [(changes.get(ADDED, 0), ADDED)]
    kinds += [(changes.get(kind, 0), f"{kind.replace('_', ' ')} changed") for kind in CHANGED]
    kinds.append((removed, "left the catalog"))
    made, planned = job_figures.changes_made(summary), sum(n for n, _ in kinds)
    if made is None:
        yield "changes", f"{planned:,}", _counted(kinds)
    else:
        yield "changes", f"{made:,} of {planned - removed:,}", f"planned: {_counted(kinds)}"


def _routed(saved: str) -> Iterator[tuple[str, str, str]]:
    """Yield what the choice of voices changes, at list price."""
    amount = micros(saved)
    if amount:
        less = "less" if amount > 0 else "more"
        yield (
            "voices",
            formatting.table_micros(abs(amount)),
            f"{less} than with the default voice, at list price",
        )


def _against_list(listed: str, saved: str) -> str:
    """Return what duplicates and cache save; "" where that is nothing."""
    if micros(saved) <= 0:
        return ""
    share = formatting.percent(micros(saved), micros(listed))
    return f"{formatting.table_money(saved)} saved: {share} of {formatting.table_money(listed)} at list price"
