"""Schedules and their runs as rows. All statements are in sql/schedules.sql.

Knows who may do what with a run; which due times there are and which run may begin is
`core.policies.cron_schedule`'s.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from speeko_jobs.adapters.postgres.database import Database, Transaction
from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.policies.cron_schedule import CatchUp, RunState, Timing, WaitingRun
from speeko_jobs.errors import JobError

NO_RUN = 0


@dataclass(frozen=True)
class Schedule:
    """One schedule. `orders` is what its runs are submitted with; `next_due` the first time still to come."""

    id: int
    name: str
    tenant: str
    timing: Timing
    orders: dict[str, Any]
    paused: bool
    next_due: datetime
    created_at: datetime


@dataclass(frozen=True)
class Run:
    """One due time of a schedule, and how its job stands (None: there is none, or no longer)."""

    id: int
    schedule: int
    due: datetime
    by_hand: bool
    state: RunState
    reason: str
    tries: int
    job: int | None
    previous_job: int | None
    ended_at: datetime | None
    job_state: JobState | None
    job_reason: str | None
    rows: int | None
    served: int | None
    failed: int | None
    spent_micros: int | None
    finished_at: datetime | None


@dataclass(frozen=True)
class Taken:
    """A run in the hands of a worker, which is its `tries`-th. `job`: what one before had begun."""

    run: int
    name: str
    tenant: str
    orders: dict[str, Any]
    due: datetime
    tries: int
    job: int | None


@dataclass(frozen=True)
class Going:
    """A run that has begun and not ended."""

    due: datetime
    job: int | None
    job_state: str | None

    def __str__(self) -> str:
        if self.job is None or self.job_state in (None, "planning"):
            return "the run before is still being planned"
        return f"job {self.job} of the run before is still {self.job_state}"


def clock(database: Database) -> datetime:
    """The database's time."""
    found = database.row("schedules_clock")
    assert found is not None
    at: datetime = found[0]
    return at


def put(
    t: Transaction,
    name: str,
    timing: Timing,
    next_due: datetime,
    *,
    tenant: str,
    orders: Mapping[str, Any],
    replace: bool,
) -> bool:
    """Write a schedule down; whether that could be: `replace` says if there is to be one of that name."""
    values = {
        "name": name,
        "tenant": tenant,
        "cron": timing.cron,
        "zone": timing.zone,
        "catch_up": timing.catch_up.value,
        "orders": json.dumps(orders),
        "next_due": next_due,
    }
    found = t.row("schedule_replace", values) if replace else t.row("schedule_add", values)
    return found is not None


def show(database: Database, name: str, tenant: str | None = None) -> Schedule:
    """The schedule of that name. Raises JobError when there is none, or none of that tenant."""
    found = database.rows("schedules_show", {"name": name, "tenant": tenant})
    if not found:
        whose = "" if tenant is None else f" of tenant {tenant!r}"
        raise JobError(f"there is no schedule {name!r}{whose}: `speeko schedule list` lists them")
    return _schedule(found[0])


def every(database: Database, tenant: str | None = None) -> list[Schedule]:
    """All schedules by name, or those of a tenant."""
    return [_schedule(row) for row in database.rows("schedules_show", {"name": None, "tenant": tenant})]


def history(database: Database, schedule: int, limit: int) -> list[Run]:
    """The runs of a schedule, newest first."""
    rows = database.rows("schedule_runs", {"schedule": schedule, "limit": limit})
    return [_run(row) for row in rows]


def pause(t: Transaction, schedule: int, reason: str) -> None:
    """Nothing is due any more, and what waits is left out for that reason."""
    t.run("schedule_pause", {"schedule": schedule})
    skip(t, [run.id for run in waiting(t, schedule)], reason)


def resume(t: Transaction, schedule: int, next_due: datetime) -> None:
    t.run("schedule_resume", {"schedule": schedule, "next_due": next_due})


def remove(t: Transaction, schedule: int) -> None:
    t.run("schedule_remove", {"schedule": schedule})


def due(database: Database, now: datetime) -> list[int]:
    """The schedules that something is to be done about."""
    return [id for (id,) in database.rows("schedules_due", {"now": now})]


def lock_due(t: Transaction, schedule: int, now: datetime) -> tuple[Timing, datetime] | None:
    """Its timing and the first due time that nothing was done about; None where somebody else is at it."""
    found = t.row("schedule_lock_due", {"schedule": schedule, "now": now})
    return None if found is None else (Timing(found[0], found[1], CatchUp(found[2])), found[3])


def lock(t: Transaction, schedule: int) -> CatchUp | None:
    """Hold a schedule still to the end of the transaction; its rule, None where it is gone."""
    found = t.row("schedule_lock", {"schedule": schedule})
    return None if found is None else CatchUp(found[0])


def move_on(t: Transaction, schedule: int, next_due: datetime) -> None:
    t.run("schedule_next", {"schedule": schedule, "next_due": next_due})


def add_runs(
    t: Transaction,
    schedule: int,
    dues: Iterable[datetime],
    state: RunState = RunState.WAITING,
    reason: str = "",
    *,
    by_hand: bool = False,
) -> None:
    """Runs for these due times, but where there is one already."""
    values = {"schedule": schedule, "dues": list(dues), "by_hand": by_hand, "state": state.value}
    t.run("runs_add", values | {"reason": reason})


def open_schedules(database: Database) -> list[int]:
    """Schedules with runs that have not come as far as a job that runs."""
    return [id for (id,) in database.rows("schedules_open")]


def waiting(t: Transaction, schedule: int) -> list[WaitingRun]:
    """Runs that have not begun, oldest first."""
    return [WaitingRun(*row) for row in t.rows("runs_waiting", {"schedule": schedule})]


def lapsed(t: Transaction, schedule: int) -> list[int]:
    """Runs that a worker began and will not end."""
    return [id for (id,) in t.rows("runs_lapsed", {"schedule": schedule})]


def going(t: Transaction, schedule: int, besides: int = NO_RUN) -> Going | None:
    """A run of the schedule that has begun and not ended, if there is one."""
    found = t.row("runs_going", {"schedule": schedule, "besides": besides})
    return None if found is None else Going(*found)


def skip(t: Transaction, runs: Sequence[int], reason: str) -> None:
    """These runs will not be, if they have not begun."""
    if runs:
        t.run("runs_skip", {"runs": list(runs), "reason": reason})


def take(t: Transaction, run: int, lease_seconds: float) -> Taken | None:
    """Begin with a run that waits, or that a dead worker began. None where it is in hand, ended or gone, or
    where another run of its schedule goes on."""
    found = t.row("run_schedule", {"run": run})
    if found is None or lock(t, found[0]) is None:
        return None
    schedule = int(found[0])
    ready = {*lapsed(t, schedule), *(w.id for w in waiting(t, schedule))}
    if run not in ready or going(t, schedule, besides=run) is not None:
        return None
    row = t.row("run_take", {"run": run, "seconds": lease_seconds})
    return None if row is None else Taken(run, *row)


def has_job(t: Transaction, taken: Taken, job: int) -> None:
    """Note the job that the run is planned as. Raises JobError when another worker has the run now."""
    if t.row("run_has_job", {"run": taken.run, "tries": taken.tries, "job": job}) is None:
        raise JobError(f"another worker has taken the run of schedule {taken.name!r} over")


def put_back(t: Transaction, taken: Taken, reason: str) -> bool:
    """Let a run wait again, for that reason; whether it was still this worker's."""
    values = {"run": taken.run, "tries": taken.tries, "reason": reason}
    return t.row("run_put_back", values) is not None


def end(t: Transaction, taken: Taken, state: RunState, *, job: int | None = None, reason: str = "") -> bool:
    """How the run ended; whether it was still this worker's."""
    values = {"run": taken.run, "tries": taken.tries, "state": state.value, "job": job, "reason": reason}
    return t.row("run_end", values) is not None


def _schedule(row: tuple[Any, ...]) -> Schedule:
    timing = Timing(row[3], row[4], CatchUp(row[5]))
    return Schedule(row[0], row[1], row[2], timing, *row[6:])


def _run(row: tuple[Any, ...]) -> Run:
    values = list(row)
    values[4] = RunState(row[4])
    values[10] = None if row[10] is None else JobState(row[10])
    return Run(*values)
