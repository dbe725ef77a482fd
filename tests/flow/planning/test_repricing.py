"""A price that changes while a job stands still: the plan's holds, unless today's is asked for."""

from __future__ import annotations

import pytest

from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.core.model.states import JobState
from speeko_jobs.errors import JobError
from speeko_jobs.flow.lifecycle import control
from speeko_jobs.flow.planning import repricing
from tests.fixtures.inprocess import InProcess

ROWS = [(f"r{n}", f"This is text {n}, {'and so on, ' * n}with a price.") for n in range(12)]


def paused_at(flow: InProcess, price: str) -> int:
    """A job that was planned at that price, four of whose twelve texts another job has bought since."""
    job, plan = flow.submit(
        flow.catalog(ROWS), {"price_per_million": price, "output": str(flow.folder / "a")}
    )
    assert plan.to_buy == 12
    control.pause(flow.context, job)
    first, _ = flow.submit(flow.catalog(ROWS[:4]), {"price_per_million": price})
    assert flow.drive(first).state is JobState.DONE
    return job


def plan_micros(flow: InProcess, job: int) -> int:
    return int(jobs.show(flow.context.database, job).plan["cost_micros"])


def test_both_figures_are_known_and_the_plans_price_holds(flow: InProcess) -> None:
    job = paused_at(flow, "12")
    before, bought = plan_micros(flow, job), flow.provider.micros
    found = repricing.change(flow.context, job)
    assert found is not None
    assert (found.texts, found.planned_price, found.today_price) == (8, "12", "")
    assert found.planned_micros < found.today_micros
    control.resume(flow.context, job)
    assert flow.drive(job).state is JobState.DONE
    assert jobs.show(flow.context.database, job).spent_micros == found.planned_micros
    assert flow.provider.micros - bought == found.today_micros  # what the provider asks for by now
    assert plan_micros(flow, job) == before


def test_todays_price_is_booked_to_the_micro_dollar_where_it_is_asked_for(flow: InProcess) -> None:
    job = paused_at(flow, "12")
    before, bought = plan_micros(flow, job), flow.provider.micros
    found = repricing.change(flow.context, job)
    assert found is not None
    control.resume(flow.context, job, new_prices=True)
    assert repricing.change(flow.context, job) is None
    assert flow.drive(job).state is JobState.DONE
    ended = jobs.show(flow.context.database, job)
    assert ended.spent_micros == found.today_micros == flow.provider.micros - bought
    assert plan_micros(flow, job) - before == found.today_micros - found.planned_micros
    assert ended.spec.price_per_million == ""


def test_an_equal_price_is_not_told_and_a_lower_one_is(flow: InProcess) -> None:
    assert repricing.change(flow.context, paused_at(flow, "")) is None
    (lower,) = [flow.again(price_per_million="9, 99 from 9999-01-01")]
    job, _ = flow.submit(flow.catalog([("x", "A text that was not there before.")]))
    found = repricing.change(lower.context, job)
    assert found is not None
    assert (found.texts, found.today_price) == (1, "9")
    assert found.today_micros < found.planned_micros
    lower.close()


def test_a_running_job_takes_no_new_prices(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog(ROWS), {"price_per_million": "12"})
    with pytest.raises(JobError, match="only a paused job takes new prices"):
        control.resume(flow.context, job, new_prices=True)


def test_a_retry_takes_todays_price_for_what_failed(flow: InProcess) -> None:
    flow.provider.script([{"match": "text 3,", "times": -1, "status": 400}])
    job, _ = flow.submit(flow.catalog(ROWS[:5]), {"price_per_million": "12"})
    assert flow.drive(job).state is JobState.DONE_WITH_ERRORS
    spent, billed = jobs.show(flow.context.database, job).spent_micros, flow.provider.micros
    found = repricing.change(flow.context, job)
    assert found is not None
    assert found.texts == 1
    flow.provider.script([])
    assert control.retry(flow.context, job, new_prices=True) == 1
    assert flow.drive(job).state is JobState.DONE
    more = jobs.show(flow.context.database, job).spent_micros - spent
    assert more == found.today_micros == flow.provider.micros - billed
