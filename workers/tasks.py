"""The tasks: ids in, one call of the flow. Whatever they are told, Postgres says what is to be done.

A task that fails leaves its work where the sweeper finds it; so nothing is retried by Celery, except
after the death of its process (at most three times, with a pause). What a task answers is for people: its
line in the log, and in Flower. Both show what an exception says, so no foreign one leaves a task.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded

from speeko_jobs.adapters import failpoints
from speeko_jobs.errors import SpeekoError
from speeko_jobs.flow.cache import eviction as flow_evict
from speeko_jobs.flow.delivery import chunk_delivery as flow_deliver
from speeko_jobs.flow.delivery import finalize as flow_finalize
from speeko_jobs.flow.lifecycle import crash_recovery as flow_sweep
from speeko_jobs.flow.lifecycle import retention as flow_prune
from speeko_jobs.flow.lifecycle import webhooks as flow_hooks
from speeko_jobs.flow.synthesis import engine_start as flow_synthesize
from speeko_workers.process_state import is_stopping, open_process

F = TypeVar("F", bound=Callable[..., Any])
log = logging.getLogger(__name__)
OPTIONS = {"max_retries": 3, "default_retry_delay": 30}
# The planning of a large catalog. A message that comes twice meanwhile finds the run taken.
PLANNING = OPTIONS | {"soft_time_limit": 6 * 3600, "time_limit": 6 * 3600 + 60}


class TaskAnswer:
    """A task's answer in words: Celery shows what repr() says of it."""

    def __init__(self, words: str) -> None:
        self._words = words

    def __repr__(self) -> str:
        return self._words


class UnforeseenError(Exception):
    """An exception of a task by its kind alone: a driver's words may quote rows and URLs."""


def answer_in_words(words: Callable[[Any], str]) -> Callable[[F], F]:
    """The task's answer in these words. Known troubles (a server away, a store that refuses) are one line
    in the log, and the sweeper sends the work again."""

    def wrap(task: F) -> F:
        @wraps(task)
        def run(*arguments: Any) -> TaskAnswer:
            try:
                return TaskAnswer(words(task(*arguments)))
            except SpeekoError as error:
                log.error("%s%s: %s (it will be sent again)", task.__name__, arguments, error)
                return TaskAnswer(
                    f"not done: {type(error).__name__}, see the worker's log; it will be sent again"
                )
            except (SoftTimeLimitExceeded, MemoryError):  # Celery's own business, without words of others
                raise
            except Exception as error:
                log.exception("%s%s failed", task.__name__, arguments)
                raise UnforeseenError(f"{type(error).__name__}, see the worker's log") from None

        return run  # type: ignore[return-value]

    return wrap


def _counted(none: str, one: str, more: str) -> Callable[[int], str]:
    return lambda count: f"{count:,} {one if count == 1 else more}" if count else none


@shared_task(name="synthesize", **OPTIONS)
@answer_in_words(_counted("no calls", "call", "calls"))
def synthesize(job: int, chunk: int) -> int:
    """Buy what a chunk of a job needs, and more while there are permits; the number of calls made."""
    process = open_process()
    work = flow_synthesize.synthesize(process.context, process.provider, job, chunk, is_stopping)
    calls = process.run(work)
    failpoints.point("before_ack")
    return calls


@shared_task(name="deliver", **OPTIONS)
@answer_in_words(lambda done: "delivered" if done else "nothing to deliver")
def deliver(job: int, chunk: int) -> bool:
    """Put a chunk's audio where it belongs."""
    return flow_deliver.deliver(open_process().context, job, chunk)


@shared_task(name="finalize", **OPTIONS)
@answer_in_words(lambda done: "finished" if done else "nothing to finish")
def finalize(job: int) -> bool:
    """Write a job's manifest and summary."""
    return flow_finalize.finalize(open_process().context, job)


@shared_task(name="sweep", **OPTIONS)
@answer_in_words(_counted("nothing was due", "chunk sent again", "chunks sent again"))
def sweep() -> int:
    """Send what is due again."""
    return len(flow_sweep.sweep(open_process().context).lying.synthesize)


@shared_task(name="hooks", **OPTIONS)
@answer_in_words(_counted("no event was due", "event taken", "events taken"))
def hooks() -> int:
    """Tell webhooks what is due; how many events they took."""
    return flow_hooks.send_due(open_process().context)


@shared_task(name="evict", **OPTIONS)
@answer_in_words(_counted("there is room", "entry evicted", "entries evicted"))
def evict() -> int:
    """Make room where the budgets of Redis and the store ask for it; how many entries went."""
    return sum(done.entries for done in flow_evict.keep_budgets(open_process().context))


@shared_task(name="prune", **OPTIONS)
@answer_in_words(_counted("nothing to prune", "job pruned", "jobs pruned"))
def prune() -> int:
    """Let go of rows of jobs that ended long ago, where the settings ask for it; how many jobs."""
    done = flow_prune.keep_days(open_process().context)
    return done.jobs if done else 0


@shared_task(name="tick", **OPTIONS)
@answer_in_words(_counted("no schedule was due", "run sent", "runs sent"))
def tick() -> int:
    """Send the runs of schedules that are due; how many."""
    from speeko_jobs.flow.lifecycle import (
        schedules as flow_schedule,  # what planning takes would slow every start
    )

    return len(flow_schedule.tick(open_process().context))


@shared_task(name="fire", **PLANNING)
@answer_in_words(lambda job: f"job {job}" if job else "no job came of it")
def fire(run: int) -> int | None:
    """Submit one run of a schedule; its job."""
    from speeko_jobs.flow.lifecycle import schedules as flow_schedule

    return flow_schedule.fire(open_process().context, run)
