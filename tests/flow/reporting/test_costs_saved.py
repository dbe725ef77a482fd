"""What rows did not cost is booked once, whole, and under the name of what saved it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from speeko_jobs.core.model.money import micros
from speeko_jobs.core.model.pause_reasons import PauseKind, kind_of
from speeko_jobs.core.model.states import JobState
from speeko_jobs.flow.delivery import finalize
from speeko_jobs.flow.lifecycle import control
from speeko_jobs.flow.planning import submit
from speeko_jobs.flow.reporting.costs import By, look
from tests.fixtures.daily import differences, saved
from tests.fixtures.inprocess import InProcess

pytestmark = pytest.mark.usefixtures("one_day")  # and in one month
COMMON = "It comes in a plain box. It is ready to ship."


def listed(chars: int, calls: int = 1) -> int:
    return 15 * chars + calls


def expected(flow: InProcess, calls: int = 1) -> Counter[str]:
    """What the manifest says that rows of that many calls did not cost, by source."""
    sums: Counter[str] = Counter()
    for line in flow.manifest():
        if line["error"] is None:
            source = "segments" if line["source"] == "synthesized" else line["source"]
            sums[source] += listed(line["chars"], calls) - micros(line["cost_usd"])
    return +sums


def booked(flow: InProcess) -> dict[str, int]:
    assert differences(flow.books) == []
    return {source: amount for source, (_, amount) in saved(flow.books).items() if amount}


def by_jobs(flow: InProcess) -> Counter[str]:
    """The same out of the chunks."""
    found = look(flow.context.database, By.JOB)
    sums: Counter[str] = Counter()
    for one in found.lines.values():
        sums.update(one.saved)
    assert found.no_job is None
    return sums


def test_parts_of_texts_that_were_there_are_saved_by_segments(flow: InProcess) -> None:
    rows = [(str(n), f"The article number {n} is blue. {COMMON}") for n in range(5)]
    rows += [("again", rows[2][1]), ("only", COMMON), ("self", "One is new. One is new. One is new.")]
    summary = flow.run(flow.catalog(rows), {"segments": "sentence"})
    assert summary["calls"] == 5 + 2 + 1
    amounts: Counter[str] = Counter()
    saving = 0
    for line in flow.manifest():  # which row pays for what it shares is left to whoever claims first
        spared = listed(line["chars"], 2 if line["id"] == "only" else 3) - micros(line["cost_usd"])
        source = "segments" if line["source"] == "synthesized" else line["source"]
        amounts[source] += spared
        saving += source == "segments" and spared > 0
    assert booked(flow) == by_jobs(flow) == amounts
    assert sum(amounts.values()) == micros(summary["saved_usd"])
    assert (*amounts, saved(flow.books)["segments"][0]) == ("segments", "duplicate", saving)
    assert saving >= 5  # of five, one pays for what they share; one repeats itself
    # another night: one new sentence a row
    flow.output = flow.folder / "second"
    rows = [(str(n), f"The article number {n} is red. {COMMON}") for n in range(5)]
    before, summary = amounts["segments"], flow.run(flow.catalog(rows), {"segments": "sentence"})
    assert booked(flow)["segments"] == before + micros(summary["saved_usd"])
    assert booked(flow) == by_jobs(flow)


def test_rows_that_failed_at_first_are_booked_when_they_are_served(flow: InProcess) -> None:
    rows = [(f"r{n}", f"This is text {n % 24}.") for n in range(72)]  # few of the answers are bad
    flow.run(flow.catalog(rows[:1]))
    flow.output = flow.folder / "second"
    flow.provider.script([{"match": "text 3.", "times": -1, "garbage": "silence"}])
    job, _ = flow.submit(flow.catalog(rows))
    assert flow.drive(job).state is JobState.DONE_WITH_ERRORS
    first = booked(flow)
    assert first == by_jobs(flow) == expected(flow)
    for _ in range(2):  # the second changes nothing
        control.retry(flow.context, job)
        assert flow.drive(job).state is JobState.DONE_WITH_ERRORS
        assert booked(flow) == first
    flow.provider.script([])
    control.retry(flow.context, job)
    assert flow.drive(job).state is JobState.DONE
    assert booked(flow) == by_jobs(flow) == expected(flow)
    assert booked(flow)["duplicate"] == first["duplicate"] + 2 * listed(len("This is text 3."))
    assert booked(flow)["cache"] == first["cache"]


def test_audio_that_is_bought_again_for_a_retry_is_saved_no_more(flow: InProcess) -> None:
    """Row a was cached; its file and audio are lost before the retry buys the text once more."""
    flow.run(flow.catalog([("a", "This is text 1.")]))
    flow.output = flow.folder / "second"
    flow.provider.script([{"match": "text 2.", "times": -1, "garbage": "silence"}])
    job, _ = flow.submit(flow.catalog([("a", "This is text 1."), ("b", "This is text 2.")]))
    flow.drive(job)
    one = listed(len("This is text 1."))
    assert booked(flow) == {"cache": one}
    flow.provider.script([])
    (path,) = Path(flow.settings.store_url).rglob("*.mp3")
    path.unlink()
    control.retry(flow.context, job)
    assert kind_of(flow.drive(job).reason) is PauseKind.STORE
    control.resume(flow.context, job, buy_again=True)
    assert flow.drive(job).state is JobState.DONE
    assert booked(flow) == expected(flow)


def test_cancelled_rows_that_are_served_later_are_booked(flow: InProcess) -> None:
    rows = [(f"r{n}", f"This is text {n % 5}.") for n in range(10)]
    job, _ = flow.submit(flow.catalog(rows))
    control.cancel(flow.context, job)
    flow.deliver(job)
    assert finalize.finalize(flow.context, job)
    assert booked(flow) == {}
    control.retry(flow.context, job)
    assert flow.drive(job).state is JobState.DONE
    assert booked(flow) == by_jobs(flow) == expected(flow) == {"duplicate": 5 * listed(15)}


def test_unchanged_rows_and_rows_bought_ahead(flow: InProcess) -> None:
    small = flow.again(chunk_rows=4)
    rows = [(f"r{n}", f"This is text {n}.") for n in range(100)]
    ahead = small.spec(deliver=False, output=submit.NOWHERE)
    orders = small.orders(small.catalog([*rows, ("again", rows[0][1])], name="ahead.csv"))
    small.drive(submit.submit(small.context, ahead, orders, tenant="shop")[0])
    assert booked(small) == by_jobs(small) == {"duplicate": listed(len(rows[0][1]))}
    whole = sum(listed(len(text)) for _, text in rows)
    source = small.catalog(rows)
    for night in range(2):
        small.run(source)
        amounts = {"duplicate": listed(len(rows[0][1])), "cache": whole, "unchanged": whole * night}
        assert booked(small) == by_jobs(small) == {name: n for name, n in amounts.items() if n}
    small.close()
