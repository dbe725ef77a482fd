"""Describe the API in OpenAPI 3.1: paths from operations, arguments from parsers, schemas from types.

Pure: no request is read here. What a route takes and answers is written once, in operations.OPERATIONS.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, get_args, get_type_hints, is_typeddict

import msgspec

from speeko_cli.dashboard.auth import SESSION_COOKIE, XSRF_COOKIE
from speeko_cli.dashboard.query_params import MAX_NUMBER, QueryParam
from speeko_cli.monitoring.schemas.costs import CONSTRAINTS
from speeko_cli.monitoring.schemas.fields import REF, SHARED
from speeko_cli.monitoring.schemas.jobs import ErrorJson

Json = dict[str, Any]
SUFFIX: Final = "Json"  # of document types
NAMED: Final = {
    "job": "The job's number.",
    "row": "The row's number, from 1 over all of the job's files.",
}
TAGS: Final = [
    {"name": "look", "description": "Reads. They change nothing."},
    {"name": "act", "description": "Only where the dashboard was started with --allow-actions."},
]
INFO: Final = {
    "title": "speeko dashboard",
    "version": "1",
    "summary": "Look at jobs, costs, cache, schedules and workers.",
    "description": "What `speeko dashboard` shows, as JSON. Times are ISO 8601 in UTC (those of a schedule "
    "in its own zone), money is decimal strings of dollars, units are in the names. Figures are at most half "
    "a second old; of course, failed rows, samples, schedules, budgets and costs two, of the cache thirty; "
    "and what several ask for is looked up once. Arguments that are not known are refused.",
    "license": {"name": "MIT", "identifier": "MIT"},
}
SECURITY: Final[list[Json]] = [{}, {"token": []}, {"login": []}, {"session": []}]
ACTION_SECURITY: Final[list[Json]] = [
    {"token": []},
    {"login": [], "xsrf": [], "xsrfCookie": []},
    {"session": [], "xsrf": [], "xsrfCookie": []},
    {"xsrf": [], "xsrfCookie": []},
]
SECURITY_SCHEMES: Final = {
    "token": {"type": "http", "scheme": "bearer", "description": "SPEEKO_DASHBOARD_TOKEN of the dashboard."},
    "login": {"type": "http", "scheme": "basic", "description": "SPEEKO_DASHBOARD_AUTH of the dashboard."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": "What a browser has after it signed in with the token.",
    },
    "xsrf": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Xsrftoken",
        "description": f"The same value as the cookie {XSRF_COOKIE}, so that no other site can act: for POST "
        "without a bearer token.",
    },
    "xsrfCookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": XSRF_COOKIE,
        "description": "Set by every page; a client may choose a value of its own, such as 32 hex digits.",
    },
}
RETRY_AFTER: Final = {
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}}
}
WWW_AUTHENTICATE: Final = {
    "WWW-Authenticate": {"description": "How.", "required": True, "schema": {"type": "string"}}
}


@dataclass(frozen=True)
class ErrorResponse:
    """A shared answer that is no success."""

    name: str
    description: str
    example: str
    headers: Mapping[str, Any] = field(default_factory=dict)


REFUSALS: Final = {
    400: ErrorResponse(
        "BadRequest",
        "An argument that is not known, or cannot be.",
        "limit takes a whole number from 1 to 200",
    ),
    401: ErrorResponse(
        "SignInFirst",
        "A dashboard with a token or a login asks for it.",
        "sign in first",
        WWW_AUTHENTICATE,
    ),
    403: ErrorResponse(
        "Forbidden",
        "Not from this name of the machine, this site, or without --allow-actions.",
        "this dashboard only shows: start it with --allow-actions",
    ),
    404: ErrorResponse(
        "Missing", "There is no such job, row or audio.", "there is no job 12: `speeko jobs` lists them"
    ),
    409: ErrorResponse("Conflict", "The job is in no state for that.", "job 12 is done: it cannot be paused"),
    429: ErrorResponse(
        "TooManyTries",
        "Too many wrong passwords came from there.",
        "too many wrong tries: wait a second",
        RETRY_AFTER,
    ),
    503: ErrorResponse(
        "Away",
        "Postgres, or the store that holds the audio, does not answer.",
        "Postgres has not answered for 5 s",
        RETRY_AFTER,
    ),
}
GUARDED: Final = (400, 401, 403, 429)  # every route but the one for probes
ANSWERED: Final = (*GUARDED, 503)


@dataclass(frozen=True)
class Operation:
    """One method of one path. `document` is the type of a plain answer, `responses` are others.

    `defaults` are those of query arguments; `headers` are arguments that stand in headers.
    """

    id: str
    summary: str
    document: type | None = None
    description: str = ""
    answer: str = "As it stands."
    query: Mapping[str, QueryParam] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    headers: tuple[Json, ...] = ()
    example: Mapping[str, Any] | None = None
    responses: Mapping[str, Any] = field(default_factory=dict)
    refusals: tuple[int, ...] = ANSWERED
    is_action: bool = False


def describe(operations: Mapping[tuple[str, str], Operation]) -> Json:
    """Return the OpenAPI document of these operations by (path, method)."""
    paths: Json = {}
    for (path, method), operation in operations.items():
        paths.setdefault(path, {})[method] = _operation(path, operation)
    documents = [one.document for one in operations.values() if one.document is not None]
    return {
        "openapi": "3.1.0",
        "info": INFO,
        "servers": [{"url": "/"}],
        "security": SECURITY,
        "tags": TAGS,
        "paths": paths,
        "components": {
            "schemas": {**SHARED, **_schemas([ErrorJson, *documents])},
            "responses": {refusal.name: _refusal(refusal) for refusal in REFUSALS.values()},
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def _operation(path: str, one: Operation) -> Json:
    found: Json = {"operationId": one.id, "summary": one.summary}
    if one.description:
        found["description"] = one.description
    found["tags"] = ["act" if one.is_action else "look"]
    if one.is_action or not one.refusals:
        found["security"] = ACTION_SECURITY if one.is_action else []
    parameters = [*map(_in_path, re.findall(r"\{(\w+)\}", path)), *one.headers]
    parameters += [_in_query(name, param, one.defaults.get(name)) for name, param in one.query.items()]
    if parameters or one.document is not None:
        found["parameters"] = parameters
    answers = dict(one.responses)
    if one.document is not None:
        content: Json = {"schema": _reference(one.document)}
        if one.example is not None:
            content["example"] = one.example
        answers["200"] = {"description": one.answer, "content": {"application/json": content}}
    refusals = {*one.refusals, *((404,) if "{job}" in path else ()), *((409,) if one.is_action else ())}
    answers |= {
        str(status): {"$ref": f"#/components/responses/{REFUSALS[status].name}"} for status in refusals
    }
    found["responses"] = dict(sorted(answers.items()))
    return found


def _in_path(name: str) -> Json:
    schema = {"type": "integer", "format": "int64", "minimum": 1, "maximum": MAX_NUMBER}
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": NAMED[name],
        "schema": schema,
        "example": 1,
    }


def _in_query(name: str, param: QueryParam, default: object) -> Json:
    schema = dict(param.schema) if default is None else {**param.schema, "default": default}
    found: Json = {
        "name": name,
        "in": "query",
        "required": False,
        "description": param.description,
        "schema": schema,
    }
    return found | ({"example": param.example} if param.example else {})


def _refusal(refusal: ErrorResponse) -> Json:
    content = {"schema": _reference(ErrorJson), "example": {"error": refusal.example}}
    found: Json = {"description": refusal.description, "content": {"application/json": content}}
    return found | ({"headers": dict(refusal.headers)} if refusal.headers else {})


def error_content() -> Json:
    """Return the content of an answer that says what is wrong."""
    return {"application/json": {"schema": _reference(ErrorJson)}}


def _reference(document: type) -> Json:
    return {"$ref": REF + document.__name__.removesuffix(SUFFIX)}


def _schemas(documents: Iterable[type]) -> Json:
    """Return the JSON Schemas of document types and of the types they hold."""
    kinds = dict.fromkeys(kind for document in documents for kind in _nested(document))
    _, found = msgspec.json.schema_components(tuple(kinds), ref_template=REF + "{name}")
    schemas = {}
    for kind in kinds:
        schema = _closed(found[kind.__name__])
        fields = schema["properties"]
        schema["properties"] = {name: fields[name] for name in get_type_hints(kind)}  # msgspec sorts them
        schemas[kind.__name__.removesuffix(SUFFIX)] = schema
    for name, more in CONSTRAINTS.items():
        schemas[name] |= more
    return schemas


def _nested(hint: Any) -> Iterator[type]:
    """Yield the document types in a type, itself included."""
    if is_typeddict(hint):
        yield hint
    inner = get_type_hints(hint).values() if is_typeddict(hint) else get_args(hint)
    for one in inner:
        yield from _nested(one)


def _closed(node: Any) -> Any:
    """Return a schema whose objects take no other fields, under our names."""
    if isinstance(node, list):
        return [_closed(one) for one in node]
    if not isinstance(node, dict):
        return node
    found = {name: _closed(value) for name, value in node.items()}
    if isinstance(found.get("$ref"), str):
        found["$ref"] = found["$ref"].removesuffix(SUFFIX)
    if isinstance(found.get("description"), str):
        found["description"] = " ".join(found["description"].split())
    if found.get("type") == "object" and "properties" in found:
        found["additionalProperties"] = False
    return found
