"""Which addresses may be asked for a catalog or told an event, and where a redirect may lead.

The command line runs with its user's own rights, on the user's own network: private addresses are as good
as any. Addresses at which clouds hand out credentials are never good, and a public server may not send
us to a private one.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_METADATA = (
    ipaddress.ip_network("169.254.0.0/16"),
    ipaddress.ip_network("fe80::/10"),
    ipaddress.ip_network("fd00:ec2::/32"),  # Amazon's over IPv6
    ipaddress.ip_network("100.100.100.200/32"),  # Alibaba's
    ipaddress.ip_network("168.63.129.16/32"),  # Azure's
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def addresses_of(host: str, port: int) -> list[Address]:
    """Where a host is, by the system's resolver; [] for one that it does not know."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [plain(str(entry[4][0])) for entry in found]


def plain(text: str) -> Address:
    """The address, out of its IPv6 wrappings. ValueError when it is none."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def refusal(addresses: Iterable[Address], *, public_only: bool) -> str:
    """Why none of these may be connected to; "" when all may."""
    for address in addresses:
        if any(address in network for network in _METADATA if network.version == address.version):
            return "a link-local or metadata address, from which no catalog is read"
        if public_only and not is_public(address):
            return "redirected from a public server to a private address"
    return ""


def is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast
