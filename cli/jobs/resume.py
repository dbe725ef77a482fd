"""Letting a job that stands still go on: resume and retry, with workers at hand or left to others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from speeko_cli.jobs.follow_attached import follow_with_workers
from speeko_cli.jobs.follow_detached import warn_without_workers
from speeko_cli.output.console import emit, note, say
from speeko_cli.runtime.local_workers import LocalWorkers
from speeko_cli.runtime.services import open_services
from speeko_cli.runtime.tenant_check import check_tenant
from speeko_jobs.flow.reporting import job_queries

if TYPE_CHECKING:
    from speeko_cli.runtime.invocation import Invocation
    from speeko_jobs.flow.context import Context
    from speeko_jobs.settings import Settings


def resume_and_follow(
    call: Invocation,
    settings: Settings,
    job: int,
    start: Callable[[Context], None],
    *,
    wait: bool,
    tenant: str | None = None,
) -> int:
    """Have `start` set the job running, and see it through; the exit code. Raises JobError, also where it is
    not of that `tenant`."""
    with open_services(settings) as (context, alone):
        check_tenant(context, job, tenant)
        spec = job_queries.show(context, job).spec
        if wait:
            with LocalWorkers(context, spec, alone=alone) as crew:
                start(context)
                return follow_with_workers(context, job, crew, call)
        start(context)
        warn_without_workers(context, job, call)
        if call.json:
            emit({"job": job, "state": job_queries.progress(context, job).state.value})
        else:
            say(f"job {job} goes on: watch it with: speeko watch {job}")
    return 0


def warn_price_change(context: Context, job: int) -> None:
    """Say on stderr where what is left to buy costs another sum at today's price; the plan's holds."""
    from speeko_jobs.core.output.formatting import count, micros
    from speeko_jobs.flow.planning import repricing

    found = repricing.change(context, job)
    if found is not None:
        texts, what = count(found.texts, "text"), f"of job {job} are left to buy"
        planned = f"{micros(found.planned_micros)} at the plan's price ({_price(found.planned_price)})"
        now = f"at today's price ({_price(found.today_price)}) they cost {micros(found.today_micros)}"
        note(f"speeko: {texts} {what}, for {planned}; {now}: `--new-prices` takes it")


def _price(price: str) -> str:
    return f"${price} for a million characters" if price else "the list price"
