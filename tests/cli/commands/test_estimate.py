"""`speeko estimate` takes what `run` takes, and `--dry-run` prints the same; nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from tests.cli.options.test_help import command_of

ROWS = "id,text\na,The first article.\nb,The second article.\nc,The first article.\n"


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    path = tmp_path / "catalog.csv"
    path.write_text(ROWS, "utf-8")
    return path


def options_of(verb: str) -> set[str]:
    return {
        name for param in command_of(verb).params for name in param.opts if isinstance(param, click.Option)
    }


@pytest.mark.parametrize("verb", ["estimate", "diff", "explain"])
def test_commands_that_plan_take_every_option_of_run(verb: str) -> None:
    assert options_of("run") - options_of(verb) == set()


def test_a_dry_run_is_an_estimate_and_writes_nothing(ready: Any, catalog: Path, tmp_path: Path) -> None:
    wanted = ready("estimate", catalog)
    assert wanted[0] == 0
    for words in (("run", "--dry-run"), ("submit", "--dry-run"), ("submit", "--dry-run", "--wait")):
        assert ready(*words, catalog) == wanted
    assert ready.json("run", "--dry-run", catalog) == ready.json("estimate", catalog)
    assert ready.json("jobs") == []
    warmed = ready.json("cache", "warm", "--dry-run", catalog)
    assert (warmed["to_buy"], warmed["rows"]) == (2, 3)
    assert ready.json("jobs") == []
    assert not (tmp_path / "speeko-output").exists()


def test_estimate_accepts_what_does_not_matter_to_it(ready: Any, catalog: Path, tmp_path: Path) -> None:
    plain = ready.json("estimate", catalog)
    more = ("--wait", "--notify", "false", "--partial", "--workers", "2", "--overwrite", "--dry-run")
    more += ("--buy-again", "--max-waste", "5%", "--priority", "3", "--webhook", "https://example.com/h")
    assert ready.json("estimate", catalog, *more) == plain
    assert ready("diff", catalog, *more)[0] == 0
    assert ready("explain", catalog, *more)[0] == 0
    assert ready.json("jobs") == []


def test_an_estimate_says_what_a_run_would_refuse(
    ready: Any, metered: Any, catalog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPEEKO_API_URL", metered.url)
    monkeypatch.setenv("SPEEKO_API_KEY", metered.api_key)
    money = ("--provider", "speeko", "--price-per-million", "100", "--budget", "0.001")
    _, *notes = ready.json("estimate", catalog, *money)["notes"]
    assert notes == [
        "a run would be refused: the cost is $0.003702, the budget is $0.001000; raise --budget, or give"
        " --partial to buy as much as the budget allows"
    ]
    assert len(ready.json("estimate", catalog, *money, "--partial")["notes"]) == 1
    assert ready("run", catalog, *money)[0] == 1
