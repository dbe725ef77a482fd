"""Catalogs by http(s): one GET by requests, its redirects followed by hand, its body as it was sent.

Each address is guarded by adapters.http.guarded_session, and so is each that a redirect leads to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from speeko_jobs.adapters.catalog.byte_stream import CHUNK_BYTES, ByteStream, unzipped
from speeko_jobs.adapters.http import address_policy
from speeko_jobs.adapters.http.guarded_session import AddressGuard
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

    guard = CatalogGuard()
    session = guard.open_session()
    try:
        response = _followed(session, guard, url, name)
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


class CatalogGuard(AddressGuard):
    """Refuse cloud metadata always, and private addresses once a public server has redirected there."""

    def __init__(self) -> None:
        super().__init__()
        self.public_only = False

    def refusal(self, found: Sequence[address_policy.Address]) -> str:
        return address_policy.refusal(found, public_only=self.public_only)

    def error(self, why: str) -> CatalogError:
        return CatalogError(why)


def _followed(session: Session, guard: CatalogGuard, url: str, name: str) -> Response:
    """Return the answer that is no redirect."""
    import requests

    for _ in range(MAX_REDIRECTS + 1):
        where = _checked(guard, url, name)
        request = session.prepare_request(requests.Request("GET", url, headers=HEADERS))
        found = guard.environment_of(session, url)
        # Not session.send: it would read a redirect's body, however long, to see where it leads.
        response = session.get_adapter(url).send(request, timeout=(CONNECT_SECONDS, SILENCE_SECONDS), **found)
        target = response.headers.get("Location", "")
        if response.status_code not in REDIRECTS or not target:
            return response
        response.close()
        guard.public_only = guard.public_only or any(map(address_policy.is_public, where))
        try:
            url = urljoin(url, target).partition("#")[0]
        except ValueError:
            raise CatalogError(f"{name}: redirected to an invalid address") from None
    raise CatalogError(f"{name}: too many redirects: check the address")


def _checked(guard: CatalogGuard, url: str, name: str) -> list[address_policy.Address]:
    """Return the addresses behind a URL. Raises CatalogError for one that may not be asked."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 0
    except ValueError:
        raise CatalogError(f"{name}: not an address that can be fetched") from None
    if parts.scheme.lower() not in SCHEMES:
        raise CatalogError(f"{name}: redirected to something that is not http or https")
    try:
        return guard.resolve(host, port)
    except CatalogError as error:
        raise CatalogError(f"{name}: {error}") from None


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
        raise CatalogError(f"{name}: {_reason(error)} before the end of the file: try again") from None


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
