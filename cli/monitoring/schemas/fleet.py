"""Define the documents of what runs: all jobs at a glance, schedules, workers, queues and limits."""

from __future__ import annotations

from typing import Annotated, TypedDict

from msgspec import Meta

from speeko_cli.monitoring.schemas.fields import (
    Count,
    LocalMoment,
    Moment,
    Number,
    State,
    Usd,
    doc,
    words,
)
from speeko_jobs.core.policies.cron_schedule import CatchUp, RunState
from speeko_jobs.core.policies.outage_detection import TroubleKind


class NowJson(TypedDict):
    """How things stand, over all jobs."""

    at: Annotated[Moment, doc("When it was looked at, by the database's clock.")]
    running: Annotated[Count, doc("Jobs that run.")]
    paused: Annotated[Count, doc("Jobs that are paused.")]
    waiting_rows: Annotated[Count, doc("Rows of open jobs that have not come to their end.")]
    in_flight: Annotated[Count, doc("Calls that are open.")]
    limit: Annotated[Count, doc("Calls that may be open at a time, by the API keys in use now.")]
    engines: Annotated[Count, doc("Processes that make calls.")]
    dead_engines: Annotated[
        Count, doc("Processes that made calls until they died, and whose work nobody has taken over yet.")
    ]
    spent_today_usd: Annotated[Usd, doc("Spent today (UTC).")]
    saved_today_usd: Annotated[Usd, doc("Not spent today, at list price.")]
    reserved_usd: Annotated[Usd, doc("Reserved for calls that are open.")]
    overdue_schedules: Annotated[Count, doc("Schedules that are due and that nobody has looked at.")]


class ScheduleRunJson(TypedDict):
    """One due time, and what became of it."""

    due: Annotated[Moment, doc("When it was due.")]
    by_hand: Annotated[bool, doc("Whether somebody asked for it.")]
    state: Annotated[str, words(RunState)]
    reason: Annotated[str, doc("Why it was skipped or has failed.")]
    ended_at: Annotated[Moment | None, doc("When that was certain.")]
    job: Annotated[Number | None, doc("The job that it submitted.")]
    job_state: State | None
    previous_job: Number | None
    rows: Count | None
    served: Count | None
    failed: Count | None
    cost_usd: Usd | None


class ScheduleJson(TypedDict):
    """What `speeko schedule list --json` tells, with its last runs; times are in its own zone."""

    schedule: Annotated[str, doc("Its name.")]
    tenant: str
    cron: Annotated[str, Meta(examples=["0 2 * * *"])]
    tz: Annotated[str, Meta(examples=["Europe/Berlin"])]
    catch_up: Annotated[str, words(CatchUp), doc("Which due times that were missed are caught up with.")]
    paused: Annotated[bool, doc("Whether nothing is due until it is resumed.")]
    next_due: Annotated[LocalMoment | None, doc("When it is due next; null while it is paused.")]
    created_at: Annotated[Moment, doc("When it was added.")]
    runs: Annotated[list[ScheduleRunJson], Meta(max_length=5), doc("Newest first, at most five.")]
    when: Annotated[str, Meta(examples=["At 02:00 every day"]), doc("The cron expression in words.")]
    overdue: Annotated[bool, doc("Whether it is due and nobody has looked at it for a minute.")]


class SchedulesJson(TypedDict):
    """All schedules by name."""

    schedules: list[ScheduleJson]


class WorkerAccountJson(TypedDict):
    """An account that a worker serves."""

    provider: str
    url: str
    key: Annotated[str, doc("A fingerprint of the key, 8 hex digits; empty: no key.")]


class RegisteredWorkerJson(TypedDict):
    """A worker in the registry; those of v0.1.0 are not in it."""

    host: str
    pid: Count
    state: Annotated[str, words(("running", "stopping", "lost"))]
    version: str
    processes: Count
    queues: list[str]
    accounts: Annotated[dict[str, WorkerAccountJson], doc("The accounts that it serves, by name.")]
    started_at: Annotated[Moment, doc("Since when.")]


class EngineJson(TypedDict):
    """A process that makes calls, for as long as one task of its takes."""

    id: Number
    host: str
    pid: Count
    started_at: Annotated[Moment, doc("Since when.")]
    silent_seconds: Annotated[Count, doc("For how long it has said nothing; one or two seconds are usual.")]
    held: Annotated[Count, doc("Calls that it may have open.")]
    busy: Annotated[Count, doc("Calls that it has open.")]
    wants: Annotated[Count, doc("Calls that it has work for.")]
    chunks: Annotated[Count, doc("Chunks that it has.")]
    jobs: Annotated[list[Number], doc("Jobs of these chunks.")]


class GoneEngineJson(TypedDict):
    """A process that is no more, for ten minutes."""

    id: Number
    host: str
    pid: Count
    started_at: Annotated[Moment, doc("Since when it was there.")]
    how: Annotated[
        str, words(("died", "left")), doc("died: it said nothing until its lease ran out; left: in order.")
    ]
    at: Annotated[Moment, doc("When.")]
    jobs: list[Number]


class NodeJson(TypedDict):
    """A Celery node of the last ten minutes."""

    name: Annotated[str, Meta(examples=["synthesize@host-1"])]
    answers: Annotated[bool, doc("Whether it answered one of the last two pings.")]
    at: Annotated[Moment, doc("When it answered last.")]


class QueueJson(TypedDict):
    """A queue of the broker."""

    name: Annotated[str, words(("synthesize", "deliver", "control"))]
    waiting: Annotated[Count | None, doc("Messages that wait; null while that is not known.")]


class PermitHolderJson(TypedDict):
    """A process that holds permits."""

    account: str
    host: str
    pid: Count
    held: Count
    busy: Count
    wants: Count


class AccountJson(TypedDict):
    """The calls of one API key: what `speeko limits --json` tells."""

    name: str
    limit: Annotated[Count, doc("Calls that may be open now.")]
    ceiling: Annotated[Count, doc("The most that was asked for.")]
    why: Annotated[str, doc("Why the limit is as it is.")]
    moved_seconds: Annotated[float, doc("How long ago it moved.")]
    blocked_seconds: Annotated[
        float, doc("For how long the provider wants no call; 0 or less: it takes them.")
    ]
    calls_a_minute: Annotated[Count, doc("0: no such limit.")]
    chars_a_minute: Annotated[Count, doc("0: no such limit.")]
    trouble_seconds: Annotated[
        float | None, doc("For how long nothing but failures has come; null: it answers.")
    ]
    trouble_kind: Annotated[str, words(TroubleKind), doc("Of the last failure.")]
    trouble_why: Annotated[str, doc("The last failure.")]
    good_run: Annotated[Count, doc("Good answers in a row.")]
    retries_left: Annotated[float, doc("Retries that may go now, where they are rationed.")]
    holders: list[PermitHolderJson]


class WorkersJson(TypedDict):
    """Who works."""

    registry: list[RegisteredWorkerJson]
    engines: list[EngineJson]
    gone: list[GoneEngineJson]
    broker: Annotated[bool | None, doc("Whether the broker answers; null while it was not asked yet.")]
    nodes: list[NodeJson]
    queues: list[QueueJson]
    accounts: list[AccountJson]
