"""What `speeko schedule` tells: times in the schedule's own zone, tables for people, records for --json."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from speeko_cli.output.console import console, say
from speeko_jobs.core.model.money import usd
from speeko_jobs.core.model.states import FINISHED
from speeko_jobs.core.output import formatting
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.core.policies import cron_schedule as core
from speeko_jobs.core.policies.cron_schedule import CatchUp, RunState

if TYPE_CHECKING:
    from speeko_jobs.flow.planning.scheduled_request import Request
    from speeko_jobs.flow.reporting.schedule_queries import Going, Run, Schedule

OVERDUE_SECONDS = 60.0
SHOWN_DUES = 3
LABEL_WIDTH = 10
RULES = {
    CatchUp.LAST: "the last one runs as soon as it can",
    CatchUp.ALL: "each runs, one after the other",
    CatchUp.NONE: "left out",
}


def is_overdue(schedule: Schedule, now: datetime) -> bool:
    """Whether nobody has looked at what is due."""
    return not schedule.paused and (now - schedule.next_due).total_seconds() > OVERDUE_SECONDS


def next_due(schedule: Schedule, now: datetime) -> str:
    """ "2026-11-24 02:00 CET (in 21 h 3 min)", or that it is paused."""
    if schedule.paused:
        return "paused"
    seconds = (schedule.next_due - now).total_seconds()
    relative = f"in {formatting.duration(seconds)}" if seconds > 0 else f"{formatting.duration(-seconds)} ago"
    return f"{_at(schedule, schedule.next_due)} ({relative})"


def record(schedule: Schedule, runs: Sequence[Run]) -> dict[str, Any]:
    """A schedule; times are ISO 8601 in its own zone."""
    return {
        "schedule": schedule.name,
        "tenant": schedule.tenant,
        "cron": schedule.timing.cron,
        "tz": schedule.timing.zone,
        "catch_up": schedule.timing.catch_up.value,
        "paused": schedule.paused,
        "next_due": None if schedule.paused else _iso(schedule, schedule.next_due),
        "created_at": _iso(schedule, schedule.created_at),
        "runs": [run_record(schedule, run) for run in runs],
    }


def orders(request: Request) -> dict[str, Any]:
    """What its runs are submitted with."""
    budget = request.budget_micros
    return {
        "sources": list(request.orders.sources),
        "output": request.spec.output,
        "budget_usd": None if budget is None else usd(budget),
        "partial": request.partial,
        "priority": request.priority,
        "spec": request.spec.to_json(),
    }


def run_record(schedule: Schedule, run: Run) -> dict[str, Any]:
    """One run. `state` is the run's, `job_state` what became of its job (None: there is none)."""
    return {
        "due": _iso(schedule, run.due),
        "by_hand": run.by_hand,
        "state": run.state.value,
        "reason": run.reason,
        "ended_at": None if run.ended_at is None else _iso(schedule, run.ended_at),
        "job": run.job,
        "job_state": None if run.job_state is None else run.job_state.value,
        "previous_job": run.previous_job,
        "rows": run.rows,
        "served": run.served,
        "failed": run.failed,
        "cost_usd": None if run.spent_micros is None else usd(run.spent_micros),
    }


def print_list(found: Sequence[tuple[Schedule, Sequence[Run]]], now: datetime) -> None:
    table = _table("name", "when", "next", "last")
    for schedule, runs in found:
        timing = schedule.timing
        last = f"{_at(schedule, runs[0].due)}: {_outcome(runs[0])}" if runs else "never"
        table.add_row(
            printable(schedule.name),
            f"{core.explained(timing.cron)}, {timing.zone}",
            next_due(schedule, now),
            printable(last),
        )
    console().print(table)


def print_schedule(
    schedule: Schedule, request: Request, runs: Sequence[Run], going: Going | None, now: datetime
) -> None:
    timing, spec = schedule.timing, request.spec
    coming = islice(core.dues(timing, max(now, schedule.next_due)), SHOWN_DUES - 1)
    speech = [spec.provider, spec.model, spec.voice, spec.language, spec.delivered.format]
    budget = "no budget" if request.budget_micros is None else formatting.micros(request.budget_micros)
    say(printable(schedule.name))
    lines = [
        ("when", f"{core.explained(timing.cron)} ({timing.cron}), {timing.zone}"),
        ("next", next_due(schedule, now)),
        *(("", _at(schedule, due)) for due in coming if not schedule.paused),
        ("missed", f"{RULES[timing.catch_up]} (--catch-up {timing.catch_up})"),
        *(("catalog" if not n else "", source) for n, source in enumerate(request.orders.sources)),
        ("output", spec.output),
        ("speech", ", ".join(filter(None, speech))),
        ("money", f"{budget}, tenant {schedule.tenant}, priority {request.priority}"),
    ]
    for label, words in lines:
        say(f"  {label:<{LABEL_WIDTH}}{printable(words)}".rstrip())
    if runs:
        say()
        print_runs(schedule, runs, going)


def print_runs(schedule: Schedule, runs: Sequence[Run], going: Going | None) -> None:
    """A line each; those that wait tell what for."""
    waits_for = str(going) if going else "until a worker takes it"
    table = _table("due", "state", "job", "rows", "cost", "")
    for run in runs:
        rows = "" if not run.rows else f"{run.served or 0:,} of {run.rows:,}"
        table.add_row(
            _at(schedule, run.due) + (" by hand" if run.by_hand else ""),
            _state(run),
            "" if run.job is None else str(run.job),
            rows,
            "" if run.spent_micros is None else formatting.micros(run.spent_micros),
            _why(run, waits_for),
        )
    console().print(table)


def _why(run: Run, waits_for: str) -> str:
    told = run.reason or run.job_reason or ""
    return printable(told or waits_for) if run.state is RunState.WAITING else printable(told)


def _state(run: Run) -> str:
    """The job's own state, once there is one that runs."""
    if run.state is RunState.SUBMITTED and run.job_state is not None:
        return run.job_state.value
    return run.state.value


def _outcome(run: Run) -> str:
    if run.state is RunState.SUBMITTED and run.job_state in FINISHED:
        rows = formatting.count(run.rows or 0, "row")
        return f"{_state(run)}, {rows}, {formatting.micros(run.spent_micros or 0)}"
    why = run.reason or run.job_reason
    return f"{_state(run)}: {why}" if why else _state(run)


def _at(schedule: Schedule, at: datetime) -> str:
    return f"{at.astimezone(core.zone_of(schedule.timing.zone)):%Y-%m-%d %H:%M %Z}"


def _iso(schedule: Schedule, at: datetime) -> str:
    return at.astimezone(core.zone_of(schedule.timing.zone)).isoformat()


def _table(*columns: str) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in columns:
        is_number = name in ("job", "rows", "cost")
        table.add_column(name, justify="right" if is_number else "left", overflow="fold", no_wrap=is_number)
    return table
