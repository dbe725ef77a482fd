"""Parse the arguments of a query: for the API, the pages and their buttons alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum

import click

from speeko_cli.dashboard.errors import Problem
from speeko_cli.options.param_types import Dollars
from speeko_jobs.adapters.postgres.monitoring import JobFilter
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.flow.reporting.costs import By

Parse = Callable[[str], str | int]
MAX_NUMBER, MAX_CHARS, MAX_LINES = 2**63 - 1, 200, 200
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def number(least: int, most: int = MAX_NUMBER) -> Parse:
    def parse(text: str) -> int:
        if not (_NUMBER.fullmatch(text) and least <= int(text) <= most):
            raise ValueError(f"takes a whole number from {least} to {most}")
        return int(text)

    return parse


def text(value: str) -> str:
    if len(value) > MAX_CHARS or "\0" in value:
        raise ValueError(f"takes at most {MAX_CHARS} characters")
    return value


def day(value: str) -> str:
    if not _DAY.fullmatch(value):
        raise ValueError("takes a day such as 2026-11-01")
    date.fromisoformat(value)
    return value


def dollars(value: str) -> int:
    """Micro-dollars, as `--budget` takes them."""
    try:
        return Dollars().convert(text(value), None, None)
    except click.BadParameter as error:
        raise ValueError(error.message) from None


def word(words: type[StrEnum]) -> Parse:
    def parse(value: str) -> str:
        if value not in set(words):
            raise ValueError(f"takes {', '.join(words)}")
        return value

    return parse


TENANT: Mapping[str, Parse] = {"tenant": text}
JOBS: Mapping[str, Parse] = {
    "shown": word(JobFilter),
    "tenant": text,
    "words": text,
    "before": number(1),
    "limit": number(1, MAX_LINES),
}
CHUNKS: Mapping[str, Parse] = {"limit": number(1, MAX_LINES)}
FAILED: Mapping[str, Parse] = {"after": number(0), "limit": number(1, MAX_LINES)}
COSTS_TODAY: Mapping[str, Parse] = {"by": word(By), "tenant": text}
COSTS: Mapping[str, Parse] = {"by": word(By), "since": day, "until": day, "tenant": text}


def parsed(arguments: Mapping[str, list[bytes]], parameters: Mapping[str, Parse]) -> dict[str, str | int]:
    """Arguments by name. Raises Problem for what is unknown, given twice, or cannot be.

    A text or day that is empty is one that was not given: a form sends all of its fields.
    """
    found: dict[str, str | int] = {}
    for name, values in arguments.items():
        parse = parameters.get(name)
        if parse is None:
            known = f": there are {', '.join(parameters)}" if parameters else ""
            raise Problem(400, f"{printable(name[:MAX_CHARS])!r} is not asked for here{known}")
        if len(values) > 1:
            raise Problem(400, f"{name} was given twice")
        try:
            value = values[0].decode()
        except UnicodeDecodeError:
            raise Problem(400, f"{name} is not UTF-8") from None
        if not value and parse in (text, day):
            continue
        try:
            found[name] = parse(value)
        except ValueError as error:
            raise Problem(400, f"{name} {error}") from None
    return found
