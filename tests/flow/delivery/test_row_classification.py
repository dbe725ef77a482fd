"""What becomes of a row, by its keys and by what the destination holds. No servers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from speeko_jobs.adapters.postgres.chunks import ItemRow, JobContext
from speeko_jobs.adapters.postgres.deliveries import Settlement
from speeko_jobs.core.model.speech import Record
from speeko_jobs.core.model.states import JobState, UtteranceState
from speeko_jobs.flow.delivery import row_classification
from speeko_jobs.flow.delivery.placement import FileToPlace
from speeko_jobs.flow.delivery.row_classification import (
    Deliver,
    Failed,
    Refused,
    Unchanged,
    classify,
    is_open_again,
    is_unchanged_row,
    needed_keys,
)
from tests.fixtures.books import SPEC, key_of

JOB, NOW = 7, 10_000.0
ONE, TWO = key_of("one"), key_of("two")
CONTEXT = JobContext(JOB, SPEC, "shop", 9_000.0, 1, JobState.RUNNING, 0, 1.0, NOW)


def row(no: int = 1, keys: list[bytes] | None = None, **more: Any) -> ItemRow:
    values = dict.fromkeys(ItemRow._fields) | {
        "row_no": no, "row_id": f"r{no}", "path": f"r{no}.mp3", "chars": 3, "keys": keys or [ONE],
    }  # fmt: skip
    return ItemRow(**values | more)


def record(job: int = JOB, settled: float = NOW - 1) -> Record:
    return Record(100, 500, job, 1, int(settled * 1000), 46)


def done(**more: Any) -> Settlement:
    return Settlement(UtteranceState.DONE, record(**more), "")


HELD = {"held": ONE, "held_job": JOB - 1, "held_bytes": 100, "held_millis": 500}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"held": None, "held_job": None}, False),
        ({"held": TWO}, False),
        ({"held_job": JOB}, False),  # an earlier turn of this job has put it there
        ({"change": "headers"}, False),
        ({"own_content": TWO}, False),  # its key is a stand-in
        ({"own_content": TWO, "held": TWO}, True),
    ],
)
def test_a_row_is_unchanged_where_an_earlier_job_left_its_file(
    changes: dict[str, Any], expected: bool
) -> None:
    assert is_unchanged_row(row(**HELD | changes), JOB, "") is expected


def test_another_rendering_is_another_file() -> None:
    assert not is_unchanged_row(row(**HELD), JOB, "wav")


def test_needed_keys_name_the_first_row_of_each() -> None:
    rows = [row(1, **HELD), row(2, error="the text is empty", keys=None), row(3, [TWO]), row(4, [ONE, TWO])]
    rows[1] = rows[1]._replace(keys=None)
    assert needed_keys(rows, JOB, "") == {TWO: 3, ONE: 4}


def test_every_row_has_one_end() -> None:
    rows = [
        row(1, **HELD),
        row(2)._replace(keys=None, error="the text is empty"),
        row(3, [ONE]),
        row(4, [ONE, TWO]),
    ]
    refusal = Settlement(UtteranceState.FAILED, None, "no such voice")
    found = classify(rows, {ONE: done(), TWO: refusal}, CONTEXT)
    assert list(map(type, found)) == [Unchanged, Refused, Deliver, Failed]
    assert [one.row.row_no for one in found] == [1, 2, 3, 4]
    assert found[3] == Failed(rows[3], "no such voice")
    assert found[2] == Deliver(
        rows[2], FileToPlace("r3.mp3", ONE, [ONE], [100], 500, fresh=True, known=False), [record()]
    )


def test_a_row_of_two_keys_has_the_length_of_both() -> None:
    (found,) = classify([row(1, [ONE, TWO])], {ONE: done(), TWO: done()}, CONTEXT)
    assert isinstance(found, Deliver)
    assert (found.file.millis, found.file.sizes, found.file.is_made) == (1000, [100, 100], True)
    assert found.file.content == row(1, [ONE, TWO]).content("")


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        ({}, True),
        ({"job": JOB - 1}, False),
        ({"settled": NOW - row_classification.FRESH_SECONDS - 1}, False),
    ],
)
def test_only_what_this_job_stored_just_now_is_fresh(of: dict[str, Any], expected: bool) -> None:
    (found,) = classify([row()], {ONE: done(**of)}, CONTEXT)
    assert isinstance(found, Deliver)
    assert found.file.fresh is expected


@pytest.mark.parametrize(
    ("held", "overwrite", "known"), [(None, False, False), (TWO, False, True), (None, True, True)]
)
def test_a_name_may_be_replaced_where_a_job_delivered_it(
    held: bytes | None, overwrite: bool, known: bool
) -> None:
    job = replace(CONTEXT, spec=replace(SPEC, overwrite=overwrite))
    (found,) = classify([row(held=held, held_job=JOB - 1)], {ONE: done()}, job)
    assert isinstance(found, Deliver)
    assert found.file.known is known


def test_a_text_that_nothing_knows_fails_the_row() -> None:
    (found,) = classify([row()], {}, CONTEXT)
    assert found == Failed(row(), "the text is not known any more: run the catalog again")


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (JobState.RUNNING, "its text is missing"),
        (JobState.CANCELLED, "cancelled before it was bought"),
    ],
)
def test_a_text_that_was_not_bought_says_why(state: JobState, reason: str) -> None:
    missing = Settlement(UtteranceState.MISSING, None, "")
    (found,) = classify([row()], {ONE: missing}, replace(CONTEXT, state=state))
    assert isinstance(found, Failed)
    assert found.reason == reason


def test_a_text_to_be_bought_again_is_no_end() -> None:
    missing, claimed = (Settlement(s, None, "") for s in (UtteranceState.MISSING, UtteranceState.CLAIMED))
    failed = Settlement(UtteranceState.FAILED, None, "no such voice")
    assert is_open_again({ONE: done(), TWO: missing})
    assert is_open_again({ONE: claimed})
    assert not is_open_again({ONE: done(), TWO: failed})
