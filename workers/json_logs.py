"""Lines of the log as JSON objects: one line each, with the task, job and chunk that they are about.

A line has time (UTC), level, logger, message, pid and process; in a task also task, task_id, job and chunk;
with an exception its kind and where it came from. Messages of exceptions are left out of that: a driver's may
quote rows. What looks like a secret is masked (core.output.redaction).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.json import JsonFormatter as BaseFormatter

from speeko_jobs.core.output.redaction import redacted
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.errors import ConfigError
from speeko_jobs.settings import Settings

TEXT, JSON = "text", "json"
ARGUMENTS = ("job", "chunk")  # of our tasks, in their order
FRAMES = 12
FIELDS = ("time", "level", "logger", "message", "pid", "process")  # of every line, in this order
_task: Mapping[str, Any] = {}  # a process does one task at a time


def is_json(settings: Settings) -> bool:
    """Whether lines are JSON. Raises ConfigError on a format that there is not."""
    if settings.log_format not in (TEXT, JSON):
        raise ConfigError(f"log_format is text or json, not {settings.log_format!r}")
    return settings.log_format == JSON


def begin_task(name: str, task_id: str, arguments: Sequence[Any]) -> None:
    """Lines of this process belong to that task from now on. Only numbers of its arguments are told."""
    global _task
    _task = _fields(name, task_id, [value for value in arguments if isinstance(value, int)])


def end_task() -> None:
    global _task
    _task = {}


def _fields(name: str, task_id: str, numbers: Sequence[int]) -> dict[str, Any]:
    names = ("schedule_run",) if name == "fire" else ARGUMENTS
    return {"task": name, "task_id": task_id} | dict(zip(names, numbers, strict=False))


class JsonFormatter(BaseFormatter):
    """Format a record as one line of JSON.

    The library sees a copy that holds only what may be written: Celery attaches rows' arguments to records as
    extra fields, and the library writes every extra field.
    """

    def __init__(self) -> None:
        super().__init__(FIELDS, json_default=str, json_ensure_ascii=False)

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "msg": printable(redacted(_message(record))),
            "pid": record.process,
            "process": record.processName,
            **(_task or _of_celery(record)),
        }
        if record.exc_info and record.exc_info[0] is not None:
            kind, _, trace = record.exc_info
            line["error"] = kind.__name__
            line["trace"] = _places(trace)
        return super().format(logging.makeLogRecord(line))


def _of_celery(record: logging.LogRecord) -> dict[str, Any]:
    """The task that a line of Celery's own is about, where the task is not this process's."""
    data = getattr(record, "data", None)
    if not isinstance(data, dict) or not {"name", "id"} <= data.keys():
        return {}
    numbers = [int(n) for n in re.findall(r"\b\d{1,18}\b", str(data.get("args", "")))]
    return _fields(str(data["name"]), str(data["id"]), numbers[: len(ARGUMENTS)])


def _places(trace: Any) -> list[str]:
    """Where an exception came through, the last place last."""
    found = []
    while trace is not None:  # also billiard's, which is a copy without the rest of a traceback
        code = trace.tb_frame.f_code
        found.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return found[-FRAMES:]


def _message(record: logging.LogRecord) -> str:
    """What the record says; a format that does not fit its arguments must not take the line with it."""
    if isinstance(record.args, Mapping) and {"name", "exc", "traceback"} <= record.args.keys():
        return f"task {record.args['name']} failed"  # Celery's words hold the exception's
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        return str(record.msg)
