"""The form of web addresses that jobs keep: one check for webhooks and CDNs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from speeko_jobs.core.job.job_spec import check_webhook
from speeko_jobs.core.output import cdn_publishing
from speeko_jobs.core.output.web_address import missing_slash
from speeko_jobs.errors import ConfigError


def _check_base(url: str) -> None:
    cdn_publishing.check("", url)


BOTH = pytest.mark.parametrize(
    ("check", "option"), [(check_webhook, "--webhook"), (_check_base, "--public-base-url")]
)


@BOTH
@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("http://127.0.0.1:", "an empty port"),
        ("http://[::1]:/x", "an empty port"),
        ("https://a.example:0/x", "the port 0"),
        ("https://a.example:65536", "the port 65536"),
        ("https://a.example:99999999/", "the port 99999999"),
        ("https://a.example:-1/", "the port -1"),
        ("https://a.example:http/", "the port http"),
    ],
)
def test_a_port_that_cannot_be_is_one_line(
    check: Callable[[str], None], option: str, url: str, port: str
) -> None:
    with pytest.raises(ConfigError) as error:
        check(url)
    host = url.split("/")[2]
    expected = f"{option}: {host} has {port}: give one from 1 to 65535, or none and no colon"
    assert str(error.value) == expected


@BOTH
@pytest.mark.parametrize(
    "url", ["a.example", "ftp://a.example/", "http://", "http:///x", "http://[::1/x", "https://a.example/a b"]
)
def test_what_is_no_web_address_is_one_line(check: Callable[[str], None], option: str, url: str) -> None:
    with pytest.raises(ConfigError, match=f"^{option} takes an address such as https://"):
        check(url)


@BOTH
@pytest.mark.parametrize("url", ["https://canary:x@a.example/", "https://a.example/?token=canary"])
def test_logins_and_keys_are_refused_and_not_repeated(
    check: Callable[[str], None], option: str, url: str
) -> None:
    with pytest.raises(ConfigError, match=f"^{option}: no keys and passwords") as error:
        check(url)
    assert "canary" not in str(error.value)


@BOTH
@pytest.mark.parametrize("url", ["", "https://a.example", "http://a.example:65535/x", "http://[::1]:80/"])
def test_addresses_that_can_be_pass(check: Callable[[str], None], option: str, url: str) -> None:
    check(url)


@pytest.mark.parametrize(
    ("place", "meant"),
    [
        ("s3:/shop/audio", "s3://shop/audio"),
        ("S3:/shop", "s3://shop"),
        ("gs:/shop", "gs://shop"),
        ("az:/shop", "az://shop"),
        ("https:/a.example/x.csv", "https://a.example/x.csv"),
        ("http:/user:canary@a.example/x.csv?token=canary", "http://a.example/x.csv"),
        ("file:/folder", "file:///folder"),
    ],
)
def test_an_address_that_lacks_a_slash_is_one_line(place: str, meant: str) -> None:
    said = missing_slash(place)
    assert f"did you mean {meant}? " in said
    assert "canary" not in said


@pytest.mark.parametrize(
    "place", ["", "s3://x", "./s3:/x", "/a/s3:/x", "C:/x", "out", "s3", "s3:x", "file:///x"]
)
def test_other_places_lack_no_slash(place: str) -> None:
    assert missing_slash(place) == ""
