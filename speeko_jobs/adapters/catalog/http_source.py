"""Catalogs by http(s): one GET by requests, its redirects followed by hand, its body as it was sent.

Each address is looked at twice: when its name is resolved, and when the connection stands, because a name
may resolve to something else the second time. Only the second look is skipped behind a proxy.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from speeko_jobs.adapters.catalog.byte_stream import CHUNK_BYTES, ByteStream, unzipped
from speeko_jobs.adapters.http import address_policy
from speeko_jobs.adapters.http.guarded_session import watched_session
from speeko_jobs.errors import CatalogError

if TYPE_CHECKING:
    from requests import Response, Session

SCHEMES = frozenset({"http", "https"})
CONNECT_SECONDS = 15.0
SILENCE_SECONDS = 60.0  # most time between two chunks
MAX_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Not inflated on the way: a few bytes may become gigabytes in one step.
HEADERS = {"Accept-Encoding": "identity", "User-Agent": "speeko-jobs"}


def open_http(url: str, name: str) -> ByteStream:
    """The body of a GET. CatalogError for any other status than 200 and for forbidden addresses.

    `name` is what the address is called in messages, without its secrets.
    """
    import requests

    way = _Way()
    session = watched_session(way.connected)
    try:
        response = _followed(session, way, url, name)
        try:
            return _body(session, response, name)
        except BaseException:
            response.close()
            raise
    except BaseException as error:
        session.close()
        if isinstance(error, requests.RequestException):
            raise CatalogError(f"{name}: {_reason(error)}") from None
        raise


class _Way:
    """Where the redirects have led so far."""

    def __init__(self) -> None:
        self.public_only = False
        self.proxied = False

    def look(self, found: list[address_policy.Address]) -> None:
        """Raise CatalogError, without a name, for addresses that may not be connected to."""
        why = address_policy.refusal(found, public_only=self.public_only)
        if why:
            raise CatalogError(why)

    def connected(self, connection: socket.socket) -> None:
        """The second look, at the address that is really connected."""
        if self.proxied:
            return
        try:
            self.look([address_policy.plain(str(connection.getpeername()[0]))])
        except BaseException:
            connection.close()
            raise


def _followed(session: Session, way: _Way, url: str, name: str) -> Response:
    """The answer that is no redirect."""
    import requests

    for _ in range(MAX_REDIRECTS + 1):
        where = _checked(way, url, name)
        request = session.prepare_request(requests.Request("GET", url, headers=HEADERS))
        found: dict[str, Any] = dict(session.merge_environment_settings(url, {}, True, None, None))
        way.proxied = requests.utils.select_proxy(url, found["proxies"]) is not None
        # Not session.send: it would read a redirect's body, however long, to see where it leads.
        response = session.get_adapter(url).send(request, timeout=(CONNECT_SECONDS, SILENCE_SECONDS), **found)
        target = response.headers.get("Location", "")
        if response.status_code not in REDIRECTS or not target:
            return response
        response.close()
        way.public_only = way.public_only or any(map(address_policy.is_public, where))
        try:
            url = urljoin(url, target).partition("#")[0]
        except ValueError:
            raise CatalogError(f"{name}: redirected to what is no address") from None
    raise CatalogError(f"{name}: redirected without end: check the address")


def _checked(way: _Way, url: str, name: str) -> list[address_policy.Address]:
    """The addresses behind a URL. CatalogError for one that may not be asked."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 0
    except ValueError:
        raise CatalogError(f"{name}: not an address that can be fetched") from None
    if parts.scheme.lower() not in SCHEMES:
        raise CatalogError(f"{name}: redirected to something that is not http or https")
    found = address_policy.addresses_of(host, port)
    try:
        way.look(found)
    except CatalogError as error:
        raise CatalogError(f"{name}: {error}") from None
    return found


def _body(session: Session, response: Response, name: str) -> ByteStream:
    def close() -> None:
        response.close()
        session.close()

    if response.status_code != 200:
        host = urlsplit(response.url).hostname
        raise CatalogError(f"{name}: {host} answers {response.status_code}: check the address")
    stream = ByteStream(_chunks(response, name), close)
    packed = response.headers.get("Content-Encoding", "identity").lower().strip()
    if packed in ("gzip", "x-gzip"):
        return unzipped(stream, name)
    if packed not in ("identity", ""):
        raise CatalogError(f"{name}: the server packs it with {packed[:20]!r}, which was not asked for")
    return stream


def _chunks(response: Any, name: str) -> Iterator[bytes]:
    import requests
    from urllib3.exceptions import HTTPError

    try:
        while data := response.raw.read(CHUNK_BYTES, decode_content=False):
            yield data
    except (requests.RequestException, HTTPError, OSError) as error:
        raise CatalogError(f"{name}: {_reason(error)} before all was read: try again") from None


def _reason(error: Exception) -> str:
    import requests
    from urllib3 import exceptions

    kinds: dict[type[Exception] | tuple[type[Exception], ...], str] = {
        requests.exceptions.InvalidSchema: "redirected to something that is not http or https",
        requests.exceptions.SSLError: "the server's certificate is not valid",
        requests.exceptions.ProxyError: "the proxy does not answer",
        (requests.exceptions.Timeout, exceptions.TimeoutError): "the server does not answer in time",
        requests.exceptions.ConnectionError: "no connection to the server, or it was cut",
        (requests.exceptions.ChunkedEncodingError, exceptions.ProtocolError): "the connection was cut",
        requests.exceptions.InvalidURL: "not an address that can be fetched",
    }
    return next((text for kind, text in kinds.items() if isinstance(error, kind)), "cannot be fetched")
