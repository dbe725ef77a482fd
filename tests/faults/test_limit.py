"""The limit finds what the provider takes at once, and its half later. Counted in answers, not in time."""

from __future__ import annotations

from speeko_workers.supervisor import CeleryNode
from tests.fixtures.faulty import MakeSpine
from tests.fixtures.ledger import check_ledger
from tests.fixtures.spine import DELIVERING, SYNTHESIZING, Spine, texts, write_catalog
from tests.wait import wait_until


def limit(spine: Spine) -> int:
    return int(spine.sql('SELECT "limit" FROM speeko.account')[0][0])


def thrown_back(spine: Spine, answers: int) -> float:
    """The share thrown back of so many answers from now on."""
    ((since,),) = spine.sql("SELECT clock_timestamp()::text")
    count = f"SELECT status FROM speeko.attempt WHERE status IN (200, 429) AND settled_at > '{since}'"
    wait_until(lambda: len(spine.sql(count)) >= answers, f"{answers} answers")
    statuses = [row[0] for row in spine.sql(count)]
    return statuses.count(429) / len(statuses)


def test_it_finds_the_limit_of_a_provider_and_its_half(make_spine: MakeSpine) -> None:
    """Four processes that could do sixty-four; nothing is lost, and no text is paid for twice."""
    spine = make_spine(provider={"latency_ms": 100, "limit": 12, "fsync": False}, max_concurrency=64)
    spine.start_workers(CeleryNode("synthesize", SYNTHESIZING.queues, 4), DELIVERING)
    job = spine.submit(write_catalog(spine.folder / "catalog.csv", texts(2_400)))
    spine.wait_for_calls(1)
    wait_until(lambda: limit(spine) <= 13, "the limit to come down")
    wait_until(lambda: 10 <= limit(spine) <= 13, "the limit to be found")
    assert thrown_back(spine, 600) <= 0.03
    assert 10 <= limit(spine) <= 13

    spine.provider.take_at_once(6)
    wait_until(lambda: 5 <= limit(spine) <= 7, "the half to be found")
    assert thrown_back(spine, 300) <= 0.05

    spine.provider.take_at_once(0)
    assert spine.wait(job, seconds=150)["delivered"] == 2_400
    states = check_ledger(spine)
    assert states["stored"] == spine.provider.calls == 2_400
    assert states["unknown"] == 0
