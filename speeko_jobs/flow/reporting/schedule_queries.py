"""Read schedules and their runs. Reads only; ServerError when Postgres does not answer."""

from __future__ import annotations

from datetime import datetime

from speeko_jobs.adapters.postgres import schedules
from speeko_jobs.adapters.postgres.schedules import NO_RUN, Going, Run, Schedule
from speeko_jobs.flow.context import Context

__all__ = ["Going", "Run", "Schedule", "clock", "every", "history", "show", "unfinished_run"]


def clock(context: Context) -> datetime:
    """Return the database's time, which decides what is due."""
    return schedules.clock(context.database)


def show(context: Context, name: str, tenant: str | None = None) -> Schedule:
    """Return the schedule of that name. Raises JobError when there is none, or none of that tenant."""
    return schedules.show(context.database, name, tenant)


def every(context: Context, tenant: str | None = None) -> list[Schedule]:
    """Return all schedules by name, or those of a tenant."""
    return schedules.every(context.database, tenant)


def history(context: Context, schedule: Schedule, limit: int) -> list[Run]:
    """Return the runs of a schedule, newest first."""
    return schedules.history(context.database, schedule.id, limit)


def unfinished_run(context: Context, schedule: Schedule, besides: int = NO_RUN) -> Going | None:
    """Return a run that has begun and not ended, another than `besides`; None when there is none."""
    return context.database.run(lambda t: schedules.going(t, schedule.id, besides))
