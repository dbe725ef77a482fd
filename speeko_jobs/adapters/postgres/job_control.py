"""Control a released job: resume, retry, other caps, its end. Statements are in sql/job_control.sql."""

from __future__ import annotations

from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.core.model.states import JobState


def stamp_end(t: Transaction, job: int) -> None:
    """Note when the last chunk was delivered, once."""
    t.run("job_stamp_end", {"job": job})


def end(t: Transaction, job: int, state: JobState) -> bool:
    """The job's files are written: a finalizing job ends in `state`, a cancelled one stays cancelled.
    Whether this call ended it."""
    return t.row("job_end", {"job": job, "state": state.value}) is not None


def resume(
    t: Transaction,
    job: int,
    budget_micros: int | None = None,
    give_up_seconds: float | None = None,
    waste_cap_micros: int | None = None,
    *,
    buy_again: bool = False,
) -> bool:
    """A paused job runs again, under other caps or with another patience if they are given; whether it was
    paused.

    `buy_again`: from now on it may buy known texts again whose audio is gone from the store.
    """
    values = {
        "job": job,
        "budget": budget_micros,
        "give_up": give_up_seconds,
        "waste_cap": waste_cap_micros,
        "buy_again": buy_again,
    }
    return t.row("job_resume", values) is not None


def note_gone(t: Transaction, job: int, texts: int, micros: int) -> None:
    """Add to the plan what is bought again past it, because it is gone from the store."""
    t.run("job_note_gone", {"job": job, "texts": texts, "micros": micros})


def set_caps(
    t: Transaction, job: int, budget_micros: int | None = None, waste_cap_micros: int | None = None
) -> bool:
    """Other caps for a job that has not ended; whether there is such a job."""
    values = {"job": job, "budget": budget_micros, "waste_cap": waste_cap_micros}
    return t.row("job_budget", values) is not None


def redo_refused(t: Transaction, job: int, reason: str) -> None:
    """Have delivered chunks of a paused job with texts that are free again for `reason` go through again."""
    t.rows("job_redo", {"job": job, "reason": reason})


def retry(t: Transaction, job: int) -> int | None:
    """Chunks with failed rows begin anew; how many rows had failed, None where there is nothing to do."""
    t.run("job_retry_keys", {"job": job})
    row = t.row("job_retry", {"job": job})
    return int(row[0]) if row else None


def settle_cancelled(t: Transaction) -> list[tuple[int, int]]:
    """The chunks of cancelled jobs that are left, once no call of theirs is open: (job, chunk), now ready."""
    return sorted((job, no) for job, no in t.rows("cancelled_settle"))
