"""Rows found by id and number, in every state, also those that are in no table; and their audio."""

from __future__ import annotations

import pytest

from speeko_jobs.flow.reporting.row_audio import find_audio
from speeko_jobs.flow.reporting.row_search import FoundRow, RowOutcome, find_rows
from tests.fixtures.inprocess import InProcess

RUDE = {"match": "rude", "times": -1, "status": 400, "body": {"error": {"message": "We do not say that."}}}
ROWS = [
    ("A-1", "One."),
    ("A-10", "Ten."),
    ("A-11", "rude"),
    ("B", "🙂"),
    ('q"\\ü', "Quotes."),
    ("7", "Seven."),
]


def outcomes(rows: list[FoundRow]) -> list[tuple[int, str, str]]:
    return [(row.row_no, row.row_id, row.outcome.value) for row in rows]


def test_rows_by_id_and_number(flow: InProcess) -> None:
    flow.provider.script([RUDE])
    job, _ = flow.submit(flow.catalog(ROWS))
    waiting = find_rows(flow.context, job, "A-1")
    assert [row.outcome for row in waiting] == [RowOutcome.WAITING] * 3
    flow.drive(job)
    found = find_rows(flow.context, job, "A-1")
    assert outcomes(found) == [(1, "A-1", "delivered"), (2, "A-10", "delivered"), (3, "A-11", "failed")]
    assert found[0].path == "A-1.mp3"
    assert "We do not say that." in found[2].reason
    assert outcomes(find_rows(flow.context, job, "A-10")) == [(2, "A-10", "delivered")]
    refused = find_rows(flow.context, job, "B")
    assert (refused[0].outcome, refused[0].reason) == (
        RowOutcome.REFUSED,
        "there is nothing to speak in the text",
    )
    assert outcomes(find_rows(flow.context, job, 'q"')) == [(5, 'q"\\ü', "delivered")]
    assert outcomes(find_rows(flow.context, job, "5")) == [(5, 'q"\\ü', "delivered")]
    assert outcomes(find_rows(flow.context, job, "7")) == [(6, "7", "delivered")]
    for nothing in ("", "a-1", "%", "_", "A-1 ", "99999999999999999999"):
        assert find_rows(flow.context, job, nothing) == []
    assert find_rows(flow.context, 10**6, "A-1") == []


def test_the_id_itself_comes_before_longer_ones(flow: InProcess) -> None:
    rows = [(f"X-1{n}", f"Text {n}.") for n in range(40)] + [("X-1", "The one.")]
    job, _ = flow.submit(flow.catalog(rows))
    assert find_rows(flow.context, job, "X-1")[0].row_no == 41
    flow.drive(job)
    again, _ = flow.submit(flow.catalog(rows))  # all unchanged
    found = find_rows(flow.context, again, "X-1")
    assert found[0].row_no == 41
    assert [row.row_no for row in found[1:4]] == [1, 2, 3]
    assert len(found) == 25


def test_unchanged_rows_are_found_and_heard(flow: InProcess) -> None:
    rows = [(f"R-{n}", f"Text {n % 20}.") for n in range(110)]  # the first 80 are items in any case
    first, _ = flow.submit(flow.catalog(rows))
    flow.drive(first)
    nightly = flow.again(chunk_rows=5)
    second, _ = nightly.submit(flow.catalog([*rows[:91], ("R-91", "It changed."), *rows[92:]]))
    before = find_rows(flow.context, second, "R-92")  # its chunk is not delivered yet
    assert outcomes(before) == [(93, "R-92", "unchanged")]
    assert outcomes(find_rows(flow.context, second, "R-101")) == [(102, "R-101", "unchanged")]
    assert outcomes(find_rows(flow.context, second, "R-5"))[0] == (6, "R-5", "unchanged")
    nightly.drive(second)
    assert outcomes(find_rows(flow.context, second, "R-92")) == [(93, "R-92", "unchanged")]
    assert outcomes(find_rows(flow.context, second, "R-91")) == [(92, "R-91", "delivered")]
    assert outcomes(find_rows(flow.context, second, "93")) == [(93, "R-92", "unchanged")]
    audio = find_audio(flow.context, second, 93)
    assert audio is not None
    assert b"".join(audio.read(0, audio.size_bytes)) == (flow.output / "R-92.mp3").read_bytes()
    old = (flow.output / "R-92.mp3").read_bytes()
    third, _ = flow.submit(flow.catalog([("R-92", "Other words altogether, and more of them.")]))
    flow.drive(third)
    audio = find_audio(flow.context, second, 93)  # what was bought for it, not what lies there now
    assert audio is not None
    assert b"".join(audio.read(0, audio.size_bytes)) == old


@pytest.mark.parametrize("row", [0, 3, 10**12])
def test_rows_that_are_not_there_have_no_audio(flow: InProcess, row: int) -> None:
    job, _ = flow.submit(flow.catalog([("a", "One."), ("b", "")]))
    flow.drive(job)
    assert find_audio(flow.context, job, row) is None
    assert find_audio(flow.context, job, 2) is None
