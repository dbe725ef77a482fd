"""Answer /api/*: documents, the audio of rows, actions on jobs; and probes. openapi.json describes it all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, partial
from typing import Any

from tornado.iostream import StreamClosedError
from tornado.routing import URLSpec

from speeko_cli.dashboard import openapi
from speeko_cli.dashboard.actions import ACTIONS, act
from speeko_cli.dashboard.byte_ranges import MissingRange, asked_range
from speeko_cli.dashboard.errors import Problem
from speeko_cli.dashboard.handler import Handler
from speeko_cli.dashboard.operations import OPERATIONS
from speeko_cli.dashboard.query_params import (
    MAX_CHARS,
    MAX_NUMBER,
    Params,
    parse_arguments,
)
from speeko_cli.dashboard.shared_polling import FeedRequest
from speeko_cli.monitoring.thread_lane import ThreadLane
from speeko_jobs.flow.reporting.row_audio import AudioObject, find_audio

AUDIO_SECONDS = 10.0  # then the answer is that nothing responds


def asked(handler: Handler, params: Params) -> dict[str, str | int]:
    """Return the arguments of a request's query. Raise Problem."""
    return parse_arguments(handler.request.query_arguments, params)


class DocumentHandler(Handler):
    """Answer with a document of a feed. `more` holds arguments that the path stands for."""

    def initialize(self, feed: str, query: Params, more: Mapping[str, int] | None = None) -> None:
        self._feed, self._query, self._more = feed, query, more or {}

    async def get(self, *path: str) -> None:
        arguments = asked(self, self._query)
        if path:
            arguments["job"] = _number(path[0])
        self.answer(await self.feeds.read(FeedRequest.of(self._feed, **arguments, **self._more)))


class ActionHandler(Handler):
    """Pause, resume (perhaps under another budget), cancel or retry a job."""

    async def post(self, job: str, verb: str) -> None:
        how = asked(self, ACTIONS[verb].query)
        self.answer(await act(self.application, _number(job), verb, how))


class RowAudio(Handler):
    """Send the audio of a row, whole or a range of it, block by block as fast as the client reads."""

    async def get(self, job: str, row: str) -> None:
        asked(self, {})
        settings = self.settings
        lane: ThreadLane = settings["audio"]
        numbers = _number(job), _number(row)
        found: AudioObject | None = await lane.run(
            lambda: find_audio(settings["context"], *numbers), AUDIO_SECONDS
        )
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
        block = await lane.run(first_block, AUDIO_SECONDS)  # an error here still becomes an answer
        self.set_header("Accept-Ranges", "bytes")
        self.set_header("Content-Type", found.type)
        self.set_header("Content-Length", str(length))
        try:
            while block:
                self.write(block)
                await self.flush()
                block = await lane.run(partial(_next, blocks))
        except StreamClosedError:
            return  # the client closed the connection
        finally:
            await lane.run(blocks.close)


def _next(blocks: Iterator[bytes]) -> bytes:
    return next(blocks, b"")


class OpenApiHandler(Handler):
    """Answer with the OpenAPI document."""

    def get(self) -> None:
        asked(self, {})
        self.answer(description())


@cache
def description() -> dict[str, Any]:
    """Return the OpenAPI document of all routes."""
    return openapi.describe(OPERATIONS)


class Healthcheck(Handler):
    """Answer probes. Postgres is not asked: a database that is away must not restart the dashboard."""

    async def prepare(self) -> None:
        """Check nothing: the answer holds no information."""

    def get(self) -> None:
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish("ok")


class NotFoundHandler(Handler):
    """Answer 404 at every other address."""

    async def prepare(self) -> None:
        await super().prepare()
        if not self._finished:
            raise Problem(404, f"there is nothing at {self.request.path[:MAX_CHARS]}")


ROUTES: dict[str, tuple[type[Handler], dict[str, Any]]] = {
    "/openapi.json": (OpenApiHandler, {}),
    "/healthcheck": (Healthcheck, {}),
    "/api/now": (DocumentHandler, {"feed": "now"}),
    "/api/jobs": (DocumentHandler, {"feed": "jobs"}),
    "/api/jobs/{job}": (DocumentHandler, {"feed": "job"}),
    "/api/jobs/{job}/chunks": (DocumentHandler, {"feed": "chunks"}),
    "/api/jobs/{job}/failed": (DocumentHandler, {"feed": "failed"}),
    "/api/jobs/{job}/samples": (DocumentHandler, {"feed": "samples"}),
    "/api/jobs/{job}/course": (DocumentHandler, {"feed": "course"}),
    "/api/jobs/{job}/rows/{row}/audio": (RowAudio, {}),
    "/api/jobs/{job}/{verb}": (ActionHandler, {}),
    "/api/costs": (DocumentHandler, {"feed": "costs"}),
    "/api/costs/today": (DocumentHandler, {"feed": "costs", "more": {"today": 1}}),
    "/api/budgets": (DocumentHandler, {"feed": "budgets"}),
    "/api/cache": (DocumentHandler, {"feed": "cache"}),
    "/api/schedules": (DocumentHandler, {"feed": "schedules"}),
    "/api/workers": (DocumentHandler, {"feed": "workers"}),
}
_PATTERNS = {"job": "([0-9]{1,19})", "row": "([0-9]{1,19})", "verb": f"({'|'.join(ACTIONS)})"}


def routes() -> list[URLSpec]:
    """Return all routes; a document's handler takes the query arguments of its operation."""
    return [_route(path, handler, how) for path, (handler, how) in ROUTES.items()]


def _route(path: str, handler: type[Handler], how: dict[str, Any]) -> URLSpec:
    pattern = re.sub(r"\{(\w+)\}", lambda m: _PATTERNS[m[1]], path.replace(".", r"\."))
    query = {"query": OPERATIONS[path, "get"].query} if handler is DocumentHandler else {}
    return URLSpec(pattern, handler, how | query)


def _number(text: str) -> int:
    """Return a number of a path. Raise Problem for one outside of the possible range."""
    if not 1 <= int(text) <= MAX_NUMBER:
        raise Problem(404, f"there is nothing of number {text}")
    return int(text)
