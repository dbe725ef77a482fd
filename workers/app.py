"""The Celery app that workers, beat and Flower run.

Settings come from the environment and speeko.toml; nothing is opened here, the app is imported before
the fork.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import warnings
from typing import Any

from celery.signals import (
    after_setup_logger,
    after_setup_task_logger,
    beat_init,
    heartbeat_sent,
    task_postrun,
    task_prerun,
    worker_init,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
    worker_shutting_down,
)
from celery.utils.log import get_multiprocessing_logger

from speeko_jobs import private_files, system_resources
from speeko_jobs import settings as speeko_settings
from speeko_jobs.adapters.celery_queue.app import Transport, make_app
from speeko_jobs.adapters.celery_queue.queue import CONTROL, QUEUES, Queue
from speeko_jobs.adapters.celery_queue.queue_names import is_redis
from speeko_jobs.adapters.redis.dead_letters import DeadLetters
from speeko_jobs.adapters.redis.server import RedisServer
from speeko_jobs.errors import ConfigError, SpeekoError
from speeko_jobs.settings import Settings
from speeko_workers import json_logs, process_state

EVICT_SECONDS = 600.0  # a look at two sums, where budgets hold
PRUNE_SECONDS = 3600.0
warnings.filterwarnings("ignore", "You're running the worker with superuser privileges")


def _settings() -> Settings:
    """Return the settings of environment and speeko.toml.

    Ends the process with one line where they are wrong: Celery would print a traceback of its import.
    """
    try:
        found = speeko_settings.load()
        if not found.redis_url:
            raise ConfigError(
                "no broker: set SPEEKO_REDIS_URL and SPEEKO_DATABASE_URL, or start `speeko worker` instead"
            )
        Queue(found.queue_url)  # refuses a broker of another kind
    except SpeekoError as error:
        raise SystemExit(f"speeko: {error}") from None
    return found


system_resources.raise_open_files()
settings = _settings()
app = make_app(settings.queue_url)
app.conf.include = ["speeko_workers.tasks", "speeko_workers.inspect_commands"]
app.conf.beat_schedule["evict"] = {
    "task": "evict",
    "schedule": EVICT_SECONDS,
    "options": {"expires": EVICT_SECONDS, "queue": CONTROL},
}
if settings.keep_jobs_days:
    app.conf.beat_schedule["prune"] = {
        "task": "prune",
        "schedule": PRUNE_SECONDS,
        "options": {"expires": PRUNE_SECONDS, "queue": CONTROL},
    }
process_state.settings = settings
for _name in QUEUES:  # without -Q, a worker takes them all
    app.amqp.queues.select_add(app.amqp.queues.new_missing(_name))


def _set_aside(queue: str, why: str, content: str) -> None:
    """Keep a message that no worker can run. Nothing stays open: children are forked later, too."""
    server = RedisServer(settings.redis_url)
    DeadLetters(server).add(queue, why, content)
    server.close()


app.set_aside = _set_aside
Transport.app = app


@after_setup_logger.connect
def _quiet(logger: logging.Logger, **_: Any) -> None:
    """One line a task is Celery's business (INFO); libraries speak up from WARNING on."""
    for name in ("aiohttp", "asyncio", "sqlalchemy", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logger.setLevel(settings.log_level.upper())


@after_setup_logger.connect
@after_setup_task_logger.connect
def _json(logger: logging.Logger, **_: Any) -> None:
    """Lines as JSON, where the settings ask for it."""
    if json_logs.is_json(settings):
        logging.captureWarnings(True)
        for handler in [*logger.handlers, *get_multiprocessing_logger().handlers]:
            handler.setFormatter(json_logs.JsonFormatter())


@task_prerun.connect
def _task_begins(task_id: str, task: Any, args: Any, **_: Any) -> None:
    json_logs.begin_task(task.name, task_id, args)


@task_postrun.connect
def _task_ends(**_: Any) -> None:
    json_logs.end_task()


@worker_process_init.connect
def _opened(**_: Any) -> None:
    process_state.open_process()


@worker_process_shutdown.connect
def _closed(**_: Any) -> None:
    process_state.close_process()


@worker_shutting_down.connect
def _stopping(**_: Any) -> None:
    process_state.begin_stop()


@worker_init.connect
@beat_init.connect
def _refuse_unfit_redis(**_: Any) -> None:
    """End at once where Redis is a Cluster, a Sentinel or a replica: Celery would fail at each message."""
    for url in {settings.redis_url, settings.broker_url or settings.redis_url}:
        if is_redis(url):
            with contextlib.closing(RedisServer(url)) as server:
                try:
                    server.require_fit()
                except SpeekoError as error:
                    raise SystemExit(f"speeko: {error}") from None


@worker_init.connect
@beat_init.connect
def _begun(**_: Any) -> None:
    if os.environ.get("SPEEKO_SUPERVISED"):
        threading.Thread(target=end_with_supervisor, name="supervised", daemon=True).start()


def end_with_supervisor() -> None:
    """Stop in good order when the supervisor is gone, however it went: its end of our stdin closes."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


@heartbeat_sent.connect
def _alive(sender: Any, **_: Any) -> None:
    """The main loop goes round: the age of this file tells whoever looks after the process."""
    with contextlib.suppress(OSError):  # a full disk is not its trouble
        (private_files.folder(settings.home_path / "alive") / sender.eventer.hostname).touch()


@worker_ready.connect
def _ready(sender: Any, **_: Any) -> None:
    """The supervisor waits for this line on stdout."""
    print(f"ready {sender.hostname}", flush=True)  # noqa: T201
