"""A job's summary and a plan's figures as a few lines for people."""

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
from speeko_jobs.core.text.text_rules import TEXT_VERSION
from speeko_jobs.settings import Settings

if TYPE_CHECKING:
    from speeko_jobs.core.job.job_spec import JobSpec
    from speeko_jobs.core.job.plan_summary import Plan

LABEL_WIDTH, FIGURE_WIDTH = 13, 12
SHOWN_FAILURES = 5
SHOWN_REFUSALS = 5
STATES = {
    "done": "done: every row has its audio",
    "done_with_errors": "done, but not every row has audio",
    "paused": "paused",
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


def print_summary(summary: Mapping[str, Any], spec: JobSpec) -> None:
    """summary.json's content as a compact table, with what failed and how to go on."""
    state = STATES.get(summary["state"], summary["state"])
    why = f" ({summary['reason']})" if summary["reason"] else ""
    stopped = summary["reason"].startswith(PLANNING_STOPPED)
    say(f"job {summary['job']}: {summary['reason']}" if stopped else f"job {summary['job']} is {state}{why}")
    if summary.get("waiting"):
        say(f"it {summary['waiting']['text']}")
    say()
    for label, figure, words in _summary_lines(summary):
        say(_line(label, figure, words))
    print_failures(summary, spec)


def _bought(billed: int, served: int) -> str:
    """Tell the characters bought, of those with audio: a job that runs may have bought more."""
    return f"{billed:,}{f' of {served:,}' if billed <= served else ''} characters bought"


def _summary_lines(summary: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    kinds = [(summary[name], name) for name in ("delivered", "unchanged", "failed", "refused")]
    sources = [(n, SOURCES[name]) for name, n in summary["sources"].items()]
    chars = _bought(summary["billed_chars"], summary["chars"])
    against = _against_list(summary["list_cost_usd"], summary["saved_usd"])
    served = summary["delivered"] + summary["unchanged"]
    kinds.append((summary.get("left_out", 0), WITHOUT_TEXT))
    yield "rows", f"{summary['rows']:,}", _counted(kinds) + _left_out(summary["skipped"])
    yield from _changed(summary["changes"], summary["removed"])
    yield "audio from", f"{served:,}", _counted(sources)
    if summary["reused"]:
        yield "converted", f"{summary['reused']:,}", "served from audio in another format"
    yield "calls", f"{summary['calls']:,}", chars
    yield "cost", formatting.money(summary["cost_usd"]), against
    if summary.get("gone"):
        again = f"known texts to buy again: gone from the store, {formatting.money(summary['gone_usd'])}"
        yield "bought again", f"{summary['gone']:,}", again
    yield from _routed(summary["routing_saved_usd"])
    unknown = summary["unknown"]
    if unknown["calls"]:
        what = formatting.count(unknown["calls"], "call")
        yield "possible", formatting.money(unknown["usd"]), f"more: the outcome of {what} is not known"
    if micros(summary.get("wasted_usd", "0")):
        cap = summary["max_waste_usd"]
        most = f"of at most {formatting.money(cap)}, " if cap is not None else ""
        yield "wasted", formatting.money(summary["wasted_usd"]), f"{most}on answers that could not be used"
    for note in summary.get("notes", ()):
        yield "note", note, ""
    if summary.get("budget_usd") is not None:
        left = micros(summary["budget_usd"]) - micros(summary["cost_usd"]) - micros(unknown["usd"])
        yield (
            "budget",
            formatting.money(summary["budget_usd"]),
            f"{formatting.micros(max(left, 0))} of it is left",
        )
    heard = formatting.duration(summary["audio_seconds"])
    yield "audio", heard, formatting.size(summary["audio_bytes"])
    yield "time", formatting.duration(summary["seconds"]), ""
    yield "output", summary["output"], ""
    if summary["state"].startswith("done") and _is_place(summary["output"]):
        where = "in it" if is_archive(summary["output"]) else "there"
        yield "", f"report.html, manifest.jsonl, manifest.csv and summary.json are {where}, too", ""


def print_failures(summary: Mapping[str, Any], spec: JobSpec) -> None:
    """The most frequent reasons, and where all of them are."""
    reasons = summary["failures"]
    if not reasons:
        return
    say()
    say("rows without audio")
    for reason in reasons[:SHOWN_FAILURES]:
        say(f"{reason['rows']:>9,}  {reason['reason']}")
    if len(reasons) > SHOWN_FAILURES:
        say(f"{'':>9}  and other reasons")
    if summary["state"].startswith("done") and _is_place(summary["output"]):
        failed = "failed.csv" if spec.archive else summary["output"].rstrip("/") + "/failed.csv"
        say()
        if spec.archive:
            say(f"All of them are in failed.csv in {summary['output']}: extract it, correct it and run")
        else:
            say(f"All of them are in {failed}: mend them there and run")
        say(f"  {again(spec, failed)}")


def again(spec: JobSpec, path: str) -> str:
    """The command that speaks `path` as this job was spoken."""
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
    """What a catalog would cost, and what in it cannot be spoken."""
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
        cost = formatting.money(document["in_flight_usd"])
        say(_line("in flight", f"{plan.in_flight:,}", f"bought by a running job, for {cost}"))
    calls = f"{formatting.count(plan.calls, 'call')}, {plan.billed_chars:,} of {plan.chars:,} characters"
    say(_line("to buy", f"{plan.to_buy:,}", calls))
    against = _against_list(document["list_cost_usd"], document["saved_usd"])
    say(_line("cost", formatting.money(document["cost_usd"]), against))
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


def _changed(changes: Mapping[str, int], removed: int) -> Iterator[tuple[str, str, str]]:
    """What is new against the run before; nothing to tell of a first one."""
    if not removed and not set(changes) - {ADDED}:
        return
    kinds = [(changes.get(ADDED, 0), ADDED)]
    kinds += [(changes.get(kind, 0), f"{kind.replace('_', ' ')} changed") for kind in CHANGED]
    kinds.append((removed, "left the catalog"))
    yield "changes", f"{sum(n for n, _ in kinds):,}", _counted(kinds)


def _is_place(output: str) -> bool:
    """Whether files lie there. One text said at once and what is bought ahead are delivered nowhere."""
    return "/" in output


def _routed(saved: str) -> Iterator[tuple[str, str, str]]:
    """What the choice of voices changes, at list price."""
    amount = micros(saved)
    if amount:
        less = "less" if amount > 0 else "more"
        yield "voices", formatting.micros(abs(amount)), f"{less} than with the default voice, at list price"


def _against_list(listed: str, saved: str) -> str:
    """What it would cost without duplicates and cache; nothing to tell where it is the same."""
    if micros(saved) <= 0:
        return ""
    share = formatting.percent(micros(saved), micros(listed))
    return f"{formatting.money(saved)} saved: {share} of {formatting.money(listed)} at list price"
