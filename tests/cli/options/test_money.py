"""Budgets, caps and limits on the command line; what is no amount is one line."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from speeko_jobs.core.model.money import micros
from speeko_jobs.core.output.formatting import money
from speeko_jobs.embedded.servers import EmbeddedServers
from tests.fixtures.database import migrated_template, migrated_url  # noqa: F401

TEXTS = [(str(n), f"The article number {n:02d} comes in a plain box.") for n in range(12)]


@pytest.fixture
def ready(here: Any, migrated_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: F811
    """`speeko` in this process on a migrated database."""
    monkeypatch.setenv("SPEEKO_DATABASE_URL", migrated_url)
    monkeypatch.setenv("SPEEKO_REDIS_URL", redis_url)
    return here


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    path = tmp_path / "catalog.csv"
    path.write_text("id,text\n" + "".join(f'{id},"{text}"\n' for id, text in TEXTS))
    return path


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("run a.csv --budget abc", "'abc' is not an amount of dollars such as 50 or 0.25"),
        ("run a.csv --budget -5", "'-5' is not an amount"),
        ("submit a.csv --budget nan", "'nan' is not an amount"),
        ("resume 1 --budget inf", "'inf' is not an amount"),
        ("run a.csv --budget 1e999999999", "is not an amount"),
        ("run a.csv --priority high", "'high' is not a valid integer"),
        ("budget set shop", "give --daily, --monthly or --weight"),
        ("budget set shop --daily much", "is not an amount of dollars such as 50 or 0.25, or none"),
        ("budget set shop --weight nan", "'nan' is not a number"),
        ("budget set shop --weight 0", "0.0 is not in the range"),
        ("wait 1 --timeout nan", "'nan' is not a number"),
        ("costs reconcile", "missing option '--bill'"),
        ("costs reconcile --bill b.csv --since friday", "does not match the format"),
    ],
)
def test_what_is_no_amount_is_told_in_one_line(here: Any, words: str, told: str) -> None:
    code, out, err = here(*shlex.split(words))
    assert (code, out) == (2, "")
    assert told in err
    assert len(err.splitlines()) == 1


def test_caps_are_set_shown_and_taken_away(ready: Any) -> None:
    assert "no tenant has a cap" in ready("budget", "show")[1]
    (made,) = ready.json("budget", "set", "shop", "--daily", "$1.50", "--weight", "2")
    assert (made["daily_usd"], made["monthly_usd"], made["weight"]) == ("1.500000", None, 2.0)
    (made,) = ready.json("budget", "set", "shop", "--monthly", "30")
    assert (made["daily_usd"], made["monthly_usd"], made["weight"]) == ("1.500000", "30.000000", 2.0)
    (made,) = ready.json("budget", "set", "shop", "--daily", "none", "--monthly", "0")
    assert (made["daily_usd"], made["monthly_usd"]) == (None, "0.000000")
    table = ready("budget", "show", "shop")[1].split()
    assert table[table.index("shop") :] == ["shop", "2", "$0.00", "none", "$0.00", "$0.00", "$0.00"]
    assert "no cap and weight 1" in ready("budget", "show", "other")[1]
    assert ready.json("budget", "show", "other") == []


def test_nothing_is_limited_before_the_first_call(ready: Any) -> None:
    assert ready.json("limits") == []
    assert "there are no limits to show" in ready("limits")[1]


def test_a_catalog_that_costs_too_much_is_refused_before_anything_is_spent(ready: Any, catalog: Path) -> None:
    priced = ("--price-per-million", "15", "--output", "out")
    cost = ready.json("estimate", catalog, *priced)["cost_usd"]
    code, out, err = ready("submit", catalog, *priced, "--budget", "0.005")
    assert (code, out) == (1, "")
    told = err.splitlines()[-1]
    assert told.startswith(
        f"speeko: this catalog costs ${cost}, the budget is $0.005000: nothing was started;"
    )
    assert f"--budget {cost}" in told
    assert "--partial" in told
    assert ready.json("jobs") == []

    ready("budget", "set", "default", "--daily", "0.004")
    code, _, err = ready("submit", catalog, *priced, "--budget", cost)
    assert code == 1
    assert "the daily cap of tenant 'default' leaves $0.004000" in err
    assert ready.json("jobs") == []

    made = ready.json("submit", catalog, *priced, "--budget", "0.005", "--partial", "--priority", "7")
    (job,) = ready.json("jobs")
    assert (job["job"], job["budget_usd"], job["priority"]) == (made["job"], "0.005000", 7)
    assert ready.json("status")["budget_usd"] == "0.005000"
    assert "budget $0.005 $0.005 of it is left" in " ".join(ready("status")[1].split())
    ready("budget", "set", "default", "--daily", "none")
    assert ready.json("submit", catalog, *priced, "--output", "more", "--budget", cost)["state"] == "running"


def test_resume_tells_a_price_that_has_changed_with_both_figures(
    ready: Any, catalog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPEEKO_PRICE_PER_MILLION", "20")
    job = ready.json("submit", catalog, "--price-per-million", "12", "--output", "out")["job"]
    planned = ready.json("status", job)["planned_cost_usd"]
    dear = ready.json("estimate", catalog)["cost_usd"]
    ready("pause", job)
    code, _, err = ready("resume", job, "--no-wait")
    assert code == 0
    assert f"left to buy, for {money(planned)} at the plan's price ($12 for a million characters)" in err
    assert f"at today's price ($20 for a million characters) they cost {money(dear)}: `--new-prices`" in err
    ready("pause", job)
    code, _, err = ready("resume", job, "--no-wait", "--new-prices")
    assert code == 0
    assert "left to buy" not in err
    assert ready.json("status", job)["planned_cost_usd"] == dear > planned
    ready("pause", job)
    assert "left to buy" not in ready("resume", job, "--no-wait")[2]


def test_waiting_ends_when_the_time_is_up(ready: Any, catalog: Path) -> None:
    job = ready.json("submit", catalog, "--output", "out")["job"]
    code, out, err = ready("wait", job, "--timeout", "0")
    assert (code, out) == (124, "")
    assert f"job {job} has not ended in 0 s; it continues" in err
    assert ready.json("status", job)["state"] == "running"


@pytest.fixture
def priced_cli(cli: Any, here: Any, metered: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The console script, and `here`, at a provider that bills, with servers that stay."""
    environ = {"SPEEKO_API_URL": metered.url, "SPEEKO_API_KEY": metered.api_key}
    environ |= {"SPEEKO_PROVIDER": "speeko", "SPEEKO_MAX_CONCURRENCY": "4"}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    cli.environ |= environ
    cli.started.enter_context(EmbeddedServers(cli.home))
    return cli


def test_a_budget_holds_and_a_higher_one_finishes_the_job(priced_cli: Any, here: Any, metered: Any) -> None:
    cli = priced_cli
    catalog = cli.catalog(TEXTS)
    cost = micros(here.json("estimate", catalog)["cost_usd"])
    cap = f"{cost * 6 // 10 / 1e6:.6f}"
    refused = cli("run", catalog, "--output", "out", "--budget", cap)
    assert refused.returncode == 1
    assert "nothing was started" in refused.stderr
    assert metered.calls == 0

    paused = cli("run", catalog, "--output", "out", "--budget", cap, "--partial")
    assert paused.returncode == 4, paused.stderr
    assert "job 2 is paused: budget used up: the next text would pass the job's budget" in paused.stderr
    assert "speeko resume 2 --budget USD" in paused.stderr
    assert 0 < metered.micros <= micros(cap)

    done = cli.json("resume", "2", "--budget", f"{cost / 1e6:.6f}")
    assert (done["state"], done["delivered"]) == ("done", len(TEXTS))
    assert metered.micros == micros(done["cost_usd"]) == cost
    assert done["budget_usd"] == f"{cost / 1e6:.6f}"

    compare_the_bill(here, metered.bill_file, cost)


def compare_the_bill(here: Any, bill: Path, cost: int) -> None:
    """Reconcile the finished job: with the very bill, and with one that was tampered with."""
    agreed = here.json("costs", "reconcile", "--bill", bill)
    assert agreed["agrees"]
    assert agreed["findings"]["agreed"] == {"calls": len(TEXTS), "usd": f"{cost / 1e6:.6f}"}
    lines = [json.loads(line) for line in bill.read_text().splitlines()]
    lines[0]["micros"] += 5
    lines[1]["key"] = "f" * 64
    Path("other.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    code, out, _ = here("costs", "reconcile", "--bill", "other.jsonl", "--report", "found.csv")
    assert code == 3
    for told in ("10  billed as booked", "1  billed with another amount", "1  billed, but not in the ledger"):
        assert told in out
    assert "3 differences in all" in out
    assert len(Path("found.csv").read_text().splitlines()) == 4
