"""Who may look, from where, and what every answer says to browsers: the base of all handlers.

A token or a login where one is set; without, only this machine, under its own names. Actions are safe from
other sites' pages: their origin is looked at, and a token of the page is asked for (but not of clients that
show a bearer token, which no browser adds by itself).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

from tornado.web import HTTPError, RequestHandler

from speeko_cli.dashboard.shared_polling import Feeds
from speeko_cli.runtime.network import is_loopback
from speeko_jobs.core.output.redaction import redacted
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.errors import BudgetError, ConfigError, JobError, SpeekoError, UsageError

TOKEN_VARIABLE, LOGIN_VARIABLE = "SPEEKO_DASHBOARD_TOKEN", "SPEEKO_DASHBOARD_AUTH"
MIN_TOKEN_CHARS = 16
SESSION_COOKIE, XSRF_COOKIE, TOLD_COOKIE = "speeko_session", "speeko_xsrf", "speeko_told"
SESSION_SECONDS = 7 * 86_400
FREE_TRIES, TRY_SECONDS, MAX_ADDRESSES = 10, 0.1, 1000
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
LINES = {
    400: "the request cannot be understood",
    403: "that is not allowed",
    404: "there is nothing at this address",
    405: "this address does not take that method",
    413: "the request is too large",
}
log = logging.getLogger(__name__)


class Problem(HTTPError):
    """An answer that is no success: its status, one line that says why, and headers that go with it."""

    def __init__(self, status: int, line: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.line, self.headers = line, headers or {}


class LoginAttempts:
    """Counts wrong passwords by address: after ten in a row, what comes right behind one is not looked at.

    So briefly that others at that address, behind a proxy perhaps, can still come in.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: dict[str, tuple[int, float]] = {}

    def check(self, address: str) -> None:
        """Raises Problem when this address has to wait."""
        wrong, at = self._wrong.get(address, (0, 0.0))
        if wrong >= FREE_TRIES and self._clock() - at < TRY_SECONDS:
            raise Problem(429, "too many wrong tries: wait a second")

    def note(self, address: str, *, is_right: bool) -> None:
        wrong, _ = self._wrong.pop(address, (0, 0.0))
        if not is_right:
            self._wrong[address] = (wrong + 1, self._clock())
        while len(self._wrong) > MAX_ADDRESSES:
            del self._wrong[next(iter(self._wrong))]


@dataclass(frozen=True)
class Access:
    """Who may look, and whether anything can be done. Without token and login: whoever is on this machine."""

    bind: str
    token: str = field(default="", repr=False)
    login: str = field(default="", repr=False)  # user:password
    allow_actions: bool = False
    tries: LoginAttempts = field(default_factory=LoginAttempts, repr=False, compare=False)

    @property
    def is_open(self) -> bool:
        return not (self.token or self.login)

    def knows_host(self, host: str) -> bool:
        """Whether a Host header names this machine: another name that points here is a trick on a browser."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in ("localhost", "127.0.0.1", "::1", self.bind.lower())

    def session(self, now: float) -> str:
        """What the cookie of who signed in holds: until when, and a proof that we said so."""
        return self._sealed(int(now) + SESSION_SECONDS)

    def knows_session(self, cookie: str, now: float) -> bool:
        until = cookie.partition("-")[0]
        if not (self.token and until.isascii() and until.isdecimal() and len(until) <= 12):
            return False
        return int(until) > now and _same(cookie, self._sealed(int(until)))

    def _sealed(self, until: int) -> str:
        proof = hmac.new(self.token.encode(), f"speeko dashboard until {until}".encode(), hashlib.sha256)
        return f"{until}-{proof.hexdigest()}"

    def knows_token(self, token: str) -> bool:
        return bool(self.token) and _same(token, self.token)

    def knows_login(self, encoded: str) -> bool:
        """`encoded`: what stands behind "Basic" in the header."""
        try:
            login = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return False
        return bool(self.login) and _same(login, self.login)


def access(bind: str, environ: Mapping[str, str], *, allow_actions: bool) -> Access:
    """The rules that environment and address make. Raises ConfigError for what would let everybody in."""
    token, login = environ.get(TOKEN_VARIABLE, ""), environ.get(LOGIN_VARIABLE, "")
    if token and login:
        raise ConfigError(f"set {TOKEN_VARIABLE} or {LOGIN_VARIABLE}, not both")
    if token and (len(token) < MIN_TOKEN_CHARS or not (token.isascii() and token.isprintable())):
        raise ConfigError(f"{TOKEN_VARIABLE} takes at least {MIN_TOKEN_CHARS} letters, digits and signs")
    user, _, password = login.partition(":")
    if login and not (user and password):
        raise ConfigError(f"{LOGIN_VARIABLE} takes user:password")
    if not (token or login or is_loopback(bind)):
        raise ConfigError(
            f"--bind {bind} is open to other machines: set {TOKEN_VARIABLE} (at least {MIN_TOKEN_CHARS} "
            f"characters) or {LOGIN_VARIABLE}=user:password first"
        )
    return Access(bind, token, login, allow_actions)


class Handler(RequestHandler):
    """The base of all handlers: what is not allowed never comes to `get` or `post`.

    SpeekoErrors and `Problem`s that are raised there are answered as one line.
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
        """Raise Problem for what was not sent by a page of ours."""
        try:
            self.check_xsrf_cookie()
        except HTTPError:
            line = "this does not come from a page of this dashboard: load the page again"
            raise Problem(403, line) from None

    def _check_who(self) -> bool:
        """Let who is known go on; whether a bearer token was shown. Raises Problem for others."""
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
        """Have the next page say this line, once: for what went wrong before a redirect."""
        told = base64.urlsafe_b64encode(line[:300].encode()).decode()
        self.set_cookie(TOLD_COOKIE, told, max_age=30, httponly=True, samesite="Strict")

    def flashed(self) -> str:
        """The line that an answer before left for this page, or ""."""
        cookie = self.get_cookie(TOLD_COOKIE)
        if not cookie:
            return ""
        self.clear_cookie(TOLD_COOKIE)
        try:
            return base64.urlsafe_b64decode(cookie).decode()
        except (binascii.Error, UnicodeError, ValueError):
            return ""

    def answer(self, document: Any, status: int = 200) -> None:
        """A JSON document."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(json.dumps(document, ensure_ascii=False, separators=(",", ":")))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None, None))[1]
        status, line = _told(status_code, error)
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
            from speeko_cli.dashboard import pages

            self.finish(pages.error_page(status, line))

    def _methods(self) -> list[str]:
        plain = RequestHandler._unimplemented_method
        return [m for m in self.SUPPORTED_METHODS if getattr(type(self), m.lower()) is not plain]

    def log_exception(self, _: Any, value: BaseException | None, __: Any) -> None:
        """Errors of ours and of clients are answers; only a bug is worth a traceback, without the request."""
        if not isinstance(value, (SpeekoError, HTTPError)):
            log.error("a bug at %s %s", self.request.method, self.request.path, exc_info=value)


def _told(status: int, error: BaseException | None) -> tuple[int, str]:
    """(status, line) of an error."""
    if isinstance(error, SpeekoError):
        return status_of(error), redacted(printable(str(error)))
    if isinstance(error, Problem):
        return error.status_code, error.line
    reason = error.reason if isinstance(error, HTTPError) else None
    usual = LINES.get(status, HTTPStatus(status).phrase.lower())
    return status, printable(reason or usual) if status != 500 else "a bug in speeko: see the dashboard's log"


def status_of(error: SpeekoError) -> int:
    """The HTTP status of an error of ours, where a thing was only looked at."""
    if isinstance(error, JobError):
        return 404
    if isinstance(error, UsageError):
        return 400
    if isinstance(error, BudgetError):
        return 409
    return 500 if type(error) is SpeekoError else 503  # the root is what a bug is told as


def _same(one: str, other: str) -> bool:
    """In a time that tells nothing of where they differ."""
    return hmac.compare_digest(
        hashlib.sha256(one.encode("utf-8", "surrogateescape")).digest(),
        hashlib.sha256(other.encode("utf-8", "surrogateescape")).digest(),
    )
