"""What a command asks of a job from outside: an interruption, and the end of one that is being planned."""

from __future__ import annotations

from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.core.model.states import JobState
from speeko_jobs.flow.lifecycle import control
from speeko_jobs.flow.reporting import job_queries
from tests.fixtures.inprocess import InProcess


def planned(flow: InProcess) -> int:
    """Return a job that its submitter has not released yet."""

    def create(t: jobs.Transaction) -> int:
        destination = jobs.destination(t, str(flow.output), "")
        return jobs.create(t, flow.spec(), tenant="default", destination_id=destination)

    return flow.context.database.run(create)


def test_an_interrupted_job_is_paused_with_its_reason(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog([("1", "One.")]))
    assert control.interrupt(flow.context, job) is JobState.PAUSED
    assert job_queries.show(flow.context, job).reason == "interrupted"


def test_a_job_that_has_ended_stays_as_it_is(flow: InProcess) -> None:
    job = flow.run(flow.catalog([("1", "One.")]))["job"]
    assert control.interrupt(flow.context, job) is JobState.DONE
    assert job_queries.show(flow.context, job).reason == ""


def test_a_job_that_is_planned_is_cancelled_once(flow: InProcess) -> None:
    job = planned(flow)
    assert control.cancel_planning(flow.context, job)
    assert job_queries.progress(flow.context, job).state is JobState.CANCELLED
    assert not control.cancel_planning(flow.context, job)


def test_a_job_that_runs_is_not_cancelled_as_planned(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog([("1", "One.")]))
    assert not control.cancel_planning(flow.context, job)
    assert job_queries.progress(flow.context, job).state is JobState.RUNNING
