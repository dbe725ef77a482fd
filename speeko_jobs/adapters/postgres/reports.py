"""What a report draws of the ledger: a job's paid calls, by voice and over time. See sql/reports.sql."""

from __future__ import annotations

from dataclasses import dataclass

from speeko_jobs.adapters.postgres.database import Database


@dataclass(frozen=True, slots=True)
class VoiceCalls:
    """A job's paid calls with one voice: the first began and the last ended then (epoch seconds)."""

    voice: str
    calls: int
    chars: int
    micros: int
    first: float
    last: float


def by_voice(database: Database, job: int) -> list[VoiceCalls]:
    """Each voice that a job has paid for, dearest first."""
    return [VoiceCalls(*row) for row in database.rows("report_voices", {"job": job})]


@dataclass(frozen=True, slots=True)
class Paid:
    """What a job's calls brought so far: audio that is kept, audio that is unusable, or nobody knows."""

    kept: int
    kept_micros: int
    unusable: int
    unusable_micros: int
    unknown: int
    unknown_micros: int


def paid(database: Database, job: int) -> Paid:
    """Return what a job has paid for. Calls of pruned jobs are gone."""
    found = database.row("report_paid", {"job": job})
    assert found is not None
    return Paid(*found)


def pace(database: Database, job: int, first: float, last: float, stretches: int) -> list[int]:
    """Paid calls that ended in each of so many equal stretches of the time from `first` to `last`."""
    values = {"job": job, "first": first, "last": last, "stretches": stretches}
    found = dict(database.rows("report_pace", values))
    return [found.get(no, 0) for no in range(1, stretches + 1)]
