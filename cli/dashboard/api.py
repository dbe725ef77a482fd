"""Answer /api/*: documents, the audio of rows, actions on jobs; and probes. openapi.json describes it all."""

from __future__ import annotations

import logging
import re
from collections.abc import Generator, Iterator, Mapping
from functools import cache, partial
from typing import Any
from urllib.parse import quote

from tornado.iostream import StreamClosedError
from tornado.routing import URLSpec

from speeko_cli.dashboard import openapi
from speeko_cli.dashboard.actions import ACTIONS, act
from speeko_cli.dashboard.byte_ranges import MissingRange, asked_range
from speeko_cli.dashboard.errors import Problem
from speeko_cli.dashboard.handler import Handler
from speeko_cli.dashboard.operations import OPERATIONS
from speeko_cli.dashboard.queries import Readings
from speeko_cli.dashboard.query_params import (
    DOWNLOAD,
    MAX_CHARS,
    MAX_NUMBER,
    Params,
    parse_arguments,
)
from speeko_cli.dashboard.shared_polling import FeedRequest
from speeko_cli.monitoring.thread_lane import ThreadLane
from speeko_jobs.core.output.redaction import redacted
from speeko_jobs.errors import JobError, SpeekoError
from speeko_jobs.flow.reporting import job_archive
from speeko_jobs.flow.reporting.row_audio import AudioObject, find_audio

AUDIO_SECONDS = 10.0  # then the answer is that nothing responds
ARCHIVE_SECONDS = 60.0  # until its first block
log = logging.getLogger(__name__)


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
        how = asked(self, DOWNLOAD)
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
        if how:
            self.set_header("Content-Disposition", attachment(found.name))
        self.set_header("Content-Length", str(length))
        try:
            await _send(self, lane, block, blocks)
        except StreamClosedError:
            return  # the client closed the connection
        finally:
            await lane.run(blocks.close)


class ArchiveHandler(Handler):
    """Send all delivered audio of a job as a ZIP file, as fast as the client reads."""

    async def get(self, job: str) -> None:
        asked(self, {})
        lane: ThreadLane = self.settings["archives"]
        context, number = self.settings["context"], _number(job)
        readings: Readings = self.settings["readings"]

        def start() -> tuple[str, Iterator[bytes], bytes]:
            readings.line(number)  # a job that is not there is another error than one without audio
            try:
                found = job_archive.open_archive(context, number)
            except JobError as error:
                raise Problem(409, redacted(str(error))) from None
            return found.name, found.blocks, next(found.blocks)  # a store that is away is an answer

        name, blocks, block = await lane.run(start, ARCHIVE_SECONDS)
        self.set_header("Content-Type", "application/zip")
        self.set_header("Content-Disposition", attachment(name))
        try:
            await _send(self, lane, block, blocks)
        except StreamClosedError:
            return  # the client closed the connection
        except SpeekoError as error:  # no end: the client sees that the archive is not whole
            log.warning("the archive of job %d broke off: %s", number, redacted(str(error)))
            self.detach().close()
        except BaseException:
            self.detach().close()
            raise
        finally:
            await lane.run(partial(_close, blocks))


async def _send(handler: Handler, lane: ThreadLane, block: bytes, blocks: Iterator[bytes]) -> None:
    """Write the first block and then the others, each when the client has taken the one before it."""
    while block:
        handler.write(block)
        await handler.flush()
        block = await lane.run(partial(_next, blocks))


def attachment(name: str) -> str:
    """Return the Content-Disposition of a file to save under a name in any script."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _close(blocks: Iterator[bytes]) -> None:
    if isinstance(blocks, Generator):
        blocks.close()


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
    "/api/jobs/{job}/rows": (DocumentHandler, {"feed": "rows"}),
    "/api/jobs/{job}/audio.zip": (ArchiveHandler, {}),
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
