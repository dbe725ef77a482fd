"""Who delivers to an output: one job at a time. Statements are in sql/output_locks.sql.

A job holds its output from its creation, or the end of its wait, until its files are written, also while it
is paused. Looking and taking are one transaction under a lock, so that two submitters at the
same instant see each other.
"""

from __future__ import annotations

from dataclasses import dataclass

from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.core.model.states import JobState
from speeko_jobs.errors import JobError


@dataclass(frozen=True, slots=True)
class Rival:
    """Another job that delivers to the same output, or to a folder around or inside it."""

    job: int
    state: JobState
    reason: str
    url: str

    def __str__(self) -> str:
        if self.state is JobState.PAUSED:
            return (
                f"job {self.job} is paused and still delivers to {self.url}: go on with"
                f" `speeko resume {self.job}`, or end it with `speeko cancel {self.job}`"
            )
        doing = "is being planned for" if self.state is JobState.PLANNING else "delivers to"
        return f"job {self.job} {doing} {self.url}"


class OutputBusyError(JobError):
    """Another job delivers to the same output."""

    def __init__(self, rival: Rival) -> None:
        super().__init__(f"{rival}: nothing was started; wait for its end (--wait), or name another --output")
        self.rival = rival


def lock(t: Transaction) -> None:
    """Keep other submitters from looking until this transaction ends. The first lock of a transaction."""
    t.run("output_lock")


def rival(t: Transaction, job: int) -> Rival | None:
    """Return the job that keeps this one from its output; None when it is free."""
    found = t.row("output_rival", {"job": job})
    return None if found is None else Rival(found[0], JobState(found[1]), found[2], found[3])


def look(t: Transaction, job: int) -> Rival | None:
    """Take the output for a job that is being planned, or note whom it waits for. JobError: it is gone."""
    lock(t)
    found = rival(t, job)
    number, reason = (None, "") if found is None else (found.job, f"waits: {found}")
    if t.row("output_waits", {"job": job, "rival": number, "reason": reason}) is None:
        raise JobError(f"job {job} was abandoned while it waited: submit it again")
    return found


def has_jobs(t: Transaction, destination: int) -> bool:
    """Return whether any job is of this destination, also one that is being planned."""
    return t.row("output_has_jobs", {"destination": destination}) is not None


def later(t: Transaction, job: int) -> int | None:
    """Return a job that was released for the same destination after this one; None when there is none."""
    found = t.row("output_later", {"job": job})
    return None if found is None else int(found[0])
