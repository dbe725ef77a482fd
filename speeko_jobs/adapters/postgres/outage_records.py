"""Jobs whose provider has failed for too long: pause them, probe with one text, resume them.

Statements are in sql/outage_records.sql. Which accounts a job uses is decided by speeko.uses() in the
database.
"""

from __future__ import annotations

from dataclasses import dataclass

from speeko_jobs.adapters.postgres.database import Database, Transaction
from speeko_jobs.core.policies.fair_queue import PurchaseRequest

DEFAULT_GIVE_UP_SECONDS = 1800.0  # of jobs of older releases
FRESH_SECONDS = 700.0  # a failure that is older says nothing of now: no wait between calls is that long


@dataclass(frozen=True, slots=True)
class Outage:
    """A running job for which an account has brought nothing but failures for longer than its patience."""

    job: int
    account: str
    kind: str
    why: str
    seconds: float


def due(database: Database) -> list[Outage]:
    """Return the jobs that are to pause, one entry a job."""
    values = {"default": DEFAULT_GIVE_UP_SECONDS, "fresh": FRESH_SECONDS}
    return [Outage(*row) for row in database.rows("outages_due", values)]


def schedule_probe(t: Transaction, account: str, seconds: float) -> None:
    """Have the account probed after so long, unless a probe is due already."""
    t.run("outage_schedule", {"account": account, "seconds": seconds})


def probes_due(database: Database) -> list[tuple[int, int]]:
    """Return a (job, chunk) for each account that is to be probed now; chunk 0: the job waits for no text."""
    return [(job, no or 0) for job, no in database.rows("outage_probes")]


def take_probe(t: Transaction, job: int, account: str, seconds: float) -> bool:
    """Take the one probe of an account that is due; False where none is, or another worker has it.

    The next one is due after `seconds`, whatever becomes of this one.
    """
    values = {"job": job, "account": account, "seconds": seconds}
    return t.row("outage_take_probe", values) is not None


def wanted(t: Transaction, job: int) -> PurchaseRequest | None:
    """Return a text that the paused job needs and that nobody buys, one that was tried least."""
    row = t.row("outage_wanted", {"job": job})
    return PurchaseRequest(*row) if row else None


def note_answer(t: Transaction, account: str) -> None:
    """Note that the account answers: its trouble is over, and nothing holds calls back any more."""
    t.run("outage_answered", {"account": account})


def note_failure(t: Transaction, account: str, kind: str, why: str) -> None:
    """Note that a probe failed."""
    t.run("outage_failed", {"account": account, "kind": kind, "why": why})


def resume(t: Transaction) -> list[int]:
    """Let jobs go on whose account has answered since they paused; their numbers."""
    return [row[0] for row in t.rows("outages_resume")]


def resume_one(t: Transaction, job: int) -> None:
    """Let a job go on that waits for no text: whether the provider answers is seen with its first."""
    t.run("outage_resume_one", {"job": job})


def change_reason(t: Transaction, account: str, reason: str) -> list[int]:
    """Give the account's paused jobs another reason, which is an event; their numbers."""
    return [row[0] for row in t.rows("outages_change", {"account": account, "reason": reason})]
