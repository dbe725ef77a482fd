"""What `speeko costs` tells is the ledger; and verbs that were told a tenant leave others' jobs alone."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console

from speeko_cli.output import costs as costs_report
from speeko_jobs.adapters.postgres.costs import DateRange, LedgerToday
from speeko_jobs.core.billing.cost_breakdown import CostFigures
from speeko_jobs.core.billing.forecast import Forecast
from speeko_jobs.core.model.money import micros
from speeko_jobs.core.model.states import AttemptState
from speeko_jobs.flow.reporting.costs import By, CostReport, Storage
from tests.fixtures.books import Books, ended, stored
from tests.fixtures.database import migrated_template, migrated_url  # noqa: F401

YESTERDAY = f"{datetime.now(UTC).date() - timedelta(1)}"  # the tests may run over midnight


@pytest.fixture
def ready(
    one_day: None,
    here: Any,
    books: Books,
    migrated_url: str,  # noqa: F811
    redis_url: str,
    monkeypatch: Any,
) -> Any:
    """`speeko` in this process: two tenants have called, and some of it is open."""
    monkeypatch.setenv("SPEEKO_DATABASE_URL", migrated_url)
    monkeypatch.setenv("SPEEKO_REDIS_URL", redis_url)
    engine = books.engine()
    shop = books.job(["a", "b", "c", "d"], cost_micros=123_457)
    other = books.job(["e"], tenant="=other", cost_micros=5)
    one, two, three, _ = books.claim(shop, engine, books.start(shop, 1, engine))
    (foreign,) = books.claim(other, engine, books.start(other, 1, engine))
    books.settle(
        stored(shop, one), ended(shop, two, AttemptState.BAD), ended(shop, three, AttemptState.UNKNOWN)
    )
    books.settle(stored(other, foreign))
    return here


def ledger(books: Books, state: str) -> int:
    query = "SELECT coalesce(sum(cost_micros), 0)::bigint FROM speeko.attempt WHERE state = %s"
    return int(books.one(query, [state]))


def test_the_sums_shown_are_the_ledgers(ready: Any, books: Books) -> None:
    for by in By:
        found = ready.json("costs", "--by", by.value, "--since", YESTERDAY)
        compare(found, books)
        code, out, _ = ready("costs", "--by", by.value, "--since", YESTERDAY, "--csv")
        lines = list(csv.DictReader(io.StringIO(out)))
        assert code == 0
        assert [line["cost_usd"] for line in lines] == [line["cost_usd"] for line in found["lines"]]
        assert by.value in lines[0]


def compare(found: Any, books: Books) -> None:
    """Assert that the lines are the ledger, and the total is the lines."""
    spent, lost = ledger(books, "stored") + ledger(books, "bad"), ledger(books, "unknown")
    for name, amount in (("cost_usd", spent), ("possible_usd", lost), ("wasted_usd", ledger(books, "bad"))):
        assert sum(micros(line[name]) for line in found["lines"]) == amount == micros(found["total"][name])
    assert sum(line["calls"] for line in found["lines"]) == found["total"]["calls"] == 3
    assert micros(found["total"]["speech_usd"]) + micros(found["total"]["overhead_usd"]) == spent
    assert micros(found["total_usd"]) == spent + micros(found["storage"]["usd"])
    assert found["in_flight"] == {"calls": 1, "usd": "0.123457"}


def test_today_tells_what_is_open(ready: Any) -> None:
    found = ready.json("costs", "today", "--by", "source", "--tenant", "shop")
    assert found["since"] == found["until"]
    assert found["in_flight"] == {"calls": 1, "usd": "0.123457"}
    code, out, _ = ready("costs", "today", "--tenant", "shop")
    told = " ".join(out.split())
    assert code == 0
    for words in (
        "(UTC), tenant shop",
        "speech $0.25 2 characters in 2 calls",
        "overhead $0.000002 of the calls",
        "in flight $0.12 reserved for 1 open call",
        "possible $0.12 extra charge: 1 call with unknown outcome",
        "wasted $0.12 part of the above, on 1 call with unusable audio",
        "forecast from the first full day on",
    ):
        assert words in told
    assert "\x1b" not in out


def test_a_tenants_name_is_no_formula(ready: Any) -> None:
    _, out, _ = ready("costs", "--by", "tenant", "--csv", "--since", YESTERDAY)
    assert {line["tenant"] for line in csv.DictReader(io.StringIO(out))} == {"shop", "'=other"}


def test_a_tenant_without_costs(ready: Any) -> None:
    code, out, _ = ready("costs", "--tenant", "nobody")
    assert code == 0
    assert "tenant nobody: nothing was charged or saved" in out
    assert ready.json("costs", "--tenant", "nobody", "--by", "job")["lines"] == []
    code, _, err = ready("costs", "--since", "2026-02-01", "--until", "2026-01-01")
    assert (code, err) == (2, "speeko: --since 2026-02-01 is after --until 2026-01-01\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("costs --csv --json", "give --csv or --json, not both"),
        ("costs --by colour", "'colour' is not one of"),
        ("costs --since yesterday", "'yesterday' does not match the format"),
        ("costs --tenant shop today", "--tenant belongs after `today`"),
        ("costs today --watch", "--watch needs a terminal"),
        ("budget show shop --tenant other", "TENANT and --tenant differ"),
    ],
)
def test_what_does_not_go_together_is_one_line(here: Any, words: str, told: str) -> None:
    code, _, err = here(*words.split())
    assert code == 2
    assert told in err
    assert len(err.splitlines()) == 1


def test_before_the_first_job(here: Any) -> None:
    code, out, err = here("costs")
    assert (code, out) == (1, "")
    assert "there are no jobs yet" in err


def test_a_price_with_a_day_is_settled_when_it_is_planned(
    ready: Any, books: Books, tmp_path: Any, monkeypatch: Any
) -> None:
    catalog = tmp_path / "c.csv"
    catalog.write_text("id,text\n1,Ten chars.\n")
    by_date = ("--price-per-million", "15, 30 from 2000-01-01, 60 from 9999-01-01")
    assert ready.json("estimate", catalog, *by_date)["cost_usd"] == "0.000300"
    job = ready.json("submit", catalog, *by_date, "--output", "out")["job"]
    assert books.one("SELECT spec->>'price_per_million' FROM speeko.job WHERE id = %s", [job]) == "30"
    monkeypatch.setenv("SPEEKO_PRICE_PER_MILLION", "15, 30 from then")
    code, _, err = ready("estimate", catalog)
    assert (code, err) == (1, "speeko: price_per_million: 'then' is not a day such as 2027-01-01\n")


# a picture of it


def figures(spent: int, saved: int) -> CostFigures:
    return CostFigures(1_234_567, 10**8, spent, 1_234_567, 12, 10**6, 3, 5_000, 7_654_321, {"cache": saved})


def costs(lines: dict[str, CostFigures]) -> CostReport:
    total = CostFigures()
    for one in lines.values():
        total = total.plus(one)
    day = date(2026, 11, 23)
    return CostReport(
        By.VOICE,
        DateRange(day.replace(day=1), day),
        LedgerToday(day, day - timedelta(40), 16, 1_200),
        lines,
        None,
        total,
        Storage(10**6, 5 * 10**11, 8_000_001, 11_500_000),
        -5_000_000,
        Forecast(10**9, Decimal(1_500_000_000) / 7, 7, 7),
    )


LONG = {
    "kokoro-professional-with-a-long-name": figures(1_234_567_891, 98_765_432_109),
    "b": figures(1, 0),
    "": figures(0, 0),
    "\x1b[31mred": figures(500_000_000, 0),
}


@pytest.mark.parametrize("width", [80, 100, 200])
def test_the_table_fits_the_terminal(width: int) -> None:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False, markup=False).print(
        costs_report.table(costs(LONG), width)
    )
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    text = out.getvalue()
    assert "$1,234.57" in text
    assert "$98,765.43" in text
    assert "(default)" in text
    assert "\x1b" not in text


def test_bars_are_as_long_as_what_they_stand_for() -> None:
    out = io.StringIO()
    found = costs({"a": figures(600, 400), "b": figures(250, 0), "c": figures(1, 0), "d": figures(0, 0)})
    Console(file=out, width=200).print(costs_report.table(found, 200))
    bars = ["".join(c for c in line if c in "█░#.") for line in out.getvalue().splitlines()[1:5]]
    drawn = [(sum(c in "█#" for c in bar), sum(c in "░" for c in bar)) for bar in bars]
    assert drawn[0] == (18, 12)
    assert [spent for spent, _ in drawn[1:]] == [8, 1, 0]


def test_many_lines_are_summed_up(capsys: pytest.CaptureFixture[str]) -> None:
    costs_report.show(costs({f"v{n:03}": figures(10**6 * n, 0) for n in range(100)}))
    out = capsys.readouterr().out
    told = " ".join(out.split())
    assert "69 more" in told
    assert "v031" not in told
    for words in (
        "storage $8.00 500 GB kept: $11.50 a month at $0.02 a GB",
        "routing $5.00 more than with default voices, at list price",
        "forecast $2,511.50 for November, with $11.50 of storage:",
        "$1,000.00 so far + 7 days × $214.29, mean of 7 full days",
    ):
        assert words in told, words
    assert max(len(line.rstrip()) for line in out.splitlines()) <= 80


# whose job it is


def test_the_job_of_another_tenant_is_refused(ready: Any, books: Books) -> None:
    job = books.job(["x"])
    before = books.snapshot()["job"]
    told = f"speeko: job {job} does not belong to tenant 'other': `speeko jobs --tenant` lists its jobs\n"
    for verb in ("status", "watch", "wait", "results", "pause", "resume", "retry", "cancel"):
        assert ready(verb, job, "--tenant", "other") == (1, "", told)
        code, _, err = ready(verb, 10**6, "--tenant", "other")
        assert code == 1
        assert "there is no job 1000000" in err
    assert books.snapshot()["job"] == before


def test_the_jobs_of_a_tenant(ready: Any, books: Books) -> None:
    job = books.job(["x"])
    listed = ready.json("jobs", "--tenant", "shop")
    assert {one["tenant"] for one in listed} == {"shop"}
    assert listed[0]["job"] == job
    assert [one["tenant"] for one in ready.json("jobs", "--tenant", "=other")] == ["=other"]
    assert ready.json("jobs", "--tenant", "nobody") == []
    assert ready.json("status", "--tenant", "=other")["job"] != job
    assert ready("status", "--tenant", "nobody")[0] == 1
    assert ready.json("pause", job, "--tenant", "shop")["state"] == "paused"
    assert ready.json("budget", "show", "--tenant", "shop") == []
