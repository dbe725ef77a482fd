"""Catalogs written into a folder and read back whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from speeko_jobs.adapters.catalog import BadRow, ReadOptions, open_catalog
from tests.fixtures.s3 import s3_endpoint, s3_environment, s3_url  # noqa: F401


class Read(NamedTuple):
    name: str
    header: tuple[str, ...]
    has_header: bool
    rows: list[list[str]]
    bad: list[BadRow]
    how: str
    notes: list[str]


def read_all(*sources: str | Path, options: ReadOptions | None = None) -> list[Read]:
    out = []
    for table in open_catalog([str(source) for source in sources], options):
        rows = list(table.rows)
        good: Sequence[list[str]] = [list(row) for row in rows if not isinstance(row, BadRow)]
        bad = [row for row in rows if isinstance(row, BadRow)]
        out.append(
            Read(table.name, table.header, table.has_header, list(good), bad, table.how, table.all_notes())
        )
        assert all(isinstance(cell, str) for row in good for cell in row)
        assert all(len(row) <= len(table.header) for row in good)
        for row in bad:
            assert row.reason.isprintable()
            assert len(row.raw) <= 1000
            row.raw.encode()
    return out


Reader = Callable[..., Read]


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    """read(data, name="x.csv", **options): what a file with this content holds."""

    def one(data: str | bytes, name: str = "x.csv", **options: str) -> Read:
        path = tmp_path / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        (found,) = read_all(path, options=ReadOptions(**options))
        return found

    return one


@pytest.fixture
def read_sources() -> Callable[..., list[Read]]:
    """read_sources(source, ..., options=None): every table of these sources."""
    return read_all
