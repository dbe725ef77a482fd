"""The job of one spoken text: a row for the ledger to book on, without chunks and rows of a catalog.

It lives as long as its command says so. Statements are in sql/adhoc_jobs.sql.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.model.states import JobState

DESTINATION = "say"  # no folder: whoever asked has the audio


def begin(
    t: Transaction,
    spec: JobSpec,
    *,
    tenant: str,
    budget_micros: int | None,
    cost_micros: int,
    lease_seconds: float,
    name: str,
) -> int:
    """Create a running job for the calls of one command, listed under `name`; return its number."""
    where = jobs.destination(t, DESTINATION, DESTINATION)
    job = jobs.create(t, spec, tenant=tenant, destination_id=where, budget_micros=budget_micros)
    plan = {"say": True, "rows": 1, "cost_micros": cost_micros}
    t.run("say_begin", {"job": job, "plan": json.dumps(plan), "name": name})
    renew(t, job, lease_seconds)
    return job


def renew(t: Transaction, job: int, lease_seconds: float) -> None:
    """The command goes on for at least so long, or says so again."""
    t.run("say_alive", {"job": job, "seconds": lease_seconds})


def end(t: Transaction, job: int, reason: str = "") -> None:
    """The command has its audio; or it has not, for that reason."""
    state = JobState.DONE_WITH_ERRORS if reason else JobState.DONE
    values = {"job": job, "state": state.value, "reason": reason, "delivered": int(not reason)}
    t.run("say_end", values)


def reap(t: Transaction) -> int:
    """Reap the jobs of commands that died; return how many. Their open calls are reaped with their leases."""
    return t.run("says_bury")


def revive(t: Transaction, keys: Sequence[bytes]) -> None:
    """Give texts that failed earlier another chance."""
    t.run("say_revive", {"keys": list(keys)})


def mark_lost(t: Transaction, keys: Sequence[bytes]) -> None:
    """The audio of these keys is gone from the store: they have to be bought again."""
    t.run("say_lost", {"keys": list(keys)})


def count_hits(t: Transaction, keys: Sequence[bytes]) -> None:
    """These keys had their audio already, and were asked for."""
    t.run("say_hits", {"keys": list(keys)})
