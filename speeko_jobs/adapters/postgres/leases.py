"""Leases of engines: open, renew, close, and reap the expired ones. Statements are in sql/leases.sql.

Claims live as long as the lease of their holder; claims.py says in which order locks are taken.
"""

from __future__ import annotations

from typing import Any

from speeko_jobs.adapters.postgres.database import Database, Transaction
from speeko_jobs.adapters.postgres.settlements import wake
from speeko_jobs.core.policies.outage_detection import MAX_TRIES

DIED = "the worker died during the call"


def open_lease(t: Transaction, host: str, pid: int, lease_seconds: float) -> int:
    """Open a lease for this process; return the id of the lease holder."""
    found = t.row("claimant_enter", {"host": host, "pid": pid, "seconds": lease_seconds})
    assert found is not None
    return int(found[0])


def renew_lease(t: Transaction, holder: int, lease_seconds: float) -> bool:
    """Renew the lease. Return False where it has expired and was reaped."""
    return t.row("claimant_renew", {"claimant": holder, "seconds": lease_seconds}) is not None


def close_lease(t: Transaction, holder: int) -> None:
    t.run("claimant_leave", {"claimant": holder})


def reap_expired(database: Database, grace_seconds: float = 0.0) -> list[tuple[int, int]]:
    """Reap expired leases; mark their open attempts `unknown`.

    Within `grace_seconds` of the server's start no lease is reaped. Return the chunks that are ready
    because one of their texts has now failed for good. Accounts that they were probing may be probed at once.
    """
    probed: list[str] = []

    def work(t: Transaction) -> list[tuple[int, int]]:
        dead = [row[0] for row in t.rows("dead_claimants", {"grace": grace_seconds})]
        if not dead:
            return []
        values: dict[str, Any] = {"claimants": dead, "max_tries": MAX_TRIES, "died": DIED}
        t.rows("settle_lock_jobs", {"jobs": [row[0] for row in t.rows("dead_jobs", values)]})
        values["claimants"] = [row[0] for row in t.rows("dead_expired", values)]
        probed[:] = [row[0] for row in t.rows("dead_probers", values)]
        t.rows("lost_keys_lock", values)
        return wake(t, [row[0] for row in t.rows("dead_bury", values)])

    ready = database.run(work)
    if probed:  # by itself: a probe locks its account before its job
        database.run(lambda t: t.run("outage_probe_now", {"accounts": probed}))
    return ready
