"""Build the JSON documents of the dashboard from what was read. Pure; knows no web server.

Times are ISO 8601 in UTC, money decimal strings of USD, units are in the names. What `status`, `costs`,
`budget`, `cache`, `limits` and `schedule` tell with --json is told here in the same words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from speeko_cli.monitoring.schemas.fleet import (
    AccountJson,
    GoneEngineJson,
    NowJson,
    RegisteredWorkerJson,
    ScheduleJson,
    SchedulesJson,
    WorkersJson,
)
from speeko_cli.monitoring.schemas.jobs import (
    AskedJson,
    ChunksJson,
    CourseJson,
    FailedJson,
    FoundRowsJson,
    JobJson,
    JobsJson,
    SamplesJson,
    WaitingJson,
)
from speeko_cli.output.schedules import is_overdue, record
from speeko_jobs.core.model.money import usd
from speeko_jobs.core.output.redaction import redacted
from speeko_jobs.core.policies.cron_schedule import explained
from speeko_jobs.core.reporting.job_figures import progress, state_words

if TYPE_CHECKING:
    from speeko_cli.monitoring.fleet_state import DepartedEngine, FleetEngines, NodeStatus, ObservedJob
    from speeko_jobs.core.job.job_spec import JobSpec
    from speeko_jobs.flow.reporting.fleet_queries import AccountLimits, FleetSnapshot, PermitHolder, Worker
    from speeko_jobs.flow.reporting.monitoring_queries import (
        AccountSample,
        ChunkPage,
        FailedRow,
        JobPage,
        Moment,
        PlayableRow,
    )
    from speeko_jobs.flow.reporting.row_search import FoundRow
    from speeko_jobs.flow.reporting.schedule_queries import Run, Schedule


def now(found: FleetSnapshot) -> NowJson:
    """Return the line above every page."""
    return {
        "at": iso(found.at),
        "running": found.running,
        "paused": found.paused,
        "waiting_rows": found.waiting_rows,
        "in_flight": found.in_flight,
        "limit": found.limit,
        "engines": found.engines,
        "dead_engines": found.dead_engines,
        "spent_today_usd": usd(found.spent_today_micros),
        "saved_today_usd": usd(found.saved_today_micros),
        "reserved_usd": usd(found.reserved_micros),
        "overdue_schedules": found.overdue_schedules,
    }


def jobs(found: JobPage, seen: Sequence[ObservedJob]) -> JobsJson:
    """Return a page of jobs; `seen` are its lines."""
    return {"jobs": [job(one) for one in seen], "counts": dict(found.counts), "more": found.more}


def job(seen: ObservedJob) -> JobJson:
    """Return one job of a list: what `speeko jobs --json` tells, and more."""
    line, pace, plan = seen.line, seen.pace, seen.line.plan
    left_out = plan.get("left_out", 0)
    return {
        "job": line.id,
        "state": line.state.value,
        "state_text": state_words(line.state, line.reason),
        "reason": redacted(line.reason),
        "top_reason": redacted(line.top_reason),
        "progress": round(progress(line), 4),
        "waiting": None if line.waits is None else cast(WaitingJson, line.waits.to_json()),
        "tenant": line.tenant,
        "priority": line.priority,
        "schedule": line.schedule,
        "files": [redacted(name) for name in line.files],
        "more_files": line.more_files,
        "output": redacted(line.destination),
        "provider": line.provider,
        "rows": line.rows + left_out,
        "left_out": left_out,
        "skipped": line.skipped,
        "served": line.served + left_out,
        "with_audio": line.with_audio,
        "delivered": line.delivered,
        "unchanged": line.unchanged,
        "failed": line.failed,
        "refused": line.refused,
        "chunks": line.chunks,
        "chunks_open": line.chunks_open,
        "in_flight": line.in_flight,
        "calls": line.calls,
        "planned_calls": plan.get("calls", 0),
        "possible_calls": line.possible_calls,
        "cost_usd": usd(line.spent_micros),
        "planned_cost_usd": usd(plan.get("cost_micros", 0)),
        "list_cost_usd": usd(plan.get("list_micros", 0)),
        "possible_usd": usd(line.possible_micros),
        "reserved_usd": usd(line.reserved_micros),
        "wasted_usd": usd(line.wasted_micros),
        "budget_usd": None if line.budget_micros is None else usd(line.budget_micros),
        "rows_a_second": round(pace.rows, 3),
        "calls_a_second": round(pace.calls, 3),
        "eta_seconds": None if pace.eta_seconds is None else round(pace.eta_seconds, 1),
        "created_at": iso(line.created_at),
        "released_at": _iso(line.released_at),
        "finished_at": _iso(line.finished_at),
        "pruned_at": _iso(line.pruned_at),
        "seconds": round(line.seconds, 3),
    }


def asked(spec: JobSpec) -> AskedJson:
    """Return what a job was asked to do, secrets masked. "" is the provider's default."""
    return {
        "provider": spec.provider,
        "model": spec.model,
        "voice": spec.voice,
        "language": spec.language,
        "format": spec.delivered.format,
        "loudness": "" if spec.loudness is None else f"{spec.loudness:g} LUFS",
        "speed": f"{spec.speed:g}",
        "name": spec.name,
        "lexicon": ", ".join(redacted(path) for path in spec.lexicon),
        "segments": spec.segments,
        "sources": ", ".join(redacted(source) for source in spec.sources),
        "price_per_million": spec.price_per_million,
        "prune": "yes" if spec.prune else "",
    }


def chunks(found: ChunkPage) -> ChunksJson:
    return {
        "states": dict(found.states),
        "open": [
            {
                "no": one.no,
                "first_row": one.first_row,
                "last_row": one.last_row,
                "state": one.state,
                "missing": one.missing,
                "attempt": one.attempt,
                "host": one.host,
                "pid": one.pid,
                "engine_lives": one.engine_lives,
                "since_seconds": round(one.since_seconds),
            }
            for one in found.open
        ],
    }


def failed(rows: Sequence[FailedRow], limit: int) -> FailedJson:
    """Return a page of failed rows; `rows` holds one more than `limit` where others follow."""
    page = rows[:limit]
    more = len(rows) > limit
    return {
        "rows": [
            {"row": one.row_no, "id": one.row_id, "reason": redacted(one.reason), "refused": one.refused}
            for one in page
        ],
        "more": more,
        "next": page[-1].row_no if more else None,
    }


def samples(rows: Sequence[PlayableRow], type: str) -> SamplesJson:
    return {
        "rows": [
            {
                "row": one.row_no,
                "id": one.row_id,
                "voice": one.voice,
                "chars": one.chars,
                "path": one.path,
                "type": type,
            }
            for one in rows
        ]
    }


def found_rows(rows: Sequence[FoundRow], limit: int) -> FoundRowsJson:
    """Return rows that were looked for; there may be more where there are `limit` of them."""
    return {
        "rows": [
            {
                "row": one.row_no,
                "id": one.row_id,
                "voice": one.voice,
                "chars": one.chars,
                "path": one.path,
                "outcome": one.outcome.value,
                "reason": redacted(one.reason),
                "audio": one.has_audio,
            }
            for one in rows
        ],
        "more": len(rows) >= limit,
    }


def course(moments: Sequence[Moment], seconds: float, pulses: Sequence[AccountSample]) -> CourseJson:
    """Return how the job went over `seconds`, in equal stretches."""
    return {
        "stretches": [{"at": iso(one.at), "rows": one.rows} for one in moments],
        "seconds_each": round(seconds / len(moments), 3) if moments else 0.0,
        "pulses": [
            {
                "account": one.account,
                "at": iso(one.at),
                "limit": one.limit,
                "busy": one.busy,
                "wants": one.wants,
            }
            for one in pulses
        ],
    }


def schedules(found: Sequence[tuple[Schedule, Sequence[Run]]], now: datetime) -> SchedulesJson:
    return {
        "schedules": [
            cast(
                ScheduleJson,
                record(one, runs) | {"when": explained(one.timing.cron), "overdue": is_overdue(one, now)},
            )
            for one, runs in found
        ]
    }


def workers(
    engines: FleetEngines,
    nodes: Sequence[NodeStatus],
    queues: Mapping[str, int | None],
    accounts: Sequence[AccountLimits],
    holders: Sequence[PermitHolder],
    broker: bool | None,
    registered: Sequence[Worker] = (),
) -> WorkersJson:
    """Return live and departed engines, Celery's nodes and queues, account limits, and the worker registry.

    `broker` says whether it answers; None: not asked yet.
    """
    from speeko_cli.output.limits import document as limits
    from speeko_cli.output.workers import document as registry

    kept = ("host", "pid", "state", "version", "processes", "queues", "accounts", "started_at")
    return {
        "registry": [
            cast(RegisteredWorkerJson, {name: one[name] for name in kept})
            for one in map(registry, registered)
        ],
        "engines": [
            {
                "id": one.engine.id,
                "host": one.engine.host,
                "pid": one.engine.pid,
                "started_at": iso(one.engine.started_at),
                "silent_seconds": max(0, round(one.silent_seconds)),
                "held": one.engine.held,
                "busy": one.engine.busy,
                "wants": one.engine.wants,
                "chunks": one.engine.chunks,
                "jobs": list(one.engine.jobs),
            }
            for one in engines.living
        ],
        "gone": [_gone(one) for one in engines.gone],
        "broker": broker,
        "nodes": [
            {
                "name": one.name,
                "answers": one.answers,
                "at": iso(datetime.fromtimestamp(one.at_seconds, UTC)),
            }
            for one in nodes
        ],
        "queues": [{"name": name, "waiting": waiting} for name, waiting in queues.items()],
        "accounts": cast(list[AccountJson], limits(accounts, holders)),
    }


def _gone(one: DepartedEngine) -> GoneEngineJson:
    return {
        "id": one.engine.id,
        "host": one.engine.host,
        "pid": one.engine.pid,
        "started_at": iso(one.engine.started_at),
        "how": "died" if one.died else "left",
        "at": iso(datetime.fromtimestamp(one.at_seconds, UTC)),
        "jobs": list(one.engine.jobs),
    }


def iso(at: datetime) -> str:
    """Return a time to the millisecond: "2026-11-01T02:00:00.000+00:00"."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _iso(at: datetime | None) -> str | None:
    return None if at is None else iso(at)
