"""The simulated month against a bill made by hand, and the month itself as a bench."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from speeko_jobs import runtime
from speeko_jobs.core.text import segmentation
from speeko_jobs.core.text.cleaning import spoken
from speeko_jobs.flow.context import Context
from speeko_jobs.settings import Settings
from tests.bench.fleet_model import Measured, fleet
from tests.bench.simulate import simulate
from tests.bench.simulated_bill import Bill
from tests.bench.simulated_catalog import (
    CHANGED_SHARE,
    ROUTED_SHARE,
    Catalog,
    Product,
    generated_products,
    real_products,
)
from tests.bench.simulated_month import MP3_BYTES_A_CHAR
from tests.bench.simulated_report import show
from tests.fixtures.books import Books
from tests.fixtures.database import migrated_template, migrated_url  # noqa: F401

CHARS, NIGHTS, SEED = 200_000, 4, 7


@pytest.fixture
def context(migrated_url: str, redis_url: str) -> Iterator[Context]:  # noqa: F811
    settings = Settings(database_url=migrated_url, redis_url=redis_url, provider="speeko", window=1)
    opened = runtime.open_context(settings)
    yield opened
    runtime.close(opened)


@pytest.fixture(params=["generated", "real"])
def products(request: pytest.FixtureRequest) -> list[Product]:
    if request.param == "generated":
        return generated_products(SEED)
    return real_products(request.getfixturevalue("shared_data"))


def by_hand(products: list[Product]) -> tuple[tuple[Bill, ...], int]:
    """The five ways as sets of texts, 15 or 12 micro-dollars a character: bills, and bytes kept."""
    catalog = Catalog(products, CHARS // NIGHTS, SEED)
    ways = [Bill() for _ in range(5)]
    texts, sentences, voiced = set[str](), set[str](), set[tuple[str, bool]]()

    def buy(way: int, text: str, rate: int = 15) -> None:
        ways[way] = ways[way].plus(Bill(1, len(text), rate * len(text)))

    for _ in range(NIGHTS):
        catalog.next_night()
        tonight = set[str]()
        for row in catalog.rows():
            text = spoken(row.source)
            buy(0, text)
            if text not in tonight:
                buy(1, text)
            if text not in texts:
                buy(2, text)
            tonight.add(text)
            texts.add(text)
            for sentence in segmentation.sentences(text, 4_096):
                if sentence not in sentences:
                    buy(3, sentence)
                if (sentence, row.routed) not in voiced:
                    buy(4, sentence, 12 if row.routed else 15)
                sentences.add(sentence)
                voiced.add((sentence, row.routed))
    return tuple(ways), MP3_BYTES_A_CHAR * sum(len(sentence) for sentence, _ in voiced)


def test_parts_add_up_and_agree_with_a_bill_made_by_hand(
    context: Context, tmp_path: Path, products: list[Product], capsys: pytest.CaptureFixture[str]
) -> None:
    month = simulate(context, tmp_path, products, chars=CHARS, nights=NIGHTS, seed=SEED)
    found = month.costs()
    ways, kept_bytes = by_hand(products)
    assert found.ways == ways
    kept = Decimal(kept_bytes) * 23_000 / 10**9
    assert found.storage_micros == int(kept.quantize(Decimal(1), ROUND_HALF_UP))
    assert found.overhead_micros == ways[-1].calls

    # the parts add up to what the ledger and storage say
    booked = "SELECT sum(spent_micros) FROM speeko.job WHERE (spec ->> 'speed')::float = 1"
    effective = int(Books(context.database).one(booked)) + found.storage_micros
    parts = found.naive_micros - sum(found.saved_micros) + found.overhead_micros + found.storage_micros
    assert parts == effective == found.effective_micros
    assert found.naive_micros == 15 * found.chars
    assert CHARS <= found.chars < 1.1 * CHARS

    show(month, SEED, "some texts")
    line = next(line.split() for line in capsys.readouterr().out.splitlines() if "effective" in line)
    assert line[1] == f"{Decimal(effective) / 10**6:,.6f}"


def test_the_same_seed_is_the_same_catalog() -> None:
    products = generated_products(SEED)

    def played(seed: int) -> list[tuple[str, str, bool]]:
        catalog = Catalog(products, CHARS, seed)
        rows = []
        for _ in range(3):
            catalog.next_night()
            rows += [(row.id, row.source, row.routed) for row in catalog.rows()]
        return rows

    assert generated_products(SEED) == products
    assert played(SEED) == played(SEED) != played(SEED + 1)


def test_one_row_in_a_hundred_changes_and_three_in_five_are_routed() -> None:
    catalog = Catalog(generated_products(SEED), 10 * CHARS, SEED)
    catalog.next_night()
    before = list(catalog.rows())
    catalog.next_night()
    after = list(catalog.rows())
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old.spoken != new.spoken]
    assert len(changed) == round(CHANGED_SHARE * len(before))
    assert all(
        old.id == new.id and len(new.spoken.split()) == len(old.spoken.split()) + 1 for old, new in changed
    )
    assert sum(row.routed for row in before) / len(before) == pytest.approx(ROUTED_SHARE, abs=0.05)


def test_the_fleet_on_paper() -> None:
    measured = Measured(
        cores=2, latency_seconds=0.2, cpu_ms_a_bought_row=1.0, plan_rows_a_second=100_000,
        warm_rows_a_second=50_000, claim_settle_us_a_key=100.0, postgres_us_a_row=5.0, redis_us_a_key=4.0,
        in_flight_a_process=100, audio_bytes_a_row=30_000, postgres_bytes_a_row=150, postgres_bytes_a_key=300,
    )  # fmt: skip
    found = fleet(36_000_000, 0.5, 2.0, measured)  # 10,000 rows and 5,000 calls a second
    assert (found.rows_a_second, found.calls_a_second, found.in_flight) == (10_000, 5_000, 1_000)
    assert found.redis_share == pytest.approx(0.16)
    # busy: 0.4 of the warm path and 5 for the calls, of which Postgres 0.55 and Redis 0.16
    assert (found.worker_cores, found.postgres_cores, found.redis_servers, found.planners) == (8, 1, 1, 1)
    assert found.worker_processes == 10
    assert found.audio_mb_a_second == pytest.approx(150)
    assert found.postgres_gb_an_hour == pytest.approx(10.8)
    assert fleet(36_000_000, 0.0, 1.0, measured).in_flight == 0


@pytest.mark.bench
@pytest.mark.timeout(900)
def test_a_month() -> None:
    command = [sys.executable, "-m", "tests.bench.simulate"]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True, check=True
    )
    print(f"\n\n{done.stdout}")
    assert "effective" in done.stdout
