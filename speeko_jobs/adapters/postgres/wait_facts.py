"""The facts by which core.reporting.wait_reasons decides what jobs wait for: one statement, in
sql/wait_facts.sql."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from speeko_jobs.adapters.postgres.database import Database, Transaction
from speeko_jobs.adapters.postgres.outage_records import DEFAULT_GIVE_UP_SECONDS
from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.reporting.wait_reasons import AccountFacts, JobWait, WaitFacts, waiting

MOST = 5_000  # open calls, and texts that failed, that are looked at


@dataclass(frozen=True, slots=True)
class ObservedWait:
    """What a job waits for (None: it gets on or has ended) at a moment by the database's clock."""

    at: datetime
    waiting: JobWait | None

    def line(self) -> str:
        """Return it as a sentence; "" where the job waits for nothing."""
        return "" if self.waiting is None else self.waiting.line(self.at)

    def to_json(self) -> dict[str, Any] | None:
        """Return it for --json; None where the job waits for nothing."""
        return None if self.waiting is None else self.waiting.to_json(self.at)


def facts(where: Database | Transaction, jobs: Sequence[int]) -> list[WaitFacts]:
    """Return the facts of those of `jobs` that exist."""
    values = {"jobs": list(jobs), "most": MOST, "default": DEFAULT_GIVE_UP_SECONDS}
    return [_facts(row) for row in where.rows("waiting_facts", values)] if jobs else []


def look(where: Database | Transaction, jobs: Sequence[int]) -> dict[int, ObservedWait]:
    """Return for each job what it waits for."""
    return {one.job: ObservedWait(one.at, waiting(one)) for one in facts(where, jobs)}


def _facts(row: tuple[Any, ...]) -> WaitFacts:
    job, at, state, reason, since, provider, accounts, patience, rival = row[:9]
    workers, engines, held, has_work, calls, elsewhere, retrying, ready, ready_since = row[9:18]
    return WaitFacts(
        job=job,
        at=at,
        state=JobState(state),
        reason=reason,
        since=since,
        provider=provider,
        accounts=tuple(accounts),
        give_up_seconds=patience,
        rival=rival,
        account=None if row[18] is None else AccountFacts(*row[18:]),
        workers=workers,
        engines=engines,
        has_work=has_work,
        held=held,
        open_calls=calls,
        elsewhere=elsewhere,
        retrying=retrying,
        ready=ready,
        ready_since=ready_since,
    )
