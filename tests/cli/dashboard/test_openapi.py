"""Check that openapi.json says what the API does: every route, every answer, every refusal."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode

from speeko_cli.dashboard.actions import ACTIONS
from speeko_cli.dashboard.api import ROUTES, ActionHandler, DocumentHandler, description
from speeko_cli.dashboard.auth import Access, LoginAttempts
from speeko_cli.dashboard.operations import OPERATIONS
from speeko_cli.dashboard.query_params import COSTS, COSTS_TODAY, MAX_CHARS, MAX_LINES
from speeko_jobs.adapters.celery_queue.queue import QUEUES
from speeko_jobs.adapters.postgres.job_listing import JobFilter
from speeko_jobs.core.model.states import AudioSource, ChunkState, JobState
from speeko_jobs.core.policies.cron_schedule import CatchUp, RunState
from speeko_jobs.flow.reporting.costs import By
from tests.cli.dashboard.conftest import XSRF, Client, Serve, Shop

FILE = json.loads(json.dumps(description()))
SCHEMAS = FILE["components"]["schemas"]
TOKEN = "token-0123456789-abcdef"
EXAMPLES = {"get": 20, "post": 4}  # of what fits the description, and of what does not
DESCRIBED = [(path, method) for path, methods in FILE["paths"].items() for method in methods]
FREE = [(path, method) for path, method in DESCRIBED if FILE["paths"][path][method].get("security") == []]


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    """For a schema that points into the file."""
    return Draft202012Validator(
        {"components": FILE["components"], **schema}, format_checker=FormatChecker(["date", "date-time"])
    )


def answer_schema(path: str, method: str, status: int) -> dict[str, Any]:
    answer: dict[str, Any] = FILE["paths"][path][method]["responses"][str(status)]
    if "$ref" in answer:
        answer = FILE["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    schema: dict[str, Any] = answer["content"]["application/json"]["schema"]
    return schema


def check(document: Any, path: str, method: str = "get", status: int = 200) -> None:
    errors = [
        f"{error.json_path}: {error.message}"
        for error in validator(answer_schema(path, method, status)).iter_errors(document)
    ]
    assert errors == [], f"{method} {path}"


def test_the_file_is_an_openapi_file() -> None:
    OpenAPIV31SpecValidator(FILE).validate()
    for schema in SCHEMAS.values():
        Draft202012Validator.check_schema(schema)


def test_the_file_has_every_route_and_no_other() -> None:
    routed = set()
    for path, (handler, _) in ROUTES.items():
        paths = [path.replace("{verb}", verb) for verb in ACTIONS] if handler is ActionHandler else [path]
        routed |= {(one, "post" if handler is ActionHandler else "get") for one in paths}
    assert set(DESCRIBED) == routed


def test_the_file_has_every_argument_and_no_other() -> None:
    for path, (handler, _) in ROUTES.items():
        if handler is not DocumentHandler:
            continue
        told = FILE["paths"][path]["get"]["parameters"]
        query = OPERATIONS[path, "get"].query
        assert {one["name"]: one["schema"].get("enum") for one in told if one["in"] == "query"} == {
            name: param.schema.get("enum") for name, param in query.items()
        }
        assert {one["name"] for one in told if one["in"] == "path"} == set(re.findall(r"\{(\w+)\}", path))
        for one in told:
            assert one["description"]
            if one["name"] == "limit":
                assert (one["schema"]["minimum"], one["schema"]["maximum"]) == (1, MAX_LINES)
            if one["name"] in ("tenant", "words"):
                assert one["schema"]["maxLength"] == MAX_CHARS


def test_the_words_are_those_of_the_code() -> None:
    def words(schema: dict[str, Any]) -> set[str]:
        return set(schema["enum"])

    run = SCHEMAS["ScheduleRun"]["properties"]
    chunk = SCHEMAS["OpenChunk"]["properties"]
    queue = SCHEMAS["Queue"]["properties"]
    schedule = SCHEMAS["Schedule"]["properties"]
    shown = FILE["paths"]["/api/jobs"]["get"]["parameters"][0]["schema"]
    assert (
        words(SCHEMAS["JobState"])
        == set(SCHEMAS["Jobs"]["properties"]["counts"]["properties"])
        == set(JobState)
    )
    assert (
        words(chunk["state"])
        == set(SCHEMAS["Chunks"]["properties"]["states"]["properties"])
        == set(ChunkState)
    )
    assert set(SCHEMAS["Summary"]["properties"]["sources"]["properties"]) == set(AudioSource)
    assert words(SCHEMAS["Costs"]["properties"]["by"]) == set(By)
    assert words(FILE["paths"]["/api/costs"]["get"]["parameters"][0]["schema"]) == set(By)
    assert words(run["state"]) == set(RunState)
    assert words(schedule["catch_up"]) == set(CatchUp)
    assert words(queue["name"]) == set(QUEUES)
    assert words(shown) == set(JobFilter)
    assert set(COSTS_TODAY) < set(COSTS)


def test_every_answer_is_as_it_is_described(board: Client, shop: Shop) -> None:
    seen = set()
    for path, (handler, _) in ROUTES.items():
        if handler is not DocumentHandler:
            continue
        for job in shop.all:
            check(board.json(path.replace("{job}", str(job))), path)
            if "{job}" not in path:
                break
        for by in By if "by" in OPERATIONS[path, "get"].query else ():
            check(board.json(f"{path}?by={by}"), path)
        seen.add(path)
    assert len(seen) == len(ROUTES) - 5  # the file itself, probes, audio, archives, actions
    assert board.get("/openapi.json").json() == FILE


def test_every_refusal_is_as_it_is_described(board: Client, serve: Serve, shop: Shop) -> None:
    rules = Access("127.0.0.1", token=TOKEN, tries=LoginAttempts(lambda: 0.0))
    guarded = serve(shop.flow.context, rules)
    acting = serve(shop.flow.context, Access("127.0.0.1", allow_actions=True), **XSRF)
    assert FREE == [("/healthcheck", "get")]  # refuses nobody: test_auth.py
    for path, method in DESCRIBED:
        if (path, method) in FREE:
            continue
        address = path.replace("{job}", str(shop.done)).replace("{row}", "1")
        ask = {"get": "get", "post": "post"}[method]
        told = {
            400: getattr(acting, ask)(f"{address}?x=1"),
            401: getattr(guarded, ask)(address),
            403: getattr(acting, ask)(address, headers={"Host": "example.com"}),
        }
        if "{job}" in path:
            told[404] = getattr(acting, ask)(path.replace("{job}", "99999").replace("{row}", "1"))
        if method == "post" and not path.endswith("/retry"):
            taken = "?name=nightly&cron=0 2 * * *" if path.endswith("/schedule") else ""
            told[409] = acting.post(address + taken)
        for status, answer in told.items():
            assert answer.status_code == status, (path, status, answer.text)
            check(answer.json(), path, method, status)
        assert "WWW-Authenticate" in told[401].headers
    for _ in range(20):
        guarded.get("/api/now", headers={"Authorization": "Bearer wrong"})
    slowed = guarded.get("/api/now", headers={"Authorization": "Bearer wrong"})
    assert slowed.status_code == 429
    check(slowed.json(), "/api/now", "get", 429)


def test_the_examples_are_as_described() -> None:
    found = 0
    for path, method in DESCRIBED:
        for status, answer in FILE["paths"][path][method]["responses"].items():
            content = answer.get("content", {}).get("application/json", {})
            if "example" in content:
                check(content["example"], path, method, int(status))
                found += 1
    assert found == 2


def test_what_is_closed_refuses_what_it_does_not_know(board: Client) -> None:
    """So that a field more or less in an answer is noticed."""
    document = board.json("/api/now")
    check(document, "/api/now")
    for wrong in (
        document | {"more": 1},
        {k: v for k, v in document.items() if k != "at"},
        {**document, "at": "x"},
    ):
        with pytest.raises(AssertionError):
            check(wrong, "/api/now")


@pytest.mark.parametrize(
    ("path", "method", "mode"),
    [
        (path, method, mode)
        for path, method in DESCRIBED
        for mode in GenerationMode
        if mode is GenerationMode.POSITIVE or FILE["paths"][path][method].get("parameters")
    ],
)
def test_whatever_is_asked_is_answered_as_described(
    board: Client, shop: Shop, path: str, method: str, mode: GenerationMode
) -> None:
    """Schemathesis makes up what is asked: it holds status, headers and body of each answer to the file."""
    operation = schemathesis.openapi.from_dict(FILE)[path][method]
    jobs = st.sampled_from(shop.all)

    @settings(
        max_examples=EXAMPLES[method],
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), job=jobs, is_real=st.booleans())
    def ask(case: schemathesis.Case, job: int, is_real: bool) -> None:
        if is_real and mode is GenerationMode.POSITIVE and "job" in case.path_parameters:
            case.path_parameters["job"] = job
        since = case.query.get("since")
        if mode is GenerationMode.POSITIVE and since:  # no schema can say that it comes first
            case.query["until"] = max(since, case.query.get("until", ""))
        case.call_and_validate(base_url=board.url, session=board._session)

    ask()
