"""Stops that reach the whole group of a worker's processes, and stops that come twice."""

from __future__ import annotations

import os
import signal

import pytest

from speeko_workers.supervisor import CeleryNode
from tests.fixtures.faulty import MakeSpine
from tests.fixtures.ledger import check_ledger, check_served
from tests.fixtures.spine import DELIVERING, SYNTHESIZING, texts, write_catalog

LIMIT = 16
LOST = 3 * LIMIT  # of an engine: in flight, claimed ahead, and answered but not yet booked
ROWS = texts(100)


@pytest.mark.parametrize(
    "signals", [[signal.SIGTERM], [signal.SIGQUIT, signal.SIGQUIT]], ids=["TERM", "QUIT twice"]
)
def test_a_stop_that_every_process_gets(make_spine: MakeSpine, signals: list[signal.Signals]) -> None:
    spine = make_spine(
        provider={"latency_ms": 150, "ignore_idempotency": True, "fsync": False},
        max_concurrency=LIMIT,
        lease_seconds=3.0,
    )
    spine.start_workers(SYNTHESIZING, DELIVERING)
    job = spine.submit(write_catalog(spine.folder / "catalog.csv", ROWS))
    spine.wait_for_calls(40)
    node = spine.nodes[0].container
    for number in signals:
        os.killpg(node.process.pid, number)
    node._wait()

    spine.start_workers(CeleryNode("second", SYNTHESIZING.queues, 2))
    summary = spine.wait(job, sweeping=True)

    check_served(spine, summary, {str(number): text for number, text in enumerate(ROWS, start=1)})
    unknown = check_ledger(spine)["unknown"]
    assert unknown <= LOST
    assert spine.provider.calls <= len(ROWS) + unknown
