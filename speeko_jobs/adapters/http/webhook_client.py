"""One POST to a webhook, by requests: short deadlines, no redirect, nothing of the answer but its status.

The address is guarded by guarded_session, as that of a catalog is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from speeko_jobs.adapters.http import address_policy
from speeko_jobs.adapters.http.guarded_session import AddressGuard
from speeko_jobs.errors import ConfigError, SpeekoError

if TYPE_CHECKING:
    from requests import PreparedRequest

CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 10.0
MAX_BODY_BYTES = 256 * 1024


class WebhookError(SpeekoError):
    """The receiver has not taken an event. The message says why, without the address."""


class _WebhookGuard(AddressGuard):
    """Refuse private addresses, unless the operator allows them, and always those of cloud metadata."""

    def __init__(self, *, allow_private: bool) -> None:
        super().__init__()
        self._allow_private = allow_private

    def refusal(self, found: Sequence[address_policy.Address]) -> str:
        return _refusal(found, allow_private=self._allow_private)

    def error(self, why: str) -> WebhookError:
        return WebhookError(why)


def check_literal(url: str, *, allow_private: bool) -> None:
    """Raise ConfigError for a literal address to which no event would be sent. Looks up no name."""
    host = (urlsplit(url).hostname or "") if url else ""
    found = address_policy.literal(host) if host else None
    if found is not None and (why := _refusal([found], allow_private=allow_private)):
        raise ConfigError(f"--webhook: {host} is {why}")


def _refusal(found: Sequence[address_policy.Address], *, allow_private: bool) -> str:
    """Return why nothing is sent to these addresses; "" where all are allowed."""
    if address_policy.refusal(found, public_only=False):
        return "a link-local or metadata address, to which nothing is sent"
    if not allow_private and not all(map(address_policy.is_public, found)):
        return "a private address: set SPEEKO_ALLOW_PRIVATE_WEBHOOKS=1 where events may be sent there"
    return ""


def post(url: str, body: bytes, headers: Mapping[str, str], *, allow_private: bool = False) -> None:
    """Send JSON once. Raises WebhookError for anything but a status of 200 to 299."""
    import requests
    from urllib3.exceptions import HTTPError

    if len(body) > MAX_BODY_BYTES:
        raise WebhookError(f"the event has {len(body):,} bytes, {MAX_BODY_BYTES:,} is the most")
    guard = _WebhookGuard(allow_private=allow_private)
    try:
        parts = urlsplit(url)
        guard.resolve(parts.hostname or "", parts.port or 0)
        with guard.open_session() as session:
            session.auth = _no_login  # else a login is taken from ~/.netrc
            guard.environment_of(session, url)
            told = {"Content-Type": "application/json", "User-Agent": "speeko-jobs", **headers}
            answer = session.post(
                url,
                data=body,
                headers=told,
                timeout=(CONNECT_SECONDS, SILENCE_SECONDS),
                allow_redirects=False,
                stream=True,  # the answer's body is never read
            )
            answer.close()
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        raise WebhookError(f"not reached: {type(error).__name__}") from None
    if not 200 <= answer.status_code < 300:
        raise WebhookError(f"it answers {answer.status_code}")


def _no_login(request: PreparedRequest) -> PreparedRequest:
    return request
