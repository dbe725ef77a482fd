"""Parse the URL of Postgres, also one with several hosts (`h1:5432,h2:5432`), as libpq does.

Invariant: what is shown has no password. Nothing is connected here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from speeko_jobs.errors import ConfigError

VARIABLE = "SPEEKO_DATABASE_URL"
EXAMPLE = "postgresql://user:password@host:5432/name"
_SCHEMES = ("postgresql", "postgres")
_PARTS = re.compile(r"(?P<scheme>[^:/]+)://(?:(?P<user>[^/?]*)@)?(?P<hosts>[^/?]*)(?P<rest>.*)", re.DOTALL)
_SECRETS = ("password", "sslpassword")  # libpq takes them as parameters, too
_PLACE = "hosts-go-here"
_HOST = re.compile(r"(?P<name>\[[^\]]*\]|[^:]*)(?::(?P<port>\d{0,5}))?")


@dataclass(frozen=True, slots=True)
class ServerUrl:
    """A parsed URL: SQLAlchemy's form, what libpq gets besides it, and the form for messages."""

    url: URL
    shown: str
    connect_args: dict[str, str] = field(default_factory=dict)


def parse(url: str) -> ServerUrl:
    """Parse a URL. Raises ConfigError, which never quotes the URL, because it may hold a password."""
    scheme = url.partition("://")[0].partition("+")[0] if "://" in url else ""
    if scheme not in _SCHEMES:
        raise ConfigError(f"{VARIABLE} must begin with postgresql://, for example {EXAMPLE}")
    parts = _PARTS.fullmatch(url)
    assert parts is not None
    hosts = parts["hosts"]
    if "," not in hosts:
        parsed = _made(url)
        return ServerUrl(parsed, _shown(parsed))
    user = f"{parts['user']}@" if parts["user"] is not None else ""
    parsed = _made(f"postgresql://{user}{_PLACE}{parts['rest']}").set(host=None)
    found = [_HOST.fullmatch(one) for one in hosts.split(",")]
    if not all(one and one["name"] for one in found):
        raise ConfigError(f"{VARIABLE}: {unquote(hosts)!r} is no list of hosts such as host1:5432,host2:5432")
    more = {
        "host": ",".join(unquote(one["name"]).strip("[]") for one in found if one),
        "port": ",".join(one["port"] or "5432" for one in found if one),
    }
    if "target_session_attrs" not in parsed.query:
        more["target_session_attrs"] = "read-write"  # without it the first host is taken, also a standby
    shown = _shown(parsed.set(host=_PLACE)).replace(_PLACE, hosts, 1)
    return ServerUrl(parsed, shown, more)


def _made(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the port is no number, for one
        raise ConfigError(f"{VARIABLE} is not a URL such as {EXAMPLE}") from None
    return parsed.set(drivername="postgresql+psycopg")


def _shown(url: URL) -> str:
    hidden = {name: "***" for name in _SECRETS if name in url.query}
    return url.update_query_dict(hidden).render_as_string(hide_password=True)
