"""Draw the screen of `speeko top`: lines that fit a terminal of any size. Pure; `speeko_cli.top.app` reads
the data and shows it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from speeko_cli.monitoring.fleet_state import SILENT_SECONDS, DepartedEngine, LiveEngine
from speeko_cli.top.job_order import SORT_KEYS, JobOrder
from speeko_cli.top.job_tables import ended_jobs, open_jobs, words
from speeko_cli.top.responsive_table import Block, Column, Section, joined, laid_out, table
from speeko_jobs.core.output import formatting

if TYPE_CHECKING:
    from speeko_cli.monitoring.broker_status import BrokerStatus
    from speeko_cli.monitoring.fleet_state import FleetEngines, ObservedJob
    from speeko_jobs.flow.reporting.fleet_queries import AccountLimits, FleetSnapshot, PermitHolder
    from speeko_jobs.flow.reporting.monitoring_queries import JobLine

LABEL_WIDTH = 9
MAX_NUMBERS = 4


@dataclass(frozen=True)
class ScreenData:
    """What Postgres tells, at a moment in seconds since 1970."""

    at_seconds: float
    now: FleetSnapshot
    open: list[ObservedJob]
    ended: list[JobLine]
    engines: FleetEngines
    accounts: list[AccountLimits]
    holders: list[PermitHolder]
    more: int = 0  # open jobs that are not among `open`


@dataclass(frozen=True)
class ScreenView:
    """How somebody looks at it. `height` None: as many lines as it takes."""

    width: int
    height: int | None = None
    tenant: str | None = None
    order: JobOrder = JobOrder.PRIORITY
    first: int = 0  # so many jobs are scrolled out
    keys: str = ""  # what they do: the last line


def picture(
    books: ScreenData | None, broker: BrokerStatus | None, view: ScreenView, trouble: str = ""
) -> list[Text]:
    """At most `view.height` lines of at most `view.width` cells. `trouble`: why the books are not of now."""
    told = [Text(trouble, "bold red")] if trouble else []
    foot = [Text(view.keys, "dim")] if view.keys else []
    if books is None:
        lines = told or [Text("looking at the jobs", "dim")]
    else:
        head = [*told, *_head(books, view), Text()]
        room = None if view.height is None else max(view.height - len(head) - len(foot), 0)
        lines = [*head, *laid_out(list(_sections(books, broker, view)), room)]
    if view.height is not None:
        lines = lines[: view.height - len(foot)]
        lines += [Text()] * (view.height - len(foot) - len(lines))
    lines += foot
    for line in lines:
        line.truncate(view.width, overflow="ellipsis")
    return lines


def _head(books: ScreenData, view: ScreenView) -> Iterator[Text]:
    now, engines = books.now, books.engines
    died = sum(gone.died for gone in engines.gone)
    yield joined(
        [
            Text(time.strftime("%H:%M:%S", time.localtime(books.at_seconds)), "bold"),
            *([] if view.tenant is None else [Text(f"tenant {words(view.tenant)}", "bold")]),
            *([Text(f"{formatting.count(died, 'engine')} died", "bold red")] if died else []),
            Text(f"{now.running:,} running", "green" if now.running else ""),
            *([Text(f"{now.paused:,} paused", "yellow")] if now.paused else []),
            Text(f"{formatting.count(now.waiting_rows, 'row')} waiting"),
            Text(f"{now.in_flight:,} of {now.limit:,} in flight" if now.limit else "none in flight"),
            Text(formatting.count(len(engines.living), "engine")),
        ],
        view.width,
    )
    overdue = formatting.count(now.overdue_schedules, "schedule")
    yield joined(
        [
            Text(f"today {formatting.table_micros(now.spent_today_micros)} spent", "bold"),
            Text(f"{formatting.table_micros(now.saved_today_micros)} saved"),
            Text(f"{formatting.table_micros(now.reserved_micros)} reserved"),
            *([Text(f"{overdue} overdue", "yellow")] if now.overdue_schedules else []),
        ],
        view.width,
    )


def _sections(books: ScreenData, broker: BrokerStatus | None, view: ScreenView) -> Iterator[Section]:
    jobs = sorted(books.open, key=SORT_KEYS[view.order])
    yield open_jobs(jobs[min(view.first, max(len(jobs) - 1, 0)) :], books.more, view.width)
    yield _engines(books, view.width)
    accounts = [Block(_account(one, books.holders, view.width)) for one in books.accounts]
    yield Section("account", 1, accounts)
    if broker is not None:
        yield Section("line", 2, [Block(line) for line in _broker(broker, books, view.width)])
    yield ended_jobs(books.ended, books.at_seconds, view.width)


def _engines(books: ScreenData, width: int) -> Section:
    """Those that died come first, those that left last."""
    gone = books.engines.gone
    shown: list[LiveEngine | DepartedEngine] = [
        *(one for one in gone if one.died),
        *books.engines.living,
        *(one for one in gone if not one.died),
    ]
    if not shown:
        return Section("engine", 1, [Block(Text("no engine is at work", "dim"))])
    engines = [one.engine for one in shown]
    head, *rows = table(
        [
            Column("engine", [Text(words(engine.host)) for engine in engines], 3, right=False),
            Column("pid", [Text(str(engine.pid)) for engine in engines], 0),
            Column("", [_fate(one, books.at_seconds) for one in shown], 1, right=False),
            Column("open", [_of_living(one, one.engine.busy) for one in shown], 2),
            Column("held", [_of_living(one, one.engine.held) for one in shown], 4),
            Column("could use", [_of_living(one, one.engine.wants) for one in shown], 7),
            Column("chunks", [Text("" if _left(one) else f"{one.engine.chunks:,}") for one in shown], 5),
            Column(
                "of jobs",
                [Text("" if _left(one) else _short(one.engine.jobs)) for one in shown],
                6,
                right=False,
            ),
        ],
        width,
    )
    return Section("engine", 3, [Block(row) for row in rows], head, waits=True)


def _fate(one: LiveEngine | DepartedEngine, now_seconds: float) -> Text:
    """Whether an engine lives, and since when it does not."""
    if isinstance(one, DepartedEngine):
        ago = formatting.duration(max(now_seconds - one.at_seconds, 0))
        return Text(f"died {ago} ago", "bold red") if one.died else Text(f"left {ago} ago", "dim")
    if one.silent_seconds > SILENT_SECONDS:
        return Text(f"silent for {formatting.duration(one.silent_seconds)}", "yellow")
    return Text(f"lease {formatting.duration(one.engine.lease_seconds)}", "dim")


def _of_living(one: LiveEngine | DepartedEngine, n: int) -> Text:
    return Text("" if isinstance(one, DepartedEngine) else f"{n:,}")


def _left(one: LiveEngine | DepartedEngine) -> bool:
    """Whether it has given back what it had."""
    return isinstance(one, DepartedEngine) and not one.died


def _account(account: AccountLimits, holders: Sequence[PermitHolder], width: int) -> Text:
    mine = [holder for holder in holders if holder.account == account.name]
    busy, held = sum(one.busy for one in mine), sum(one.held for one in mine)
    blocked = account.blocked_seconds
    moved = f"{formatting.duration(max(account.moved_seconds, 0))} ago: {account.why}"
    return _labelled(
        "account",
        [
            Text(words(account.name)),
            *([Text(f"waits {formatting.duration(blocked)} more", "yellow")] if blocked > 0 else []),
            Text(f"{busy:,} open, {held:,} held of {account.limit:,}"),
            Text(f"ceiling {account.ceiling:,}"),
            *([Text(f"moved {words(moved)}", "dim")] if account.why else []),
        ],
        width,
    )


def _broker(broker: BrokerStatus, books: ScreenData, width: int) -> Iterator[Text]:
    """Nodes that answer and those that do not any more, and the messages that wait."""
    for node in broker.nodes:
        if not node.answers:
            ago = formatting.duration(max(books.at_seconds - node.at_seconds, 0))
            trouble = f"{words(node.name)} has not answered for {ago}"
            yield _labelled("workers", [Text(trouble, "yellow")], width)
    if not broker.answers:
        yield _labelled("broker", [Text("does not answer: trying again", "bold red")], width)
        return
    names = [Text(words(node.name), "dim") for node in broker.nodes if node.answers]
    if names:
        told = [Text(formatting.count(len(names), "node answers", "nodes answer")), *names]
    elif books.now.running:
        told = [Text("none answers: start some with `speeko up` or `speeko worker`", "yellow")]
    else:
        told = [Text("none answers", "dim")]
    yield _labelled("workers", told, width)
    yield _labelled("queues", [Text(f"{name} {n or 0:,}") for name, n in broker.waiting.items()], width)


def _labelled(label: str, parts: Sequence[Text], width: int) -> Text:
    return Text().append(label.ljust(LABEL_WIDTH), "bold").append_text(joined(parts, width - LABEL_WIDTH))


def _short(jobs: Sequence[int]) -> str:
    """The first few."""
    return ", ".join(map(str, jobs[:MAX_NUMBERS])) + (" …" if len(jobs) > MAX_NUMBERS else "")
