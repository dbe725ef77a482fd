"""One spelling for one thing, earlier spellings as hidden aliases, and suggestions for misspelled names."""

from __future__ import annotations

from typing import Any

import click
import pytest

from tests.cli.options.test_help import NAMES, command_of, leaves

OLD = {"--out": "--output", "--report": "--output", "--address": "--bind"}
LISTED = ("jobs", "workers", "voices", "schedule", "budget")


def test_no_help_shows_an_earlier_spelling() -> None:
    for command in leaves():
        with click.Context(command, info_name=command.name) as ctx:
            words = command.get_help(ctx).split()
        assert not set(OLD) & set(words), command.name


@pytest.mark.parametrize(
    ("verb", "old", "new"),
    [("say", "--out", "--output"), ("flower", "--address", "--bind")],
)
def test_an_earlier_spelling_means_the_same(verb: str, old: str, new: str) -> None:
    command = command_of(verb)
    (found,) = [param for param in command.params if old in param.opts]
    assert new in found.opts
    with click.Context(command) as ctx:
        record = found.get_help_record(ctx)
    assert record is not None
    assert record[0].startswith(new)
    assert old not in record[0].split()
    assert old in found.opts  # the help has not taken it away


def test_what_listens_takes_bind() -> None:
    for verb in ("dashboard", "metrics", "flower"):
        assert "--bind" in {name for param in command_of(verb).params for name in param.opts}


@pytest.mark.parametrize("verb", LISTED)
def test_what_can_be_listed_has_list(verb: str) -> None:
    command = command_of(verb)
    assert isinstance(command, click.Group)
    assert "list" in command.commands


def test_budget_show_is_an_alias(ready: Any) -> None:
    assert ready.json("budget", "show") == ready.json("budget", "list") == []
    assert " show " not in ready("budget", "--help")[1]
    assert ready.json("jobs", "list") == ready.json("jobs") == []
    assert ready.json("workers", "list") == ready.json("workers") == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["rum"], "there is no command 'rum' (did you mean run"),
        (["costs", "todey"], "there is no command 'todey' (did you mean today?)"),
        (["schedule", "remov", "x"], "there is no command 'remov' (did you mean remove?)"),
        (["run", "a.csv", "--provder", "openai"], "there is no option --provder (did you mean --provider, "),
        (["--hom", "x", "jobs"], "there is no option --hom (did you mean --home?)"),
        (["run", "a.csv", "--provider", "openia"], "there is no provider 'openia' (did you mean openai?)"),
        (["worker", "--queues", "delivr"], "there is no queue 'delivr' (did you mean deliver?)"),
        (["costs", "--limit", "3", "today"], "there is no option --limit"),
        (["costs", "--by", "day", "today"], "--by belongs after `today`"),
        (["voices", "--provider", "espeak", "list"], "--provider belongs after `list`"),
    ],
)
def test_a_misspelled_name_has_a_suggestion(here: Any, words: list[str], told: str) -> None:
    code, out, err = here(*words)
    assert code != 0
    assert out == ""
    assert told in err
    assert len(err.splitlines()) == 1


def test_a_misspelled_column_or_setting_has_a_suggestion(ready: Any, tmp_path: Any) -> None:
    (tmp_path / "shop.csv").write_text("sku,name,description\n1,Cup,A cup of coffee.\n")
    for words, told in (
        (["--text", "descripton"], 'there is no column "descripton" (did you mean description?)'),
        (["--name", "{desciption}.{ext}"], "there is no {desciption} (did you mean description?)"),
    ):
        code, out, err = ready("estimate", "shop.csv", *words)
        assert (code != 0, out) == (True, "")
        assert told in err
    (tmp_path / "speeko.toml").write_text('voise = "nova"\n')
    assert "there is no setting 'voise' (did you mean voice?)" in ready("config")[2]


def test_a_misspelled_variable_is_told(here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEEKO_OUPUT", "audio")
    monkeypatch.setenv("SPEEKO_SHOP", "ours")  # somebody's own
    monkeypatch.setenv("SPEEKO_ACCOUNT_SHOP_KEY", "k")
    monkeypatch.setenv("SPEEKO_ACCOUNT_SHOP_PROVIDER", "speeko")
    code, out, err = here("config", "--json")
    assert code == 0
    assert out.startswith("[")
    assert err == "speeko: the variable SPEEKO_OUPUT has no effect: did you mean SPEEKO_OUTPUT?\n"


def test_every_command_is_known_by_its_name() -> None:
    assert len(NAMES) == len(set(NAMES))
