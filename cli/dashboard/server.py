"""Serve the dashboard: one web application in a thread of its own, until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

from speeko_cli.dashboard import api, pages, template_rendering
from speeko_cli.dashboard.auth import SESSION_COOKIE, SESSION_SECONDS, XSRF_COOKIE, Access
from speeko_cli.dashboard.errors import Problem
from speeko_cli.dashboard.handler import Handler
from speeko_cli.dashboard.queries import Readings
from speeko_cli.dashboard.shared_polling import Feeds
from speeko_cli.monitoring.thread_lane import ThreadLane
from speeko_jobs.errors import ConfigError
from speeko_jobs.flow.context import Context

MAX_BODY_BYTES = 1 << 16
IDLE_SECONDS, BODY_SECONDS, STOP_SECONDS = 75, 10, 1.0
AUDIO_THREADS, ACT_THREADS, ARCHIVE_THREADS = 4, 2, 2
log = logging.getLogger(__name__)


class SignIn(Handler):
    """Take the token from a form, never from an address, and set the session cookie."""

    needs_sign_in = False

    def get(self) -> None:
        if not self.access.token:
            self.redirect("/", status=303)
            return
        self._show("", self.get_query_argument("next", "/"))

    def post(self) -> None:
        if not self.access.token:
            raise Problem(404, "there is no token to sign in with")
        address, next_page = self.request.remote_ip or "", self.get_body_argument("next", "/")
        self.access.tries.check(address)
        is_right = self.access.knows_token(self.get_body_argument("token", ""))
        self.access.tries.note(address, is_right=is_right)
        if not is_right:
            self.set_status(401)
            self._show("that is not the token", next_page)
            return
        self.set_cookie(
            SESSION_COOKIE,
            self.access.session(time.time()),
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="Strict",
            secure=self.request.headers.get("X-Forwarded-Proto") == "https",
        )
        self.redirect(ours(next_page), status=303)

    def _show(self, wrong: str, next_page: str) -> None:
        xsrf = self.xsrf_form_html()
        self.finish(template_rendering.sign_in(wrong=wrong, next=ours(next_page), xsrf_html=xsrf))


class SignOut(Handler):
    def post(self) -> None:
        self.clear_cookie(SESSION_COOKIE)
        self.redirect("/sign-in" if self.access.token else "/", status=303)


def ours(address: str) -> str:
    """Return an address of this site unchanged, and "/" for any other (open redirect)."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    is_plain = address.isascii() and address.isprintable() and "\\" not in address
    fits = is_plain and address.startswith("/") and not (parts.scheme or parts.netloc)
    return address if fits and not address.startswith(("//", "/sign-")) else "/"


def make_app(context: Context, access: Access, feeds: Feeds, readings: Readings) -> Application:
    return Application(
        [*api.routes(), (r"/sign-in", SignIn), (r"/sign-out", SignOut), *pages.routes()],
        default_handler_class=api.NotFoundHandler,
        log_function=_log,
        cross_origin_protection=True,
        xsrf_cookie_name=XSRF_COOKIE,
        xsrf_cookie_kwargs={"httponly": True, "samesite": "Strict"},
        context=context,
        access=access,
        feeds=feeds,
        readings=readings,
        acts=ThreadLane("act", ACT_THREADS),
        audio=ThreadLane("audio", AUDIO_THREADS),
        archives=ThreadLane("archive", ARCHIVE_THREADS),
    )


def _log(handler: RequestHandler) -> None:
    """Log a line a request (-v): the path alone, since a query may hold private text. Probes log at DEBUG."""
    request = handler.request
    took = f"{1000 * request.request_time():.0f} ms"
    level = logging.DEBUG if isinstance(handler, api.Healthcheck) else logging.INFO
    log.log(level, "%s %s %d, %s", request.method, request.path, handler.get_status(), took)


@dataclass(frozen=True)
class RunningServer:
    url: str
    feeds: Feeds


@contextlib.contextmanager
def serving(context: Context, access: Access, port: int) -> Iterator[RunningServer]:
    """Serve until the end of the block; port 0 takes a free one. Raise ConfigError if it cannot listen."""
    template_rendering.prepare()
    listening = _listen(access.bind, port)
    readings = Readings(context)
    feeds = Feeds(readings.sources())
    app = make_app(context, access, feeds, readings)
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    serve = _serve(app, listening, feeds, stop)
    thread = threading.Thread(target=_run, args=(loop, serve), name="dashboard", daemon=True)
    thread.start()
    try:
        host = f"[{access.bind}]" if ":" in access.bind else access.bind
        yield RunningServer(f"http://{host}:{listening.getsockname()[1]}", feeds)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(2 * STOP_SECONDS)


def _listen(address: str, port: int) -> socket.socket:
    try:
        family, _, _, _, place = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        listening = socket.create_server(place[:2], family=family, backlog=128)
    except (OSError, UnicodeError) as error:
        number = getattr(error, "errno", None) or 0
        why = os.strerror(number) if number > 0 else getattr(error, "strerror", error)
        raise ConfigError(f"cannot listen at {address}:{port}: {why}") from None
    listening.setblocking(False)
    return listening


def _run(loop: asyncio.AbstractEventLoop, serve: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(serve)


async def _serve(app: Application, listening: socket.socket, feeds: Feeds, stop: asyncio.Event) -> None:
    server = HTTPServer(
        app,
        max_body_size=MAX_BODY_BYTES,
        idle_connection_timeout=IDLE_SECONDS,
        body_timeout=BODY_SECONDS,
    )
    server.add_socket(listening)
    await stop.wait()
    server.stop()
    feeds.close()
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(server.close_all_connections(), STOP_SECONDS)
