"""/api/*: the documents as they are, the audio of rows, actions on jobs; probes. All in openapi.json."""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from tornado.iostream import StreamClosedError
from tornado.routing import URLSpec
from tornado.web import Application

from speeko_cli.dashboard.audio import Audio, MissingRange, asked_range, find
from speeko_cli.dashboard.auth import Handler, Problem
from speeko_cli.dashboard.shared_polling import Document, FeedRequest
from speeko_cli.monitoring.thread_lane import ThreadLane
from speeko_cli.options.param_types import Dollars
from speeko_jobs.adapters.postgres.monitoring import JobFilter
from speeko_jobs.core.output.redaction import redacted
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.errors import ConfigError, JobError
from speeko_jobs.flow.lifecycle import control
from speeko_jobs.flow.reporting.costs import By

if TYPE_CHECKING:
    from speeko_cli.dashboard.queries import Readings

Parse = Callable[[str], str | int]
MAX_NUMBER, MAX_CHARS, MAX_LINES = 2**63 - 1, 200, 200
AUDIO_SECONDS, ACT_SECONDS = 10.0, 30.0  # then viewers are told that nothing answers
VERBS: dict[str, Callable[..., Any]] = {
    "pause": control.pause,
    "resume": control.resume,
    "cancel": control.cancel,
    "retry": control.retry,
}
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


# what is asked


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
ACTS: Mapping[str, Mapping[str, Parse]] = {"resume": {"budget": dollars}}


def asked(handler: Handler, parameters: Mapping[str, Parse]) -> dict[str, str | int]:
    """The arguments of a request's query. Raises Problem."""
    return parsed(handler.request.query_arguments, parameters)


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


# what is answered


class DocumentHandler(Handler):
    """A document of a feed. `more`: arguments that the path stands for."""

    def initialize(
        self, feed: str, parameters: Mapping[str, Parse] | None = None, more: Mapping[str, int] | None = None
    ) -> None:
        self._feed, self._parameters, self._more = feed, parameters or {}, more or {}

    async def get(self, *path: str) -> None:
        arguments = asked(self, self._parameters)
        if path:
            arguments["job"] = _number(path[0])
        self.answer(await self.feeds.read(FeedRequest.of(self._feed, **arguments, **self._more)))


class ActionHandler(Handler):
    """Pause, resume (perhaps under another budget), cancel or retry a job."""

    async def post(self, job: str, verb: str) -> None:
        how = asked(self, ACTS.get(verb, {}))
        self.answer(await act(self.application, _number(job), verb, how))


async def act(application: Application, job: int, verb: str, how: Mapping[str, Any]) -> Document:
    """Do it, and answer the job's line; `how`: its arguments.

    Raises SpeekoError, and Problem: 403 if nothing may be done, 409.
    """
    settings = application.settings
    if not settings["access"].allow_actions:
        raise Problem(403, "this dashboard only shows: start it with --allow-actions")
    readings: Readings = settings["readings"]
    lane: ThreadLane = settings["acts"]

    def work() -> Document:
        readings.line(job)  # a job that there is not is another error than one that cannot be moved
        try:
            VERBS[verb](settings["context"], job, *how.values())
        except (ConfigError, JobError) as error:
            raise Problem(409, redacted(str(error))) from None
        return readings.line(job)

    try:
        return await lane.run(work, ACT_SECONDS)
    finally:
        settings["feeds"].refresh()


class RowAudio(Handler):
    """The audio of a row, whole or a range of it. Goes out a block at a time, as fast as it is taken."""

    async def get(self, job: str, row: str) -> None:
        asked(self, {})
        settings = self.settings
        lane: ThreadLane = settings["audio"]
        numbers = _number(job), _number(row)
        found: Audio | None = await lane.run(lambda: find(settings["context"], *numbers), AUDIO_SECONDS)
        if found is None:
            raise Problem(404, f"row {row} of job {job} has no audio")
        first, last = 0, found.size_bytes - 1
        try:
            part = asked_range(self.request.headers.get("Range", ""), found.size_bytes)
        except MissingRange:
            size = {"Content-Range": f"bytes */{found.size_bytes}"}
            raise Problem(416, f"the audio has {found.size_bytes} bytes", size) from None
        if part is not None:
            first, last = part
            self.set_status(206)
            self.set_header("Content-Range", f"bytes {first}-{last}/{found.size_bytes}")
        length = last - first + 1
        blocks = found.read(first, length)
        first_block = partial(_next, blocks)
        block = await lane.run(first_block, AUDIO_SECONDS)  # what fails here can still be told
        self.set_header("Accept-Ranges", "bytes")
        self.set_header("Content-Type", found.type)
        self.set_header("Content-Length", str(length))
        try:
            while block:
                self.write(block)
                await self.flush()
                block = await lane.run(partial(_next, blocks))
        except StreamClosedError:
            return  # whoever listened has left
        finally:
            await lane.run(blocks.close)


def _next(blocks: Iterator[bytes]) -> bytes:
    return next(blocks, b"")


class OpenApiHandler(Handler):
    """The OpenAPI file."""

    def get(self) -> None:
        asked(self, {})
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(description())


def description() -> bytes:
    return importlib.resources.files(__package__).joinpath("openapi.json").read_bytes()


class Healthcheck(Handler):
    """That the server answers, for probes. Postgres is not asked: one that is away must not restart this."""

    async def prepare(self) -> None:
        """Whoever asks, by any name, is told: it says nothing."""

    def get(self) -> None:
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish("ok")


class NotFoundHandler(Handler):
    """Every other address."""

    async def prepare(self) -> None:
        await super().prepare()
        if not self._finished:
            raise Problem(404, f"there is nothing at {self.request.path[:MAX_CHARS]}")


# where it is

ROUTES: dict[str, tuple[type[Handler], dict[str, Any]]] = {
    "/openapi.json": (OpenApiHandler, {}),
    "/healthcheck": (Healthcheck, {}),
    "/api/now": (DocumentHandler, {"feed": "now"}),
    "/api/jobs": (DocumentHandler, {"feed": "jobs", "parameters": JOBS}),
    "/api/jobs/{job}": (DocumentHandler, {"feed": "job"}),
    "/api/jobs/{job}/chunks": (DocumentHandler, {"feed": "chunks", "parameters": CHUNKS}),
    "/api/jobs/{job}/failed": (DocumentHandler, {"feed": "failed", "parameters": FAILED}),
    "/api/jobs/{job}/samples": (DocumentHandler, {"feed": "samples"}),
    "/api/jobs/{job}/course": (DocumentHandler, {"feed": "course"}),
    "/api/jobs/{job}/rows/{row}/audio": (RowAudio, {}),
    "/api/jobs/{job}/{verb}": (ActionHandler, {}),
    "/api/costs": (DocumentHandler, {"feed": "costs", "parameters": COSTS}),
    "/api/costs/today": (DocumentHandler, {"feed": "costs", "parameters": COSTS_TODAY, "more": {"today": 1}}),
    "/api/budgets": (DocumentHandler, {"feed": "budgets", "parameters": TENANT}),
    "/api/cache": (DocumentHandler, {"feed": "cache"}),
    "/api/schedules": (DocumentHandler, {"feed": "schedules", "parameters": TENANT}),
    "/api/workers": (DocumentHandler, {"feed": "workers"}),
}
_PATTERNS = {"job": "([0-9]{1,19})", "row": "([0-9]{1,19})", "verb": f"({'|'.join(VERBS)})"}


def routes() -> list[URLSpec]:
    return [
        URLSpec(re.sub(r"\{(\w+)\}", lambda m: _PATTERNS[m[1]], path.replace(".", r"\.")), handler, how)
        for path, (handler, how) in ROUTES.items()
    ]


def _number(text: str) -> int:
    """A number out of a path. Raises Problem for one that nothing can have."""
    if not 1 <= int(text) <= MAX_NUMBER:
        raise Problem(404, f"there is nothing of number {text}")
    return int(text)
