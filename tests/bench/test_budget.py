"""Twenty caps in the middle of a job, eight processes: how far each was passed (never), how much was left."""

from __future__ import annotations

import pytest

from speeko_workers.supervisor import CeleryNode
from tests.bench.table import show
from tests.e2e.conftest import MakeSpine
from tests.faults.test_budget import run_to_the_cap
from tests.fixtures.ledger import check_ledger
from tests.fixtures.spine import DELIVERING, SYNTHESIZING

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]


def test_twenty_caps_are_never_passed(make_spine: MakeSpine) -> None:
    spine = make_spine(provider={"ignore_idempotency": True, "fsync": False}, max_concurrency=48)
    spine.start_workers(CeleryNode("synthesize", SYNTHESIZING.queues, 8), DELIVERING)
    left = [run_to_the_cap(spine, number) for number in range(20)]
    assert min(left) >= 0
    assert set(check_ledger(spine)) <= {"stored", "refused"}
    show(
        "Twenty caps, eight processes",
        ["", "micro-dollars"],
        [["least left", min(left)], ["most left", max(left)]],
    )
