"""One run each due time: over beats, nights, deaths and long jobs. The clock is the argument `now`."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import redis

from speeko_jobs.adapters.catalog import ReadOptions
from speeko_jobs.adapters.postgres import jobs, schedules
from speeko_jobs.adapters.postgres.schedules import Run, Schedule
from speeko_jobs.core.model.states import PLANNING_STOPPED, JobState
from speeko_jobs.core.policies.cron_schedule import CatchUp, RunState, Timing
from speeko_jobs.errors import ConfigError, JobError, UsageError
from speeko_jobs.flow.lifecycle import control
from speeko_jobs.flow.lifecycle import schedules as schedule
from speeko_jobs.flow.lifecycle.crash_recovery import sweep
from speeko_jobs.flow.planning.planner import CatalogOptions
from speeko_jobs.flow.planning.scheduled_request import Request, from_json
from speeko_workers.supervisor import environment
from tests.fixtures.books import SPEC, together
from tests.fixtures.inprocess import InProcess

ROWS = [("a", "The first article."), ("b", "The second article.")]
EVENING = datetime(2026, 11, 20, 18, tzinfo=UTC)
NIGHT = datetime(2026, 11, 21, 1, tzinfo=UTC)  # 02:00 in Berlin
DAY = timedelta(days=1)


@pytest.fixture
def catalog(flow: InProcess) -> str:
    return flow.catalog(ROWS, name="nightly.csv")


def added(flow: InProcess, source: str, rule: CatchUp = CatchUp.LAST, **more: Any) -> Schedule:
    """A schedule for two o'clock in Berlin, made in the evening."""
    timing = Timing(more.pop("cron", "0 2 * * *"), "Europe/Berlin", rule)
    at, name = more.pop("now", EVENING), more.pop("name", "nightly")
    request = Request(flow.spec(), flow.orders(source), **more)
    return schedule.add(flow.context, name, timing, request, tenant="shop", now=at)


def history(flow: InProcess, of: Schedule) -> list[Run]:
    """Its runs, oldest first."""
    return schedules.history(flow.context.database, of.id, 1000)[::-1]


def states(flow: InProcess, of: Schedule) -> list[tuple[int, str]]:
    """The day and the state of each run."""
    return [(run.due.day, run.state.value) for run in history(flow, of)]


def night(flow: InProcess, now: datetime) -> list[int]:
    """A tick, and the work that it asks for: the jobs that were submitted and driven to their end."""
    made = [schedule.fire(flow.context, run) for run in schedule.tick(flow.context, now)]
    for job in filter(None, made):
        flow.drive(job)
    return [job for job in made if job is not None]


def expire(flow: InProcess) -> None:
    """As if the workers had said nothing for long."""
    flow.books.execute("UPDATE speeko.schedule_run SET lease_until = lease_until - interval '1 hour'")
    flow.books.execute("UPDATE speeko.job SET submitter_until = submitter_until - interval '1 hour'")


def test_the_words_of_the_enums_are_those_of_the_tables(flow: InProcess) -> None:
    query = (
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c' AND conrelid = %s::regclass"
    )
    for table, words in (("schedule", CatchUp), ("schedule_run", RunState)):
        told = flow.books.one(query, [f"speeko.{table}"])
        assert all(f"'{word}'" in told for word in words)
        assert told.count("'") == 2 * len(words)


# one run each due time


@pytest.mark.parametrize(
    ("from_", "due"),
    [
        (datetime(2026, 10, 24, 23, 55, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (datetime(2026, 3, 29, 0, 25, tzinfo=UTC), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
    ],
    ids=["autumn", "spring"],
)
def test_two_beats_over_a_night_on_which_the_clock_is_moved(
    flow: InProcess, catalog: str, from_: datetime, due: datetime
) -> None:
    nightly = added(flow, catalog, cron="30 2 * * *", now=from_ - DAY / 4)
    other = flow.again()
    submitted = list[int]()
    for minute in range(0, 120, 5):
        now = from_ + timedelta(minutes=minute)
        beats = [flow.context, other.context]
        sent = together([lambda c=c, now=now: schedule.tick(c, now) for c in beats])  # type: ignore[misc]
        fires = [lambda c=c, r=r: schedule.fire(c, r) for c in beats for r in {*sent[0], *sent[1]}]  # type: ignore[misc]
        submitted += [job for job in together(fires) if job is not None] if fires else []
        for job in submitted:
            flow.drive(job)
    (run,) = history(flow, nightly)
    assert (run.due, run.state, [run.job]) == (due, RunState.SUBMITTED, submitted)
    assert run.job_state is JobState.DONE
    assert flow.provider.calls == len(ROWS)
    other.close()


def test_many_beats_and_many_workers_at_once(flow: InProcess, catalog: str) -> None:
    nightly = added(flow, catalog)
    contexts = [flow.again() for _ in range(4)]
    sent = together([lambda f=f: schedule.tick(f.context, NIGHT) for f in contexts])  # type: ignore[misc]
    (run,) = {run for runs in sent for run in runs}
    made = together([lambda f=f: schedule.fire(f.context, run) for f in contexts])  # type: ignore[misc]
    (job,) = [job for job in made if job is not None]
    assert [(r.id, r.job) for r in history(flow, nightly)] == [(run, job)]
    assert flow.books.one("SELECT count(*) FROM speeko.job") == 1
    for f in contexts:
        f.close()


def test_a_tick_asks_workers_by_a_message_with_the_number_alone(flow: InProcess, catalog: str) -> None:
    added(flow, catalog)
    assert schedule.tick(flow.context, NIGHT - timedelta(seconds=1)) == []
    (run,) = schedule.tick(flow.context, NIGHT)
    assert schedule.tick(flow.context, NIGHT) == [run]  # until it has begun: messages get lost
    flow.context.queue.tick()
    with redis.Redis.from_url(flow.settings.redis_url) as raw:
        found: Any = [json.loads(message) for message in raw.lrange("speeko:control", 0, -1)]  # type: ignore[union-attr]
    bodies = [(m["headers"]["task"], json.loads(base64.b64decode(m["body"]))[0]) for m in found[::-1]]
    assert bodies == [("fire", [run]), ("fire", [run]), ("tick", [])]
    assert all(m["headers"]["expires"] for m in found)


POINTS = ("run_created", "after_batch", "run_released")  # no number yet, half a plan, all but the last word


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_killed_at_the_due_minute(flow: InProcess, catalog: str, point: str) -> None:
    nightly = added(flow, catalog)
    (run,) = schedule.tick(flow.context, NIGHT)
    died = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("a_firer.py")), str(run)],
        env=environment(flow.settings) | {"SPEEKO_CRASH": point},
        capture_output=True,
        timeout=120,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert schedule.tick(flow.context, NIGHT) == []  # nobody knows yet
    assert schedule.fire(flow.context, run) is None
    expire(flow)
    assert schedule.tick(flow.context, NIGHT + DAY / 8) == [run]
    job = schedule.fire(flow.context, run)
    assert job is not None
    sweep(flow.context)  # cancels a job that nobody plans
    others = "SELECT state, reason FROM speeko.job WHERE id <> %s"
    assert set(flow.books.execute(others, [job])) <= {("cancelled", PLANNING_STOPPED)}
    flow.drive(job)
    (found,) = history(flow, nightly)
    assert (found.state, found.job, found.job_state, found.tries) == (
        RunState.SUBMITTED, job, JobState.DONE, 2
    )  # fmt: skip
    assert flow.provider.calls == len(ROWS)
    assert schedule.tick(flow.context, NIGHT + DAY / 8) == []


def taken(flow: InProcess, run: int) -> schedules.Taken:
    found = flow.context.database.run(lambda t: schedules.take(t, run, 60))
    assert found is not None
    return found


def planning(flow: InProcess, of: schedules.Taken) -> int:
    """A job that the worker of a run has begun to plan."""

    def work(t: Any) -> int:
        where = jobs.destination(t, "memory://output", "mark")
        job = jobs.create(t, flow.spec(), tenant="shop", destination_id=where)
        schedules.has_job(t, of, job)
        return job

    return flow.context.database.run(work)


def test_a_worker_that_only_was_slow_comes_too_late(flow: InProcess, catalog: str) -> None:
    nightly = added(flow, catalog)
    (run,) = schedule.tick(flow.context, NIGHT)
    slow = taken(flow, run)
    expire(flow)
    other = taken(flow, run)
    with pytest.raises(JobError, match="another worker has taken the run of schedule 'nightly' over"):
        planning(flow, slow)
    database = flow.context.database
    assert not database.run(lambda t: schedules.end(t, slow, RunState.FAILED, reason="late"))
    job = planning(flow, other)
    assert database.run(lambda t: schedules.end(t, other, RunState.SUBMITTED, job=job))
    assert [(r.state, r.job) for r in history(flow, nightly)] == [(RunState.SUBMITTED, job)]


def test_a_plan_that_takes_long_is_not_taken_away_until_it_is_silent(flow: InProcess, catalog: str) -> None:
    added(flow, catalog)
    (run,) = schedule.tick(flow.context, NIGHT)
    slow = planning(flow, taken(flow, run))
    flow.books.execute("UPDATE speeko.schedule_run SET lease_until = clock_timestamp() - interval '1 hour'")
    assert schedule.fire(flow.context, run) is None
    expire(flow)
    job = schedule.fire(flow.context, run)
    assert job not in (None, slow)
    with pytest.raises(JobError, match="was abandoned"):
        flow.context.database.run(
            lambda t: jobs.release(t, slow, rows=2, skipped=0, chunk_rows=25, plan={}, files=[])
        )
    assert flow.books.execute("SELECT id FROM speeko.job") == [(job,)]


def test_a_catalog_that_kills_its_worker_is_given_up(flow: InProcess, catalog: str) -> None:
    nightly = added(flow, catalog)
    for _ in range(schedule.MAX_TRIES):
        (run,) = schedule.tick(flow.context, NIGHT)
        taken(flow, run)
        expire(flow)
    assert night(flow, NIGHT) == []
    (found,) = history(flow, nightly)
    assert (found.state, found.job) == (RunState.FAILED, None)
    assert found.reason == "3 workers took it and came to no end: see their logs"


# what cannot be submitted


def test_a_failing_submit_is_in_the_history_and_the_next_night_is_another(flow: InProcess) -> None:
    missing = str(flow.folder / "later.csv")
    nightly = added(flow, missing)
    flow.output = flow.folder / "other"
    other = added(flow, flow.catalog(ROWS), name="other")
    assert len(night(flow, NIGHT)) == 1
    (found,) = history(flow, nightly)
    assert (found.state, found.job) == (RunState.FAILED, None)
    assert found.reason == f"{missing}: no such file: check the path"
    assert states(flow, other) == [(21, "submitted")]
    flow.catalog(ROWS, name="later.csv")
    assert len(night(flow, NIGHT + DAY)) == 2
    assert states(flow, nightly) == [(21, "failed"), (22, "submitted")]


def test_a_run_that_costs_too_much_is_not_begun(flow: InProcess, catalog: str) -> None:
    nightly = added(flow, catalog, budget_micros=1)
    assert night(flow, NIGHT) == []
    (found,) = history(flow, nightly)
    assert found.state is RunState.FAILED
    assert "the budget is $0.000001: nothing was started" in found.reason
    assert flow.books.one("SELECT count(*) FROM speeko.job") == 0


def test_orders_of_a_newer_version_and_unknown_zones_keep_nobody_else(
    flow: InProcess, catalog: str, caplog: pytest.LogCaptureFixture
) -> None:
    newer, elsewhere = added(flow, catalog), added(flow, catalog, name="elsewhere")
    good = added(flow, catalog, name="z-good")
    flow.books.execute(
        "UPDATE speeko.schedule SET orders = orders || '{\"loop\": 1}' WHERE id = %s", [newer.id]
    )
    flow.books.execute("UPDATE speeko.schedule SET zone = 'Berlin' WHERE id = %s", [elsewhere.id])
    assert len(night(flow, NIGHT)) == 1
    assert "made by a newer speeko" in history(flow, newer)[0].reason
    assert states(flow, good) == [(21, "submitted")]
    assert "there is no time zone 'Berlin'" in caplog.text


@pytest.mark.parametrize(
    "source",
    [
        "https://me:secret@shop.example/catalog.csv",
        "s3://KEY:secret@bucket/catalog.csv",
        "https://shop.example/catalog.csv?X-Amz-Signature=secret",
        "https://shop.example/catalog.csv?a=b&token=secret#x",
    ],
)
def test_addresses_with_secrets_are_refused(source: str) -> None:
    with pytest.raises(ConfigError, match="no keys and passwords in the address") as caught:
        Request(SPEC, CatalogOptions((source,))).check()
    assert "secret" not in str(caught.value)


def test_what_no_worker_could_do_is_refused(flow: InProcess, catalog: str) -> None:
    with pytest.raises(ConfigError, match="no keys and passwords in the address"):
        added(flow, "https://me:secret@shop.example/catalog.csv")
    with pytest.raises(UsageError, match="cannot read standard input"):
        added(flow, "-")
    with pytest.raises(ConfigError, match="price_per_million takes dollars"):
        added(flow, catalog, prices="cheap")
    with pytest.raises(UsageError, match="bad hour"):
        added(flow, catalog, cron="0 24 * * *")
    assert schedules.every(flow.context.database) == []
    added(flow, catalog)
    with pytest.raises(JobError, match="there is a schedule 'nightly' already"):
        added(flow, catalog)


# what is run


def test_orders_survive_json() -> None:
    request = Request(
        replace(SPEC, lexicon=("/words.toml",), prune=True),
        CatalogOptions(("a.csv", "b.csv"), ReadOptions(delimiter=";"), id=("sku", "size"), strict=True),
        "15, 12 from 2027-01-01", 5_000_000, 7, True, Decimal("0.25"),
    )  # fmt: skip
    assert from_json(json.loads(json.dumps(request.to_json()))) == request


def test_the_catalog_is_read_at_the_due_time_and_priced_by_that_day(flow: InProcess, catalog: str) -> None:
    nightly = added(flow, catalog, prices="15, 30 from 2020-01-01", priority=3)
    flow.catalog([*ROWS, ("c", "A third article.")], name="nightly.csv")
    (first,) = night(flow, NIGHT)
    found = jobs.show(flow.context.database, first)
    assert (found.tenant, found.priority, found.spec.price_per_million) == ("shop", 3, "30")
    assert flow.summary()["delivered"] == 3
    calls = flow.provider.calls
    (second,) = night(flow, NIGHT + DAY)
    assert (flow.summary()["unchanged"], flow.provider.calls) == (3, calls)
    assert [run.previous_job for run in history(flow, nightly)] == [None, first]
    assert second != first


# runs that meet


@pytest.mark.parametrize(
    ("rule", "met", "then"),
    [
        (CatchUp.LAST, [(21, "submitted"), (22, "skipped"), (23, "waiting")], [23]),
        (CatchUp.ALL, [(21, "submitted"), (22, "waiting"), (23, "waiting")], [22, 23]),
        (CatchUp.NONE, [(21, "submitted"), (22, "skipped"), (23, "skipped")], []),
    ],
)
def test_no_run_begins_while_another_goes_on(
    flow: InProcess, catalog: str, rule: CatchUp, met: list[tuple[int, str]], then: list[int]
) -> None:
    nightly = added(flow, catalog, rule)
    (run,) = schedule.tick(flow.context, NIGHT)
    first = schedule.fire(flow.context, run)
    assert first is not None
    control.pause(flow.context, first)
    for days in (1, 2):
        assert schedule.tick(flow.context, NIGHT + days * DAY) == []
    assert states(flow, nightly) == met
    reasons = {run.reason for run in history(flow, nightly) if run.state is RunState.SKIPPED}
    going = f"job {first} of the run before is still paused"
    assert reasons == {CatchUp.LAST: {schedule.OVERTAKEN}, CatchUp.ALL: set(), CatchUp.NONE: {going}}[rule]
    waiting = [run.id for run in history(flow, nightly) if run.state is RunState.WAITING]
    assert [schedule.fire(flow.context, run) for run in waiting] == [None] * len(waiting)

    control.resume(flow.context, first)
    flow.drive(first)
    for _ in then:
        assert len(night(flow, NIGHT + 2.1 * DAY)) == 1
    assert night(flow, NIGHT + 2.1 * DAY) == []
    assert [run.due.day for run in history(flow, nightly)[1:] if run.job] == then


@pytest.mark.parametrize(
    ("rule", "seen"),
    [
        (CatchUp.LAST, [(21, "skipped"), (22, "skipped"), (23, "submitted")]),
        (CatchUp.ALL, [(21, "submitted"), (22, "submitted"), (23, "submitted")]),
        (CatchUp.NONE, [(21, "skipped"), (22, "skipped"), (23, "skipped")]),
    ],
)
def test_three_nights_without_a_worker(
    flow: InProcess, catalog: str, rule: CatchUp, seen: list[tuple[int, str]]
) -> None:
    nightly = added(flow, catalog, rule)
    while night(flow, NIGHT + 2.3 * DAY):
        pass
    assert states(flow, nightly) == seen
    for run in history(flow, nightly):
        assert ("no worker was there" in run.reason) == (run.state is RunState.SKIPPED)
    assert len(night(flow, NIGHT + 3 * DAY)) == 1  # and then as ever


# by hand


def test_paused_and_resumed(flow: InProcess, catalog: str) -> None:
    nightly = added(flow, catalog)
    assert len(schedule.tick(flow.context, NIGHT)) == 1  # and no worker takes it
    schedule.pause(flow.context, nightly)
    assert schedule.tick(flow.context, NIGHT + DAY) == []
    run = schedule.run_now(flow.context, nightly, NIGHT + 1.5 * DAY)
    assert (run.by_hand, run.state) == (True, RunState.WAITING)
    assert len(night(flow, NIGHT + 2 * DAY)) == 1
    schedule.resume(flow.context, nightly, NIGHT + 2.5 * DAY)
    assert night(flow, NIGHT + 2.6 * DAY) == []  # what was due meanwhile is not caught up with
    assert len(night(flow, NIGHT + 3 * DAY)) == 1
    assert states(flow, nightly) == [(21, "skipped"), (22, "submitted"), (24, "submitted")]
    assert history(flow, nightly)[0].reason == schedule.PAUSED


def test_a_run_by_hand_waits_for_one_that_goes(flow: InProcess, catalog: str) -> None:
    nightly = added(flow, catalog, CatchUp.NONE)
    (run,) = schedule.tick(flow.context, NIGHT)
    first = schedule.fire(flow.context, run)
    assert first is not None
    by_hand = schedule.run_now(flow.context, nightly, NIGHT + DAY / 24)
    assert by_hand.state is RunState.WAITING
    assert schedule.fire(flow.context, by_hand.id) is None
    going = flow.context.database.run(lambda t: schedules.going(t, nightly.id, by_hand.id))
    assert str(going) == f"job {first} of the run before is still running"
    flow.drive(first)
    assert len(night(flow, NIGHT + DAY / 12)) == 1
    assert states(flow, nightly) == [(21, "submitted"), (21, "submitted")]


def test_replaced_and_removed(flow: InProcess, catalog: str) -> None:
    nightly = added(flow, catalog)
    (job,) = night(flow, NIGHT)
    request = Request(flow.spec(), flow.orders(catalog))
    hourly = Timing("0 * * * *")
    again = schedule.add(
        flow.context, "nightly", hourly, request, tenant="other", replace=True, now=NIGHT + DAY / 9
    )
    assert (again.id, again.tenant, again.timing) == (nightly.id, "other", hourly)
    assert len(history(flow, again)) == 1
    with pytest.raises(JobError, match="no schedule 'weekly' to replace"):
        schedule.add(flow.context, "weekly", hourly, request, tenant="other", replace=True)
    (run,) = schedule.tick(flow.context, NIGHT + DAY / 4)
    flow.context.database.run(lambda t: schedules.remove(t, nightly.id))
    assert schedule.fire(flow.context, run) is None
    assert schedule.tick(flow.context, NIGHT + DAY) == []
    assert jobs.show(flow.context.database, job).state is JobState.DONE


def test_the_tasks_do_it(flow: InProcess, catalog: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from speeko_workers import process_state, tasks

    nightly = added(flow, catalog, now=datetime(2026, 1, 1, tzinfo=UTC))  # long ago, by the database's clock
    monkeypatch.setattr(process_state, "settings", flow.settings)
    process_state.open_process()
    try:
        assert str(tasks.tick()) == "1 run sent"
        run = history(flow, nightly)[-1]
        assert str(tasks.fire(run.id)) == f"job {history(flow, nightly)[-1].job}"
        assert str(tasks.fire(run.id)) == "no job came of it"
    finally:
        process_state.close_process()
    assert (
        run.due
        <= schedules.clock(flow.context.database)
        < schedules.show(flow.context.database, "nightly").next_due
    )
