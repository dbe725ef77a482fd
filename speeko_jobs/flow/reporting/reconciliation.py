"""Reconcile the ledger with a provider's bill: line by line, whatever their sizes and orders.

Both sides are cut into temporary files by what they are matched by, and compared file by file, so memory
holds a small part of them. Changes nothing.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass, field
from datetime import datetime
from typing import Any
from zlib import crc32

from speeko_jobs.adapters import catalog
from speeko_jobs.adapters.catalog import BadRow
from speeko_jobs.adapters.postgres import ledger_pages
from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.core.billing import invoice_columns as bill
from speeko_jobs.core.billing.invoice_matching import (
    DIFFERENCES,
    BilledLine,
    BookedCall,
    Finding,
    ReconciledEntry,
    compare,
)
from speeko_jobs.core.model.states import AttemptState
from speeko_jobs.errors import CatalogError

PARTS = 64


@dataclass(frozen=True)
class ReconcileOptions:
    """The bill's file, its columns ("": by their usual names), and the part of the ledger to hold it to."""

    bill: str
    key: str = ""
    voice: str = ""
    chars: str = ""
    cost: str = ""
    provider: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass
class Reconciliation:
    """How often each finding occurs and how much money it is; `columns` tells how the bill was read."""

    columns: str = ""
    lines: int = 0
    billed_micros: int = 0
    calls: int = 0
    counts: Counter[Finding] = field(default_factory=Counter)
    micros: Counter[Finding] = field(default_factory=Counter)

    @property
    def agrees(self) -> bool:
        return not any(self.counts[finding] for finding in DIFFERENCES)


def reconcile(
    database: Database, orders: ReconcileOptions, on_found: Callable[[ReconciledEntry], None]
) -> Reconciliation:
    """Compare; `on_found` gets all that is not plainly in order. Raises CatalogError for a bad bill."""
    out = Reconciliation()
    with contextlib.ExitStack() as stack:
        by_key, by_figures = stack.enter_context(_Parts()), stack.enter_context(_Parts())
        figures = _read_bill(orders, out, by_key, by_figures)
        since, until = orders.since, orders.until
        for a in ledger_pages.attempts(database, provider=orders.provider, since=since, until=until):
            call = BookedCall(a.id, a.job, a.row, a.key, a.state, a.voice, a.chars, a.cost_micros)
            by_key.add_call(call.key, call)
            out.calls += 1

        def tell(found: ReconciledEntry) -> None:
            out.counts[found.finding] += 1
            side = found.booked if found.booked else found.billed
            assert side is not None
            out.micros[found.finding] += max(side.micros, 0)
            if found.finding not in (Finding.AGREED, Finding.FREE):
                on_found(found)

        keyless = by_figures.used
        for found in by_key.findings():
            if keyless and found.billed is None and found.booked is not None:
                by_figures.add_call(figures(found.booked), found.booked)
            else:
                tell(found)
        for found in by_figures.findings():
            tell(found)
    return out


def _read_bill(
    orders: ReconcileOptions, out: Reconciliation, by_key: _Parts, by_figures: _Parts
) -> Callable[[BilledLine | BookedCall], str]:
    """Sort the bill's lines; how to name the group of a call that no line names by its key."""
    columns: bill.BillColumns | None = None

    def figures(side: BilledLine | BookedCall) -> str:
        assert columns is not None
        parts = (
            side.voice if columns.voice is not None else "",
            side.chars if columns.chars is not None else "",
            side.micros if columns.cost is not None else "",
        )
        return json.dumps(parts)

    for table in catalog.open_catalog([orders.bill]):
        columns = _columns(orders, table)
        out.columns = columns.described(table.header)
        for line, row in enumerate(table.rows, 1):
            entry = _entry(columns, table.name, line, row)
            out.lines += 1
            out.billed_micros += max(entry.micros, 0)
            if entry.key:
                by_key.add_line(entry.key, entry)
            else:
                by_figures.add_line(figures(entry), entry)
    return figures


def _columns(orders: ReconcileOptions, table: catalog.Table) -> bill.BillColumns:
    try:
        return bill.choose(
            table.header, key=orders.key, voice=orders.voice, chars=orders.chars, cost=orders.cost
        )
    except CatalogError as error:
        raise CatalogError(f"{table.name}: {error}") from None


def _entry(columns: bill.BillColumns, name: str, line: int, row: catalog.Row) -> BilledLine:
    if isinstance(row, BadRow):
        raise CatalogError(f"{name}, row {line}: {row.reason}")
    try:
        return bill.billed(columns, line, row)
    except ValueError as error:
        raise CatalogError(f"{name}, row {line}: {error}: correct it, or leave the row out") from None


class _Parts:
    """Lines and calls in temporary files, by their group's name: a group is whole in one file."""

    def __init__(self) -> None:
        self._files: list[Any] = []
        self.used = False

    def __enter__(self) -> _Parts:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.close()

    def add_line(self, group: str, line: BilledLine) -> None:
        self._add(group, 0, astuple(line))

    def add_call(self, group: str, call: BookedCall) -> None:
        self._add(group, 1, astuple(call))

    def _add(self, group: str, side: int, values: tuple[Any, ...]) -> None:
        if not self._files:
            self._files = [tempfile.TemporaryFile("w+") for _ in range(PARTS)]  # noqa: SIM115
            self.used = True
        name = group.encode("utf-8", "surrogatepass")
        self._files[crc32(name) % PARTS].write(json.dumps((group, side, values)) + "\n")

    def findings(self) -> Iterator[ReconciledEntry]:
        """What comes of all groups."""
        for file in self._files:
            file.seek(0)
            yield from _findings(json.loads(line) for line in file)


def _findings(entries: Iterable[tuple[str, int, list[Any]]]) -> Iterator[ReconciledEntry]:
    groups: dict[str, tuple[list[BilledLine], list[BookedCall]]] = {}
    for group, side, values in entries:
        lines, calls = groups.setdefault(group, ([], []))
        if side:
            values[4] = AttemptState(values[4])
            calls.append(BookedCall(*values))
        else:
            lines.append(BilledLine(*values))
    for lines, calls in groups.values():
        yield from compare(lines, calls)
