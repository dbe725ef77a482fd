"""Answer with pages: HTML from the API's documents; and do what their buttons ask for without a script."""

from __future__ import annotations

import asyncio
from typing import Any

from markupsafe import Markup
from tornado.routing import URLSpec

from speeko_cli.dashboard import assets, template_rendering
from speeko_cli.dashboard.actions import ACTIONS, act
from speeko_cli.dashboard.errors import Problem
from speeko_cli.dashboard.handler import Handler
from speeko_cli.dashboard.query_params import parse_arguments
from speeko_cli.dashboard.routes import Place, place
from speeko_cli.dashboard.shared_polling import Feeds
from speeko_cli.dashboard.sse import EventStream, live_of
from speeko_cli.dashboard.template_rendering import PageView
from speeko_jobs.errors import ServerError

BRIEFLY_SECONDS = 0.2  # what takes longer to read is pushed when it is there
FOR_GOOD = "public, max-age=31536000, immutable"
NEEDED = ("now", "jobs", "job")  # a page without these says nothing


def routes() -> list[URLSpec]:
    return [
        URLSpec(r"/(?:|costs|cache|schedules|workers|jobs/[0-9]{1,19})", PageHandler),
        URLSpec(r"/jobs/([0-9]{1,19})/cancel", AskedCancel),
        URLSpec(rf"/jobs/([0-9]{{1,19}})/({'|'.join(ACTIONS)})", Acted),
        URLSpec(r"/events", EventStream),
        URLSpec(r"/assets/([0-9a-f]+)/([a-z.]+)", Asset),
    ]


class _Acting(Handler):
    """Serve as the base of pages with actions."""

    def field(self) -> Markup:
        """Return the hidden CSRF field, which shows that an action comes from a page of this dashboard."""
        return Markup(self.xsrf_form_html())  # noqa: S704 (Tornado's)


class PageHandler(_Acting):
    async def get(self) -> None:
        at = place(self.request.path, self.request.query_arguments)
        told, field = self.flashed(), self.field()
        view = PageView(at, await documents(self.feeds, at), self.allow_actions)
        can_leave = bool(self.access.token)
        draw = live_of(self.application).lane
        html = await draw.run(
            lambda: template_rendering.page(view, act=field, told=told, can_leave=can_leave)
        )
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(html)

    def head(self) -> None:
        """Answer a page that lost its connection and asks whether to reload."""


async def documents(feeds: Feeds, at: Place) -> dict[str, Any]:
    """Return the documents of a place by name. None stands for one that is optional and not read yet.

    Raise SpeekoError.
    """
    asks = at.asks()
    reading = {ask: asyncio.create_task(feeds.read(ask)) for ask in dict.fromkeys(asks.values())}
    try:
        await asyncio.wait(reading.values(), timeout=BRIEFLY_SECONDS)
        found: dict[str, Any] = {}
        for name, ask in asks.items():
            task = reading[ask]
            if name in NEEDED:
                found[name] = await task
            elif not task.done() or isinstance(task.exception(), ServerError):
                found[name] = None
            else:
                found[name] = task.result()
        return found
    finally:
        for task in reading.values():
            task.cancel()
        await asyncio.gather(*reading.values(), return_exceptions=True)


class AskedCancel(_Acting):
    """Ask whether to cancel a job, where no script can ask; and cancel it."""

    def get(self, job: str) -> None:
        if not self.allow_actions:
            raise Problem(403, "this dashboard only shows: start it with --allow-actions")
        self.finish(template_rendering.bare("question", number=int(job), act=self.field()))

    async def post(self, job: str) -> None:
        await acted(self, job, "cancel")


class Acted(Handler):
    async def post(self, job: str, verb: str) -> None:
        await acted(self, job, verb)


async def acted(handler: Handler, job: str, verb: str) -> None:
    """Do it, and redirect to the job's page, which shows why it failed if it did, or to the new schedule."""
    given = {name: values for name, values in handler.request.body_arguments.items() if name != "_xsrf"}
    try:
        await act(handler.application, int(job), verb, parse_arguments(given, ACTIONS[verb].query))
    except Problem as problem:
        if problem.status_code not in (400, 409):
            raise
        handler.flash(problem.line)
    else:
        if verb == "schedule":
            handler.redirect("/schedules", status=303)
            return
    handler.redirect(f"/jobs/{int(job)}", status=303)


class Asset(Handler):
    """Send style, script and icon. They hold no secret, and the sign-in page needs them."""

    needs_sign_in = False

    def get(self, _: str, name: str) -> None:
        if name not in assets.NAMES:
            raise Problem(404, "there is no such asset")
        if self.request.path != assets.address(name):  # of another version: right, but not for long
            self.set_header("Cache-Control", "no-store")
        else:
            self.set_header("Cache-Control", FOR_GOOD)
        self.set_header("Content-Type", assets.kind(name))
        self.finish(assets.content(name))
