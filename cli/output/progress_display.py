"""Show a job's progress on stderr: a live display on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from speeko_cli.output.console import console, is_live, note
from speeko_cli.output.throughput import Throughput
from speeko_jobs.core.output import formatting
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.core.reporting import job_figures

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.live import Live

    from speeko_jobs.flow.reporting.job_queries import JobProgress
    from speeko_jobs.flow.reporting.monitoring_queries import JobLine

PLAIN_SECONDS = 5.0
LABEL_WIDTH = 7


class Display(Protocol):
    """Show a job's progress until it is closed."""

    def show(
        self, now: float, progress: JobProgress, pace: Throughput, counts: Mapping[str, int], /
    ) -> None: ...

    def close(self) -> None: ...


def display(job: int, *, quiet: bool = False) -> Display:
    """Return the display that fits stderr."""
    if quiet:
        return SilentDisplay()
    return LiveDisplay(job) if is_live() else PlainDisplay(job)


class SilentDisplay:
    """Show nothing."""

    def show(self, _: float, __: JobProgress, ___: Throughput, ____: Mapping[str, int]) -> None:
        pass

    def close(self) -> None:
        pass


class PlainDisplay:
    """Write a line every few seconds, and one at the end, for logs and pipes."""

    def __init__(self, job: int) -> None:
        self._job = job
        self._due = 0.0
        self._last = self._written = ""

    def show(self, now: float, progress: JobProgress, pace: Throughput, counts: Mapping[str, int]) -> None:
        parts = [_percent(progress), *rows_parts(progress, pace, counts), *calls_parts(progress, pace)]
        parts += cost_parts(progress)
        if pace.eta_seconds is not None and progress.served < progress.rows:
            parts.append(f"ETA {formatting.duration(pace.eta_seconds)}")
        if progress.waits:
            parts.append(progress.waits)
        self._last = f"job {self._job}: {_state(progress)}, {', '.join(parts)}"
        if not self._due:
            self._due = now + PLAIN_SECONDS
        if now >= self._due:
            self._due = now + PLAIN_SECONDS
            self._write()

    def close(self) -> None:
        self._write()

    def _write(self) -> None:
        if self._last != self._written:
            note(self._last)
            self._written = self._last


class LiveDisplay:
    """Redraw four lines, and one for what the job waits for; clear them at the end, before the summary."""

    def __init__(self, job: int) -> None:
        self._job = job
        self._live: Live | None = None

    def show(self, _: float, progress: JobProgress, pace: Throughput, counts: Mapping[str, int]) -> None:
        if self._live is None:
            from rich.live import Live

            self._live = Live(console=console(sys.stderr), auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(lines(self._live.console, self._job, progress, pace, counts), refresh=True)

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None


def lines(
    terminal: Console, job: int, progress: JobProgress, pace: Throughput, counts: Mapping[str, int]
) -> Group:
    """Return the display: a bar of the progress, then rows, calls and money, and what the job waits for."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    eta = "" if pace.eta_seconds is None else f"ETA {formatting.duration(pace.eta_seconds)}"
    last = eta if progress.state == "running" else _state(progress)
    head = Table.grid(padding=(0, 1), expand=True)
    head.add_column(width=max(LABEL_WIDTH - 1, len(f"job {job}")), no_wrap=True)
    head.add_column(ratio=1)
    head.add_column(justify="right", no_wrap=True)
    head.add_column(width=max(14, len(last)), no_wrap=True)
    head.add_row(
        Text(f"job {job}", style="bold"),
        ProgressBar(total=1.0, completed=job_figures.progress(progress)),
        Text(_percent(progress)),
        Text(last, style="dim"),
    )
    body = [
        ("rows", rows_parts(progress, pace, counts)),
        ("calls", calls_parts(progress, pace)),
        ("cost", cost_parts(progress)),
    ]
    if progress.waits:
        body.append(("waits", progress.waits.removeprefix("waits ").split("; ")))
    texts = [_line(label, parts, terminal.width) for label, parts in body]
    return Group(head, *texts)


def _line(label: str, parts: list[str], width: int) -> Any:
    """Return as many parts as fit the width: a display must not wrap."""
    from rich.text import Text

    text = Text(label.ljust(LABEL_WIDTH), style="dim")
    shown = ""
    for part in parts:
        more = f"{shown} · {part}" if shown else part
        if LABEL_WIDTH + len(more) >= width and shown:
            break
        shown = more
    text.append(shown, style="not dim").truncate(max(width - 1, 1), overflow="ellipsis")
    return text


def rows_parts(progress: JobProgress, pace: Throughput, counts: Mapping[str, int]) -> list[str]:
    bad = progress.failed + progress.refused
    why = f", mostly: {printable(progress.top_reason)}" if progress.top_reason else ""
    return [
        f"{progress.with_audio:,} of {progress.rows:,} rows with audio",
        *([f"{bad:,} failed or refused{why}"] if bad else []),
        f"{formatting.rate(pace.rows)} rows/s",
        f"{_cached(progress, counts)} cached",
    ]


def calls_parts(progress: JobProgress | JobLine, pace: Throughput) -> list[str]:
    planned = job_figures.planned_calls(progress.plan, progress.calls)
    if not planned:
        return ["no call needed"]
    return [
        f"{progress.calls:,} of {formatting.count(planned, 'text')} bought",
        f"{progress.in_flight:,} in flight",
        f"{formatting.rate(pace.calls)} calls/s",
    ]


def cost_parts(progress: JobProgress | JobLine) -> list[str]:
    """Return the money so far, and the plan's: its cost, and what duplicates and cache save."""
    plan, possible, wasted = progress.plan, progress.possible_micros, progress.wasted_micros
    planned = plan.get("cost_micros", 0)
    return [
        f"{formatting.table_micros(progress.spent_micros)} of {formatting.table_micros(planned)} spent",
        *([f"possible extra charge {formatting.table_micros(possible)}"] if possible else []),
        *([f"{formatting.table_micros(wasted)} wasted on unusable audio"] if wasted else []),
        *([] if progress.budget_micros is None else [f"budget {formatting.micros(progress.budget_micros)}"]),
        f"{formatting.table_micros(max(plan.get('list_micros', 0) - planned, 0))} saved as planned",
    ]


def _percent(progress: JobProgress) -> str:
    return job_figures.progress_words(job_figures.progress(progress))


def _state(progress: JobProgress) -> str:
    return job_figures.state_words(progress.state, progress.reason)


def _cached(progress: JobProgress, counts: Mapping[str, int]) -> str:
    """Return the share of the rows with audio that cost no call; before there are any, the plan's share."""
    bought = counts.get("synthesized", 0)
    served = sum(counts.get(name, 0) for name in ("delivered", "unchanged"))
    if served:
        return formatting.percent(served - bought, served)
    plan = progress.plan
    records = plan.get("unique_texts", 0) + plan.get("duplicates", 0)
    return formatting.percent(records - plan.get("to_buy", 0), records) if records else "0%"
