"""Which messages are ours to run. Everything else is set aside: a worker must not end for what it is sent.

A message is a task's name, whole numbers as its arguments, and what Celery adds. Opens nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

MAX_BODY_BYTES = 64 << 10
_FOLLOW_UPS = ("callbacks", "errbacks", "chain", "chord")


def fault(headers: Any, content_type: Any, body: Any, arities: Mapping[str, int]) -> str:
    """Return why a message cannot be run; "" when it can. `arities`: the tasks' numbers of arguments."""
    if not isinstance(headers, Mapping) or not isinstance(headers.get("task"), str):
        return "it names no task"
    if headers["task"] not in arities:
        return "it names a task that this version does not have"
    if not isinstance(headers.get("id"), str) or not headers["id"]:
        return "it has no id"
    return _header_fault(headers) or _body_fault(content_type, body, arities[headers["task"]])


def _header_fault(headers: Mapping[str, Any]) -> str:
    limits = headers.get("timelimit")
    if limits is not None and not (
        isinstance(limits, list | tuple) and len(limits) == 2 and all(map(_is_limit, limits))
    ):
        return "its time limit is not two numbers"
    if not _is_limit(headers.get("retries")):
        return "its number of retries is not a number"
    if not all(_is_time(headers.get(name)) for name in ("eta", "expires")):
        return "its time is not one"
    texts = ("root_id", "parent_id", "group", "argsrepr", "kwargsrepr", "origin", "shadow")
    if not all(isinstance(headers.get(name), str | None) for name in texts):
        return "a header is not text"
    return ""


def _body_fault(content_type: Any, body: Any, arity: int) -> str:
    if content_type != "application/json":
        return "its content is not JSON"
    if not isinstance(body, bytes | str):
        return "its body is not text"
    if len(body) > MAX_BODY_BYTES:
        return f"its body is larger than {MAX_BODY_BYTES >> 10} kB"
    try:
        arguments, named, embedded = json.loads(body)
    except (ValueError, TypeError, RecursionError):
        return "its body is not what Celery sends"
    if not isinstance(arguments, list) or not all(type(value) is int for value in arguments):
        return "its arguments are not whole numbers"
    if len(arguments) != arity or named:
        return f"it has not the {arity} arguments that its task takes"
    if embedded is not None and not isinstance(embedded, dict):
        return "its body is not what Celery sends"
    if any((embedded or {}).get(name) for name in _FOLLOW_UPS):
        return "it asks for other tasks after it"
    return ""


def _is_limit(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool) and value >= 0)


def _is_time(value: Any) -> bool:
    if value is None:
        return True
    try:
        return isinstance(value, str) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False
