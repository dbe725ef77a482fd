"""Decide who may look: by token or login where one is set; without, this machine, under its own names."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from speeko_cli.dashboard.errors import Problem
from speeko_cli.runtime.network import is_loopback, weakness
from speeko_jobs.errors import ConfigError

TOKEN_VARIABLE, LOGIN_VARIABLE = "SPEEKO_DASHBOARD_TOKEN", "SPEEKO_DASHBOARD_AUTH"
MIN_TOKEN_CHARS = 16
SESSION_COOKIE, XSRF_COOKIE = "speeko_session", "speeko_xsrf"
SESSION_SECONDS = 7 * 86_400
FREE_TRIES, TRY_SECONDS, MAX_ADDRESSES = 10, 0.1, 1000


class LoginAttempts:
    """Count wrong passwords by address: after ten in a row, each further one makes the address wait.

    The wait is short, so that others at that address, behind a proxy perhaps, can still sign in.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: dict[str, tuple[int, float]] = {}

    def check(self, address: str) -> None:
        """Raise Problem if this address has to wait."""
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
    """Hold who may look, and whether actions are allowed. Without token and login, this machine may look."""

    bind: str
    token: str = field(default="", repr=False)
    login: str = field(default="", repr=False)  # user:password
    allow_actions: bool = False
    tries: LoginAttempts = field(default_factory=LoginAttempts, repr=False, compare=False)

    @property
    def is_open(self) -> bool:
        return not (self.token or self.login)

    def knows_host(self, host: str) -> bool:
        """Return whether a Host header names this machine; any other name here is DNS rebinding."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in ("localhost", "127.0.0.1", "::1", self.bind.lower())

    def session(self, now: float) -> str:
        """Return the value of a session cookie: its expiry and an HMAC of it."""
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
        """Return whether this is the login. `encoded` is what follows "Basic" in the header."""
        try:
            login = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return False
        return bool(self.login) and _same(login, self.login)


def access(bind: str, environ: Mapping[str, str], *, allow_actions: bool) -> Access:
    """Return the access rules of environment and address. Raise ConfigError if they admit everybody."""
    token, login = environ.get(TOKEN_VARIABLE, ""), environ.get(LOGIN_VARIABLE, "")
    if token and login:
        raise ConfigError(f"set {TOKEN_VARIABLE} or {LOGIN_VARIABLE}, not both")
    if token and (len(token) < MIN_TOKEN_CHARS or not (token.isascii() and token.isprintable())):
        raise ConfigError(f"{TOKEN_VARIABLE} takes at least {MIN_TOKEN_CHARS} letters, digits and signs")
    user, _, password = login.partition(":")
    if login and not (user and password):
        raise ConfigError(f"{LOGIN_VARIABLE} takes user:password")
    if not is_loopback(bind) and (weak := weakness(token or password, user)) and (token or login):
        which = TOKEN_VARIABLE if token else f"the password of {LOGIN_VARIABLE}"
        raise ConfigError(f"--bind {bind} is open to other machines, and {which} is too weak: {weak}")
    if not (token or login or is_loopback(bind)):
        raise ConfigError(
            f"--bind {bind} is open to other machines: set {TOKEN_VARIABLE} (at least {MIN_TOKEN_CHARS} "
            f"characters) or {LOGIN_VARIABLE}=user:password first"
        )
    return Access(bind, token, login, allow_actions)


def _same(one: str, other: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(
        hashlib.sha256(one.encode("utf-8", "surrogateescape")).digest(),
        hashlib.sha256(other.encode("utf-8", "surrogateescape")).digest(),
    )
