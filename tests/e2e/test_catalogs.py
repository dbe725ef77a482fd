"""Real catalogs through real workers: what is planned is what is billed, and every file is its row's."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from pytest_celery import CeleryTestSetup

from speeko_jobs.adapters.celery_queue.app import make_app
from speeko_jobs.core.model.money import micros
from speeko_jobs.core.text.cleaning import spoken
from tests.e2e.conftest import MakeSpine
from tests.fixtures.ledger import check_ledger, check_served
from tests.fixtures.spine import DELIVERING, SYNTHESIZING, Spine, texts, write_catalog


@pytest.fixture
def celery_setup_app(idle_spine: Spine):  # type: ignore[no-untyped-def]
    with make_app(idle_spine.settings.redis_url) as app:
        yield app


def test_the_cluster_answers(celery_setup: CeleryTestSetup) -> None:
    assert celery_setup.ready(control=True)
    assert len(celery_setup.app.control.ping(timeout=30, limit=2)) == 2


def test_every_text_of_the_magento_catalog_is_bought_once(spine: Spine, shared_data: Path) -> None:
    catalog = shared_data / "magento_configurable_products.csv"
    with catalog.open(encoding="utf-8-sig", newline="") as file:
        rows = {row["sku"]: spoken(row["description"]) for row in csv.DictReader(file)}
    orders: dict[str, Any] = {"id": ("sku",), "text": ("description",)}

    summary = spine.wait(spine.submit(catalog, **orders))

    assert spine.provider.calls == summary["calls"] == 146
    assert spine.provider.micros == micros(summary["cost_usd"]) == micros(summary["planned_cost_usd"])
    lines = check_served(spine, summary, rows)
    assert summary["sources"]["synthesized"] == 146
    assert summary["sources"]["duplicate"] == len(lines) - 146
    assert check_ledger(spine) == {"stored": 146}
    with (spine.folder / "out" / "manifest.csv").open(encoding="utf-8", newline="") as file:
        assert [row["id"] for row in csv.DictReader(file)] == [line["id"] for line in lines]

    again = spine.wait(spine.submit(catalog, **orders))
    assert (again["calls"], again["cost_usd"], again["unchanged"]) == (0, "0.000000", len(lines))
    elsewhere = spine.wait(spine.submit(catalog, output="elsewhere", **orders))
    assert elsewhere["sources"]["cache"] == len(lines)
    check_served(spine, elsewhere, rows, "elsewhere")
    assert spine.provider.calls == 146


def test_a_parquet_catalog_costs_its_plan(make_spine: MakeSpine, shared_data: Path) -> None:
    whole = pyarrow.parquet.read_table(shared_data / "livostyle_products_v1.parquet").slice(0, 700)
    table = whole.select(["id", "description"]).to_pylist()
    rows = {row["id"]: spoken(row["description"]) for row in table if spoken(row["description"] or "")}
    spine = make_spine(provider={"fsync": False})
    spine.start_workers(SYNTHESIZING, DELIVERING)
    catalog = spine.folder / "products.parquet"
    pyarrow.parquet.write_table(whole, catalog)

    summary = spine.wait(spine.submit(catalog, id=("id",), text=("description",)), seconds=120)

    assert spine.provider.micros == micros(summary["cost_usd"]) == micros(summary["planned_cost_usd"])
    assert spine.provider.calls == len(set(rows.values()))
    assert len(spine.manifest()) == summary["delivered"] + summary["refused"]
    assert summary["rows"] - summary["left_out"] == len(spine.manifest())
    check_served(spine, summary, rows)
    check_ledger(spine)


def test_failed_rows_are_a_catalog_again(spine: Spine) -> None:
    path = spine.folder / "catalog.csv"
    path.write_text("id,text\ngood,Say this.\nempty,!\nbad,Refuse this.\n")
    spine.provider.script(
        [{"match": "Refuse", "status": 400, "body": {"error": {"message": "no"}}, "times": -1}]
    )

    summary = spine.wait(spine.submit(path))

    assert (summary["state"], summary["delivered"], summary["failed"], summary["refused"]) == (
        "done_with_errors", 1, 1, 1,
    )  # fmt: skip
    failed = spine.folder / "out" / "failed.csv"
    spine.provider.script([])
    failed.write_text(failed.read_text().replace("empty,!,", "empty,Now it speaks.,"))
    repaired = spine.wait(spine.submit(failed))
    assert (repaired["state"], repaired["delivered"]) == ("done", 2)
    assert json.loads((spine.folder / "out" / "summary.json").read_text())["rows"] == 2
    assert spine.provider.calls == 3
    check_ledger(spine)


def test_what_a_job_finds_is_from_the_cache_however_quickly_it_follows(spine: Spine) -> None:
    path = write_catalog(spine.folder / "catalog.csv", texts(5))
    for number in range(10):
        summary = spine.wait(spine.submit(path, output=f"out-{number}"))
        wanted = "synthesized" if number == 0 else "cache"
        assert summary["sources"][wanted] == 5
