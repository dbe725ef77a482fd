"""Decide which addresses may be fetched from or notified, and where a redirect may lead (SSRF policy).

The command line runs with its user's own rights, on the user's own network: private addresses are as good
as any. Addresses at which clouds answer with credentials are always refused, and a public server may not
send us to a private one. An IPv6 address that carries an IPv4 address is judged by both.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Addresses at which clouds answer with credentials, and link-local addresses, where most of them are.
_METADATA = tuple(
    ipaddress.ip_network(text)
    for text in (
        "169.254.0.0/16",  # link-local: AWS, Azure, Google, DigitalOcean, Hetzner, OpenStack, Tencent
        "fe80::/10",  # link-local; OpenStack's fe80::a9fe:a9fe
        "fd00:ec2::/32",  # AWS over IPv6 (metadata, pod identity, DNS, time)
        "fd20:ce::254/128",  # Google over IPv6
        "fd00:42::42/128",  # Scaleway over IPv6
        "fd00:a9fe:a9fe::254/128",  # Akamai (Linode) over IPv6
        "fd00:c1::a9fe:a9fe/128",  # Oracle over IPv6
        "100.100.100.200/32",  # Alibaba
        "168.63.129.16/32",  # Azure's host agent
        "192.0.0.192/32",  # Oracle
    )
)
# Not for the public internet, yet `is_global` of some supported Python versions says so.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        "168.63.129.16/32",  # Azure's host agent
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays, withdrawn
        "64:ff9b:1::/48",  # NAT64 of local use
        "100:0:0:1::/64",  # dummy prefix
        "2001::/23",  # protocol assignments, Teredo among them
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fec0::/10",  # site-local
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.IPv6Network("64:ff9b:1::/48")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_TRANSLATED = ipaddress.IPv6Network("::ffff:0:0:0/96")
_ISATAP = (0x00005EFE, 0x02005EFE)


def addresses_of(host: str, port: int) -> list[Address]:
    """Return the host's addresses by the system's resolver; [] for a host that it does not know."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [plain(str(entry[4][0])) for entry in found]


def literal(host: str) -> Address | None:
    """Return the address that a host stands for without a look-up; None for a name.

    `127.1`, `0x7f000001` and `2130706433` are addresses to every resolver.
    """
    try:
        return plain(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return None


def plain(text: str) -> Address:
    """Return the address, an IPv4-mapped one as the IPv4 address that it is. ValueError when it is none."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def refusal(addresses: Iterable[Address], *, public_only: bool) -> str:
    """Return why none of these may be connected to; "" when all may."""
    for address in addresses:
        if any(_is_in(found, _METADATA) for found in (address, *_carried(address))):
            return "a link-local or metadata address, from which no catalog is read"
        if public_only and not is_public(address):
            return "redirected from a public server to a private address"
    return ""


def is_public(address: Address) -> bool:
    """Return whether the address, and each IPv4 address that it carries, is one of the public internet."""
    carried = _carried(address)
    if not all(map(_is_global, carried)):
        return False
    # a network without IPv4 reaches every public IPv4 server through this prefix
    return address in _NAT64 or _is_global(address)


def _is_global(address: Address) -> bool:
    beyond = address.is_multicast or address.is_reserved or _is_in(address, _NOT_PUBLIC)
    return address.is_global and not beyond


def _is_in(address: Address, networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    return any(address in network for network in networks if network.version == address.version)


def _carried(address: Address) -> list[ipaddress.IPv4Address]:
    """Return the IPv4 addresses inside an IPv6 address: those that a router or tunnel would forward to."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    value = int(address)
    found = [] if address.ipv4_mapped is None else [address.ipv4_mapped]
    if address.sixtofour is not None:
        found.append(address.sixtofour)
    if address.teredo is not None:
        found.extend(address.teredo)
    last = ipaddress.IPv4Address(value & 0xFFFFFFFF)
    is_isatap = value >> 32 & 0xFFFFFFFF in _ISATAP
    has_compatible = address in _COMPATIBLE and value > 0xFFFF  # `::` and `::1` carry none
    if has_compatible or is_isatap or any(address in net for net in (_NAT64, _NAT64_LOCAL, _TRANSLATED)):
        found.append(last)
    if address in _NAT64_LOCAL:  # RFC 6052: two bytes before and two after the byte of zeros
        found.append(ipaddress.IPv4Address((value >> 64 & 0xFFFF) << 16 | value >> 40 & 0xFFFF))
    return found
