"""Read what a screen shows again and again: pages of jobs, their chunks, failed rows, samples, course.

Reads only, and stays quick however large the jobs are. Each function raises ServerError when Postgres does
not answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from speeko_jobs.adapters.postgres import fleet_status, job_details, job_listing
from speeko_jobs.adapters.postgres.fleet_status import AccountSample
from speeko_jobs.adapters.postgres.job_details import ChunkPage, FailedRow, Moment, PlayableRow
from speeko_jobs.adapters.postgres.job_listing import JobFilter, JobLine, JobPage, PageRequest
from speeko_jobs.errors import ServerError
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.reporting.top_reasons import TopReasons

__all__ = [
    "AccountSample",
    "ChunkPage",
    "FailedRow",
    "JobFilter",
    "JobLine",
    "JobPage",
    "Moment",
    "PageRequest",
    "PlayableRow",
    "account_samples",
    "accounts_of",
    "chunks",
    "course",
    "failed_rows",
    "job_line",
    "job_page",
    "open_jobs",
    "playable_rows",
    "with_reasons",
]


def job_page(context: Context, page: PageRequest) -> JobPage:
    """Return a page of jobs, newest first."""
    return job_listing.jobs(context.database, page)


def open_jobs(context: Context, limit: int = 100, tenant: str | None = None) -> list[JobLine]:
    """Return the jobs that have not ended, of one tenant or all: highest priority first, then oldest."""
    return job_listing.running(context.database, limit, tenant)


def job_line(context: Context, job: int) -> JobLine:
    """Return one job as a list shows it. Raises JobError when there is none of that number."""
    return job_listing.job(context.database, job)


def with_reasons(context: Context, lines: Sequence[JobLine], known: TopReasons) -> list[JobLine]:
    """Return the lines with the most frequent reason of their rows without audio; without it where reading it
    takes too long."""
    try:
        found = known.of(context, {line.id: line for line in lines})
    except ServerError:
        return list(lines)
    return [replace(line, top_reason=found.get(line.id, "")) for line in lines]


def chunks(context: Context, job: int, limit: int = 20) -> ChunkPage:
    """Return how many chunks are in each state, and the first that are not delivered."""
    return job_details.chunks(context.database, job, limit)


def failed_rows(context: Context, job: int, after: int = 0, limit: int = 50) -> list[FailedRow]:
    """Return failed and refused rows of delivered chunks past row `after`, in order."""
    return job_details.failed(context.database, job, after, limit)


def playable_rows(context: Context, job: int, limit: int = 5) -> list[PlayableRow]:
    """Return delivered rows spread over the job, the same each time once it has ended."""
    return job_details.playable_rows(context.database, job, limit)


def course(context: Context, job: int, stretches: int = 60) -> list[Moment]:
    """Return the rows that ended in equal stretches of the job's time; [] where that is not known."""
    return job_details.course(context.database, job, stretches)


def account_samples(
    context: Context, accounts: Sequence[str], since: datetime, until: datetime
) -> list[AccountSample]:
    """Return limit and calls of these accounts over a stretch of time, oldest first."""
    return fleet_status.account_samples(context.database, accounts, since, until)


def accounts_of(context: Context, job: int) -> list[str]:
    """Return the accounts that the job's calls are made on."""
    return job_details.accounts_of(context.database, job)
