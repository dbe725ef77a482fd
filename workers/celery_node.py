"""One Celery worker as a process: `python -m speeko_workers.celery_node --queues ... --concurrency ...
--hostname ...`.

As `celery worker` starts it, without loading all the other commands of Celery's: each start would take a
fifth of a second longer.
"""

from __future__ import annotations

import argparse
import sys

from speeko_workers import process_state
from speeko_workers.app import app


def main() -> None:
    """Run it until it is told to stop; ends with the worker's exit code."""
    parser = argparse.ArgumentParser("speeko_workers.celery_node")
    for name in ("--queues", "--hostname"):
        parser.add_argument(name, required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    asked = parser.parse_args()
    process_state.preload(asked.queues)
    worker = app.Worker(
        hostname=asked.hostname,
        queues=asked.queues,
        concurrency=asked.concurrency,
        pool_cls="prefork",
        loglevel="INFO",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
    )
    worker.start()
    sys.exit(worker.exitcode)


if __name__ == "__main__":
    main()
