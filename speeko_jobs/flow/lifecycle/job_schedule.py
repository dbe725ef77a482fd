"""Make a schedule of a job: the same catalog, options, output and tenant, again at each due time.

Invariant: the caller names no path and no address. What a schedule reads and writes is what a person has
already submitted at a terminal, so that a viewer of the dashboard cannot have files of the server read.
"""

from __future__ import annotations

import dataclasses

from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.adapters.postgres.schedules import Schedule
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.core.policies.cron_schedule import CatchUp, Timing
from speeko_jobs.errors import JobError, UsageError
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.lifecycle import schedules
from speeko_jobs.flow.planning.catalog_record import recorded_in
from speeko_jobs.flow.planning.scheduled_request import Request

NAME_CHARS = 100


def add_for_job(
    context: Context, job: int, *, name: str, cron: str, zone: str = "UTC", catch_up: str = CatchUp.LAST
) -> Schedule:
    """Add a schedule that submits the job's catalog again. Its budget is the job's own.

    Raise UsageError for a name or times that cannot be, JobError where the name is taken or where the job
    does not record how its catalog is read.
    """
    if not name.strip() or name != printable(name) or len(name) > NAME_CHARS:
        raise UsageError(f"a schedule has a name of 1 to {NAME_CHARS} visible characters")
    if not cron.strip():
        raise UsageError("give the times as minute, hour, day, month and weekday, such as 0 2 * * *")
    found = jobs.show(context.database, job)
    recorded = recorded_in(found.plan)
    if recorded is None or not found.spec.deliver:
        raise JobError(
            f"job {job} cannot be repeated by itself: its catalog came from standard input or an address with"
            " a key, or it was submitted by an older version; use `speeko schedule add`"
        )
    options, lexicon = recorded
    spec = dataclasses.replace(
        found.spec, sources=options.sources, lexicon=lexicon, rebuy=False, buy_again=False
    )
    request = Request(
        spec,
        options,
        prices=found.spec.price_per_million,
        budget_micros=found.budget_micros,
        priority=found.priority,
    )
    timing = Timing(cron, zone or "UTC", CatchUp(catch_up))
    return schedules.add(context, name, timing, request, tenant=found.tenant)
