"""Parquet: values as text, batches, damage, and life without pyarrow."""

from __future__ import annotations

import datetime
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from speeko_jobs.errors import CatalogError

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def write(path: Path, columns: dict[str, object], **options: object) -> Path:
    pq.write_table(pa.table(columns), path, **options)
    return path


def test_values_as_plain_text(tmp_path: Path, read_sources) -> None:
    day = datetime.date(2026, 2, 3)
    columns = {
        "id": pa.array([1, None], pa.int64()),
        "text": pa.array(["a", None], pa.large_string()),
        "float": [12.0, 1.5],
        "nan": [float("nan"), 2.0],
        "flag": [True, False],
        "date": [day, None],
        "time": pa.array([datetime.datetime(2026, 2, 3, 4, 5), None], pa.timestamp("us")),  # noqa: DTZ001
        "nano": pa.array([1, None], pa.timestamp("ns")),
        "price": [Decimal("1.10"), Decimal("2.00")],
        "tags": [["x", "y"], []],
        "more": [{"k": 1}, None],
        "kind": pa.array(["u", "v"]).dictionary_encode(),
        "raw": [b"bytes", None],
    }
    (table,) = read_sources(write(tmp_path / "x.parquet", columns))
    assert table.header == tuple(columns)
    first, second = table.rows
    nano = first.pop(7)
    assert nano.startswith("1970-01-01 00:00:00")
    assert first == [
        "1", "a", "12", "", "true", "2026-02-03", "2026-02-03 04:05:00", "1.10",
        '["x", "y"]', '{"k": 1}', "u", "bytes",
    ]  # fmt: skip
    assert second == ["", "", "1.5", "2", "false", "", "", "", "2.00", "[]", "", "v", ""]


def test_many_row_groups(tmp_path: Path, read_sources) -> None:
    columns = {"id": list(range(10_000)), "text": [f"Text {i}" for i in range(10_000)]}
    (table,) = read_sources(write(tmp_path / "x.parquet", columns, row_group_size=700))
    assert table.rows == [[str(i), f"Text {i}"] for i in range(10_000)]


def test_bad_cells_cost_their_rows(tmp_path: Path, read_sources) -> None:
    raw = pa.array([b"ok", b"b\xff", b"nu\0l", b"x" * 1_000_001, b"caf\xc3\xa9"], pa.binary())
    text = pa.StringArray.from_buffers(5, raw.buffers()[1], raw.buffers()[2])
    (table,) = read_sources(write(tmp_path / "x.parquet", {"id": [1, 2, 3, 4, 5], "text": text}))
    assert table.rows == [["1", "ok"], ["5", "café"]]
    assert [row.reason[:6] for row in table.bad] == ["row 2:", "row 3:", "row 4:"]


def test_damaged_files(tmp_path: Path, read) -> None:
    data = write(
        tmp_path / "whole.parquet", {"id": ["a"] * 5000, "text": [str(i) for i in range(5000)]}
    ).read_bytes()
    for broken in (b"PAR1", b"PAR1 is no magic", data[:-100], data[: len(data) // 2]):
        with pytest.raises(CatalogError, match=r"x\.parquet: not a Parquet file"):
            read(broken, "x.parquet")
    torn = data[:200] + bytes(400) + data[600:]
    with pytest.raises(CatalogError, match=r"x\.parquet: damaged"):
        read(torn, "x.parquet")


def test_without_pyarrow(tmp_path: Path, read_sources, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "x.parquet", {"id": [1]})
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(CatalogError, match=r"pip install 'speeko-jobs\[parquet\]'"):
        read_sources(path)
