"""Print costs: a table with bars and a few lines for people, records for --json and --csv."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from speeko_cli.output.console import console, say
from speeko_jobs.core.billing.cost_breakdown import SAVINGS, STORAGE_MICROS_PER_GB_MONTH, storage_micros
from speeko_jobs.core.model.money import usd
from speeko_jobs.core.output import formatting as figures
from speeko_jobs.core.output.sanitize import printable, spreadsheet_safe

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from speeko_jobs.core.billing.cost_breakdown import CostFigures
    from speeko_jobs.flow.reporting.costs import CostReport

SHOWN_LINES, PIPED_WIDTH = 31, 80
MAX_BAR, MIN_BAR, MAX_NAME = 30, 6, 22
LABEL_WIDTH, AMOUNT_WIDTH = 12, 13
NAMES = {
    "cache": "cache",
    "duplicate": "duplicates",
    "coalesced": "coalescing",
    "segments": "segments",
    "unchanged": "unchanged files",
}
NO_JOB = "without a job"
SUMS = {"bad_micros": "wasted", "unknown_micros": "possible"}


def show(found: CostReport, *, live: bool = False) -> None:
    """Print everything on stdout."""
    if found.lines:
        say(_title(found))
        say()
        console().print(table(found, console().width if sys.stdout.isatty() else PIPED_WIDTH))
        say()
    else:
        say(f"{_title(found)}: nothing was charged or saved")
        say()
    for line in _lines(found, live):
        say(line)


def picture(found: CostReport, width: int) -> Group:
    """The same for a display that moves, so many cells wide."""
    from rich.console import Group
    from rich.text import Text

    text = "\n".join(printable(line) for line in ("", *_lines(found, live=True)))
    return Group(Text(_title(found) + "\n"), table(found, width), Text(text))


def _title(found: CostReport) -> str:
    since, until = found.window.since, found.window.until
    days = f"{since}" if since == until else f"{since} to {until}"
    who = "all tenants" if found.window.tenant is None else f"tenant {printable(found.window.tenant)}"
    return f"costs of {days} (UTC), {who}"


def table(found: CostReport, width: int) -> Table:
    """The lines and their sum, and a bar for each where there is room in so many cells."""
    from rich.table import Table

    rows = list(found.lines.items())
    shown, rest = rows[:SHOWN_LINES], rows[SHOWN_LINES:]
    others = [(f"{len(rest):,} more", _sum(figures for _, figures in rest))] if rest else []
    if found.no_job is not None:
        others.append((NO_JOB, found.no_job))
    lines = [*shown, *others]
    sums = _sums(found)
    cells = [(_named(found, name), *_cells(one, sums)) for name, one in lines]
    if len(lines) > 1:
        cells.append(("all", *_cells(found.total, sums)))
    head = (found.by.value, "calls", "cached", "cost", *(SUMS[name] for name in sums), "saved")
    widths = [max(len(row[at]) for row in (head, *cells)) for at in range(len(head))]
    widths[0] = min(widths[0], MAX_NAME)
    room = min(width - sum(widths) - 2 * len(head), MAX_BAR)
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for at, name in enumerate(head):
        if at:
            made.add_column(name, justify="right", no_wrap=True)
        else:
            made.add_column(name, overflow="fold", max_width=MAX_NAME)
    bar = _Bar(max((one.spent_micros + _shown_saved(one) for _, one in lines), default=0), room)
    if bar.is_shown:
        made.add_column(bar.legend, no_wrap=True)
    for row, (_, one) in zip(cells, lines, strict=False):
        made.add_row(*row, *([bar.of(one)] if bar.is_shown else []))
    if len(lines) > 1:
        made.add_row(*cells[-1], *([""] if bar.is_shown else []), style="bold")
    return made


def _named(found: CostReport, name: str) -> str:
    if found.by == "source":
        return {"synthesized": "bought", "bad": "bad audio", "unknown": "possible", **NAMES}.get(name, name)
    return printable(name) or "(default)"


def _sums(found: CostReport) -> list[str]:
    """Return the columns of money besides cost and savings, where there is any."""
    return [name for name in ("bad_micros", "unknown_micros") if getattr(found.total, name)]


def _cells(one: CostFigures, sums: Iterable[str] = ()) -> tuple[str, ...]:
    possible = one.unknown_calls and not one.calls and not one.served
    cost = (
        f"≤ {figures.table_micros(one.unknown_micros)}"
        if possible
        else figures.table_micros(one.spent_micros)
    )
    calls = one.unknown_calls if possible else one.calls
    more = [figures.table_micros(n) if (n := getattr(one, name)) else "" for name in sums]
    return f"{calls:,}", f"{one.served:,}", cost, *more, figures.table_micros(one.saved_micros)


def _shown_saved(one: CostFigures) -> int:
    return max(one.saved_micros, 0)


class _Bar:
    """Bars of one length for one amount: what was spent, and behind it what was saved."""

    def __init__(self, most_micros: int, width: int) -> None:
        utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
        self._spent, self._saved = ("█", "░") if utf8 else ("#", ".")
        self._most_micros, self._width = most_micros, width
        self.is_shown = most_micros > 0 and width >= MIN_BAR
        words = f"{self._spent} cost {self._saved} saved"
        self.legend = words if len(words) <= width else ""

    def of(self, one: CostFigures) -> Any:
        from rich.text import Text

        both = self._cells(one.spent_micros + _shown_saved(one))
        spent = min(self._cells(one.spent_micros), both)
        return Text(self._spent * spent, style="cyan").append(self._saved * (both - spent), style="green")

    def _cells(self, micros: int) -> int:
        """Rounded up: what is not nothing is seen."""
        return -(-max(micros, 0) * self._width // self._most_micros)


# the lines below


def _lines(found: CostReport, live: bool) -> Iterator[str]:
    total, storage = found.total, found.storage
    calls = figures.count(total.calls, "call")
    yield _line("speech", total.speech_micros, f"{total.chars:,} characters in {calls}")
    yield _line("overhead", total.overhead_micros, "of the calls")
    month = figures.table_micros(storage_micros(storage.bytes))
    price = figures.table_micros(STORAGE_MICROS_PER_GB_MONTH)
    yield _line(
        "storage", storage.micros, f"{figures.size(storage.bytes)} kept: {month} a month at {price} a GB"
    )
    yield _line("total", found.total_micros, "")
    now = found.now
    if live or now.open_calls:
        open_calls = f"reserved for {figures.count(now.open_calls, 'open call')}"
        yield _line("in flight", now.reserved_micros, open_calls)
    if total.unknown_calls:
        unknown = figures.count(total.unknown_calls, "call")
        yield _line("possible", total.unknown_micros, f"extra charge: {unknown} with unknown outcome")
    if total.bad_calls:
        bad = figures.count(total.bad_calls, "call")
        yield _line("wasted", total.bad_micros, f"part of the above, on {bad} with unusable audio")
    yield ""
    yield _line("saved", total.saved_micros, "at list price")
    for name in SAVINGS:
        if total.saved.get(name):
            yield _line("", total.saved[name], f"by {NAMES[name]}")
    routed = found.routing_saved_micros
    if routed:
        less = "less" if routed > 0 else "more"
        yield _line("routing", abs(routed), f"{less} than with default voices, at list price")
    yield from _forecast(found)


def _forecast(found: CostReport) -> Iterator[str]:
    forecast = found.forecast
    yield ""
    if forecast is None:
        yield f"{'forecast':<{LABEL_WIDTH}}from the first full day on"
        return
    kept_micros, mean_micros = found.storage.month_micros, round(forecast.mean_micros)
    stored = f"for {found.now.today:%B}, with {figures.table_micros(kept_micros)} of storage:"
    yield _line("forecast", forecast.total_micros + kept_micros, stored)
    days, left = figures.count(forecast.full_days, "full day"), figures.count(forecast.days_left, "day")
    so_far, a_day = figures.table_micros(forecast.so_far_micros), figures.table_micros(mean_micros)
    yield f"{'':<{LABEL_WIDTH}}{so_far} so far + {left} × {a_day}, mean of {days}"


def _line(label: str, micros: int, words: str) -> str:
    return f"{label:<{LABEL_WIDTH}}{figures.table_micros(micros):<{AMOUNT_WIDTH}} {words}".rstrip()


# records


def document(found: CostReport) -> dict[str, Any]:
    """What --json tells: money as decimal strings of USD."""
    total, storage, now = found.total, found.storage, found.now
    by = found.by.value
    forecast = found.forecast
    return {
        "since": f"{found.window.since}",
        "until": f"{found.window.until}",
        "tenant": found.window.tenant,
        "by": by,
        "lines": [{by: name, **record(one)} for name, one in _all(found)],
        "total": record(total),
        "storage": {
            "texts": storage.texts,
            "bytes": storage.bytes,
            "usd": usd(storage.micros),
            "usd_a_month": usd(storage_micros(storage.bytes)),
        },
        "total_usd": usd(found.total_micros),
        "routing_saved_usd": usd(found.routing_saved_micros),
        "in_flight": {"calls": now.open_calls, "usd": usd(now.reserved_micros)},
        "forecast": None
        if forecast is None
        else {
            "month": f"{now.today:%Y-%m}",
            "so_far_usd": usd(forecast.so_far_micros),
            "usd_a_day": f"{forecast.mean_micros / 1_000_000:.6f}",
            "full_days": forecast.full_days,
            "days_left": forecast.days_left,
            "calls_usd": usd(forecast.total_micros),
            "storage_usd": usd(storage.month_micros),
            "usd": usd(forecast.total_micros + storage.month_micros),
        },
    }


def record(one: CostFigures) -> dict[str, Any]:
    """One line's figures. `requests` are calls that were charged and rows that took none."""
    return {
        "requests": one.calls + one.served,
        "calls": one.calls,
        "cached": one.served,
        "chars": one.chars,
        "cost_usd": usd(one.spent_micros),
        "speech_usd": usd(one.speech_micros),
        "overhead_usd": usd(one.overhead_micros),
        "wasted_calls": one.bad_calls,
        "wasted_usd": usd(one.bad_micros),
        "possible_calls": one.unknown_calls,
        "possible_usd": usd(one.unknown_micros),
        "saved_usd": usd(one.saved_micros),
        **{f"saved_{name}_usd": usd(one.saved.get(name, 0)) for name in SAVINGS},
    }


def write_csv(found: CostReport) -> None:
    """The lines as CSV on stdout, without their sum."""
    by = found.by.value
    rows = [{by: spreadsheet_safe(printable(name or "")), **record(one)} for name, one in _all(found)]
    out = csv.DictWriter(sys.stdout, [by, *record(found.total)], lineterminator="\n")
    out.writeheader()
    out.writerows(rows)
    sys.stdout.flush()


def _all(found: CostReport) -> Iterator[tuple[str | None, CostFigures]]:
    yield from found.lines.items()
    if found.no_job is not None:
        yield None, found.no_job


def _sum(some: Iterable[CostFigures]) -> CostFigures:
    first, *more = some
    for one in more:
        first = first.plus(one)
    return first
