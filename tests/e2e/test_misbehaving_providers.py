"""Twenty ways and more for a provider to misbehave, each over four worker processes, one of them killed.

Each way ends in a state that says why, within its bound of calls and of wasted money, and never in a silent
`running`. The figures are printed as one table at the end (`-s`, or `make bench` prints them with others).
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from speeko_jobs.core.billing.invoice_matching import Finding
from speeko_jobs.core.model.pause_reasons import PauseKind, kind_of
from speeko_jobs.core.model.states import FINISHED, JobState
from speeko_jobs.flow.reporting.reconciliation import ReconcileOptions, reconcile
from speeko_workers.supervisor import CeleryNode
from tests.e2e.conftest import MakeSpine
from tests.fixtures.spine import DELIVERING, SYNTHESIZING, Spine, texts, write_catalog
from tests.wait import wait_until

ROWS = 300
LIMIT = 16  # calls in flight
AHEAD = 2 * LIMIT  # in flight when the breaker trips, and answered but not booked yet
DEAD = 2 * LIMIT  # calls of the process that is killed, whose outcome nobody knows
PATIENCE_SECONDS = 4.0  # of nothing but failures, before an outage


@dataclass(frozen=True)
class Way:
    """How a provider misbehaves, for ever, and how the job ends."""

    name: str
    rule: dict[str, Any]
    ends: PauseKind | None  # None: the job ends by itself
    wasted_calls: int = 0  # at most, beside those of the process that is killed
    timeout_seconds: float = 1.0  # of a call

    def __str__(self) -> str:
        return self.name


BREAKER = 10 + AHEAD  # paid answers until the waste breaker trips
WAYS = [
    Way("bad audio: silence", {"garbage": "silence"}, PauseKind.WASTE, BREAKER),
    Way("bad audio: its end is missing", {"garbage": "long_header"}, PauseKind.WASTE, BREAKER),
    Way("bad audio: too short", {"garbage": "short"}, PauseKind.WASTE, BREAKER),
    Way("bad audio: too long", {"times_longer": 40}, PauseKind.WASTE, BREAKER, timeout_seconds=20.0),
    Way("bad audio: undecodable", {"body": "ID3" + "\x01\x02\x03" * 500}, PauseKind.WASTE, BREAKER),
    Way("bad audio: 95% silence", {"garbage": "mostly_silent"}, PauseKind.WASTE, BREAKER),
    Way("the same audio", {"say": texts(1)[0]}, PauseKind.SAME_AUDIO, BREAKER),
    Way("400", {"status": 400, "body": {"error": {"message": "no such model"}}}, PauseKind.REFUSALS),
    Way("401", {"status": 401, "body": {"error": {"message": "no such key"}}}, PauseKind.ACCOUNT),
    Way("402", {"status": 402}, PauseKind.ACCOUNT),
    Way("404", {"status": 404, "body": {"error": {"message": "no such model"}}}, PauseKind.ACCOUNT),
    Way("429 with a wait", {"status": 429, "headers": {"Retry-After": "1"}}, PauseKind.OUTAGE),
    Way("429 without a wait", {"status": 429}, PauseKind.OUTAGE),
    Way(
        "quota used up",
        {"status": 429, "body": {"error": {"code": "insufficient_quota", "message": "quota exceeded"}}},
        PauseKind.ACCOUNT,
    ),
    Way("500", {"status": 500, "bill": True}, PauseKind.OUTAGE),
    Way("503", {"status": 503}, PauseKind.OUTAGE),
    Way("hang", {"delay_seconds": 3600}, PauseKind.OUTAGE),
    Way("trickle", {"drip": True}, PauseKind.OUTAGE),
    Way("a bomb", {"garbage": "gzip_bomb"}, PauseKind.OUTAGE),
    Way("endless", {"endless": True}, PauseKind.OUTAGE),
    Way("cut", {"cut_after_bytes": 100}, PauseKind.OUTAGE),
    Way("reset", {"reset": "after"}, PauseKind.OUTAGE),
    Way("redirect", {"status": 302, "headers": {"Location": "http://127.0.0.1:9/"}}, PauseKind.ACCOUNT),
    Way("HTML", {"garbage": "html"}, PauseKind.WASTE, BREAKER),
    Way("JSON", {"garbage": "json"}, PauseKind.WASTE, BREAKER),
    Way("nothing", {"garbage": "empty"}, PauseKind.WASTE, BREAKER),
    Way("204", {"status": 204, "body": ""}, PauseKind.WASTE, BREAKER),
    Way("wrong price", {"times_dearer": 2}, None),
]
_table: list[str] = []


@pytest.fixture(scope="module", autouse=True)
def _figures() -> Iterator[None]:
    yield
    print("\n| way | ends as | after | billed | paid and lost | possible |\n|---|---|---|---|---|---|")
    print("\n".join(_table))


def _kill_one(spine: Spine) -> None:
    """Kill one of the synthesizing processes; Celery starts another."""
    children = spine.nodes[0].container.children()
    with contextlib.suppress(ProcessLookupError):
        os.kill(children[0], signal.SIGKILL)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_no_misbehaviour_ends_in_a_silent_running(way: Way, make_spine: MakeSpine) -> None:
    spine = make_spine(
        provider={"latency_ms": 50, "ignore_idempotency": True, "fsync": False},
        max_concurrency=LIMIT,
        lease_seconds=3.0,
        request_timeout_seconds=way.timeout_seconds,
        max_audio_mb=4,
        probe_seconds=3600,  # an outage that ends is another test
    )
    spine.provider.script([{"match": "*", "times": -1} | way.rule])
    spine.start_workers(
        SYNTHESIZING, DELIVERING, CeleryNode("second", SYNTHESIZING.queues, 2)
    )  # four processes that call
    began = time.monotonic()
    catalog = write_catalog(spine.folder / "catalog.csv", texts(ROWS))
    job = spine.submit(catalog, spec={"give_up_seconds": PATIENCE_SECONDS})
    wait_until(lambda: spine.provider.summary()["asked"] > 0, "the first call", 60)
    _kill_one(spine)

    def has_ended() -> bool:
        return spine.job(job).state in FINISHED | {JobState.PAUSED}

    spine.until(has_ended, f"an end of {way}", 120)
    after = time.monotonic() - began
    sending = "SELECT count(*) FROM speeko.attempt WHERE state = 'sending'"
    spine.until(lambda: spine.sql(sending) == [(0,)], "no open call")

    found = spine.job(job)
    wasted = sum(cost for (cost,) in spine.sql("SELECT cost_micros FROM speeko.attempt WHERE state = 'bad'"))
    _table.append(
        f"| {way} | {found.state}: {found.reason[:60]} | {after:.0f} s | {spine.provider.calls} calls,"
        f" ${spine.provider.micros / 1e6:.4f} | ${wasted / 1e6:.4f} | ${found.possible_micros / 1e6:.4f} |"
    )
    if way.ends is None:
        assert found.state is JobState.DONE
    else:
        assert found.state is JobState.PAUSED
        assert kind_of(found.reason) is way.ends, found.reason
    if way.name == "wrong price":  # calls do not say what they cost: the bill does
        reconciled = reconcile(
            spine.database, ReconcileOptions(str(spine.provider.bill_file)), lambda _: None
        )
        assert not reconciled.agrees
        assert reconciled.counts[Finding.OTHER_AMOUNT] >= ROWS
        return
    # the bill lies between what is booked and what is possible beside it
    assert found.spent_micros <= spine.provider.micros <= found.spent_micros + found.possible_micros
    if way.ends in (PauseKind.WASTE, PauseKind.SAME_AUDIO):
        assert spine.provider.calls <= way.wasted_calls + DEAD
    assert found.wasted_micros <= found.waste_cap_micros
