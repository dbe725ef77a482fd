"""Flower on our broker: `python -m speeko_workers.flower`, as `speeko flower` starts it, with Flower's own
options.

What Flower does by itself and we do otherwise: it counts only in db 0 of a Redis on a Unix socket, asks
RabbitMQ's management plugin, waits ever longer for a broker that was away, loses what it saw when its threads
hang at the end, and shows its pages to any web site that has a name for this machine.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterable
from typing import Any

from celery.events import EventReceiver
from flower import command, urls
from flower.api.tasks import GetQueueLengths
from flower.app import Flower as FlowersOwn
from flower.events import Events as FlowersEvents
from flower.options import options
from flower.views.broker import BrokerView
from flower.views.tasks import TASK_COLUMNS
from tornado.ioloop import IOLoop
from tornado.web import ErrorHandler, HTTPError

from speeko_jobs.adapters.celery_queue.app import count_waiting
from speeko_jobs.adapters.celery_queue.queue import QUEUES
from speeko_workers import json_logs
from speeko_workers.app import app as celery_app
from speeko_workers.app import end_with_supervisor, settings

RETRY_SECONDS = 2.0
SAVE_SECONDS = 60
MAX_TASKS = 30_000  # 4 KB each, and more while they are saved
FORGET_WORKERS_SECONDS = 86_400  # nodes have new names at each start
THIS_MACHINE = re.compile(r"localhost|127(\.\d{1,3}){3}|\[::1\]")
COLUMNS = "name,args,state,result,received,runtime,retries,worker,uuid"
log = logging.getLogger(__name__)


class QueueLengths:
    """What waits in each queue, counted as the workers' own library does, whatever the broker."""

    def __init__(self, flower: Flower) -> None:
        self._flower = flower

    async def queues(self, names: Iterable[str]) -> list[dict[str, Any]]:
        found = await asyncio.to_thread(count_waiting, self._flower.capp, list(names))
        await self._flower.meet_workers()
        listeners = self._flower.listeners()
        return [
            {"name": name, "messages": n, "messages_ready": n, "consumers": listeners.count(name)}
            for name, n in found.items()
        ]


class _OurBroker:
    """For Flower's handlers: our queues also when no worker answers, and their lengths."""

    application: Flower

    def get_broker(self) -> QueueLengths:
        return QueueLengths(self.application)

    def get_active_queue_names(self) -> list[str]:
        return sorted({*QUEUES, *self.application.listeners()})


class QueuesPage(_OurBroker, BrokerView):  # type: ignore[misc]
    pass


class QueuesApi(_OurBroker, GetQueueLengths):  # type: ignore[misc]
    async def get(self) -> None:
        try:
            await super().get()
        except HTTPError:
            raise
        except Exception as error:
            log.warning("the broker does not answer: %s", type(error).__name__)
            raise HTTPError(503, "the broker does not answer") from None


class FlowerEvents(FlowersEvents):  # type: ignore[misc]
    """Flower's listener, which comes back soon after its broker does."""

    def run(self) -> None:
        while True:
            try:
                with self.capp.connection() as connection:
                    receiver = EventReceiver(connection, handlers={"*": self.on_event}, app=self.capp)
                    receiver.capture(limit=None, timeout=None, wakeup=True)
            except Exception as error:
                log.warning("no events: the broker does not answer (%s)", type(error).__name__)
            time.sleep(RETRY_SECONDS)


class Flower(FlowersOwn):  # type: ignore[misc]
    def __init__(self, **words: Any) -> None:
        super().__init__(**words)
        prefix = f"/{self.options.url_prefix.strip('/')}" if self.options.url_prefix else ""
        ours = [(f"{prefix}/broker", QueuesPage), (f"{prefix}/api/queues/length", QueuesApi)]
        self.add_handlers(".*", ours)

    def living(self) -> set[str]:
        return {name for name, worker in self.events.state.workers.items() if worker.alive}

    async def meet_workers(self) -> None:
        """Ask the nodes that came since we asked last what they listen to."""
        if any("active_queues" not in self.workers.get(name, {}) for name in self.living()):
            await self.update_workers()

    def listeners(self) -> list[str]:
        """The queues of the nodes that live: each as often as a node takes from it."""
        told = [self.workers.get(name, {}).get("active_queues", []) for name in self.living()]
        return [queue["name"] for queues in told for queue in queues]

    def find_handler(self, request: Any, **words: Any) -> Any:
        """Without a password only this machine's own names will do: another may be a web site's trick."""
        if is_open() and not THIS_MACHINE.fullmatch(request.host_name):
            return self.get_handler_delegate(request, ErrorHandler, {"status_code": 403})
        return super().find_handler(request, **words)


def is_open() -> bool:
    """Whether Flower asks for no password."""
    return not (options.basic_auth or options.auth)


def main() -> None:
    """Serve until SIGTERM or SIGINT, then save what was seen."""
    os.umask(0o077)
    TASK_COLUMNS["args"] = "Job, chunk"
    options.tasks_columns, options.max_tasks = COLUMNS, MAX_TASKS
    options.purge_offline_workers = FORGET_WORKERS_SECONDS
    command.apply_env_options()
    command.apply_options(sys.argv[0], sys.argv[1:])
    command.extract_settings()
    command.setup_logging()
    if json_logs.is_json(settings):
        for handler in logging.getLogger().handlers:
            handler.setFormatter(json_logs.JsonFormatter())
    if is_open() and "FLOWER_READ_ONLY" not in os.environ:
        options.read_only = True  # its buttons would be refused
    loop = IOLoop.current()
    events = FlowerEvents(
        celery_app,
        loop,
        db=options.db,
        persistent=True,
        enable_events=options.enable_events,
        state_save_interval=SAVE_SECONDS * 1000,
        max_workers_in_memory=options.max_workers,
        max_tasks_in_memory=options.max_tasks,
    )
    flower = Flower(capp=celery_app, options=options, events=events, io_loop=loop, **urls.settings)
    flower.start_http_server()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.add_callback_from_signal(loop.stop))
    if os.environ.get("SPEEKO_SUPERVISED"):
        threading.Thread(target=end_with_supervisor, name="supervised", daemon=True).start()
    flower.start()
    try:
        events.save_state()
    except OSError as error:
        log.error("what was seen since the last minute is not saved: %s", error.strerror)
    logging.shutdown()
    os._exit(0)  # threads that wait for a broker would hold us up


if __name__ == "__main__":
    main()
