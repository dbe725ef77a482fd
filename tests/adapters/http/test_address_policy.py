"""The address policy: literals, names that resolve to them, redirects, and DNS rebinding."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import pytest

from speeko_jobs.adapters.http import address_policy, webhook_client
from speeko_jobs.errors import CatalogError
from tests.faults.test_hostile_input import rows_of, serving

PUBLIC = (
    "8.8.8.8", "1.1.1.1", "93.184.216.34", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0",
    "2606:4700::1111", "2001:4860:4860::8888", "2a00:1450:4001::", "::ffff:8.8.8.8", "2002:808:808::1",
    "64:ff9b::8.8.8.8", "169.253.255.255", "192.0.1.1",
)  # fmt: skip
PRIVATE = (
    # this host, this network, private use, carrier NAT
    "0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255",
    "192.168.0.1", "100.64.0.1", "100.127.255.255", "::", "::1", "fc00::1", "fd12:3456::1", "fec0::1",
    "feff::1",
    # protocol assignments, documentation, benchmarks, reserved, broadcast, multicast
    "192.0.0.1", "192.0.0.8", "192.0.0.170", "192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1",
    "198.19.255.255", "192.88.99.1", "240.0.0.1", "255.255.255.255", "224.0.0.1", "239.255.255.255",
    "ff02::1", "ff0e::1", "2001:db8::1", "3fff::1", "5f00::1", "100::1", "100:0:0:1::1", "2001:2::1",
    "2001:10::1",
    # IPv6 that carries private IPv4: mapped, compatible, translated, 6to4, NAT64, Teredo (both ends), ISATAP
    "::ffff:10.0.0.1", "::ffff:7f00:1", "::10.0.0.1", "::8.8.8.8", "::ffff:0:10.0.0.1", "2002:a00:1::",
    "2002:7f00:1::", "64:ff9b::10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "64:ff9b:1:abcd::8.8.8.8",
    "2001:0:4136:e378:8000:63bf:f5ff:fffe", "2001:0:a00:1:8000:63bf:3fff:fdd2", "2606:4700::5efe:10.0.0.1",
    "2606:4700::200:5efe:192.168.0.1",
)  # fmt: skip
METADATA = (
    "169.254.169.254", "169.254.170.2", "169.254.0.1", "fe80::1", "fe80::a9fe:a9fe", "febf::1",
    "fd00:ec2::254",
    "fd00:ec2::23", "fd20:ce::254", "fd00:42::42", "fd00:a9fe:a9fe::254", "fd00:c1::a9fe:a9fe",
    "100.100.100.200", "168.63.129.16", "192.0.0.192", "::ffff:169.254.169.254", "::169.254.169.254",
    "::ffff:0:169.254.169.254", "2002:a9fe:a9fe::1", "64:ff9b::a9fe:a9fe", "64:ff9b::192.0.0.192",
    "64:ff9b:1::169.254.169.254", "64:ff9b:1:a9fe:a9:fe00::", "2606:4700::5efe:169.254.169.254",
    "2001:0:4136:e378:8000:63bf:5601:5601",
)  # fmt: skip


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_allowed_after_a_redirect(text: str) -> None:
    assert address_policy.is_public(address_policy.plain(text))
    assert address_policy.refusal([address_policy.plain(text)], public_only=True) == ""


@pytest.mark.parametrize("text", PRIVATE)
def test_private_addresses_are_refused_after_a_redirect_only(text: str) -> None:
    assert not address_policy.is_public(address_policy.plain(text))
    assert "private address" in address_policy.refusal([address_policy.plain(text)], public_only=True)
    assert address_policy.refusal([address_policy.plain(text)], public_only=False) == ""


@pytest.mark.parametrize("text", METADATA)
def test_metadata_addresses_are_always_refused(text: str) -> None:
    assert not address_policy.is_public(address_policy.plain(text))
    assert "metadata" in address_policy.refusal([address_policy.plain(text)], public_only=False)


def test_one_bad_address_among_good_ones_is_enough() -> None:
    found = [address_policy.plain(text) for text in ("8.8.8.8", "169.254.169.254")]
    assert "metadata" in address_policy.refusal(found, public_only=False)


class Names:
    """The resolver's answers for names of the tests: one list after the other, the last one for good."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: dict[str, list[str]] = {}
        self._resolve = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._answer)
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)

    def _answer(self, host: Any, port: Any, *others: Any, **options: Any) -> Any:
        listed = self.answers.get(host)
        if listed is None:
            return self._resolve(host, port, *others, **options)
        text = listed.pop(0) if len(listed) > 1 else listed[0]
        family = socket.AF_INET6 if ipaddress.ip_address(text).version == 6 else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (text, port))]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    return Names(monkeypatch)


@pytest.mark.parametrize("text", METADATA)
def test_a_name_of_a_metadata_address_is_refused(names: Names, text: str) -> None:
    names.answers["metadata.test"] = [text]
    with pytest.raises(CatalogError, match="metadata address"):
        rows_of("http://metadata.test/latest")
    with pytest.raises(webhook_client.WebhookError, match="metadata address"):
        webhook_client.post("http://metadata.test/", b"{}", {}, allow_private=True)
    with serving() as (url, hits):
        with pytest.raises(CatalogError, match="metadata address"):
            rows_of(f"{url}/to?http://metadata.test/latest")
        assert len(hits) == 1


@pytest.mark.parametrize("text", ["10.0.0.1", "fec0::1", "64:ff9b:1::1", "::10.0.0.1", "192.0.0.8"])
def test_a_webhook_to_the_name_of_a_private_address_is_refused(names: Names, text: str) -> None:
    names.answers["inside.test"] = [text]
    with pytest.raises(webhook_client.WebhookError, match="private address"):
        webhook_client.post("http://inside.test/", b"{}", {})


def test_a_name_that_changes_between_look_and_connection_is_refused(names: Names) -> None:
    """DNS rebinding: the connection's own address decides, and nothing is sent through it."""
    with serving() as (url, hits):
        port = url.rpartition(":")[2]
        names.answers["public.test"] = ["93.184.216.34", "127.0.0.1"]  # stands for a public server
        names.answers["rebound.test"] = ["93.184.216.34", "127.0.0.1"]
        with pytest.raises(CatalogError, match="redirected from a public server to a private address"):
            rows_of(f"http://public.test:{port}/to?http://rebound.test:{port}/inside.csv")
        assert len(hits) == 1
        names.answers["rebound.test"] = ["93.184.216.34", "127.0.0.1"]
        with pytest.raises(webhook_client.WebhookError, match="private address"):
            webhook_client.post(f"http://rebound.test:{port}/", b"{}", {})
        assert len(hits) == 1
