"""List jobs: pages, open ones, one line a job. Each query stays quick however many jobs there are.

Reads only. Statements are in sql/job_listing.sql.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from speeko_jobs.adapters.postgres import wait_facts
from speeko_jobs.adapters.postgres.database import MAX_BIGINT, Database, Transaction, clamp_bigint
from speeko_jobs.adapters.postgres.jobs import RowCounts
from speeko_jobs.core.model.states import FINISHED, JobState
from speeko_jobs.core.policies.failure_grouping import CANCELLED
from speeko_jobs.errors import JobError

FILES = 10  # of a job, that are named in a line
REASON_ROWS = 100  # without audio, whose reasons are looked at for a list


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
    waits: wait_facts.ObservedWait | None = None  # None: it has ended
    top_reason: str = ""  # why most rows have no audio; set by the reader


@dataclass(frozen=True, slots=True)
class JobPage:
    """A page of jobs. `counts`: jobs by state (all states), of the tenant asked for, whatever page is shown;
    `more`: whether older ones follow."""

    lines: list[JobLine]
    counts: dict[str, int]
    more: bool


def jobs(database: Database, page: PageRequest = PageRequest()) -> JobPage:
    """A page of jobs. Raises ServerError."""
    whose = {"tenant": page.tenant}
    values = whose | {
        "states": [state.value for state in _SHOWN[page.shown]],
        "before": MAX_BIGINT if page.before is None else clamp_bigint(page.before),
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
    found = database.run(lambda t: _lines(t, [clamp_bigint(number)]))
    if not found:
        raise JobError(f"there is no job {number}: `speeko jobs` lists them")
    return found[0]


_SHOWN = {
    JobFilter.ALL: tuple(JobState),
    JobFilter.OPEN: tuple(state for state in JobState if state not in FINISHED),
    JobFilter.ENDED: tuple(FINISHED),
    JobFilter.TROUBLED: (JobState.PAUSED, JobState.DONE_WITH_ERRORS),
}


def _containing(word: str) -> str:
    """A pattern for what contains the word as it stands."""
    return "%" + word.translate({ord(sign): f"\\{sign}" for sign in "\\%_"}) + "%"


def _lines(t: Transaction, numbers: Sequence[int]) -> list[JobLine]:
    rows = t.rows("board_lines", {"jobs": list(numbers), "files": FILES}) if numbers else []
    waits = wait_facts.look(t, [row[0] for row in rows if JobState(row[2]) not in FINISHED])
    lines = [JobLine(row[0], row[1], JobState(row[2]), *row[3:]) for row in rows]
    return [replace(line, waits=waits.get(line.id)) for line in lines]


def first_reasons(database: Database, numbers: Sequence[int]) -> dict[int, list[tuple[str, int]]]:
    """Return why the first rows without audio of these jobs have none, with their numbers. Raises
    ServerError."""
    values = {"jobs": list(numbers), "limit": REASON_ROWS, "cancelled": CANCELLED}
    found: dict[int, list[tuple[str, int]]] = {}
    for job_no, reason, rows in database.rows("board_reasons", values):
        found.setdefault(job_no, []).append((reason, rows))
    return found
