"""After the provider is mended nothing crawls: resume, a new job and a run of good answers lift the ration.

Counted in calls and shares of a lease, never in seconds.
"""

from __future__ import annotations

import pytest

from speeko_jobs.adapters.postgres import claims, jobs, leases, permits, wait_facts, worker_registry
from speeko_jobs.adapters.postgres.permits import LeaseRequest
from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.policies.adaptive_limit import CallWindow
from speeko_jobs.core.policies.fair_queue import PurchaseRequest
from speeko_jobs.core.policies.outage_detection import GOOD_RUN, PLENTY
from speeko_jobs.core.providers.accounts import Described
from speeko_jobs.flow.lifecycle import control
from tests.fixtures.inprocess import InProcess

FAILED = 5_064  # as reported
ACCOUNT = "SELECT name FROM speeko.account"


@pytest.fixture
def flow(flow: InProcess) -> InProcess:
    return flow.again(max_concurrency=64, lease_seconds=30.0)


def failed_once(flow: InProcess, count: int) -> int:
    """A job of which every text has failed once, at a provider that is mended now."""
    rows = [(f"r{n}", f"This is text {n}, about a plain box.") for n in range(count)]
    job, _ = flow.submit(flow.catalog(rows))
    flow.provider.script([{"match": "*", "times": -1, "status": 500}])
    flow.again(work_seconds=1.0).synthesize(job)
    control.pause(flow.context, job)
    flow.books.execute(
        "UPDATE speeko.utterance SET tries = 1, reason = 'HTTP 500', settled_at = clock_timestamp()"
        " WHERE state = 'missing'"
    )
    flow.books.execute("UPDATE speeko.account SET retries_left = 0")
    flow.provider.script([])
    return job


def retries(flow: InProcess, job: int) -> int:
    """How many of the texts count as retries for this job now."""
    keys = [row[0] for row in flow.books.execute("SELECT key FROM speeko.utterance WHERE state = 'missing'")]
    return len(claims.explain_unclaimed(flow.context.database, job, keys).retries)


def test_resume_lifts_the_ration_of_five_thousand_texts(flow: InProcess) -> None:
    """All are served in as many calls as there are texts: none is a retry, none fails."""
    job = failed_once(flow, FAILED)
    before = flow.books.one("SELECT count(*) FROM speeko.attempt")
    control.resume(flow.context, job)
    assert retries(flow, job) == 0
    calls = flow.synthesize(job)
    ended = flow.drive(job)
    assert (ended.state, ended.delivered) == (JobState.DONE, FAILED)
    assert flow.books.one("SELECT count(*) FROM speeko.attempt WHERE state = 'stored'") == FAILED
    after = flow.books.one("SELECT count(*) FROM speeko.attempt")
    assert after - before <= 1.3 * FAILED
    assert calls >= FAILED / 2  # one engine's time is enough for most; a ration would leave some tens
    flow.check()


def test_retry_lifts_the_ration(flow: InProcess) -> None:
    job = failed_once(flow, 40)
    flow.books.execute("UPDATE speeko.utterance SET state = 'failed' WHERE state = 'missing'")
    control.resume(flow.context, job)
    assert flow.drive(job).state is JobState.DONE_WITH_ERRORS
    assert control.retry(flow.context, job) == 40
    assert retries(flow, job) == 0
    ended = flow.drive(job)
    assert (ended.state, ended.delivered) == (JobState.DONE, 40)


def test_what_failed_in_one_job_is_no_retry_in_a_newer(flow: InProcess) -> None:
    """The older one is still paused, and its tries stay its own."""
    old = failed_once(flow, 200)
    source = flow.catalog([(f"r{n}", f"This is text {n}, about a plain box.") for n in range(200)])
    new, _ = flow.submit(source, {"output": str(flow.folder / "other")})
    assert retries(flow, old) == 200
    assert retries(flow, new) == 0
    flow.synthesize(new)
    ended = flow.drive(new)
    assert (ended.state, ended.delivered, ended.failed) == (JobState.DONE, 200, 0)


def test_tries_of_an_older_job_fail_no_text_of_a_newer(flow: InProcess) -> None:
    old = failed_once(flow, 3)
    flow.books.execute("UPDATE speeko.utterance SET tries = 5 WHERE state = 'missing'")
    source = flow.catalog([(f"r{n}", f"This is text {n}, about a plain box.") for n in range(3)])
    new, _ = flow.submit(source, {"output": str(flow.folder / "other")})
    flow.provider.script([{"match": "text 1,", "times": 2, "status": 500}])
    ended = flow.drive(new)
    assert (ended.state, ended.delivered) == (JobState.DONE, 3)
    assert jobs.show(flow.context.database, old).state is JobState.PAUSED


def test_a_dead_workers_tries_still_count(flow: InProcess) -> None:
    """A text that kills its process stays suspicious, whatever job wants it."""
    job = failed_once(flow, 6)
    flow.books.execute("UPDATE speeko.utterance SET tries = 2, reason = %s", [leases.DIED])
    control.resume(flow.context, job)
    database = flow.context.database
    keys = [row[0] for row in flow.books.execute("SELECT key FROM speeko.utterance ORDER BY key")]
    holder = database.run(lambda t: leases.open_lease(t, "here", 1, 30.0))
    wants = [PurchaseRequest(key, 1 + n, 1) for n, key in enumerate(keys)]
    got = database.run(lambda t: claims.claim(t, job, holder, wants))
    assert [claim.tries for claim in got] == [2] * 6


def lease(flow: InProcess, seen: CallWindow, kind: str = "", why: str = "") -> permits.PermitLease:
    """One engine's report and lease."""
    database = flow.context.database
    (account,) = flow.books.execute(ACCOUNT)[0]
    holder = database.run(lambda t: leases.open_lease(t, "here", 1, 30.0))
    asked = LeaseRequest(8, 0, seen, kind=kind, why=why)
    return database.run(lambda t: permits.lease(t, account, holder, asked, 10.0))


def good(count: int) -> CallWindow:
    return CallWindow(ended=count, good=count, answered=count)


def test_a_run_of_good_answers_lifts_the_ration(flow: InProcess) -> None:
    failed_once(flow, 40)
    assert lease(flow, good(GOOD_RUN - 1)).retries < PLENTY
    assert lease(flow, good(1)).retries == PLENTY
    one_failed = CallWindow(ended=10, failed=1, good=9, answered=9, new_failed=1)
    assert lease(flow, one_failed, "failing", "HTTP 500").retries < PLENTY


def test_texts_that_wait_for_retries_are_counted(flow: InProcess) -> None:
    job = failed_once(flow, 120)
    flow.books.execute("UPDATE speeko.job SET state = 'running', state_since = released_at")
    flow.books.execute("UPDATE speeko.job SET state_since = released_at")
    flow.books.execute("UPDATE speeko.account SET trouble_since = NULL, good_run = 0")
    held = {"speeko": Described("speeko", "", "")}
    entry = worker_registry.WorkerEntry("here", 1, "/", "1", (worker_registry.SYNTHESIZE,), 1, held)
    flow.context.database.run(lambda t: worker_registry.enter(t, entry, 30.0))
    begun = flow.books.one("SELECT count(*) FROM speeko.need")  # of chunks that an engine has begun
    seen = wait_facts.look(flow.context.database, [job])[job]
    assert begun > 1
    assert seen.line().startswith(f"waits for retries: {begun} texts failed")
