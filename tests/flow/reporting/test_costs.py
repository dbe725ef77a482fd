"""The days' costs are the ledger's, whatever happened; what is shown adds up to them, to the micro-dollar."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from speeko_jobs.adapters.providers.provider import open_provider
from speeko_jobs.core.billing.cost_breakdown import CostFigures, storage_micros
from speeko_jobs.core.model.money import micros
from speeko_jobs.core.model.states import AttemptState, JobState
from speeko_jobs.errors import UsageError
from speeko_jobs.flow.lifecycle import control
from speeko_jobs.flow.planning import submit
from speeko_jobs.flow.reporting.costs import By, CostReport, look
from speeko_jobs.flow.synthesis import settlement, spool
from speeko_jobs.flow.synthesis.say import SpokenAudio, say
from speeko_jobs.flow.synthesis.single_purchase import SpeechError
from tests.fixtures.books import broken_rules, ended, stored
from tests.fixtures.daily import differences, saved
from tests.fixtures.inprocess import InProcess

pytestmark = pytest.mark.usefixtures("one_day")
TEXTS = [(f"r{n}", f"This is text {n}.") for n in range(20)]


def speak(flow: InProcess, text: str) -> SpokenAudio:
    return asyncio.run(say(flow.context, open_provider, flow.spec(), text, tenant="shop"))


def today() -> date:
    return datetime.now(UTC).date()


def figures(flow: InProcess, by: By = By.VOICE, **more: object) -> CostReport:
    """What is shown of today and yesterday: the tests may run over midnight."""
    found = look(flow.context.database, by, since=today() - timedelta(1), **more)  # type: ignore[arg-type]
    assert summed(found) == found.total
    return found


def summed(found: CostReport) -> CostFigures:
    total = found.no_job or CostFigures()
    for one in found.lines.values():
        total = total.plus(one)
    return total


def check(flow: InProcess) -> CostFigures:
    """The days are the ledger, and so is every way to look at them; the sum."""
    assert broken_rules(flow.books) == {}
    assert differences(flow.books) == []
    totals = [figures(flow, by).total for by in By]
    assert totals == [totals[0]] * len(By)
    spent, unknown, calls = flow.books.execute(
        "SELECT coalesce(sum(cost_micros) FILTER (WHERE state IN ('stored', 'bad')), 0)::bigint,"
        " coalesce(sum(cost_micros) FILTER (WHERE state = 'unknown'), 0)::bigint,"
        " count(*) FILTER (WHERE state IN ('stored', 'bad')) FROM speeko.attempt"
    )[0]
    total = totals[0]
    assert (total.spent_micros, total.unknown_micros, total.calls) == (spent, unknown, calls)
    return total


def test_a_run_with_everything_that_can_happen_to_a_call(flow: InProcess) -> None:
    flow.provider.script(
        [
            {"match": "text 3.", "garbage": "silence"},
            {"match": "text 4.", "reset": "after"},
            {"match": "text 5.", "reset": "before"},
            {"match": "text 6.", "status": 500},
            {"match": "text 7.", "status": 400, "body": {"error": {"message": "No."}}},
            {"match": "text 8.", "status": 429, "headers": {"Retry-After": "0"}, "body": "slow down"},
        ]
    )
    rows = [*TEXTS, ("again", TEXTS[1][1]), ("and again", TEXTS[1][1])]
    summary = flow.run(flow.catalog(rows))
    total = check(flow)
    assert usd_of(total) == summary["cost_usd"]
    assert (total.bad_calls, total.unknown_calls) == (1, summary["unknown"]["calls"])
    assert total.calls == summary["calls"] == 20  # one fails, one is bought twice
    assert total.overhead_micros == 20
    assert saved(flow.books) == {"duplicate": (2, 2 * (15 * len(TEXTS[1][1]) + 1))}
    # bought before, for another place
    flow.provider.script([])
    flow.output = flow.folder / "second"
    flow.run(flow.catalog(TEXTS[:3]))
    flow.run(flow.catalog(TEXTS[:3]))
    total = check(flow)
    one = 15 * len(TEXTS[0][1]) + 1
    assert dict(total.saved) == {"duplicate": 2 * one, "cache": 3 * one, "unchanged": 3 * one}
    assert total.served == 8


def usd_of(total: CostFigures) -> str:
    return f"{total.spent_micros // 10**6}.{total.spent_micros % 10**6:06d}"


def test_a_said_text(flow: InProcess) -> None:
    bought = speak(flow, TEXTS[0][1])
    speak(flow, TEXTS[0][1])
    flow.provider.script([{"match": "text 1.", "times": -1, "garbage": "silence"}])
    with pytest.raises(SpeechError):
        speak(flow, TEXTS[1][1])
    flow.provider.script([{"match": "text 2.", "times": -1, "reset": "after"}])
    with pytest.raises(SpeechError):
        speak(flow, TEXTS[2][1])
    total = check(flow)
    assert (total.calls, total.bad_calls, total.unknown_calls, total.served) == (2, 1, 1, 1)
    assert dict(total.saved) == {"cache": bought.cost_micros}
    by_job = figures(flow, By.JOB)
    assert [one.calls + one.unknown_calls for one in by_job.lines.values()] == [1, 1, 1]
    assert by_job.no_job is not None  # nothing was bought, so there was no job
    assert (by_job.no_job.served, by_job.no_job.calls) == (1, 0)


def test_a_spool_is_booked_when_it_is_replayed(flow: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two engines paid for one text, and their leases expired before the store took the audio."""
    monkeypatch.setattr(settlement, "STORE_TRIES", 1)
    store = Path(flow.settings.store_url)
    job, _ = flow.submit(flow.catalog(TEXTS[:1]))
    shutil.rmtree(store)
    store.write_text("this is no folder")
    for _ in range(2):
        flow.synthesize(job)
        flow.books.execute("UPDATE speeko.job SET state = 'running'")
        flow.reap_all()
    assert check(flow).unknown_calls == 2
    flow.books.execute(  # it was yesterday
        "UPDATE speeko.attempt SET settled_at = settled_at - interval '1 day';"
    )
    flow.books.execute("UPDATE speeko.cost_daily SET day = day - 1")
    assert differences(flow.books) == []
    store.unlink()
    assert spool.replay(flow.context) == 2
    flow.drive(job)
    total = check(flow)
    assert (total.calls, total.unknown_calls, total.unknown_micros) == (2, 0, 0)
    days = figures(flow, By.DAY).lines
    assert {day: one.calls for day, one in days.items()} == {str(today()): 2}


def test_rows_that_failed_and_are_tried_again(flow: InProcess) -> None:
    flow.provider.script([{"match": "text 3.", "times": -1, "garbage": "silence"}])
    job, _ = flow.submit(flow.catalog([*TEXTS, ("again", TEXTS[3][1]), ("twice", TEXTS[1][1])]))
    assert flow.drive(job).state is JobState.DONE_WITH_ERRORS
    check(flow)
    flow.provider.script([])
    control.retry(flow.context, job)
    assert flow.drive(job).state is JobState.DONE
    total = check(flow)
    assert (total.calls, total.bad_calls) == (26, 6)  # six tries while the others are answered
    assert total.spent_micros == flow.provider.micros


def test_what_is_open_is_reserved(flow: InProcess) -> None:
    books = flow.books
    job, other = books.job(["a", "b", "c"]), books.job(["d"], tenant="other")
    engine = books.engine()
    first, second, _ = books.claim(job, engine, books.start(job, 1, engine))
    (foreign,) = books.claim(other, engine, books.start(other, 1, engine))
    books.settle(stored(job, first))
    found = look(books.database)
    assert (found.now.open_calls, found.now.reserved_micros) == (3, 300)
    mine = look(books.database, tenant="shop", today_only=True)
    assert (mine.now.open_calls, mine.now.reserved_micros, mine.total.spent_micros) == (2, 200, 100)
    theirs = look(books.database, By.JOB, tenant="other")
    assert (theirs.now.open_calls, theirs.lines, theirs.total) == (1, {}, CostFigures())
    books.settle(ended(job, second, AttemptState.UNKNOWN), ended(other, foreign, AttemptState.BAD))
    by_tenant = look(books.database, By.TENANT).lines
    assert {name: (f.spent_micros, f.unknown_micros) for name, f in by_tenant.items()} == {
        "shop": (100, 100),
        "other": (100, 0),
    }
    assert list(look(books.database, By.SOURCE).lines) == ["bad", "synthesized", "unknown"]
    assert differences(books) == []


def test_a_dearer_price_changes_no_old_cost(flow: InProcess) -> None:
    """A contract's price ends: what was bought under it stays as it was."""
    for_four, for_thirty = {"price_per_million": "4"}, {"price_per_million": "30"}
    flow.drive(flow.submit(flow.catalog(TEXTS), for_four)[0])
    before = check(flow)
    assert before.spent_micros == sum(4 * len(text) + 1 for _, text in TEXTS)
    ledger = flow.books.execute("SELECT id, cost_micros FROM speeko.attempt ORDER BY id")
    flow.drive(flow.submit(flow.catalog([("new", "A new text.")]), for_thirty)[0])
    after = check(flow)
    assert after.spent_micros == before.spent_micros + 30 * len("A new text.") + 1
    assert flow.books.execute("SELECT id, cost_micros FROM speeko.attempt ORDER BY id")[:-1] == ledger
    lines = [micros(line["cost_usd"]) for line in flow.manifest()]
    assert lines == [30 * len("A new text.") + 1]


def test_what_the_store_keeps(flow: InProcess) -> None:
    flow.run(flow.catalog(TEXTS))
    found = figures(flow)
    size = sum(path.stat().st_size for path in Path(flow.settings.store_url).rglob("*.mp3"))
    assert (found.storage.texts, found.storage.bytes) == (20, size)
    # a year's worth of it, half of it in this window
    flow.books.execute(
        "UPDATE speeko.utterance SET bytes = 1000000000, settled_at = now() - interval '730 h'"
    )
    whole = look(flow.context.database, since=today() - timedelta(60)).storage
    assert whole.micros == pytest.approx(storage_micros(20 * 10**9), abs=20)
    day = look(flow.context.database, since=today() - timedelta(2), until=today() - timedelta(2)).storage
    assert day.micros == pytest.approx(storage_micros(20 * 10**9) * 24 / 730, abs=1)
    assert look(flow.context.database, tenant="shop").storage.bytes == 20 * 10**9
    assert look(flow.context.database, tenant="nobody").storage.bytes == 0


def test_days_and_tenants_are_kept_apart(flow: InProcess) -> None:
    flow.run(flow.catalog(TEXTS))
    spec, orders = flow.spec(output=str(flow.folder / "b")), flow.orders(flow.catalog([("x", "Of another.")]))
    flow.drive(submit.submit(flow.context, spec, orders, tenant="other")[0])
    check(flow)
    assert figures(flow, By.JOB, tenant="other").total.calls == 1
    assert figures(flow, By.DAY, tenant="shop").total.calls == 20
    assert figures(flow, tenant="nobody").total == CostFigures()
    long_ago = look(flow.context.database, By.JOB, since=date(2020, 1, 1), until=date(2020, 1, 2))
    assert (long_ago.lines, long_ago.total, long_ago.no_job) == ({}, CostFigures(), None)
    with pytest.raises(UsageError, match="--since 2026-02-01 is after --until 2026-01-01"):
        look(flow.context.database, since=date(2026, 2, 1), until=date(2026, 1, 1))


def test_the_forecast_goes_by_the_last_full_days(flow: InProcess) -> None:
    books = flow.books
    found = look(books.database)
    assert (found.forecast, found.total, found.total_micros) == (None, CostFigures(), 0)
    for days, spent in ((0, 5), (1, 700), (3, 7), (9, 10**6)):
        books.execute(
            "INSERT INTO speeko.cost_daily (tenant, day, provider, voice, source, requests, micros)"
            " SELECT 'shop', (now() AT TIME ZONE 'UTC')::date - %s, 'speeko', 'v', 'synthesized', 1, %s",
            [days, spent],
        )
    made = look(books.database, tenant="shop").forecast
    assert made is not None
    assert (made.full_days, made.mean_micros * 7) == (7, 707)
    assert look(books.database, tenant="other").forecast is None


def test_a_plans_routing_is_told(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog(TEXTS[:1]))
    query = "UPDATE speeko.job SET plan = plan || '{\"routing_saved_micros\": 12}' WHERE id = %s"
    flow.books.execute(query, [job])
    assert figures(flow).routing_saved_micros == 12
    assert figures(flow, tenant="nobody").routing_saved_micros == 0
