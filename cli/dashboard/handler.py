"""Serve as the base of all handlers: access, CSRF and security headers, JSON answers, errors in one line.

Actions are safe from other sites' pages (CSRF): the origin is checked, and a token of the page is required,
except of clients with a bearer token, which no browser adds by itself.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
import time
from typing import Any
from urllib.parse import urlencode

from tornado.web import HTTPError, RequestHandler

from speeko_cli.dashboard import template_rendering
from speeko_cli.dashboard.auth import SESSION_COOKIE, Access
from speeko_cli.dashboard.errors import Problem, status_and_line
from speeko_cli.dashboard.shared_polling import Feeds
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.errors import SpeekoError

FLASH_COOKIE = "speeko_told"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "media-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
log = logging.getLogger(__name__)


class Handler(RequestHandler):
    """Refuse what is not allowed before `get` or `post` run, and answer errors as one line.

    Those methods may raise SpeekoError and Problem.
    """

    needs_sign_in = True

    @property
    def feeds(self) -> Feeds:
        feeds: Feeds = self.settings["feeds"]
        return feeds

    @property
    def access(self) -> Access:
        access: Access = self.settings["access"]
        return access

    @property
    def allow_actions(self) -> bool:
        return self.access.allow_actions

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        for name, value in HEADERS.items():
            self.set_header(name, value)

    def compute_etag(self) -> str | None:
        return None

    async def prepare(self) -> None:
        if self.access.is_open and not self.access.knows_host(self.request.host):
            raise Problem(403, f"this is no name of this machine: {printable(self.request.host[:100])!r}")
        is_bearer = False
        if self.needs_sign_in and not self.access.is_open:
            is_bearer = self._check_who()
            if self._finished:
                return
        if self.request.method not in ("GET", "HEAD", "OPTIONS") and not is_bearer:
            self._check_page()

    def _check_page(self) -> None:
        """Check the CSRF token. Raise Problem for a request that no page of this dashboard sent."""
        try:
            self.check_xsrf_cookie()
        except HTTPError:
            line = "this does not come from a page of this dashboard: load the page again"
            raise Problem(403, line) from None

    def _check_who(self) -> bool:
        """Return whether a bearer token was sent; a session or login passes too. Raise Problem otherwise."""
        if self.access.knows_session(self.get_cookie(SESSION_COOKIE) or "", time.time()):
            return False
        address = self.request.remote_ip or ""
        kind, _, shown = self.request.headers.get("Authorization", "").partition(" ")
        if shown:
            self.access.tries.check(address)
            knows = {"bearer": self.access.knows_token, "basic": self.access.knows_login}.get(kind.lower())
            is_right = knows is not None and knows(shown.strip())
            self.access.tries.note(address, is_right=is_right)
            if is_right:
                return kind.lower() == "bearer"
        if self.access.token and self.request.method == "GET" and self._wants_page():
            self.redirect("/sign-in?" + urlencode({"next": self.request.uri or "/"}), status=303)
            return False
        raise Problem(401, "sign in first" if self.access.token else "give user and password")

    def _wants_page(self) -> bool:
        return "text/html" in self.request.headers.get("Accept", "") and not self._is_api()

    def _is_api(self) -> bool:
        return self.request.path.startswith(("/api/", "/events", "/openapi"))

    def flash(self, line: str) -> None:
        """Show this line once on the next page: for what went wrong before a redirect."""
        value = base64.urlsafe_b64encode(line[:300].encode()).decode()
        self.set_cookie(FLASH_COOKIE, value, max_age=30, httponly=True, samesite="Strict")

    def flashed(self) -> str:
        """Return and forget the line that `flash` left for this page, or ""."""
        cookie = self.get_cookie(FLASH_COOKIE)
        if not cookie:
            return ""
        self.clear_cookie(FLASH_COOKIE)
        try:
            return base64.urlsafe_b64decode(cookie).decode()
        except (binascii.Error, UnicodeError, ValueError):
            return ""

    def answer(self, document: Any, status: int = 200) -> None:
        """Answer with a JSON document."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(json.dumps(document, ensure_ascii=False, separators=(",", ":")))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None, None))[1]
        status, line = status_and_line(status_code, error)
        self.set_status(status)
        for name, value in error.headers.items() if isinstance(error, Problem) else ():
            self.set_header(name, value)
        if status == 401:
            scheme = "Bearer" if self.access.token else 'Basic charset="UTF-8",'
            self.set_header("WWW-Authenticate", f'{scheme} realm="speeko dashboard"')
        if status in (429, 503):
            self.set_header("Retry-After", "1")
        if status == 405:
            self.set_header("Allow", ", ".join(self._methods()))
        if self._is_api() or self.request.method == "HEAD":
            self.answer({"error": line}, status)
        else:
            self.finish(template_rendering.error_page(status, line))

    def _methods(self) -> list[str]:
        plain = RequestHandler._unimplemented_method
        return [m for m in self.SUPPORTED_METHODS if getattr(type(self), m.lower()) is not plain]

    def log_exception(self, _: Any, value: BaseException | None, __: Any) -> None:
        """Log only bugs, without the request; SpeekoErrors and errors of clients are answered."""
        if not isinstance(value, (SpeekoError, HTTPError)):
            log.error("a bug at %s %s", self.request.method, self.request.path, exc_info=value)
