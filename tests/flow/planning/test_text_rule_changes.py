"""Texts that are bought again only because the text rules changed: found, priced, and avoided."""

from __future__ import annotations

from typing import Any

import pytest

from speeko_jobs.errors import ConfigError
from speeko_jobs.flow.planning import planner, submit
from tests.fixtures.inprocess import InProcess

OLD = {"text_rules": 1}
ROWS = [
    ("plain", "A lamp of oak."),
    ("two", "A lamp\n\nMade of oak"),
    ("three", "A chair\n\nMade of ash"),
    ("twin", "A lamp\n\nMade of oak"),
]


def diff(flow: InProcess, source: str, **spec: Any) -> planner.Plan:
    made = flow.spec(**spec)
    return planner.estimate(
        flow.context, made, flow.orders(source), submit.destination_of(flow.context, made)
    ).plan


def test_a_plan_shows_what_only_the_rules_buy_again_and_how_not_to(flow: InProcess) -> None:
    source = flow.catalog(ROWS)
    flow.run(source, OLD)
    calls = flow.provider.calls
    found = diff(flow, source)
    assert found.changes == {"unchanged": 1, "text_rules": 3}
    assert (found.to_buy, found.reworded) == (2, 2)
    assert found.cost_micros == found.reworded_micros > 0
    assert found.to_json()["reworded"] == 2
    (note,) = [note for note in found.notes if note.startswith("text rules: ")]
    assert "2 texts for $" in note
    assert "--keep-text-rules 1" in note
    kept = diff(flow, source, **OLD)
    assert (kept.changes, kept.to_buy, kept.reworded) == ({"unchanged": 4}, 0, 0)
    assert not any("text rules" in note for note in kept.notes)
    flow.run(source, OLD)
    assert flow.provider.calls == calls


def test_texts_of_another_output_count_too_and_those_of_changed_rows_do_not(flow: InProcess) -> None:
    flow.run(flow.catalog(ROWS), OLD)
    new = [*ROWS, ("new", "A desk\n\nMade of elm"), ("changed", "A lamp\n\nMade of pine")]
    found = flow.estimate(flow.catalog(new), {"output": str(flow.output) + "-2"})
    assert (found.to_buy, found.reworded) == (4, 2)
    assert found.reworded_micros < found.cost_micros


def test_a_text_that_a_new_row_needs_as_well_is_not_counted(flow: InProcess) -> None:
    flow.run(flow.catalog(ROWS), OLD)
    found = flow.estimate(flow.catalog([*ROWS, ("new", "A chair. Made of ash")]))
    assert (found.to_buy, found.reworded) == (2, 1)


def test_a_lexicon_or_an_option_that_changed_is_not_the_rules(flow: InProcess) -> None:
    source = flow.catalog([("a", "A lamp of 5 kg.")])
    flow.run(source, {"language": "en"})
    found = diff(flow, source, language="en", read_numbers=True)
    assert (found.changes, found.reworded) == ({"lexicon": 1}, 0)


def test_a_job_keeps_the_rules_that_it_was_planned_with(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog(ROWS), OLD)
    assert flow.books.one(f"SELECT (spec->>'text_rules')::int FROM speeko.job WHERE id = {job}") == 1
    job, _ = flow.submit(flow.catalog(ROWS), {"output": str(flow.output) + "-2"})
    assert flow.books.one(f"SELECT (spec->>'text_rules')::int FROM speeko.job WHERE id = {job}") == 2


def test_a_version_that_does_not_exist_is_refused_in_one_line(flow: InProcess) -> None:
    with pytest.raises(ConfigError, match="unknown version 9 of the text rules: this release has 1, 2"):
        flow.spec(text_rules=9)
