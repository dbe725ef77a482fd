"""Draw the tables of jobs in `speeko top`. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text

from speeko_cli.output.progress_display import calls_parts, cost_parts
from speeko_cli.top.responsive_table import Block, Column, Section, joined, table
from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.output import formatting
from speeko_jobs.core.output.redaction import redacted
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.core.reporting.job_figures import progress, progress_words, reason_words, state_words

if TYPE_CHECKING:
    from speeko_cli.monitoring.fleet_state import ObservedJob
    from speeko_jobs.flow.reporting.monitoring_queries import JobLine

BAR, MAX_BAR = 6, 24
STYLES = {
    JobState.RUNNING: "green", JobState.PAUSED: "yellow", JobState.FINALIZING: "cyan", JobState.DONE: "green",
    JobState.DONE_WITH_ERRORS: "yellow",
}  # fmt: skip


def open_jobs(jobs: Sequence[ObservedJob], more: int, width: int) -> Section:
    """Return the section of jobs that have not ended; `more`: how many others there are."""
    if not jobs:
        return Section("job", 1, [Block(Text("no job is open: `speeko run` makes one", "dim"))])
    lines = [seen.line for seen in jobs]

    def bars(cells: int) -> list[Text]:
        return [_bar(line, cells) for line in lines]

    head, *rows = table(
        [
            Column("job", [Text(str(line.id), "bold") for line in lines], 0),
            Column("state", [_state(line) for line in lines], 1, right=False),
            Column("", bars(BAR), 7, right=False, draw=bars, most=MAX_BAR),
            Column("done", [Text(_percent(line)) for line in lines], 2),
            Column("with audio", [Text(_rows(line)) for line in lines], 6),
            Column("rows/s", [_of_running(seen, formatting.rate(seen.pace.rows)) for seen in jobs], 4),
            Column("ETA", [_of_running(seen, _eta(seen)) for seen in jobs], 3),
            Column("in flight", [Text(f"{line.in_flight:,}") for line in lines], 9),
            Column("spent", [_money(line.spent_micros) for line in lines], 5),
            Column("planned", [_money(line.plan.get("cost_micros", 0)) for line in lines], 8),
            *_failed(lines),
        ],
        width,
    )
    blocks = [
        Block(
            row, _detail(seen, width), bool(seen.line.reason or (seen.line.waits and seen.line.waits.waiting))
        )
        for seen, row in zip(jobs, rows, strict=True)
    ]
    return Section("job", 5, blocks, head, unread=more)


def _detail(seen: ObservedJob, width: int) -> Text:
    """Return why it does not run, what job it is, and its calls and money."""
    line = seen.line
    parts = [
        _files(line),
        *(calls_parts(line, seen.pace) if line.state is JobState.RUNNING else []),
        *cost_parts(line)[1:],
        f"tenant {line.tenant}",
        *([f"schedule {line.schedule}"] if line.schedule else []),
        f"to {line.destination}",
    ]
    reason = [Text(words(reason_words(line.reason)), "yellow")] if line.reason else []
    if line.top_reason:
        reason.append(Text(f"mostly: {words(line.top_reason)}", "red"))
    if line.waits is not None and line.waits.waiting is not None and line.state is not JobState.PAUSED:
        reason.append(Text(line.waits.waiting.short(line.waits.at), "yellow"))
    indent = Text("     ")
    return indent.append_text(
        joined([*reason, *(Text(words(part), "dim") for part in parts)], width - len(indent))
    )


def _failed(lines: Sequence[JobLine]) -> list[Column]:
    bad = [line.failed + line.refused for line in lines]
    return [Column("failed", [Text(f"{n:,}" if n else "", "red") for n in bad], 2)] if any(bad) else []


def ended_jobs(lines: Sequence[JobLine], now_seconds: float, width: int) -> Section:
    if not lines:
        return Section("ended job", 0, [])
    head, *rows = table(
        [
            Column("ended", [Text(str(line.id), "bold") for line in lines], 0),
            Column("state", [_state(line) for line in lines], 1, right=False),
            Column("at", [Text(_ended_at(line, now_seconds)) for line in lines], 2),
            Column("with audio", [Text(_rows(line)) for line in lines], 3),
            Column("took", [Text(formatting.duration(line.seconds)) for line in lines], 5),
            Column("spent", [_money(line.spent_micros) for line in lines], 4),
            *_sums("wasted", [line.wasted_micros for line in lines], 7),
            *_sums("possible", [line.possible_micros for line in lines], 8),
            *_failed(lines),
            Column("files", [Text(words(_files(line)), "dim") for line in lines], 6, right=False),
        ],
        width,
    )
    blocks = [Block(row, _why(line, width)) for line, row in zip(lines, rows, strict=True)]
    return Section("ended job", 0, blocks, head, waits=True)


def _why(line: JobLine, width: int) -> Text | None:
    """Return why most rows of an ended job have no audio; None where all have."""
    if not line.top_reason:
        return None
    indent = Text("     ")
    return indent.append_text(joined([Text(f"mostly: {words(line.top_reason)}", "red")], width - len(indent)))


def _money(micros: int) -> Text:
    return Text(formatting.table_micros(micros))


def _sums(head: str, amounts: Sequence[int], rank: int) -> list[Column]:
    """Return a column of money where there is any."""
    cells = [Text(formatting.table_micros(n) if n else "", "yellow") for n in amounts]
    return [Column(head, cells, rank)] if any(amounts) else []


def _bar(line: JobLine, cells: int) -> Text:
    filled = int(cells * progress(line))
    return Text().append("█" * filled, STYLES.get(line.state, "")).append("░" * (cells - filled), "dim")


def _state(line: JobLine) -> Text:
    return Text(state_words(line.state, line.reason), STYLES.get(line.state, "dim"))


def _files(line: JobLine) -> str:
    more = [f"{line.more_files:,} more"] if line.more_files else []
    return ", ".join([*line.files, *more]) or "no file yet"


def _percent(line: JobLine) -> str:
    return progress_words(progress(line)) if line.rows else ""


def _rows(line: JobLine) -> str:
    return f"{line.with_audio:,} of {line.rows:,}" if line.rows else ""


def _of_running(seen: ObservedJob, text: str) -> Text:
    return Text(text if seen.line.state is JobState.RUNNING else "")


def _eta(seen: ObservedJob) -> str:
    return "" if seen.pace.eta_seconds is None else formatting.duration(seen.pace.eta_seconds)


def _ended_at(line: JobLine, now_seconds: float) -> str:
    """Return the time by this machine's clock, or the day where that is another."""
    if line.finished_at is None:
        return ""
    at = line.finished_at.astimezone()
    is_today = at.date() == datetime.fromtimestamp(now_seconds, at.tzinfo).date()
    return f"{at:%H:%M}" if is_today else f"{at:%Y-%m-%d}"


def words(text: str) -> str:
    """Return untrusted text on one line and without passwords."""
    return printable(redacted(text))
