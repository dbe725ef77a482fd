"""What the broker tells of nodes and queues, for whoever watches."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from speeko_jobs.errors import ServerError
from speeko_jobs.flow.dispatch import QUEUES, Queue

if TYPE_CHECKING:
    from speeko_cli.monitoring.fleet_state import FleetState, NodeStatus


@dataclass(frozen=True)
class BrokerStatus:
    """Nodes, and messages that wait, by queue: not known unless it `answers` (None: not asked yet)."""

    answers: bool | None
    nodes: Sequence[NodeStatus]
    waiting: Mapping[str, int | None]


UNASKED = BrokerStatus(None, [], dict.fromkeys(QUEUES))


def look(queue: Queue, memory: FleetState) -> BrokerStatus:
    """Ask it now; waits half a second for answers to a ping. `memory` keeps the nodes of earlier looks."""
    try:
        waiting = queue.lengths()
    except ServerError:
        return BrokerStatus(False, memory.take_nodes(time.time(), None), UNASKED.waiting)
    names = queue.workers_alive()
    return BrokerStatus(True, memory.take_nodes(time.time(), names), waiting)
