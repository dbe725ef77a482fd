"""A line of the log is one JSON object that names its task, and holds no secret and no text of a row."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from billiard.einfo import ExceptionInfo

from speeko_jobs.errors import ConfigError
from speeko_jobs.settings import Settings
from speeko_workers import json_logs

TEXT = "canary text of a row"


@pytest.fixture(autouse=True)
def no_task() -> Iterator[None]:
    yield
    json_logs.end_task()


def line(message: object, *arguments: Any, **more: Any) -> dict[str, Any]:
    record = logging.LogRecord(
        "speeko_jobs.flow.synthesis.single_purchase",
        logging.WARNING,
        "single_purchase.py",
        7,
        message,
        arguments,
        more.pop("exc_info", None),
    )
    record.__dict__.update(more)
    told = json_logs.JsonFormatter().format(record)
    assert "\n" not in told
    found: dict[str, Any] = json.loads(told)
    return found


def broken() -> Any:
    try:
        raise RuntimeError(TEXT)
    except RuntimeError:
        return sys.exc_info()


def test_a_line_says_when_where_and_what() -> None:
    found = line("%d calls", 3)
    assert found.keys() == {"time", "level", "logger", "message", "pid", "process"}
    assert (found["level"], found["logger"], found["message"]) == (
        *("WARNING", "speeko_jobs.flow.synthesis.single_purchase"),
        "3 calls",
    )
    assert found["time"].endswith("+00:00")
    assert list(found)[:2] == ["time", "level"]


def test_extra_fields_of_a_record_are_not_written() -> None:
    found = line("a call", data={"args": TEXT}, row_text=TEXT, stack_info=TEXT)
    assert found.keys() == {"time", "level", "logger", "message", "pid", "process"}


def test_lines_of_a_task_carry_it() -> None:
    json_logs.begin_task("synthesize", "1f-2", [5, 12])
    found = line("a call failed")
    assert (found["task"], found["task_id"], found["job"], found["chunk"]) == ("synthesize", "1f-2", 5, 12)
    json_logs.begin_task("finalize", "1f-3", [5])
    found = line("done")
    assert (found["task"], found["job"]) == ("finalize", 5)
    assert "chunk" not in found
    json_logs.end_task()
    assert "task" not in line("idle")


def test_only_numbers_of_a_tasks_arguments_are_told() -> None:
    json_logs.begin_task("synthesize", "1f-2", [TEXT, 5])
    assert TEXT not in json.dumps(line("begun"))


def test_celerys_own_lines_carry_it_too() -> None:
    data = {"name": "deliver", "id": "1f-2", "args": "(5, 12)", "kwargs": "{}"}
    found = line("Task %(name)s[%(id)s] received", data, data=data)
    assert (found["task"], found["job"], found["chunk"]) == ("deliver", 5, 12)
    assert line("x", data="something else")["message"] == "x"


def test_an_exception_is_its_kind_and_its_places() -> None:
    for exc_info in (broken(), ExceptionInfo(broken()).exc_info):
        found = line("it failed", exc_info=exc_info)
        assert found["error"] == "RuntimeError"
        assert "test_json_logs.py" in found["trace"][-1]
        assert found["trace"][-1].endswith(" broken")
        assert TEXT not in json.dumps(found)
    assert "error" not in line("no exception", exc_info=(None, None, None))


def test_celerys_words_for_a_failure_do_not_quote_it() -> None:
    context = {
        "name": "deliver",
        "id": "1f-2",
        "exc": f"Error({TEXT!r})",
        "traceback": TEXT,
        "args": "(5, 1)",
    }
    said = "Task %(name)s[%(id)s] raised unexpected: %(exc)s\n%(traceback)s"
    found = line(said, context, data=context, exc_info=broken())
    assert TEXT not in json.dumps(found)
    assert (found["message"], found["job"]) == ("task deliver failed", 5)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("postgresql://u:canary@h/x is away", "postgresql://***@h/x is away"),
        ("GET s3://b/x?secret_key=canary&a=1", "GET s3://b/x?secret_key=***&a=1"),
        ("Authorization: Bearer canary", "Authorization: Bearer ***"),
        ("two\nlines \x1b[31m", "two\\nlines \\x1b[31m"),
    ],
    ids=["login", "query", "bearer", "control"],
)
def test_secrets_and_control_characters_are_masked(message: str, shown: str) -> None:
    assert line("%s", message)["message"] == shown


def test_a_format_that_does_not_fit_keeps_its_line() -> None:
    assert line("%d of %d", 1)["message"] == "%d of %d"
    assert line(12)["message"] == "12"


def test_the_setting() -> None:
    assert not json_logs.is_json(Settings())
    assert json_logs.is_json(Settings(log_format="json"))
    with pytest.raises(ConfigError, match="log_format is text or json, not 'xml'"):
        json_logs.is_json(Settings(log_format="xml"))
