"""Read the arguments of a query, and say what each one takes: for requests, pages and openapi.json alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import click

from speeko_cli.dashboard.errors import Problem
from speeko_cli.options.param_types import Dollars
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.flow.reporting.costs import By
from speeko_jobs.flow.reporting.monitoring_queries import JobFilter

Parse = Callable[[str], str | int]
MAX_NUMBER, MAX_CHARS, MAX_LINES = 2**63 - 1, 200, 200
MAX_INT32 = 2**31 - 1
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class QueryParam:
    """One argument: how its text is parsed, and its JSON Schema. `parse` raises ValueError.

    An empty text counts as an argument that is missing if `may_be_empty`: a form sends all of its fields.
    """

    parse: Parse
    schema: Mapping[str, Any]
    description: str = ""
    may_be_empty: bool = False
    example: str = ""


Params = Mapping[str, QueryParam]


def number(low: int, high: int = MAX_NUMBER, description: str = "") -> QueryParam:
    """Take a whole number."""

    def parse(text: str) -> int:
        if not (_NUMBER.fullmatch(text) and low <= int(text) <= high):
            raise ValueError(f"takes a whole number from {low} to {high}")
        return int(text)

    schema: dict[str, Any] = {"type": "integer", "minimum": low, "maximum": high}
    return QueryParam(parse, schema | ({"format": "int64"} if high > MAX_INT32 else {}), description)


def text(description: str = "") -> QueryParam:
    """Take a short text."""
    schema = {"type": "string", "maxLength": MAX_CHARS, "pattern": r"^[^\u0000]*$"}
    return QueryParam(_text, schema, f"{description} Empty: not given.", may_be_empty=True)


def day(description: str = "") -> QueryParam:
    """Take a day such as 2026-11-01."""
    schema = {"type": "string", "anyOf": [{"format": "date"}, {"maxLength": 0}]}
    return QueryParam(_day, schema, f"{description} Empty: not given.", may_be_empty=True)


def dollars(description: str, example: str) -> QueryParam:
    """Take an amount of USD, as `--budget` does; return micro-dollars."""
    schema = {"type": "string", "pattern": r"^[0-9]{1,9}(\.[0-9]{1,6})?$"}
    return QueryParam(_dollars, schema, description, example=example)


def word(allowed: Iterable[str], description: str = "") -> QueryParam:
    """Take one of these words."""
    found = [str(one) for one in allowed]

    def parse(value: str) -> str:
        if value not in found:
            raise ValueError(f"takes {', '.join(found)}")
        return value

    return QueryParam(parse, {"type": "string", "enum": found}, description)


def _text(value: str) -> str:
    if len(value) > MAX_CHARS or "\0" in value:
        raise ValueError(f"takes at most {MAX_CHARS} characters")
    return value


def _day(value: str) -> str:
    if not _DAY.fullmatch(value):
        raise ValueError("takes a day such as 2026-11-01")
    date.fromisoformat(value)
    return value


def _dollars(value: str) -> int:
    try:
        return Dollars().convert(_text(value), None, None)
    except click.BadParameter as error:
        raise ValueError(error.message) from None


_LIMIT: Final = number(1, MAX_LINES, "How many at most.")
_TENANT: Final = text("Only what is booked on this tenant.")
_BY: Final = word(By, "What a line is.")
TENANT: Final[Params] = {"tenant": _TENANT}
JOBS: Final[Params] = {
    "shown": word(
        JobFilter, "Which jobs: open ones have not ended; troubled ones are paused, or ended with errors."
    ),
    "tenant": _TENANT,
    "words": text(
        "Only jobs in whose number, files' names and destination all of these words occur, in any case."
    ),
    "before": number(1, description="Only jobs with a smaller number."),
    "limit": _LIMIT,
}
CHUNKS: Final[Params] = {"limit": _LIMIT}
FAILED: Final[Params] = {"after": number(0, description="Only rows behind this one."), "limit": _LIMIT}
ROWS: Final[Params] = {
    "find": text("Only rows whose id begins with this, or whose number it is."),
    "limit": _LIMIT,
}
DOWNLOAD: Final[Params] = {"download": word(("1",), "1: as a file to save, under the row's file name.")}
COSTS_TODAY: Final[Params] = {"by": _BY, "tenant": _TENANT}
COSTS: Final[Params] = {
    "by": _BY,
    "since": day("First day (UTC)."),
    "until": day("Last day (UTC)."),
    "tenant": _TENANT,
}


def parse_arguments(arguments: Mapping[str, list[bytes]], params: Params) -> dict[str, str | int]:
    """Return arguments by name. Raise Problem for what is unknown, given twice, or cannot be."""
    found: dict[str, str | int] = {}
    for name, values in arguments.items():
        param = params.get(name)
        if param is None:
            known = f": there are {', '.join(params)}" if params else ""
            raise Problem(400, f"{printable(name[:MAX_CHARS])!r} is not asked for here{known}")
        if len(values) > 1:
            raise Problem(400, f"{name} was given twice")
        try:
            value = values[0].decode()
        except UnicodeDecodeError:
            raise Problem(400, f"{name} is not UTF-8") from None
        if not value and param.may_be_empty:
            continue
        try:
            found[name] = param.parse(value)
        except ValueError as error:
            raise Problem(400, f"{name} {error}") from None
    return found
