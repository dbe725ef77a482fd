"""Guard HTTP requests to addresses that users name: catalogs and webhooks (SSRF).

Each address is checked twice: when its name is resolved, and when the connection stands, before anything is
sent. A name may resolve to another address the second time (DNS rebinding). Behind a proxy only the first
check counts, because the connection is the proxy's. What is refused is the policy of each subclass.
"""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from speeko_jobs.adapters.http.address_policy import Address, addresses_of, plain

if TYPE_CHECKING:
    from requests import Session


class AddressGuard(ABC):
    """Refuse addresses that a request must not reach. One guard serves one request and its redirects."""

    def __init__(self) -> None:
        self._is_proxied = False

    @abstractmethod
    def refusal(self, found: Sequence[Address]) -> str:
        """Return why none of these may be connected to; "" when all may."""

    @abstractmethod
    def error(self, why: str) -> Exception:
        """Return the exception that is raised for a refused address."""

    def check(self, found: Sequence[Address]) -> None:
        """Raise `error` for addresses that may not be connected to."""
        if why := self.refusal(found):
            raise self.error(why)

    def resolve(self, host: str, port: int) -> list[Address]:
        """Return the host's addresses, checked; [] for a host that the resolver does not know."""
        found = addresses_of(host, port)
        self.check(found)
        return found

    def check_connection(self, connection: socket.socket) -> None:
        """Check the address that is really connected; close the connection where it is refused."""
        if self._is_proxied:
            return
        try:
            self.check([plain(str(connection.getpeername()[0]))])
        except BaseException:
            connection.close()
            raise

    def open_session(self) -> Session:
        """Open a session whose connections are checked before anything is sent through them."""
        return _watched_session(self.check_connection)

    def environment_of(self, session: Session, url: str) -> dict[str, Any]:
        """Return proxies and certificates for a URL from the environment; note whether it is proxied."""
        import requests

        found: dict[str, Any] = dict(session.merge_environment_settings(url, {}, True, None, None))
        self._is_proxied = requests.utils.select_proxy(url, found["proxies"]) is not None
        return found


def _watched_session(connected: Callable[[socket.socket], None]) -> Session:
    """Return a session for http and https. What `connected` raises ends the request; it closes the socket."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            connection = super()._new_conn()
            connected(connection)
            return connection

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            connection = super()._new_conn()
            connected(connection)
            return connection

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *sizes: Any, **options: Any) -> None:
            super().init_poolmanager(*sizes, **options)
            self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}

    session = requests.Session()
    for scheme in ("http", "https"):
        session.mount(f"{scheme}://", Adapter())
    return session
