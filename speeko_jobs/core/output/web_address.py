"""Check the form of addresses that users give: of webhooks, of a CDN, and of places with a missing slash.

Invariant: a web address that `check` accepts holds no login and no key, because specs are stored and shown.
Looks nothing up: whether an address may be connected to is decided by adapters.http.address_policy.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from speeko_jobs.core.output.redaction import redacted
from speeko_jobs.errors import ConfigError

MAX_PORT = 65_535
_ONE_SLASH = re.compile(r"(s3a?|gs|az|azure|abfss?|memory|https?|file):/(?!/)", re.IGNORECASE)


def check(option: str, url: str, *, example: str, no_secrets: str) -> SplitResult:
    """Return the address in its parts.

    Raises ConfigError, which names the option: for what is no http or https address, for a port that cannot
    be (`http://host:`, `http://host:70000`), and for logins and keys. `no_secrets` ends that last message.
    """
    if any(character <= " " or character == "\x7f" for character in url):
        raise ConfigError(f"{option} takes an address such as {example}")
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:  # such as half a pair of brackets
        fits = False
    if not fits:
        raise ConfigError(f"{option} takes an address such as {example}")
    if redacted(url) != url or "@" in parts.netloc:
        raise ConfigError(f"{option}: no keys and passwords in the address, {no_secrets}")
    port = _port(parts.netloc)
    if port is not None and not (re.fullmatch("[0-9]{1,5}", port) and 1 <= int(port) <= MAX_PORT):
        what = f"the port {port}" if port else "an empty port"
        raise ConfigError(
            f"{option}: {parts.netloc} has {what}: give one from 1 to {MAX_PORT}, or none and no colon"
        )
    return parts


def missing_slash(place: str) -> str:
    """Return one line on an address that lacks a slash, such as s3:/x; "" for every other place.

    `./s3:/x` is a folder. The line holds no password: nothing before an "@" is repeated.
    """
    found = _ONE_SLASH.match(place)
    if found is None:
        return ""
    scheme, rest = found[1].lower(), place[found.end() :].rpartition("@")[2].partition("?")[0]
    meant = f"file:///{rest}" if scheme == "file" else f"{scheme}://{rest}"
    return (
        f"{scheme}:/{rest} lacks a slash: did you mean {meant}? (a folder of that name is ./{scheme}:/{rest})"
    )


def _port(netloc: str) -> str | None:
    """Return what follows the host's colon; None where there is no colon."""
    _, separator, port = netloc.rpartition("]")[2].rpartition(":")
    return port if separator else None
