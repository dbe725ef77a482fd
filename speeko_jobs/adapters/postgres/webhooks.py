"""The transactional outbox of webhook events. An event is written with the change of state, in its
transaction (sql/jobs.sql, sql/job_control.sql); the other statements are in sql/webhooks.sql."""

from __future__ import annotations

from dataclasses import dataclass

from speeko_jobs.adapters.postgres.database import Database


@dataclass(frozen=True, slots=True)
class Hook:
    """One event. `id` is the same at every try, `tries` counts this one. `occurred_at`, `taken`: epoch
    seconds."""

    id: str
    job: int
    event: str
    reason: str
    occurred_at: float
    tries: int
    taken: float


def take(database: Database, *, most: int, lease_seconds: float, job: int | None = None) -> list[Hook]:
    """Events that are due now, of one job or of all. No other worker takes them until the lease expires."""
    values = {"most": most, "lease": lease_seconds, "job": job}
    return sorted(
        (Hook(*row) for row in database.rows("hooks_take", values)), key=lambda hook: hook.occurred_at
    )


def delivered(database: Database, hook: Hook) -> None:
    """The receiver has it."""
    _tried(database, hook, delivered=True)


def failed(database: Database, hook: Hook, error: str, wait_seconds: float | None) -> None:
    """The receiver has it not: again after so long, or (None) never."""
    _tried(database, hook, error=error, wait_seconds=wait_seconds)


@dataclass(frozen=True, slots=True)
class UndeliveredHook:
    """An event that its receiver has not taken. `wait_seconds`: until the next try, None if there is none."""

    job: int
    event: str
    error: str
    tries: int
    wait_seconds: float | None


def undelivered(database: Database, job: int) -> list[UndeliveredHook]:
    """Return the events of a job that failed at least once and that its receiver does not have."""
    return [UndeliveredHook(*row) for row in database.rows("hooks_of_job", {"job": job})]


def lost(database: Database, *, most: int) -> list[UndeliveredHook]:
    """Return the newest events of the last day that were given up."""
    return [UndeliveredHook(*row) for row in database.rows("hooks_lost", {"most": most})]


def any_due(database: Database) -> bool:
    found = database.row("hooks_due")
    return bool(found and found[0])


def _tried(
    database: Database,
    hook: Hook,
    *,
    delivered: bool = False,
    error: str = "",
    wait_seconds: float | None = None,
) -> None:
    values = {"id": hook.id, "tries": hook.tries, "delivered": delivered}
    values |= {"error": error, "wait": wait_seconds}
    database.run(lambda t: t.run("hook_tried", values))
