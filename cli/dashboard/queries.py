"""What each feed reads, and what one look remembers for the next: throughput, who has left, sizes that are
slow to count."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from speeko_cli.dashboard.shared_polling import Document, FeedSource
from speeko_cli.monitoring import json_documents
from speeko_cli.monitoring.broker_status import UNASKED, BrokerStatus
from speeko_cli.monitoring.broker_status import look as ask_broker
from speeko_cli.monitoring.fleet_state import FleetState
from speeko_cli.monitoring.thread_lane import ThreadLane
from speeko_cli.output import budgets
from speeko_cli.output import cache as cache_report
from speeko_cli.output import costs as costs_report
from speeko_jobs.core.model.states import FINISHED
from speeko_jobs.core.output.content_type import content_type
from speeko_jobs.core.output.redaction import redacted
from speeko_jobs.errors import SpeekoError, UsageError
from speeko_jobs.flow.cache import stats
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.delivery import finalize
from speeko_jobs.flow.lifecycle.budgets import every as tenant_budgets
from speeko_jobs.flow.reporting import (
    costs,
    fleet_queries,
    job_queries,
    monitoring_queries,
    row_search,
    schedule_queries,
)
from speeko_jobs.flow.reporting.costs import By, Storage
from speeko_jobs.flow.reporting.job_queries import Job
from speeko_jobs.flow.reporting.monitoring_queries import JobFilter, PageRequest
from speeko_jobs.flow.reporting.top_reasons import TopReasons

OFTEN_SECONDS, SELDOM_SECONDS, CACHE_SECONDS = 0.5, 2.0, 30.0
CACHE_WAIT_SECONDS, CACHE_REST = 60.0, 30.0  # every entry is counted
STORAGE_SECONDS = 300.0
FIND_SECONDS, FIND_WAIT_SECONDS, FIND_REST = 5.0, 60.0, 20.0  # it reads all rows of a job
FAILURES_SECONDS, FAILURES_WAIT_SECONDS, FAILURES_REST = 5.0, 0.1, 10.0
BROKER_SECONDS, BROKER_WAIT_SECONDS = 2.0, 0.1
MAX_KEPT = 500
RUNS_SHOWN = 5
STRETCHES = 60
K = TypeVar("K")
V = TypeVar("V")


class Readings:
    """Reads for `Feeds`. Its methods run in threads, several at a time."""

    def __init__(self, context: Context, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._context, self._clock = context, clock
        self._board, self._reasons = FleetState(), TopReasons()
        self._broker = _Broker(context, self._board, clock)
        self._storage: dict[tuple[Any, ...], tuple[float, Storage]] = {}  # of one thread: that of `costs`
        self._failures = _Failures(context, clock)

    def sources(self) -> dict[str, FeedSource]:
        """All feeds. What may take long has a lane of its own."""
        quick, money, cache = ThreadLane("look", 2), ThreadLane("costs"), ThreadLane("cache")
        find = ThreadLane("find")
        often: list[Callable[..., Document]] = [self.now, self.jobs, self.job, self.chunks, self.workers]
        seldom: list[Callable[..., Document]] = [self.course, self.failed, self.samples]
        seldom += [self.schedules, self.budgets]
        return {
            **{read.__name__: FeedSource(read, quick, OFTEN_SECONDS) for read in often},
            **{read.__name__: FeedSource(read, quick, SELDOM_SECONDS) for read in seldom},
            "rows": FeedSource(self.rows, find, FIND_SECONDS, FIND_WAIT_SECONDS, FIND_REST),
            "costs": FeedSource(self.costs, money, SELDOM_SECONDS, CACHE_WAIT_SECONDS),
            "cache": FeedSource(self.cache, cache, CACHE_SECONDS, CACHE_WAIT_SECONDS, CACHE_REST),
        }

    def now(self) -> Document:
        return json_documents.now(fleet_queries.snapshot(self._context))

    def jobs(
        self,
        shown: str = JobFilter.ALL,
        tenant: str | None = None,
        words: str = "",
        before: int | None = None,
        limit: int = 50,
    ) -> Document:
        found = monitoring_queries.job_page(
            self._context, PageRequest(JobFilter(shown), tenant, words, before, limit)
        )
        lines = monitoring_queries.with_reasons(self._context, found.lines, self._reasons)
        return json_documents.jobs(found, self._board.take_jobs(time.time(), lines))

    def line(self, job: int) -> Document:
        """One job as in a list. Raises JobError where there is none."""
        found = [monitoring_queries.job_line(self._context, job)]
        lines = monitoring_queries.with_reasons(self._context, found, self._reasons)
        (seen,) = self._board.take_jobs(time.time(), lines)
        return json_documents.job(seen)

    def job(self, job: int) -> Document:
        """Its summary as `speeko status --json` tells it, its line, and what it was asked to do."""
        line = self.line(job)
        found = job_queries.show(self._context, job)
        failures = self._failures.of(found)
        shown = replace(found, destination=redacted(found.destination), reason=redacted(found.reason))
        summary = finalize.summary_of(self._context, shown, failures or [])
        summary["notes"] = list(map(redacted, finalize.full_notes(self._context, shown, summary)))
        return {
            "job": line,
            "summary": summary,
            "failures_known": failures is not None,
            "asked": json_documents.asked(found.spec),
        }

    def chunks(self, job: int, limit: int = 20) -> Document:
        monitoring_queries.job_line(self._context, job)  # raises JobError where there is none
        return json_documents.chunks(monitoring_queries.chunks(self._context, job, limit))

    def failed(self, job: int, after: int = 0, limit: int = 50) -> Document:
        monitoring_queries.job_line(self._context, job)
        return json_documents.failed(
            monitoring_queries.failed_rows(self._context, job, after, limit + 1), limit
        )

    def samples(self, job: int) -> Document:
        found = job_queries.show(self._context, job)
        type = content_type(f"audio.{found.spec.delivered.format}")
        return json_documents.samples(monitoring_queries.playable_rows(self._context, job), type)

    def rows(self, job: int, find: str = "", limit: int = row_search.MAX_ROWS) -> Document:
        """Return the rows that were looked for. Raise JobError where there is no such job."""
        monitoring_queries.job_line(self._context, job)
        return json_documents.found_rows(row_search.find_rows(self._context, job, find, limit), limit)

    def course(self, job: int) -> Document:
        line = monitoring_queries.job_line(self._context, job)
        moments = monitoring_queries.course(self._context, job, STRETCHES)
        since = line.released_at
        accounts = monitoring_queries.accounts_of(self._context, job) if since is not None else []
        if since is None or not accounts:
            return json_documents.course(moments, line.seconds, [])
        until = since + timedelta(seconds=line.seconds)
        return json_documents.course(
            moments, line.seconds, monitoring_queries.account_samples(self._context, accounts, since, until)
        )

    def costs(
        self,
        by: str = By.VOICE,
        since: str | None = None,
        until: str | None = None,
        tenant: str | None = None,
        today: int = 0,
    ) -> Document:
        """As `speeko costs --json`. Raises UsageError when the days end before they begin."""
        days = [None if day is None else date.fromisoformat(day) for day in (since, until)]
        of = (since, until, tenant, today, datetime.now(UTC).date())  # a new day has other sums
        kept = self._storage.get(of)
        known = kept[1] if kept is not None and self._clock() - kept[0] < STORAGE_SECONDS else None
        try:
            found = costs.look(
                self._context.database,
                By(by),
                since=days[0],
                until=days[1],
                tenant=tenant,
                today_only=bool(today),
                storage=known,
            )
        except UsageError as error:
            raise UsageError(str(error).replace("--", "")) from None  # no options here
        if known is None:
            _keep(self._storage, of, (self._clock(), found.storage))
        return costs_report.document(found)

    def budgets(self, tenant: str | None = None) -> Document:
        return {"budgets": [budgets.record(one) for one in tenant_budgets(self._context, tenant)]}

    def cache(self) -> Document:
        return cache_report.document(stats.stats(self._context))

    def schedules(self, tenant: str | None = None) -> Document:
        found = [
            (one, schedule_queries.history(self._context, one, RUNS_SHOWN))
            for one in schedule_queries.every(self._context, tenant)
        ]
        return json_documents.schedules(found, schedule_queries.clock(self._context))

    def workers(self) -> Document:
        engines = self._board.take_engines(time.time(), fleet_queries.engines(self._context))
        accounts = fleet_queries.account_limits(self._context)
        holders = fleet_queries.permit_holders(self._context)
        said = self._broker.look()
        found = fleet_queries.registered_workers(self._context)
        return json_documents.workers(
            engines, said.nodes, said.waiting, accounts, holders, said.answers, found
        )


class _Broker:
    """What Celery's nodes and queues said last. Its own thread asks; the first is waited for briefly."""

    def __init__(self, context: Context, memory: FleetState, clock: Callable[[], float]) -> None:
        self._queue, self._memory, self._clock = context.queue, memory, clock
        self._lane = ThreadLane("broker")
        self._lock = threading.Lock()
        self._asking: Future[None] | None = None
        self._asked = float("-inf")
        self._last = UNASKED

    def look(self) -> BrokerStatus:
        """What it said last."""
        with self._lock:
            is_done = self._asking is None or self._asking.done()
            if is_done and self._clock() - self._asked >= BROKER_SECONDS:
                self._asked = self._clock()
                self._asking = self._lane.submit(self._ask)
            asking = self._asking
        if self._last.answers is None and asking is not None:
            wait([asking], BROKER_WAIT_SECONDS)
        return self._last

    def _ask(self) -> None:
        self._last = ask_broker(self._queue, self._memory)


class _Failures:
    """Why rows failed, and how many for each reason: slow to count where much has failed, so it is done in a
    thread of its own, when rows have failed since, and rests ten times as long as it took."""

    def __init__(self, context: Context, clock: Callable[[], float]) -> None:
        self._context, self._clock = context, clock
        self._lane = ThreadLane("failures")
        self._lock = threading.Lock()
        self._known: dict[int, _Counted] = {}

    def of(self, job: Job) -> list[tuple[str, int]] | None:
        """Reasons with their numbers of rows, most frequent first; None while they are counted."""
        if not job.failed + job.refused:
            return []
        state = job.state in FINISHED, job.finished_at, job.failed, job.refused
        with self._lock:
            known = self._known.get(job.id)
            if known is None:
                known = _Counted()
                _keep(self._known, job.id, known)
            now = self._clock()
            is_due = now >= known.rests_until and (
                job.state in FINISHED or now >= known.asked + FAILURES_SECONDS
            )
            if known.state != state and is_due and (known.asking is None or known.asking.done()):
                known.asked, known.state = now, state
                known.asking = self._lane.submit(lambda: self._count(job.id, known))
            asking = known.asking
        if asking is not None:
            wait([asking], FAILURES_WAIT_SECONDS)
        return known.found

    def _count(self, job: int, known: _Counted) -> None:
        try:
            known.found = [
                (redacted(reason), rows) for reason, rows in job_queries.failures(self._context, job)
            ]
        except SpeekoError:
            known.state = ()  # a later look tries again; others tell what is wrong
        ended = self._clock()
        known.rests_until = ended + FAILURES_REST * (ended - known.asked)


@dataclass(eq=False)
class _Counted:
    """`state`: how the job stood when its failures were counted."""

    state: tuple[Any, ...] = ()
    asked: float = float("-inf")
    rests_until: float = float("-inf")
    asking: Future[None] | None = None
    found: list[tuple[str, int]] | None = None


def _keep(kept: dict[K, V], key: K, value: V) -> None:
    """Put it in, and let the oldest go where there are too many."""
    kept.pop(key, None)
    kept[key] = value
    while len(kept) > MAX_KEPT:
        del kept[next(iter(kept))]
