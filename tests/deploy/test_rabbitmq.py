"""RabbitMQ as the broker, with Redis as the cache: it dies in the middle of a job, and nothing is lost."""

from __future__ import annotations

import pytest

from speeko_jobs.adapters.celery_queue.queue import CONTROL, DELIVER, SYNTHESIZE, Queue
from speeko_jobs.errors import ServerError
from tests.deploy.rabbitmq import RabbitProcess
from tests.e2e.conftest import MakeSpine
from tests.fixtures.ledger import check_ledger, check_served
from tests.fixtures.spine import DELIVERING, SYNTHESIZING, texts, write_catalog
from tests.wait import wait_until

ROWS = texts(120)
SPOKEN = {str(number): text for number, text in enumerate(ROWS, start=1)}


def waiting(queue: Queue) -> list[int]:
    return [queue.waiting(name) for name in (SYNTHESIZE, DELIVER, CONTROL)]


def test_rabbitmq_is_killed_in_the_middle_of_a_job(rabbit: RabbitProcess, make_spine: MakeSpine) -> None:
    spine = make_spine(
        provider={"latency_ms": 100, "ignore_idempotency": True, "fsync": False},
        broker_url=rabbit.url, max_concurrency=8, lease_seconds=3.0, work_seconds=1.0, chunk_rows=20,
    )  # fmt: skip
    queue = spine.context.queue
    rabbit.ready()
    assert waiting(queue) == [0, 0, 0]
    assert queue.synthesize([(999, 1), (999, 2), (999, 3)])  # there is no such job: they do nothing
    assert queue.finalize(999)
    assert waiting(queue) == [3, 0, 1]

    spine.start_workers(SYNTHESIZING, DELIVERING)
    wait_until(lambda: len(queue.workers_alive()) == 2, "both nodes to answer over RabbitMQ")
    wait_until(lambda: waiting(queue) == [0, 0, 0], "the messages to be taken")
    job = spine.submit(write_catalog(spine.folder / "catalog.csv", ROWS))
    spine.wait_for_calls(40)

    rabbit.die()
    assert not queue.synthesize([(job, 1)])
    assert waiting(queue) == [0, 0, 0]
    with pytest.raises(ServerError, match="the broker does not answer"):
        queue.check()
    rabbit.start()
    rabbit.ready()

    summary = spine.wait(job, sweeping=True)
    check_served(spine, summary, SPOKEN)
    assert check_ledger(spine)["unknown"] == 0
    assert spine.provider.calls == len(ROWS)
    assert all(node.container.status == "running" for node in spine.nodes)
    wait_until(lambda: len(queue.workers_alive()) == 2, "both nodes to answer again")
    with spine.redis.client as client:
        left = [name for name in client.scan_iter() if b"kombu" in name or b"unacked" in name]
    assert left == [], "messages went through Redis"
