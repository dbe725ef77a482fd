"""Hold what each route of the API takes and answers, for its handler and for openapi.json."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import Parameter, signature
from typing import Any, Final

from speeko_cli.dashboard import openapi_examples as examples
from speeko_cli.dashboard.actions import ACTIONS
from speeko_cli.dashboard.openapi import ANSWERED, GUARDED, Operation, error_content
from speeko_cli.dashboard.queries import Readings
from speeko_cli.dashboard.query_params import (
    CHUNKS,
    COSTS,
    COSTS_TODAY,
    DOWNLOAD,
    FAILED,
    JOBS,
    ROWS,
    TENANT,
    Params,
)
from speeko_cli.monitoring.schemas.costs import BudgetsJson, CacheJson, CostsJson
from speeko_cli.monitoring.schemas.fleet import NowJson, SchedulesJson, WorkersJson
from speeko_cli.monitoring.schemas.jobs import (
    ChunksJson,
    CourseJson,
    FailedJson,
    FoundRowsJson,
    JobDocumentJson,
    JobJson,
    JobsJson,
    SamplesJson,
)

Json = dict[str, Any]
AUDIO_TYPES: Final = ("audio/mpeg", "audio/wav", "audio/flac", "audio/ogg")


def _read(
    feed: str,
    document: type,
    summary: str,
    query: Params | None = None,
    *,
    id: str = "",
    example: Mapping[str, Any] | None = None,
) -> Operation:
    """Return the operation that answers a feed's document. Defaults are those of its reader."""
    found = {name: one.default for name, one in signature(getattr(Readings, feed)).parameters.items()}
    defaults = {name: value for name, value in found.items() if value not in (Parameter.empty, None, "")}
    return Operation(id or feed, summary, document, query=query or {}, defaults=defaults, example=example)


def _act(verb: str) -> Operation:
    action = ACTIONS[verb]
    return Operation(
        verb,
        action.summary,
        JobJson,
        description=f"{action.condition} Takes a dashboard with --allow-actions, and the page's token unless "
        "a bearer token is shown.",
        answer="The job as it stands then.",
        query=action.query,
        is_action=True,
    )


def _header(description: str, **schema: Any) -> Json:
    return {"description": description, "required": True, "schema": schema}


def _audio() -> Operation:
    content = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in AUDIO_TYPES}
    whole = {
        "Content-Length": _header("Bytes.", type="integer", minimum=0),
        "Accept-Ranges": _header("Parts can be asked for.", type="string", const="bytes"),
    }
    bounds = {"Content-Range": _header("Which bytes of how many.", type="string")}
    asked = {
        "name": "Range",
        "in": "header",
        "required": False,
        "description": "One range of bytes; any other is left unheeded.",
        "schema": {"type": "string"},
        "example": "bytes=0-1023",
    }
    return Operation(
        "audio",
        "The audio of a row.",
        description="The delivered file, or what was bought for it; the first part of a row of several parts "
        "whose file is out of reach.",
        query=DOWNLOAD,
        headers=(asked,),
        responses={
            "200": {"description": "All of it.", "headers": whole, "content": content},
            "206": {
                "description": "The part that was asked for.",
                "headers": whole | bounds,
                "content": content,
            },
            "416": {
                "description": "None of that part is there.",
                "headers": bounds,
                "content": error_content(),
            },
        },
        refusals=ANSWERED,
    )


def _archive() -> Operation:
    content = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}
    return Operation(
        "archive",
        "All delivered audio of a job as a ZIP file.",
        description="Streamed, with the job's manifest and summary. NOTE.txt in it names missing files, and"
        " says so where the job has not ended. An answer that breaks off before its end is no archive.",
        responses={"200": {"description": "The archive.", "content": content}},
        refusals=(*ANSWERED, 409),
    )


def _plain(
    id: str, summary: str, answer: str, kind: str, schema: Json, refusals: tuple[int, ...]
) -> Operation:
    response = {"description": answer, "content": {kind: {"schema": schema}}}
    return Operation(id, summary, responses={"200": response}, refusals=refusals)


OPERATIONS: Final[dict[tuple[str, str], Operation]] = {
    ("/openapi.json", "get"): _plain(
        "description",
        "This description.",
        "OpenAPI 3.1.",
        "application/json",
        {"type": "object", "required": ["openapi", "info", "paths"]},
        GUARDED,
    ),
    ("/healthcheck", "get"): _plain(
        "healthcheck",
        "That the dashboard answers, for probes. Takes no sign-in and does not ask Postgres.",
        "It answers.",
        "text/plain",
        {"type": "string", "const": "ok"},
        (),
    ),
    ("/api/now", "get"): _read("now", NowJson, "How things stand over all jobs.", example=examples.NOW),
    ("/api/jobs", "get"): _read(
        "jobs", JobsJson, "A page of jobs, newest first.", JOBS, example=examples.JOBS
    ),
    ("/api/jobs/{job}", "get"): _read("job", JobDocumentJson, "One job."),
    ("/api/jobs/{job}/chunks", "get"): _read(
        "chunks", ChunksJson, "A job's chunks, and who is at them.", CHUNKS
    ),
    ("/api/jobs/{job}/failed", "get"): _read(
        "failed", FailedJson, "Rows that failed or were refused, and why.", FAILED
    ),
    ("/api/jobs/{job}/samples", "get"): _read("samples", SamplesJson, "A few rows to listen to."),
    ("/api/jobs/{job}/rows", "get"): _read(
        "rows", FoundRowsJson, "Rows by the beginning of their id, or by number.", ROWS
    ),
    ("/api/jobs/{job}/audio.zip", "get"): _archive(),
    ("/api/jobs/{job}/course", "get"): _read("course", CourseJson, "How a job went, over time."),
    ("/api/jobs/{job}/rows/{row}/audio", "get"): _audio(),
    **{(f"/api/jobs/{{job}}/{verb}", "post"): _act(verb) for verb in ACTIONS},
    ("/api/costs", "get"): _read(
        "costs",
        CostsJson,
        "What was spent, saved and wasted in some days, from the first of the month on where none is given.",
        COSTS,
    ),
    ("/api/costs/today", "get"): _read(
        "costs", CostsJson, "What was spent, saved and wasted today (UTC).", COSTS_TODAY, id="costsToday"
    ),
    ("/api/budgets", "get"): _read(
        "budgets", BudgetsJson, "Tenants' caps, and what is spent of them.", TENANT
    ),
    ("/api/cache", "get"): _read("cache", CacheJson, "What audio is kept, and what that saves."),
    ("/api/schedules", "get"): _read("schedules", SchedulesJson, "Schedules, and their last runs.", TENANT),
    ("/api/workers", "get"): _read("workers", WorkersJson, "Processes, nodes, queues and limits."),
}
