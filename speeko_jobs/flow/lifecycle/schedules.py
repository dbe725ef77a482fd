"""Schedules: written down, ticked by any number of beats, and each due time submitted once by some worker.

A tick writes due times down as runs and sends those that may begin to workers; `fire` submits one. A worker
that dies at it loses the run: before its job has a number by the run's lease, from then on by the job's own
sign of life. Whoever takes the run over drops a job that was not released, and keeps one that was.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime

from speeko_jobs.adapters import failpoints
from speeko_jobs.adapters.postgres import jobs, schedules
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.adapters.postgres.output_locks import OutputBusyError
from speeko_jobs.adapters.postgres.schedules import Run, Schedule, Taken
from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.output.redaction import redacted
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.core.policies import cron_schedule as core
from speeko_jobs.core.policies.cron_schedule import CatchUp, RunState, Timing
from speeko_jobs.errors import JobError, ServerError, SpeekoError
from speeko_jobs.flow import accounts
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.delivery.manifest_parts import clear_parts
from speeko_jobs.flow.planning import submit
from speeko_jobs.flow.planning.scheduled_request import Request, from_json
from speeko_jobs.flow.planning.voice_availability import offer_of, require_offered

LEASE_SECONDS = 120.0  # to look at store and destination; a job that is being planned speaks for itself
MAX_TRIES = 3
REASON_CHARS = 1_000
MISSED = {
    CatchUp.LAST: "no worker was there at the time, and only the last one is caught up with",
    CatchUp.ALL: "",
    CatchUp.NONE: "no worker was there at the time",
}
OVERTAKEN = "a later run took its place"
PAUSED = "the schedule was paused before it began"
log = logging.getLogger(__name__)


def add(
    context: Context,
    name: str,
    timing: Timing,
    request: Request,
    *,
    tenant: str,
    replace: bool = False,
    now: datetime | None = None,
) -> Schedule:
    """A new schedule, or (`replace`) other orders for one, which keeps its history.

    Raises UsageError for times that never come, ConfigError for addresses with secrets in them, JobError
    where the name is taken, or free when it is to be replaced.
    """
    request.check()
    accounts.require_same(context, request.spec)
    require_offered(offer_of(context, request.spec), request.spec)
    due = core.next_due(timing, now or schedules.clock(context.database))
    orders = request.to_json()

    def write(t: Transaction) -> bool:
        return schedules.put(t, name, timing, due, tenant=tenant, orders=orders, replace=replace)

    if not context.database.run(write):
        if replace:
            raise JobError(f"there is no schedule {name!r} to replace: `speeko schedule list` lists them")
        raise JobError(f"there is a schedule {name!r} already: give another name, or --replace")
    return schedules.show(context.database, name)


def pause(context: Context, schedule: Schedule) -> None:
    """No run begins until `resume`, but those by hand. Jobs that run go on."""
    context.database.run(lambda t: schedules.pause(t, schedule.id, PAUSED))


def resume(context: Context, schedule: Schedule, now: datetime | None = None) -> None:
    """Due again from now on: nothing is caught up with that was due meanwhile."""
    due = core.next_due(schedule.timing, now or schedules.clock(context.database))
    context.database.run(lambda t: schedules.resume(t, schedule.id, due))


def remove(context: Context, schedule: Schedule) -> None:
    """Delete a schedule and its history. Its jobs stay."""
    context.database.run(lambda t: schedules.remove(t, schedule.id))


def run_now(context: Context, schedule: Schedule, now: datetime | None = None) -> Run:
    """A run that is due at this moment. It waits for one that is going."""
    at = now or schedules.clock(context.database)
    context.database.run(lambda t: schedules.add_runs(t, schedule.id, [at], by_hand=True))
    _send(context, [schedule.id])
    return next(run for run in schedules.history(context.database, schedule.id, 10) if run.due == at)


def tick(context: Context, now: datetime | None = None) -> list[int]:
    """Write down what is due, and send the runs that may begin; which. Any number of ticks at once is one."""
    database = context.database
    at = now or schedules.clock(database)
    for schedule in schedules.due(database, at):
        try:
            database.run(lambda t, schedule=schedule: _place(t, schedule, at))  # type: ignore[misc]
        except SpeekoError as error:  # such as a zone that this machine does not know
            log.error("schedule %d: %s", schedule, error)
    return _send(context, schedules.open_schedules(database))


def fire(context: Context, run: int) -> int | None:
    """Submit a run, unless another worker does; its job. What the catalog or a budget is against is kept in
    the history. Raises ServerError and JobError where the run is begun again later."""
    database = context.database
    taken = database.run(lambda t: schedules.take(t, run, LEASE_SECONDS))
    if taken is None:
        return None
    failpoints.point("run_taken")
    try:
        job = _released(context, taken)
        if job is None and taken.tries > MAX_TRIES:
            why = f"{MAX_TRIES} workers took it and came to no end: see their logs"
            _end(context, taken, RunState.FAILED, reason=why)
            return None
        job = job or _submitted(context, taken)
    except OutputBusyError as error:  # the next tick sends the run again
        why = f"waits: {error.rival}"
        database.run(lambda t: schedules.put_back(t, taken, why))
        return None
    except (ServerError, JobError):
        raise
    except SpeekoError as error:
        log.warning("schedule %s, due %s: %s", taken.name, taken.due, error)
        _end(context, taken, RunState.FAILED, reason=str(error))
        return None
    except Exception as error:
        _end(context, taken, RunState.FAILED, reason=f"a bug in speeko: {type(error).__name__}: {error}")
        raise
    failpoints.point("run_released")
    _end(context, taken, RunState.SUBMITTED, job=job)
    return job


def _place(t: Transaction, schedule: int, now: datetime) -> None:
    """Write down the runs that are due, and those that were missed."""
    found = schedules.lock_due(t, schedule, now)
    if found is None:
        return
    timing, first = found
    made = core.firing(timing, first.astimezone(UTC), now)
    schedules.add_runs(t, schedule, made.missed, RunState.SKIPPED, MISSED[timing.catch_up])
    schedules.add_runs(t, schedule, made.runs)
    schedules.move_on(t, schedule, made.next_due)


def _send(context: Context, found: Iterable[int]) -> list[int]:
    """Send the runs of these schedules that may begin. A lost message is the next tick's to send."""
    runs = [context.database.run(lambda t, one=one: _next(t, one)) for one in found]  # type: ignore[misc]
    sent = [run for run in runs if run is not None]
    context.queue.fire(sent)
    return sent


def _next(t: Transaction, schedule: int) -> int | None:
    """The run that may begin, or begin again; those that never will are left out."""
    rule = schedules.lock(t, schedule)
    if rule is None:
        return None
    lapsed = schedules.lapsed(t, schedule)
    if lapsed:
        return lapsed[0]
    waiting, going = schedules.waiting(t, schedule), schedules.going(t, schedule)
    start, gone = core.turn(rule, waiting, is_going=going is not None)
    for run in gone:
        schedules.skip(t, [run.id], str(going) if run is waiting[-1] else OVERTAKEN)
    return None if start is None else start.id


def _released(context: Context, taken: Taken) -> int | None:
    """The job that an earlier worker released before it died. One that it did not is dropped."""
    if taken.job is None:
        return None
    job = taken.job
    try:
        found = jobs.show(context.database, job)
    except JobError:
        return None
    if found.state is not JobState.PLANNING:
        return job
    if context.database.run(lambda t: jobs.drop(t, job)):
        clear_parts(context, found.spec.store, job)
    return _released(context, taken)  # its worker may have lived, and have released it just now


def _submitted(context: Context, taken: Taken) -> int:
    """The new job. Its number is written down before a row is read: from there on the two go together."""
    request = from_json(taken.orders)
    spec = request.spec_on(schedules.clock(context.database).date())

    def note(job: int) -> None:
        failpoints.point("run_created")
        context.database.run(lambda t: schedules.has_job(t, taken, job))
        failpoints.point("run_noted")

    job, _ = submit.submit(
        context,
        spec,
        request.orders,
        tenant=taken.tenant,
        budget_micros=request.budget_micros,
        priority=request.priority,
        partial=request.partial,
        most_deleted_share=request.most_deleted_share,
        on_created=note,
    )
    return job


def _end(
    context: Context, taken: Taken, state: RunState, *, job: int | None = None, reason: str = ""
) -> None:
    told = printable(redacted(reason))[:REASON_CHARS]
    context.database.run(lambda t: schedules.end(t, taken, state, job=job, reason=told))
