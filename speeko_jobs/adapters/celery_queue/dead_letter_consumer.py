"""A worker's consumer that sets aside what it cannot run, and goes on.

Celery hands such messages on until something raises, which ends the worker; the message then comes back
and ends the next one. Here it is acknowledged and passed to `app.set_aside`, which keeps and counts it.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from typing import Any

from celery.worker.consumer import Consumer as CeleryConsumer

from speeko_jobs.adapters.celery_queue.message_validation import fault

MAX_SHOWN_CHARS = 2000
SetAside = Callable[[str, str, str], None]
log = logging.getLogger(__name__)
_told: set[str] = set()


def set_aside(app: Any, queue: str, why: str, content: Any) -> None:
    """Keep the beginning of a message for a person to look at. Its content never goes into the log."""
    if why not in _told:
        _told.add(why)
        log.error("a message in the queue %s is set aside, as all others of its kind will be: %s", queue, why)
    keep: SetAside | None = getattr(app, "set_aside", None)
    if keep is not None:
        keep(queue, why, repr(content)[:MAX_SHOWN_CHARS])


class Consumer(CeleryConsumer):  # type: ignore[misc]
    """Celery's consumer, which looks at each message first."""

    def create_task_handler(self, *arguments: Any, **options: Any) -> Callable[[Any], Any]:
        handle = super().create_task_handler(*arguments, **options)
        arities = {
            name: len(inspect.signature(task.run).parameters)
            for name, task in self.app.tasks.items()
            if not name.startswith("celery.")
        }
        beyond = (*self.connection_errors, *self.channel_errors, MemoryError)

        def on_task_received(message: Any) -> Any:
            why = fault(message.headers, message.content_type, message.body, arities)
            if not why:
                try:
                    return handle(message)
                except beyond:
                    raise
                except Exception as error:  # a header that Celery reads and we do not
                    why = f"Celery cannot read it ({type(error).__name__})"
            queue = str((message.delivery_info or {}).get("routing_key", ""))
            set_aside(self.app, queue, why, {"headers": message.headers, "body": message.body})
            return message.ack_log_error(log, self.connection_errors)

        return on_task_received
