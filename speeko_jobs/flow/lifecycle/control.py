"""Pause, resume, cancel, retry: a job's course changed from outside. Engines act on it within a second.

Whatever happens, what was paid is kept and delivered.
"""

from __future__ import annotations

from speeko_jobs.adapters.postgres import breaker_windows, job_control, jobs, output_locks
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.output.formatting import micros
from speeko_jobs.core.policies import waste_breaker
from speeko_jobs.core.reporting.job_figures import state_words
from speeko_jobs.errors import JobError
from speeko_jobs.flow import accounts
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.lifecycle.crash_recovery import sweep
from speeko_jobs.flow.planning import repricing


def pause(context: Context, job: int, reason: str = "by the user") -> None:
    """No new call; what is under way is finished, kept and delivered."""
    if not context.database.run(
        lambda t: jobs.set_state(t, job, JobState.PAUSED, reason, expected=[JobState.RUNNING])
    ):
        raise _cannot(context, job, "paused")


def interrupt(context: Context, job: int) -> JobState:
    """Pause a job whose command was interrupted, and return its state: a job that has ended stays ended."""
    context.database.run(
        lambda t: jobs.set_state(t, job, JobState.PAUSED, "interrupted", expected=[JobState.RUNNING])
    )
    return jobs.progress(context.database, job).state


def resume(
    context: Context,
    job: int,
    budget_micros: int | None = None,
    give_up_seconds: float | None = None,
    max_waste: str | None = None,
    *,
    buy_again: bool = False,
    new_prices: bool = False,
) -> None:
    """Resume a paused job, perhaps under other caps. A job that runs may have its caps changed, too.

    What failed before is tried anew: earlier tries neither ration nor fail a text any more. Where bad audio,
    refusals or one audio for all had stopped the job, the voices concerned begin a new trial. `buy_again`: it
    may buy known texts past its plan whose audio is gone from the store. `new_prices`: what a paused job has
    still to buy is booked at today's price.
    """
    found = jobs.show(context.database, job)
    if budget_micros is not None and budget_micros < found.spent_micros:
        budget, spent = micros(budget_micros), micros(found.spent_micros)
        raise JobError(f"job {job} has spent {spent}: a budget of {budget} is below that")
    waste_cap = None
    if max_waste is not None:
        waste_cap = waste_breaker.cap_micros(max_waste, int(found.plan.get("cost_micros", 0)))
        if waste_cap <= found.wasted_micros:
            cap, wasted = micros(waste_cap), micros(found.wasted_micros)
            raise JobError(f"job {job} has wasted {wasted}: a --max-waste of {cap} is used up already")

    accounts.require_same(context, found.spec)
    if new_prices and found.state is not JobState.PAUSED:
        raise JobError(
            f"job {job} is {found.state.value}: only a paused job takes new prices, pause it first"
        )
    price = repricing.today(context)

    def go_on(t: Transaction) -> bool:
        if new_prices:
            repricing.take(t, job, found.spec, price)
        breaker_windows.resume(t, job)
        job_control.redo_refused(t, job, breaker_windows.SPARED)
        if job_control.resume(t, job, budget_micros, give_up_seconds, waste_cap, buy_again=buy_again):
            return True
        has_caps = budget_micros is not None or waste_cap is not None
        return has_caps and job_control.set_caps(t, job, budget_micros, waste_cap)

    if not context.database.run(go_on):
        raise _cannot(context, job, "resumed")
    sweep(context)


def cancel_planning(context: Context, job: int) -> bool:
    """Cancel a job that is still being planned. Return False where it is not: then `cancel` ends it."""
    return context.database.run(
        lambda t: jobs.set_state(t, job, JobState.CANCELLED, "by the user", expected=[JobState.PLANNING])
    )


def cancel(context: Context, job: int) -> None:
    """End a job: rows whose audio is there are delivered, the others fail as cancelled (see failed.csv)."""
    if not context.database.run(
        lambda t: jobs.set_state(
            t, job, JobState.CANCELLED, "by the user", expected=[JobState.RUNNING, JobState.PAUSED]
        )
    ):
        raise _cannot(context, job, "cancelled")
    sweep(context)


def retry(context: Context, job: int, *, new_prices: bool = False) -> int:
    """Let the failed rows of a finished job go through once more; how many there are.

    `new_prices`: they are booked at today's price.
    """
    spec = jobs.show(context.database, job).spec
    if spec.rebuy:
        raise JobError(f"job {job} bought texts again: try once more with `speeko rebuy --job {job}`")
    accounts.require_same(context, spec)
    price = repricing.today(context)

    def again(t: Transaction) -> int | None:
        output_locks.lock(t)
        rival, later = output_locks.rival(t, job), output_locks.later(t, job)
        if rival is not None:
            raise JobError(f"{rival}: job {job} delivers there, too, and cannot be retried before its end")
        if later is not None and spec.deliver:
            raise JobError(
                f"job {later} has delivered to the same output since: a retry of job {job} would put older"
                " audio there; run its failed rows as a catalog (failed.csv)"
            )
        if new_prices:
            repricing.take(t, job, spec, price)
        return job_control.retry(t, job)

    failed = context.database.run(again)
    if failed is None:
        found = jobs.show(context.database, job)
        if found.pruned_at is not None:
            raise JobError(
                f"the rows of job {job} were pruned: run its failed.csv as a catalog (in {found.destination})"
            )
        if found.state in (JobState.DONE_WITH_ERRORS, JobState.DONE, JobState.CANCELLED) and not found.failed:
            raise JobError(f"job {job} has no failed rows (refused rows stay refused: correct the catalog)")
        raise _cannot(context, job, "retried")
    sweep(context)
    return failed


def _cannot(context: Context, job: int, what: str) -> JobError:
    found = jobs.show(context.database, job)
    return JobError(f"job {job} is {state_words(found.state)}: it cannot be {what}")
