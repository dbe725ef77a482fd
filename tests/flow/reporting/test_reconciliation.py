"""The ledger of real jobs beside the metered provider's bill, and beside bills in other shapes."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from speeko_jobs.core.billing.invoice_matching import ReconciledEntry
from speeko_jobs.core.model.money import usd
from speeko_jobs.errors import CatalogError
from speeko_jobs.flow.reporting.reconciliation import ReconcileOptions, Reconciliation, reconcile
from tests.fixtures.inprocess import InProcess

ROWS = [(str(n), f"A text number {n} to be spoken.") for n in range(30)]


def look(flow: InProcess, bill: Path, **orders: Any) -> tuple[Reconciliation, list[ReconciledEntry]]:
    found: list[ReconciledEntry] = []
    result = reconcile(flow.context.database, ReconcileOptions(str(bill), **orders), found.append)
    return result, found


def write(path: Path, entries: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return path


def counted(result: Reconciliation) -> dict[str, int]:
    return {finding.value: n for finding, n in result.counts.items() if n}


def test_the_providers_own_bill_agrees(flow: InProcess, tmp_path: Path) -> None:
    flow.provider.script(
        [
            {"match": "number 3 ", "garbage": "silence"},
            {"match": "number 4 ", "reset": "after"},
            {"match": "number 5 ", "reset": "before"},
            {"match": "number 6 ", "status": 500},
        ]
    )
    flow.run(flow.catalog(ROWS))
    bill = write(tmp_path / "bill.jsonl", flow.provider.bill())
    result, found = look(flow, bill)
    assert result.agrees
    assert result.columns.startswith("key from 'key', voice from 'voice', characters from 'chars', cost from")
    assert result.columns.endswith("'micros' (in micro-dollars)")
    assert result.billed_micros == flow.provider.micros
    counts = counted(result)
    assert counts["agreed"] == 31  # one text was paid twice: its first audio was silent
    assert counts["unknown_billed"] == 1
    assert {f.finding.value for f in found} == {"unknown_billed", "unknown_not_billed"}
    (billed,) = [f for f in found if f.finding.value == "unknown_billed"]
    assert billed.booked is not None
    assert billed.booked.row == 5


def test_what_differs_is_listed(flow: InProcess, tmp_path: Path) -> None:
    flow.run(flow.catalog(ROWS))
    entries = flow.provider.bill()
    entries[0]["micros"] += 1
    missing = entries.pop(1)
    entries.append(entries[2] | {"n": 99})
    result, found = look(flow, write(tmp_path / "bill.jsonl", entries))
    assert counted(result) == {"agreed": 28, "other_amount": 1, "only_in_ledger": 1, "only_billed": 1}
    assert not result.agrees
    by_kind = {f.finding.value: f for f in found}
    assert by_kind["only_in_ledger"].booked is not None
    assert by_kind["only_in_ledger"].booked.key == missing["key"]
    assert by_kind["only_billed"].billed is not None
    assert by_kind["only_billed"].billed.line == len(entries)


def test_a_bill_without_keys_is_compared_by_its_figures(flow: InProcess, tmp_path: Path) -> None:
    flow.run(flow.catalog(ROWS))
    entries = flow.provider.bill()
    path = tmp_path / "usage.csv"
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["Voice", "Characters", "Cost USD"])
        out.writerows([e["voice"], e["chars"], usd(e["micros"])] for e in reversed(entries))
        out.writerow(["somebody", 5, "0.01"])
    result, found = look(flow, path)
    assert counted(result) == {"agreed": 30, "only_billed": 1}
    assert found[0].billed is not None
    assert found[0].billed.voice == "somebody"

    mixed = [e if n % 2 else {"chars": e["chars"], "micros": e["micros"]} for n, e in enumerate(entries)]
    result, _ = look(flow, write(tmp_path / "mixed.jsonl", [{"key": "", **e} for e in mixed]))
    assert (result.agrees, counted(result)["agreed"]) == (False, 15)  # half of them lack the voice
    for entry in mixed:
        entry.pop("voice", None)
    result, _ = look(flow, write(tmp_path / "mixed.jsonl", [{"key": "", **e} for e in mixed]))
    assert counted(result) == {"agreed": 30}


def test_only_the_days_and_the_provider_asked_for(flow: InProcess, tmp_path: Path) -> None:
    flow.run(flow.catalog(ROWS))
    bill = write(tmp_path / "bill.jsonl", flow.provider.bill())
    now = datetime.now(UTC)
    assert counted(look(flow, bill, since=now - timedelta(days=1), provider="speeko")[0]) == {"agreed": 30}
    for other in ({"since": now + timedelta(days=1)}, {"until": now - timedelta(days=1)}, {"provider": "x"}):
        assert counted(look(flow, bill, **other)[0]) == {"only_billed": 30}


def test_bills_that_cannot_be_read(flow: InProcess, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("day,note\n1,x\n")
    (tmp_path / "b.csv").write_text("chars,cost\n5,0.1\nTotal,0.1\n")
    (tmp_path / "c.jsonl").write_text('{"key": "a", "micros": 1}\n{"key": \n')
    for name, told in (
        ("a.csv", "a.csv: no column of a key"),
        ("b.csv", "b.csv, row 2: 'Total' is not a number of characters"),
        ("c.jsonl", "c.jsonl, row 2: .*not valid JSON"),
        ("d.csv", "no such file"),
    ):
        with pytest.raises(CatalogError, match=told):
            look(flow, tmp_path / name)
