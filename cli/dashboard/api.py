"""/api/*: the documents as they are, the audio of rows, actions on jobs; probes. All in openapi.json."""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from tornado.iostream import StreamClosedError
from tornado.routing import URLSpec

from speeko_cli.dashboard.actions import ACTS, VERBS, act
from speeko_cli.dashboard.audio import Audio, MissingRange, asked_range, find
from speeko_cli.dashboard.errors import Problem
from speeko_cli.dashboard.handler import Handler
from speeko_cli.dashboard.query_params import (
    CHUNKS,
    COSTS,
    COSTS_TODAY,
    FAILED,
    JOBS,
    MAX_CHARS,
    MAX_NUMBER,
    TENANT,
    Parse,
    parsed,
)
from speeko_cli.dashboard.shared_polling import FeedRequest
from speeko_cli.monitoring.thread_lane import ThreadLane

AUDIO_SECONDS = 10.0  # then viewers are told that nothing answers


def asked(handler: Handler, parameters: Mapping[str, Parse]) -> dict[str, str | int]:
    """The arguments of a request's query. Raises Problem."""
    return parsed(handler.request.query_arguments, parameters)


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
