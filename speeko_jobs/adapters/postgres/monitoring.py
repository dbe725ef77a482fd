"""Queries for monitoring: each stays quick however large the jobs are.

Reads only. No look costs more than the lines that it gives: a page of jobs, a job's chunks (not its rows), a
page of failed rows. Statements are in sql/monitoring.sql.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from speeko_jobs.adapters.postgres import wait_reasons
from speeko_jobs.adapters.postgres.database import Database, Transaction
from speeko_jobs.adapters.postgres.jobs import RowCounts
from speeko_jobs.adapters.postgres.permits import SAMPLE_SECONDS
from speeko_jobs.core.model.states import FINISHED, ChunkState, JobState
from speeko_jobs.core.policies.failure_grouping import cancelled
from speeko_jobs.errors import JobError

FILES = 10  # of a job, that are named in a line
CHUNKS_AT_ONCE = 64  # in which failed rows are looked for
MOMENTS = 300  # of an account
OVERDUE_SECONDS = 60.0  # nobody has looked at a schedule that is due
UNTOLD = "failed.csv in the destination says why"
_LARGEST = 2**63 - 1


class JobFilter(StrEnum):
    """Which jobs a page of them holds."""

    ALL = "all"
    OPEN = "open"  # planning, running, paused, finalizing
    ENDED = "ended"
    TROUBLED = "troubled"  # paused, or ended with errors


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A page of jobs, newest first: those with a number below `before`, at most `limit`.

    `words` are all looked for in the job's number, its files' names and its destination, in any case.
    """

    shown: JobFilter = JobFilter.ALL
    tenant: str | None = None
    words: str = ""
    before: int | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class JobLine(RowCounts):
    """One job in a list. Money in micro-dollars; `seconds` since its release (or until its end).

    `plan` holds what the submitter promised (calls, cost_micros, list_micros, unique_texts, duplicates,
    to_buy, changes ...); `in_flight` is of its provider's accounts while it runs, else 0.
    """

    id: int
    tenant: str
    state: JobState
    reason: str
    priority: int
    files: list[str]  # names of the first
    destination: str
    provider: str
    plan: dict[str, Any]
    budget_micros: int | None
    reserved_micros: int
    spent_micros: int
    possible_micros: int
    calls: int
    possible_calls: int
    rows: int
    skipped: int
    delivered: int
    unchanged: int
    failed: int
    refused: int
    chunks: int
    chunks_open: int
    in_flight: int
    schedule: str | None  # the schedule that submitted it
    created_at: datetime
    released_at: datetime | None
    finished_at: datetime | None
    pruned_at: datetime | None
    seconds: float
    more_files: int = 0  # besides those in `files`
    wasted_micros: int = 0
    waits: wait_reasons.ObservedWait | None = None  # None: it has ended


@dataclass(frozen=True, slots=True)
class JobPage:
    """A page of jobs. `counts`: jobs by state (all states), of the tenant asked for, whatever page is shown;
    `more`: whether older ones follow."""

    lines: list[JobLine]
    counts: dict[str, int]
    more: bool


@dataclass(frozen=True, slots=True)
class ChunkLine:
    """One chunk that is not delivered: what it waits for, since when, and who is at it (host and pid of an
    engine, None: nobody; `engine_lives` tells whether its lease stands)."""

    no: int
    first_row: int
    last_row: int
    state: str
    missing: int
    attempt: int
    host: str | None
    pid: int | None
    engine_lives: bool
    since_seconds: float


@dataclass(frozen=True, slots=True)
class ChunkPage:
    """A job's chunks: how many are in each state, and the first of those that are not delivered: begun ones,
    ready ones, planned ones. Those of a pruned job still count."""

    states: dict[str, int]
    open: list[ChunkLine]


@dataclass(frozen=True, slots=True)
class FailedRow:
    """A row that failed or was refused, and why."""

    row_no: int
    row_id: str
    reason: str
    refused: bool


@dataclass(frozen=True, slots=True)
class PlayableRow:
    """A delivered row that can be listened to: keys of its audio in order, in the job's store."""

    row_no: int
    row_id: str
    voice: str
    chars: int
    path: str
    keys: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """One stretch of time of a job: rows that ended in it (by their chunks' delivery)."""

    at: datetime
    rows: int


@dataclass(frozen=True, slots=True)
class AccountSample:
    """A sample of an account: its limit, calls open, calls that engines could have had open."""

    account: str
    at: datetime
    limit: int
    busy: int
    wants: int


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """A process that makes calls. `lease_seconds` is what is left of its lease: below 0 the
    lease has expired. `jobs`: the jobs whose chunks it has."""

    id: int
    host: str
    pid: int
    started_at: datetime
    lease_seconds: float
    held: int
    busy: int
    wants: int
    chunks: int
    jobs: list[int]


@dataclass(frozen=True, slots=True)
class FleetSnapshot:
    """The line above every page. `limit`: of the accounts that engines hold permits of; `spent_today_micros`
    with the overhead of calls, without what may have been charged besides; days are UTC's."""

    at: datetime
    running: int
    paused: int
    waiting_rows: int
    in_flight: int
    limit: int
    engines: int
    dead_engines: int
    spent_today_micros: int
    saved_today_micros: int
    reserved_micros: int
    overdue_schedules: int


def jobs(database: Database, page: PageRequest = PageRequest()) -> JobPage:
    """A page of jobs. Raises ServerError."""
    whose = {"tenant": page.tenant}
    values = whose | {
        "states": [state.value for state in _SHOWN[page.shown]],
        "before": _LARGEST if page.before is None else _number(page.before),
        "words": " ".join(_containing(word) for word in page.words.split()) or None,
        "limit": page.limit + 1,
    }

    def work(t: Transaction) -> JobPage:
        found = [row[0] for row in t.rows("board_page", values)]
        counts = {state.value: 0 for state in JobState} | dict(t.rows("board_counts", whose))
        return JobPage(_lines(t, found[: page.limit]), counts, len(found) > page.limit)

    return database.run(work)


def running(database: Database, limit: int = 100, tenant: str | None = None) -> list[JobLine]:
    """Jobs that have not ended, of one tenant or all, dearest priority first, then oldest. Raises
    ServerError."""
    values = {"limit": limit, "tenant": tenant}
    return database.run(lambda t: _lines(t, [row[0] for row in t.rows("board_running", values)]))


def job(database: Database, number: int) -> JobLine:
    """One job. Raises JobError when there is none of that number, ServerError."""
    found = database.run(lambda t: _lines(t, [_number(number)]))
    if not found:
        raise JobError(f"there is no job {number}: `speeko jobs` lists them")
    return found[0]


def chunks(database: Database, number: int, limit: int = 20) -> ChunkPage:
    """A job's chunks. Raises ServerError."""
    values = {"job": _number(number), "limit": limit}

    def work(t: Transaction) -> ChunkPage:
        states = {state.value: 0 for state in ChunkState} | dict(t.rows("board_chunk_states", values))
        return ChunkPage(states, [ChunkLine(*row) for row in t.rows("board_chunks", values)])

    return database.run(work)


def failed(database: Database, number: int, after: int = 0, limit: int = 50) -> list[FailedRow]:
    """Failed and refused rows of delivered chunks past row `after`, in order. Raises ServerError."""
    values = {"job": _number(number), "after": _number(after), "limit": CHUNKS_AT_ONCE}

    def work(t: Transaction) -> list[FailedRow]:
        found = list[FailedRow]()
        for chunk in _failing(t, values):
            found += [row for row in _failed(t, values | chunk) if row.row_no > after]
            if len(found) >= limit:
                break
        return found[:limit]

    return database.run(work)


def playable_rows(database: Database, number: int, limit: int = 5) -> list[PlayableRow]:
    """Delivered rows spread over the job, the same each time once it has ended. Raises ServerError."""
    values = {"job": _number(number), "places": [place / limit for place in range(limit)]}
    found = {row[0]: _playable_row(row) for row in database.rows("board_heard", values)}
    return list(found.values())


def row(database: Database, number: int, row_no: int) -> PlayableRow | None:
    """One delivered row; None where it is not delivered or has no audio. Raises ServerError."""
    found = database.row("board_row", {"job": _number(number), "row": _number(row_no)})
    return None if found is None else _playable_row(found)


def course(database: Database, number: int, stretches: int = 60) -> list[Moment]:
    """Rows that ended over a job's time from its release to its end or now, in equal stretches, without those
    that the planner found unchanged; `at` is a stretch's begin. Empty for a job without chunks, or whose rows
    are pruned. Raises ServerError."""
    found = database.rows("board_course", {"job": _number(number), "stretches": stretches})
    if not found:
        return []
    begin, end = found[0][:2]
    rows = {stretch: n for _, _, stretch, n in found}
    return [
        Moment(begin + (end - begin) * place / stretches, rows.get(place + 1, 0))
        for place in range(stretches)
    ]


def account_samples(
    database: Database, accounts: Sequence[str], since: datetime, until: datetime
) -> list[AccountSample]:
    """How accounts went, oldest first, at most a few hundred moments each: of a stretch of time `at` is its
    begin, `busy` and `wants` the most, `limit` the last. There is none while no engine was at work. Raises
    ServerError."""
    slots = (until - since).total_seconds() / SAMPLE_SECONDS / MOMENTS
    each = timedelta(seconds=max(math.ceil(slots), 1) * SAMPLE_SECONDS)
    values = {"accounts": list(accounts), "since": since, "until": until, "each": each}
    return [AccountSample(*row) for row in database.rows("board_pulses", values)]


def accounts_of(database: Database, number: int) -> list[str]:
    """Names of the accounts of a job's provider: its calls are made through these. Raises ServerError."""
    return [row[0] for row in database.rows("board_accounts", {"job": _number(number)})]


def engines(database: Database) -> list[EngineStatus]:
    """Return each process that holds a lease, expired leases that are not reaped yet included. A command that
    says one text is one, without chunks. Raises ServerError."""
    return [EngineStatus(*row) for row in database.rows("board_engines")]


def now(database: Database, tenant: str | None = None) -> FleetSnapshot:
    """The line above every page, cheap enough for twice a second; with a tenant its jobs, money and
    schedules, and calls and engines of all. Raises ServerError."""
    found = database.row("board_now", {"tenant": tenant, "overdue": OVERDUE_SECONDS})
    assert found is not None
    return FleetSnapshot(*found)


_SHOWN = {
    JobFilter.ALL: tuple(JobState),
    JobFilter.OPEN: tuple(state for state in JobState if state not in FINISHED),
    JobFilter.ENDED: tuple(FINISHED),
    JobFilter.TROUBLED: (JobState.PAUSED, JobState.DONE_WITH_ERRORS),
}


def _number(number: int) -> int:
    """A number that Postgres takes; no job and no row has one that is changed here."""
    return max(-1, min(number, _LARGEST))


def _containing(word: str) -> str:
    """A pattern for what contains the word as it stands."""
    return "%" + word.translate({ord(sign): f"\\{sign}" for sign in "\\%_"}) + "%"


def _lines(t: Transaction, numbers: Sequence[int]) -> list[JobLine]:
    rows = t.rows("board_lines", {"jobs": list(numbers), "files": FILES}) if numbers else []
    waits = wait_reasons.look(t, [row[0] for row in rows if JobState(row[2]) not in FINISHED])
    lines = [JobLine(row[0], row[1], JobState(row[2]), *row[3:]) for row in rows]
    return [replace(line, waits=waits.get(line.id)) for line in lines]


def _failing(t: Transaction, values: dict[str, Any]) -> Iterator[dict[str, int]]:
    """Chunks with failed or refused rows: their first and last row, and how many failed and were refused."""
    while found := t.rows("board_failing", values):
        for row in found:
            yield dict(zip(("first", "last", "failed", "refused"), row, strict=True))
        values = values | {"after": found[-1][1]}


def _failed(t: Transaction, chunk: dict[str, Any]) -> list[FailedRow]:
    """The failed and refused rows of a delivered chunk.

    Why a row failed is told by its texts. Where none tells (the job was cancelled before it was bought, its
    file could not be made), rows without a file make up the number.
    """
    found = [FailedRow(*row) for row in t.rows("board_failed", chunk)]
    rest = chunk["failed"] - sum(not row.refused for row in found)
    if rest > 0:
        unserved = t.rows("board_unserved", chunk | {"limit": rest})
        for no, id, is_cancelled, why, some_bought in unserved:
            told = cancelled(why, some_bought=some_bought) if is_cancelled else UNTOLD
            found.append(FailedRow(no, id, told, False))
        found.sort(key=lambda row: row.row_no)
    return found


def _playable_row(row: tuple[Any, ...]) -> PlayableRow:
    row_no, row_id, voice, chars, path, keys = row
    return PlayableRow(row_no, row_id, voice, chars, path, tuple(keys))
