"""Jobs as rows: create, release, change state, read. Statements are in sql/jobs.sql."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from speeko_jobs.adapters.postgres.database import Database, Transaction
from speeko_jobs.core.job.chunking import Stretch
from speeko_jobs.core.job.job_spec import JobSpec, from_json
from speeko_jobs.core.model.states import JobState
from speeko_jobs.errors import JobError

WORDINGS = 5_000  # of reasons that are looked at; there may be one a row
CHUNKS_AT_ONCE = 500  # in one statement: memory does not grow with the job


class RowCounts:
    """Rows by how they ended."""

    __slots__ = ()
    delivered: int
    unchanged: int
    failed: int
    refused: int

    @property
    def served(self) -> int:
        """Rows that have come to their end, of whatever kind."""
        return self.delivered + self.unchanged + self.failed + self.refused

    @property
    def with_audio(self) -> int:
        """Rows whose file is in the output."""
        return self.delivered + self.unchanged


@dataclass(frozen=True)
class Job(RowCounts):
    """One job as it stands. Money in micro-dollars, `seconds` since its release (or until its end)."""

    id: int
    tenant: str
    state: JobState
    reason: str
    priority: int
    spec: JobSpec
    files: list[dict[str, Any]]
    plan: dict[str, Any]
    destination: str
    budget_micros: int | None
    reserved_micros: int
    spent_micros: int
    possible_micros: int
    calls: int
    possible_calls: int
    billed_chars: int
    rows: int
    skipped: int
    chunks: int
    chunks_open: int
    delivered: int
    unchanged: int
    failed: int
    refused: int
    created_at: datetime
    released_at: datetime | None
    finished_at: datetime | None
    seconds: float
    pruned_at: datetime | None = None
    wasted_micros: int = 0  # paid, or perhaps paid, for audio that failed validation
    waste_cap_micros: int | None = None
    converted_calls: int = 0  # answers in another format than was asked for


@dataclass(frozen=True)
class JobProgress(RowCounts):
    """A job's figures while it runs."""

    state: JobState
    reason: str
    rows: int
    delivered: int
    unchanged: int
    failed: int
    refused: int
    calls: int
    spent_micros: int
    possible_micros: int
    reserved_micros: int
    plan: dict[str, Any]
    in_flight: int
    seconds: float
    budget_micros: int | None = None
    wasted_micros: int = 0
    waits: str = ""  # what it waits for, as a sentence; set by the reader
    top_reason: str = ""  # why most rows have no audio; set by the reader


def destination(t: Transaction, url: str, mark: str) -> int:
    """The id of what lies at `url`: another mark there is another destination."""
    found = t.row("destination_find", {"url": url, "mark": mark})
    if found is None:  # another command made it between the two halves of the statement
        found = t.row("destination_find", {"url": url, "mark": mark})
    assert found is not None
    return int(found[0])


def create(
    t: Transaction,
    spec: JobSpec,
    *,
    tenant: str,
    destination_id: int,
    budget_micros: int | None = None,
    priority: int = 0,
    place: str = "",
) -> int:
    """A new job in `planning`: nothing of it runs until `release`. Its id. `place`: see `Store.location`."""
    found = t.row(
        "job_create",
        {
            "tenant": tenant,
            "spec": json.dumps(spec.to_json()),
            "destination": destination_id,
            "budget": budget_micros,
            "priority": priority,
            "place": place,
        },
    )
    assert found is not None
    return int(found[0])


def known_destination(database: Database, url: str, mark: str) -> int | None:
    """The id of a destination that jobs have delivered to; None where none has."""
    found = database.row("destination_known", {"url": url, "mark": mark})
    return int(found[0]) if found else None


def previous(database: Database, job: int) -> int | None:
    """The last job before this one that was released for the same destination."""
    found = database.row("job_previous", {"job": job})
    return int(found[0]) if found else None


def release(
    t: Transaction,
    job: int,
    *,
    rows: int,
    skipped: int,
    chunk_rows: int,
    plan: Mapping[str, Any],
    files: Iterable[Mapping[str, Any]],
    unchanged: Sequence[Stretch] = (),
    waste_cap_micros: int | None = None,
    left_out: int = 0,
) -> int:
    """Cut the job into chunks and let it run, in the caller's one transaction; how many are to be delivered.

    `unchanged`: what is in the manifest already, by chunk number. `left_out`: rows without text, which have
    no item.
    """
    still_planning(t, job)
    chunks = -(-rows // chunk_rows)
    for first in range(1, chunks + 1, CHUNKS_AT_ONCE):
        last = min(first + CHUNKS_AT_ONCE - 1, chunks)
        start, end = (bisect_left(unchanged, no, key=lambda s: s.no) for no in (first, last + 1))
        settled = unchanged[start:end]
        cut = {
            "job": job,
            "first": first,
            "last": last,
            "size": chunk_rows,
            "rows": rows,
            "nos": [s.no for s in settled],
            "whole": [s.whole for s in settled],
            "counts": [Jsonb(s.counts()) for s in settled],
        }
        t.run("chunks_make", cut)
    whole = [s.rows for s in unchanged if s.whole]
    released = t.row(
        "job_release",
        {
            "job": job,
            "rows": rows - skipped - left_out,
            "skipped": skipped,
            "chunks": chunks,
            "open": chunks - len(whole),
            "unchanged": sum(whole),
            "plan": json.dumps(plan),
            "files": json.dumps(list(files)),
            "waste_cap": waste_cap_micros,
        },
    )
    if released is None:
        raise JobError(f"job {job} was abandoned while it was planned: submit it again")
    return int(released[0])


def still_planning(t: Transaction, job: int) -> None:
    """Say that the submitter lives."""
    if t.row("job_still_planning", {"job": job}) is None:
        raise JobError(f"job {job} was abandoned while it was planned: submit it again")


def drop(t: Transaction, job: int) -> bool:
    """Forget a job that was never released."""
    return t.row("job_drop", {"job": job}) is not None


def stop_planning(t: Transaction, job: int, reason: str) -> bool:
    """Cancel a job whose submitter is gone before the plan was whole. Return False where that is not so."""
    return t.row("job_stop_planning", {"job": job, "reason": reason}) is not None


def set_state(
    t: Transaction, job: int, state: JobState, reason: str = "", *, expected: Iterable[JobState]
) -> bool:
    """Move a job to `state` if it is in one of the `expected` ones; whether it was."""
    values = {"job": job, "state": state.value, "reason": reason, "expected": [s.value for s in expected]}
    return t.row("job_set_state", values) is not None


def any_active(database: Database) -> bool:
    """Return whether workers have something to do for a job: one is planned, runs, or is being finalized."""
    found = database.row("job_any_active")
    return found is not None and bool(found[0])


def show(database: Database, job: int) -> Job:
    """One job. Raises JobError when there is none of that number."""
    found = database.rows("job_show", {"job": job, "tenant": None, "limit": 1})
    if not found:
        raise JobError(f"there is no job {job}: `speeko jobs` lists them")
    return _job(found[0])


def newest(database: Database, limit: int = 20, tenant: str | None = None) -> list[Job]:
    """The newest jobs, newest first: those of one tenant, or all."""
    values = {"job": None, "tenant": tenant, "limit": limit}
    return [_job(row) for row in database.rows("job_show", values)]


def progress(database: Database, job: int) -> JobProgress:
    found = database.row("job_progress", {"job": job})
    if found is None:
        raise JobError(f"there is no job {job}: `speeko jobs` lists them")
    return JobProgress(JobState(found[0]), *found[1:])


def counts(database: Database, job: int) -> dict[str, int]:
    """Sums over the delivered chunks: rows by source, characters, seconds, bytes, list price, savings."""
    return dict(database.rows("job_counts", {"job": job}))


def failures(database: Database, job: int) -> list[tuple[str, int]]:
    """Reasons of failed and refused rows with their number, most frequent first.

    Reasons that differ in a figure are apart; beyond WORDINGS, the rarest are left out.
    """
    return [(reason, n) for reason, n in database.rows("job_failures", {"job": job, "most": WORDINGS})]


def _job(row: tuple[Any, ...]) -> Job:
    return Job(row[0], row[1], JobState(row[2]), row[3], row[4], from_json(row[5]), *row[6:])
