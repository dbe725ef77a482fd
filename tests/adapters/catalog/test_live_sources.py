"""Pipes as catalogs: what is waited for is said, and closed or interrupted ones end with one line."""

from __future__ import annotations

import logging
import os
import sys
import threading
from pathlib import Path

import pytest

from speeko_jobs.adapters.catalog import source_resolver
from speeko_jobs.errors import CatalogError
from tests.wait import wait_until


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_resolver, "WAIT_SECONDS", 0.05)


def test_a_pipe_that_nobody_writes_says_what_it_waits_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pipe = tmp_path / "catalog.csv"
    os.mkfifo(pipe)
    read: list[bytes] = []

    def consume() -> None:
        (source,) = source_resolver.resolve([str(pipe)])
        stream = source.open()
        read.append(stream.read())
        stream.close()

    reader = threading.Thread(target=consume)
    with caplog.at_level(logging.WARNING):
        reader.start()
        wait_until(lambda: "is a named pipe: waiting for a program" in caplog.text, "a line")
        with pipe.open("wb") as writer:
            wait_until(lambda: f"waiting for data from {pipe}" in caplog.text, "another line")
            writer.write(b"id,text\n1,One.\n")
        reader.join(30)
    assert read == [b"id,text\n1,One.\n"]


def test_a_file_says_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "catalog.csv").write_text("id,text\n1,One.\n")
    (source,) = source_resolver.resolve([str(tmp_path / "catalog.csv")])
    stream = source.open()
    assert stream.read()
    stream.close()
    assert caplog.text == ""


def test_a_closed_standard_input_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    (source,) = source_resolver.resolve(["-"])
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(CatalogError, match="stdin is closed: give a file, or pipe a catalog"):
        source.open()
