"""Reads Parquet by pyarrow, a batch of rows at a time. pyarrow is an extra and is loaded here alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from speeko_jobs.adapters.catalog import decompression_limits
from speeko_jobs.adapters.catalog.cell_text import cell_text
from speeko_jobs.adapters.catalog.table import CELL_CHARS, Row, Table, bad, fault_of
from speeko_jobs.errors import CatalogError

BATCH_ROWS = 1_024


def read_parquet(file: IO[bytes] | Path, name: str) -> Table:
    """A table of all columns. CatalogError without pyarrow, or for what is no Parquet file."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise CatalogError(
            f"{name}: reading Parquet needs pyarrow: pip install 'speeko-jobs[parquet]'"
        ) from None
    try:
        parquet = pyarrow.parquet.ParquetFile(file, pre_buffer=False)
    except (pyarrow.ArrowException, OSError):
        raise CatalogError(f"{name}: not a Parquet file, or it is damaged: write it again") from None
    try:
        decompression_limits.check_parquet(parquet, name)
    except CatalogError:
        parquet.close()
        raise
    header = [str(field.name) or str(number) for number, field in enumerate(parquet.schema_arrow, 1)]
    rows = _rows(parquet, pyarrow, name)
    table = Table(name, header, True, rows, how="Parquet")
    table.also_close(parquet.close)
    return table


def _rows(parquet: Any, pyarrow: Any, name: str) -> Iterator[Row]:
    batches = parquet.iter_batches(batch_size=BATCH_ROWS, use_threads=False)
    done = 0
    while True:
        try:
            batch = next(batches, None)
        except (pyarrow.ArrowException, OSError):
            raise CatalogError(
                f"{name}: damaged behind row {done}, the rest cannot be read: write the file again"
            ) from None
        if batch is None:
            return
        columns = [_cells(column, pyarrow) for column in batch.columns]
        if any(map(_doubtful, columns)):
            yield from _checked(columns, done)
        else:
            yield from zip(*columns, strict=True)
        done += batch.num_rows


def _cells(column: Any, pyarrow: Any) -> list[str]:
    kind = column.type
    if pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind):
        try:
            return [cell if cell is not None else "" for cell in column.to_pylist()]
        except UnicodeDecodeError:
            kind = pyarrow.binary() if pyarrow.types.is_string(kind) else pyarrow.large_binary()
            column = column.view(kind)
    try:
        return list(map(cell_text, column.to_pylist()))
    except (ValueError, OverflowError):  # a timestamp finer or further than datetime knows
        return [cell if cell is not None else "" for cell in column.cast(pyarrow.string()).to_pylist()]


def _doubtful(cells: list[str]) -> bool:
    text = "".join(cells)
    return len(text) > CELL_CHARS or bool(fault_of([text]))


def _checked(columns: list[list[str]], done: int) -> Iterator[Row]:
    for number, row in enumerate(zip(*columns, strict=True), done + 1):
        fault = fault_of(row)
        yield bad(f"row {number}: {fault}", " ".join(row)) if fault else row
