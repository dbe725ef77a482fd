"""A provider that fails endlessly: its jobs pause, are probed for with one text, and resume by themselves."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest

from speeko_jobs.adapters.postgres import claims, jobs, leases, outage_records
from speeko_jobs.adapters.postgres import webhooks as hook_rows
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.adapters.postgres.jobs import Job
from speeko_jobs.core.model.pause_reasons import PauseKind, kind_of
from speeko_jobs.core.model.states import JobState
from speeko_jobs.flow.lifecycle import control, crash_recovery, webhooks
from speeko_jobs.flow.synthesis import outage_recovery
from tests.fixtures.inprocess import InProcess

ROWS = [(f"r{n}", f"This is text {n}, about a plain box.") for n in range(40)]
FOREVER: dict[str, Any] = {"match": "*", "times": -1}
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "500": ({"status": 500}, "every call failed"),
    "503": ({"status": 503}, "every call was held off"),
    "429 without a wait": ({"status": 429}, "every call was held off"),
    "429 with a wait": ({"status": 429, "headers": {"Retry-After": "1"}}, "every call was held off"),
    "hang": ({"delay_seconds": 600}, "every call failed"),
    "trickle": ({"drip": True}, "every call failed"),
    "cut": ({"cut_after_bytes": 100}, "every call failed"),
    "reset": ({"reset": "before"}, "every call failed"),
}


@pytest.fixture
def impatient(flow: InProcess) -> InProcess:
    """Calls take two seconds at most, and a job has patience for two more."""
    return flow.again(request_timeout_seconds=2.0, work_seconds=5.0)


def outage_of(flow: InProcess, **spec: Any) -> Job:
    """A job that has met the outage."""
    job, _ = flow.submit(flow.catalog(ROWS), {"give_up_seconds": 2.0, **spec})
    return flow.drive(job)


def probe_is_due(flow: InProcess) -> None:
    """As if the time until the next probe had passed."""
    flow.books.execute("UPDATE speeko.account SET probe_at = clock_timestamp(), blocked_until = NULL")


def attempts(flow: InProcess) -> int:
    return int(flow.books.one("SELECT count(*) FROM speeko.attempt"))


def probe(flow: InProcess, job: int) -> int:
    """What a worker does that the sweeper has sent; its calls."""
    ((of, chunk),) = outage_recovery.probes(flow.context)
    assert of == job
    return flow.synthesize(of, chunk)


@pytest.mark.parametrize("fault", FAULTS)
def test_it_pauses_and_resumes_by_itself(impatient: InProcess, fault: str) -> None:
    """No row fails, no text is billed twice beyond what nobody can know, and nobody has to do anything."""
    flow = impatient
    rule, what = FAULTS[fault]
    flow.provider.script([FOREVER | rule])
    paused = outage_of(flow, webhook="http://127.0.0.1:9/hook")
    assert (paused.state, paused.failed) == (JobState.PAUSED, 0)
    assert paused.reason.startswith(f"outage: {what} for ")
    told = flow.books.execute("SELECT event, reason FROM speeko.hook WHERE job_id = %s", [paused.id])
    assert told == [("paused", paused.reason)]
    (hook,) = hook_rows.take(flow.context.database, most=8, lease_seconds=60.0)
    event = json.loads(webhooks.payload(flow.context, hook))
    assert (event["type"], event["kind"]) == ("job.paused", "outage")
    assert f"speeko resume {paused.id}" in event["remedy"]

    before = attempts(flow)
    assert flow.synthesize(paused.id) == 0  # no probe is due
    probe_is_due(flow)
    assert probe(flow, paused.id) == 1
    assert attempts(flow) == before + 1
    assert outage_recovery.probes(flow.context) == []
    assert jobs.show(flow.context.database, paused.id).reason == paused.reason

    flow.provider.script([])
    probe_is_due(flow)
    probe(flow, paused.id)
    ended = flow.drive(paused.id)
    assert (ended.state, ended.delivered) == (JobState.DONE, len(ROWS))
    flow.check()
    unknown = flow.books.one("SELECT count(*) FROM speeko.attempt WHERE state = 'unknown'")
    assert flow.provider.calls <= len(ROWS) + unknown


def test_one_probe_at_a_time(impatient: InProcess) -> None:
    """Eight workers are sent, one calls."""
    flow = impatient
    flow.provider.script([FOREVER | {"status": 500}])
    paused = outage_of(flow)
    probe_is_due(flow)
    ((job, chunk),) = outage_recovery.probes(flow.context)
    workers = [flow.again() for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        calls = list(threads.map(lambda worker: worker.synthesize(job, chunk), workers))
    assert sum(calls) == 1
    assert job == paused.id


def test_a_probe_of_a_dead_worker_is_made_again(impatient: InProcess) -> None:
    flow = impatient
    flow.provider.script([FOREVER | {"status": 500}])
    paused = outage_of(flow)
    probe_is_due(flow)
    account = flow.books.one("SELECT name FROM speeko.account")
    assert flow.context.database.run(lambda t: outage_records.take_probe(t, paused.id, account, 300))
    assert outage_recovery.probes(flow.context) == []  # it died with it
    probe_is_due(flow)
    assert probe(flow, paused.id) == 1


def test_the_right_of_a_dead_prober_is_taken_back_with_its_lease(impatient: InProcess) -> None:
    """The next probe does not wait for the interval, which is five minutes here."""
    flow = impatient
    flow.provider.script([FOREVER | {"status": 500}])
    paused = outage_of(flow)
    probe_is_due(flow)
    database = flow.context.database
    account = flow.books.one("SELECT name FROM speeko.account")

    def begin(t: Transaction) -> bool:
        """What a prober has done when it dies in its call."""
        assert outage_records.take_probe(t, paused.id, account, 300)
        want = outage_records.wanted(t, paused.id)
        assert want is not None
        holder = leases.open_lease(t, "host", 1, 30)
        return bool(claims.claim(t, paused.id, holder, [want], account=account, is_probe=True))

    assert database.run(begin)
    leases.reap_expired(database)
    assert outage_recovery.probes(flow.context) == []  # it lives, as far as is known
    flow.books.execute("UPDATE speeko.claimant SET lease_until = clock_timestamp() - interval '1 second'")
    leases.reap_expired(database)
    assert probe(flow, paused.id) == 1
    leases.reap_expired(database)
    assert outage_recovery.probes(flow.context) == []  # that one ended: the next waits
    flow.check()


def test_a_death_that_is_no_probers_makes_no_probe(impatient: InProcess) -> None:
    """Its calls were open when the job paused."""
    flow = impatient
    flow.provider.script([FOREVER | {"status": 500}])
    paused = outage_of(flow)
    account = flow.books.one("SELECT name FROM speeko.account")

    def begin(t: Transaction) -> bool:
        want = outage_records.wanted(t, paused.id)
        assert want is not None
        holder = leases.open_lease(t, "host", 1, 30)
        return bool(claims.claim(t, paused.id, holder, [want], account=account, is_probe=True))

    assert flow.context.database.run(begin)
    flow.books.execute("UPDATE speeko.job SET state_since = clock_timestamp()")
    flow.books.execute("UPDATE speeko.claimant SET lease_until = clock_timestamp() - interval '1 second'")
    leases.reap_expired(flow.context.database)
    assert (
        flow.books.one("SELECT count(*) FROM speeko.attempt WHERE state = 'unknown' AND claimant_id > 0") > 0
    )
    assert outage_recovery.probes(flow.context) == []


def test_a_probe_that_takes_longer_than_its_lease_keeps_it(flow: InProcess) -> None:
    flow = flow.again(request_timeout_seconds=2.0, work_seconds=5.0)
    flow.provider.script([FOREVER | {"delay_seconds": 600}])
    paused = outage_of(flow)
    probe_is_due(flow)
    prober = flow.again(request_timeout_seconds=7.0, lease_seconds=3.0)
    with ThreadPoolExecutor(1) as threads:
        ((job, chunk),) = outage_recovery.probes(flow.context)
        call = threads.submit(prober.synthesize, job, chunk)
        while not call.done():
            leases.reap_expired(flow.context.database)
            wait([call], 0.1)
    assert call.result() == 1
    last = "SELECT reason FROM speeko.attempt ORDER BY at DESC LIMIT 1"
    assert flow.books.one(last) != leases.DIED
    assert paused.id == job


def test_the_sweeper_pauses_when_every_engine_is_dead(flow: InProcess) -> None:
    """Nothing but Postgres knows of the failures; an old failure says nothing, though."""
    job, _ = flow.submit(flow.catalog(ROWS), {"give_up_seconds": 60.0})
    flow.provider.script([FOREVER | {"status": 500}])
    flow.again(work_seconds=1.0).synthesize(job)
    crash_recovery.sweep(flow.context)
    assert jobs.show(flow.context.database, job).state is JobState.RUNNING
    ago = "clock_timestamp() - interval '{} seconds'"
    flow.books.execute(f"UPDATE speeko.job SET state_since = {ago.format(4000)}, released_at = state_since")
    flow.books.execute(f"UPDATE speeko.job SET released_at = {ago.format(4000)}")
    flow.books.execute(
        f"UPDATE speeko.account SET trouble_since = {ago.format(3600)}, trouble_at = {ago.format(3500)}"
    )
    crash_recovery.sweep(flow.context)
    assert jobs.show(flow.context.database, job).state is JobState.RUNNING
    flow.books.execute(f"UPDATE speeko.account SET trouble_at = {ago.format(5)}")
    crash_recovery.sweep(flow.context)
    paused = jobs.show(flow.context.database, job)
    assert (paused.state, kind_of(paused.reason)) == (JobState.PAUSED, PauseKind.OUTAGE)


def test_an_answer_to_another_job_ends_the_outage(impatient: InProcess) -> None:
    flow = impatient
    flow.provider.script([FOREVER | {"status": 500}])
    paused = outage_of(flow)
    flow.provider.script([])
    elsewhere = {"output": str(flow.folder / "other")}
    other, _ = flow.submit(flow.catalog([("x", "Another text altogether.")]), elsewhere)
    assert flow.drive(other).state is JobState.DONE
    crash_recovery.sweep(flow.context)
    assert jobs.show(flow.context.database, paused.id).state is JobState.RUNNING
    assert flow.drive(paused.id).delivered == len(ROWS)


def test_a_probe_that_meets_a_used_up_account_waits_for_a_person(impatient: InProcess) -> None:
    flow = impatient
    flow.provider.script([FOREVER | {"status": 500}])
    paused = outage_of(flow, webhook="http://127.0.0.1:9/hook")
    flow.provider.script([FOREVER | {"status": 402, "body": "Pay first"}])
    probe_is_due(flow)
    assert probe(flow, paused.id) == 1
    now = jobs.show(flow.context.database, paused.id)
    assert (now.state, now.reason) == (JobState.PAUSED, "provider: HTTP 402: Pay first")
    events = flow.books.execute("SELECT reason FROM speeko.hook ORDER BY born_at")
    assert events == [(paused.reason,), (now.reason,)]
    probe_is_due(flow)
    assert outage_recovery.probes(flow.context) == []
    crash_recovery.sweep(flow.context)
    assert jobs.show(flow.context.database, paused.id).state is JobState.PAUSED


def test_a_person_can_resume_it_and_change_its_patience(impatient: InProcess) -> None:
    flow = impatient
    flow.provider.script([FOREVER | {"status": 500}])
    paused = outage_of(flow)
    flow.provider.script([])
    control.resume(flow.context, paused.id, give_up_seconds=77.0)
    assert jobs.show(flow.context.database, paused.id).spec.give_up_seconds == 77.0
    assert flow.drive(paused.id).delivered == len(ROWS)


def test_the_patience_begins_anew_with_a_resume(impatient: InProcess) -> None:
    flow = impatient
    flow.provider.script([FOREVER | {"status": 500}])
    paused = outage_of(flow)
    control.resume(flow.context, paused.id, give_up_seconds=600.0)
    flow.synthesize(paused.id)
    crash_recovery.sweep(flow.context)
    assert jobs.show(flow.context.database, paused.id).state is JobState.RUNNING
