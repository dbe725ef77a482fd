"""The tasks: ids in, one call of the flow. Whatever they are told, Postgres says what is to be done.

A task that fails leaves its work where the sweeper finds it; so nothing is retried by Celery, except
after the death of its process (at most three times, with a pause).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from celery import shared_task

from speeko_jobs.adapters import crash
from speeko_jobs.errors import SpeekoError
from speeko_jobs.flow import deliver as flow_deliver
from speeko_jobs.flow import evict as flow_evict
from speeko_jobs.flow import finalize as flow_finalize
from speeko_jobs.flow import hooks as flow_hooks
from speeko_jobs.flow import prune as flow_prune
from speeko_jobs.flow import schedule as flow_schedule
from speeko_jobs.flow import sweep as flow_sweep
from speeko_jobs.flow import synthesize as flow_synthesize
from workers.process import is_stopping, open_process

F = TypeVar("F", bound=Callable[..., Any])
log = logging.getLogger(__name__)
OPTIONS = {"max_retries": 3, "default_retry_delay": 30}
# The planning of a large catalog. A message that comes twice meanwhile finds the run taken.
PLANNING = OPTIONS | {"soft_time_limit": 6 * 3600, "time_limit": 6 * 3600 + 60}


def _left_to_the_sweeper(task: F) -> F:
    """Known troubles (a server away, a store that refuses) are one line in the log."""

    @wraps(task)
    def run(*arguments: Any) -> Any:
        try:
            return task(*arguments)
        except SpeekoError as error:
            log.error("%s%s: %s (it will be sent again)", task.__name__, arguments, error)
            return None

    return run  # type: ignore[return-value]


@shared_task(name="synthesize", **OPTIONS)
@_left_to_the_sweeper
def synthesize(job: int, chunk: int) -> int:
    """Buy what a chunk of a job needs, and more while there are permits; the number of calls made."""
    process = open_process()
    work = flow_synthesize.synthesize(process.context, process.provider, job, chunk, is_stopping)
    calls = process.run(work)
    crash.point("before_ack")
    return calls


@shared_task(name="deliver", **OPTIONS)
@_left_to_the_sweeper
def deliver(job: int, chunk: int) -> bool:
    """Put a chunk's audio where it belongs."""
    return flow_deliver.deliver(open_process().context, job, chunk)


@shared_task(name="finalize", **OPTIONS)
@_left_to_the_sweeper
def finalize(job: int) -> bool:
    """Write a job's manifest and summary."""
    return flow_finalize.finalize(open_process().context, job)


@shared_task(name="sweep", **OPTIONS)
@_left_to_the_sweeper
def sweep() -> int:
    """Send what is due again."""
    return len(flow_sweep.sweep(open_process().context).lying.synthesize)


@shared_task(name="hooks", **OPTIONS)
@_left_to_the_sweeper
def hooks() -> int:
    """Tell webhooks what is due; how many events they took."""
    return flow_hooks.send_due(open_process().context)


@shared_task(name="evict", **OPTIONS)
@_left_to_the_sweeper
def evict() -> int:
    """Make room where the budgets of Redis and the store ask for it; how many entries went."""
    return sum(done.entries for done in flow_evict.keep_budgets(open_process().context))


@shared_task(name="prune", **OPTIONS)
@_left_to_the_sweeper
def prune() -> int:
    """Let go of rows of jobs that ended long ago, where the settings ask for it; how many jobs."""
    done = flow_prune.keep_days(open_process().context)
    return done.jobs if done else 0


@shared_task(name="tick", **OPTIONS)
@_left_to_the_sweeper
def tick() -> int:
    """Send the runs of schedules that are due; how many."""
    return len(flow_schedule.tick(open_process().context))


@shared_task(name="fire", **PLANNING)
@_left_to_the_sweeper
def fire(run: int) -> int | None:
    """Submit one run of a schedule; its job."""
    return flow_schedule.fire(open_process().context, run)
