"""One job at a time delivers to an output: the next one waits or is refused, and names the other."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from speeko_jobs.adapters.postgres import jobs, schedules
from speeko_jobs.adapters.postgres.output_locks import OutputBusyError, Rival
from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.policies.cron_schedule import CatchUp, RunState, Timing
from speeko_jobs.errors import JobError
from speeko_jobs.flow.lifecycle import control
from speeko_jobs.flow.lifecycle import schedules as schedule
from speeko_jobs.flow.planning import submit
from speeko_jobs.flow.planning.scheduled_request import Request
from tests.fixtures.inprocess import InProcess

ROWS = [("a", "One."), ("b", "Two."), ("c", "Three.")]
MORE = [("a", "One more."), ("d", "Four.")]


def begin(flow: InProcess, output: str = "out") -> int:
    job, _ = flow.submit(flow.catalog(ROWS), {"output": str(flow.folder / output)})
    return job


def refused(flow: InProcess, output: str = "out") -> OutputBusyError:
    with pytest.raises(OutputBusyError) as error:
        flow.submit(flow.catalog(MORE), {"output": str(flow.folder / output)})
    return error.value


@pytest.mark.parametrize("spelling", ["out", "out/", "./out", "x/../out", "link", "out/inside", ".."])
def test_a_second_job_is_refused_however_the_output_is_spelled(flow: InProcess, spelling: str) -> None:
    if spelling == "..":
        flow = flow.again(store="memory://audio")  # else the output would hold the store
        job, _ = flow.submit(flow.catalog(ROWS), {"output": str(flow.folder / "up" / "deeper")})
        spelling = "up"
    else:
        job = begin(flow)
    (flow.folder / "link").symlink_to(flow.folder / "out")
    error = refused(flow, spelling)
    assert error.rival.job == job
    assert str(error).startswith(f"job {job} delivers to ")
    assert "--wait" in str(error)
    assert len(jobs.newest(flow.context.database)) == 1  # nothing was started, and nothing is left of it


def test_another_output_is_free(flow: InProcess) -> None:
    begin(flow)
    begin(flow, "out-2")  # begins with the same letters
    begin(flow, "other/out")


def test_a_paused_job_keeps_its_output_and_the_line_tells_the_two_ways_out(flow: InProcess) -> None:
    job = begin(flow)
    control.pause(flow.context, job)
    line = str(refused(flow))
    assert f"job {job} is paused" in line
    assert f"`speeko resume {job}`" in line
    assert f"`speeko cancel {job}`" in line
    control.cancel(flow.context, job)
    assert refused(flow).rival.state is JobState.CANCELLED  # it still delivers what was paid
    flow.deliver(job)
    flow.drive(job)
    from speeko_jobs.flow.delivery import finalize

    finalize.finalize(flow.context, job)
    flow.run(flow.catalog(MORE))


def test_a_job_holds_its_output_until_its_reports_are_written(flow: InProcess) -> None:
    job = begin(flow)
    flow.synthesize(job)
    flow.deliver(job)
    assert jobs.show(flow.context.database, job).state is JobState.FINALIZING
    assert refused(flow).rival.job == job
    flow.drive(job)
    flow.run(flow.catalog(MORE))


def test_of_two_submits_at_the_same_instant_one_is_refused(flow: InProcess) -> None:
    others = [flow, flow.again()]
    source = flow.catalog(ROWS)
    gate = threading.Barrier(2)

    def one(process: InProcess) -> bool:
        gate.wait(60)
        try:
            process.submit(source)
        except OutputBusyError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(one, others)) == [False, True]
    assert len(jobs.newest(flow.context.database)) == 1


def test_submit_waits_and_then_plans_against_what_the_other_job_left(
    flow: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second catalog asks for the text that was there before the first job changed it."""
    flow.run(flow.catalog([("a", "The old text.")]))
    first, _ = flow.submit(flow.catalog([("a", "The new text.")]))
    monkeypatch.setattr(submit, "WAIT_SECONDS", 0.05)
    told: list[Rival] = []
    waits = threading.Event()
    other = flow.again()

    def on_audio(rival: Rival) -> None:
        told.append(rival)
        waits.set()

    spec, orders = other.spec(), other.orders(other.catalog([("a", "The old text.")]))
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(submit.submit, other.context, spec, orders, tenant="shop", on_wait=on_audio)
        assert waits.wait(60)
        second = jobs.newest(flow.context.database, 1)[0]
        assert (second.state, told[0].job) == (JobState.PLANNING, first)
        assert second.reason.startswith(f"waits: job {first} delivers to ")
        assert flow.books.execute(f"SELECT waits_for FROM speeko.job WHERE id = {second.id}") == [(first,)]
        flow.drive(first)
        job, plan = done.result(60)
    assert job == second.id
    assert jobs.show(flow.context.database, job).reason == ""
    assert plan.changes == {"text": 1}  # not "unchanged"
    assert flow.drive(job).state is JobState.DONE
    assert flow.manifest()[0]["source"] == "cache"


def test_jobs_that_wait_go_in_the_order_in_which_they_came(flow: InProcess) -> None:
    first = begin(flow)
    database, where = flow.context.database, str(flow.output)
    ids = []
    from speeko_jobs.adapters.postgres import output_locks

    mark = flow.books.one(f"SELECT destination_id FROM speeko.job WHERE id = {first}")
    for _ in range(2):
        spec = flow.spec()
        ids.append(
            database.run(
                lambda t, spec=spec: jobs.create(  # type: ignore[misc]
                    t, spec, tenant="shop", destination_id=mark, place=f"{where}/"
                )
            )
        )
        assert database.run(lambda t: output_locks.look(t, ids[-1])) is not None
    flow.drive(first)
    late, early = (database.run(lambda t, j=j: output_locks.look(t, j)) for j in reversed(ids))  # type: ignore[misc]
    assert late is not None
    assert late.job == ids[0]
    assert early is None


def test_a_schedule_waits_for_a_job_that_delivers_to_its_output(flow: InProcess) -> None:
    context, job = flow.context, begin(flow)
    request = Request(flow.spec(), flow.orders(flow.catalog(MORE)))
    made = schedule.add(context, "nightly", Timing("0 3 * * *", "UTC", CatchUp.LAST), request, tenant="shop")
    run = schedule.run_now(context, made)
    for _ in range(5):  # more often than a run is tried
        assert schedule.fire(context, run.id) is None
    (waiting,) = schedules.history(context.database, made.id, 5)
    assert (waiting.state, waiting.tries, waiting.job) == (RunState.WAITING, 0, None)
    assert waiting.reason.startswith(f"waits: job {job} delivers to ")
    assert schedule.tick(context) == [run.id]
    flow.drive(job)
    begun = schedule.fire(context, run.id)
    assert begun is not None
    assert flow.drive(begun).state is JobState.DONE
    (ended,) = schedules.history(context.database, made.id, 5)
    assert (ended.state, ended.reason) == (RunState.SUBMITTED, "")


def test_a_retry_waits_its_turn_and_never_puts_old_audio_over_new(flow: InProcess) -> None:
    rude = {"match": "Two.", "times": -1, "status": 400, "body": {"error": {"message": "No."}}}
    flow.provider.script([rude])
    first = begin(flow)
    assert flow.drive(first).failed == 1
    second, _ = flow.submit(flow.catalog(MORE))
    with pytest.raises(JobError, match=rf"job {second} delivers to .*cannot be retried before its end"):
        control.retry(flow.context, first)
    flow.drive(second)
    with pytest.raises(JobError, match=rf"job {second} has delivered to the same output since"):
        control.retry(flow.context, first)


def test_a_dead_submitter_keeps_an_output_for_two_minutes_at_most(flow: InProcess) -> None:
    job = begin(flow)
    flow.books.execute(
        f"UPDATE speeko.job SET state = 'planning', submitter_until = clock_timestamp() - interval '1 second'"
        f" WHERE id = {job} RETURNING 1"
    )
    flow.run(flow.catalog(MORE))
