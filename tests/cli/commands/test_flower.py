"""`speeko flower` before it starts: who may look, and where."""

from __future__ import annotations

import socket
from typing import Any

import pytest

OPEN_TO_OTHERS = ["0.0.0.0", "::", "192.168.1.1", "example.test", "", "127.1", "0"]


def refused(here: Any, *words: str) -> str:
    """The line that it ends with."""
    code, out, err = here("flower", *words)
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    return str(err)


@pytest.mark.parametrize("address", OPEN_TO_OTHERS)
def test_beyond_this_machine_it_wants_a_password(
    here: Any, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.delenv("FLOWER_BASIC_AUTH", raising=False)
    assert "set FLOWER_BASIC_AUTH=user:password first" in refused(here, "--address", address)


@pytest.mark.parametrize(
    "auth", ["s3cret", ":", "s3cret:", ":s3cret", "user:s3c,ret", "a:s3cret,", "a:s3crét"]
)
@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_passwords_that_let_nobody_in_or_everybody(
    here: Any, monkeypatch: pytest.MonkeyPatch, auth: str, address: str
) -> None:
    monkeypatch.setenv("FLOWER_BASIC_AUTH", auth)
    told = refused(here, "--address", address)
    assert "FLOWER_BASIC_AUTH is user:password" in told
    assert "s3c" not in told


@pytest.mark.parametrize("auth", ["user:p", "user:useruseruser", "good:correct-horse,user:xyxyxyxyxyxyxy"])
def test_weak_passwords_serve_this_machine_only(
    here: Any, monkeypatch: pytest.MonkeyPatch, auth: str
) -> None:
    monkeypatch.setenv("FLOWER_BASIC_AUTH", auth)
    told = refused(here, "--address", "0.0.0.0")
    assert "the password of 'user' in FLOWER_BASIC_AUTH is too weak: it" in told
    assert auth.rpartition(":")[2] not in told.split()
    assert "xyxy" not in told


def test_a_port_that_is_taken(here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLOWER_BASIC_AUTH", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = refused(here, "--port", str(port))
    assert f"Flower cannot listen at 127.0.0.1 port {port}: Address already in use" in told
