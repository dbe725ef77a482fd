"""Let chunks into the broker: at most a window of each job, the next as one is finished."""

from __future__ import annotations

from collections.abc import Sequence

from speeko_jobs.adapters.celery_queue.queue import QUEUES, Queue
from speeko_jobs.adapters.postgres import chunks, settlements
from speeko_jobs.flow.context import Context

__all__ = ["QUEUES", "Queue", "dispatch", "wake_waiters"]


def dispatch(context: Context, job: int | None = None) -> int:
    """Send the chunks that may go now, of one job or of all that run; how many there were.

    A chunk is marked before it is sent: a lost message is the sweeper's to find.
    """
    window = context.settings.window
    due = context.database.run(lambda t: chunks.enqueue(t, window, job))
    context.queue.synthesize(due)
    return len(due)


def wake_waiters(context: Context, keys: Sequence[bytes], released: Sequence[tuple[int, int]] = ()) -> None:
    """Re-enqueue the chunks that wait for released keys, and the (job, chunk) that were released."""
    context.queue.synthesize(settlements.wake_waiters(context.database, keys, released))
