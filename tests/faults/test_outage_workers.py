"""An outage through real workers: the state that is shown, the pause, the probe, and the resume by itself."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from speeko_jobs.adapters.postgres import wait_facts
from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.reporting.wait_reasons import WaitKind
from speeko_jobs.flow.planning import planner, submit
from tests.fixtures.faulty import MakeSpine
from tests.fixtures.ledger import check_ledger
from tests.fixtures.spine import DELIVERING, SYNTHESIZING, Spine, spec_of, texts, write_catalog

FOREVER: dict[str, Any] = {"match": "*", "times": -1}
FAULTS: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "503": {"status": 503},
    "429 without a wait": {"status": 429},
    "hang": {"delay_seconds": 600},
    "trickle": {"drip": True},
}
TEXTS = 60


def shown(spine: Spine, job: int) -> WaitKind | None:
    seen = wait_facts.look(spine.database, [job])[job].waiting
    return None if seen is None else seen.kind


def start(make_spine: MakeSpine, give_up_seconds: float) -> tuple[Spine, int]:
    spine = make_spine(
        provider={"ignore_idempotency": True, "fsync": False},
        max_concurrency=4,
        request_timeout_seconds=2.0,
        probe_seconds=2.0,
        lease_seconds=3.0,
    )
    spec = spec_of(spine.settings, str(spine.folder / "out"), give_up_seconds=give_up_seconds)
    orders = planner.CatalogOptions((str(write_catalog(spine.folder / "catalog.csv", texts(TEXTS))),))
    return spine, submit.submit(spine.context, spec, orders, tenant="test")[0]


@pytest.mark.parametrize("fault", FAULTS)
def test_an_endless_fault_is_shown_given_up_and_ends_by_itself(make_spine: MakeSpine, fault: str) -> None:
    """One worker process dies in it; nobody does anything."""
    spine, job = start(make_spine, 6.0)
    spine.provider.script([FOREVER | FAULTS[fault]])
    spine.start_workers(SYNTHESIZING, DELIVERING)
    spine.until(lambda: shown(spine, job) is WaitKind.PROVIDER, "the wait to be shown")
    engines = spine.sql("SELECT pid FROM speeko.claimant")
    if engines:
        os.kill(engines[0][0], signal.SIGKILL)
    spine.until(lambda: spine.job(job).state is JobState.PAUSED, "the pause")
    paused = spine.job(job)
    assert paused.reason.startswith("outage: ")
    assert paused.failed == 0
    assert shown(spine, job) is WaitKind.PAUSED

    tried = len(spine.sql("SELECT 1 FROM speeko.attempt"))
    spine.until(lambda: len(spine.sql("SELECT 1 FROM speeko.attempt")) > tried, "a probe")
    spine.provider.script([])
    assert spine.wait(job, sweeping=True, seconds=120)["delivered"] == TEXTS
    states = check_ledger(spine)
    assert states["stored"] == TEXTS
    assert spine.provider.calls <= TEXTS + states["unknown"]


def test_a_provider_that_is_down_and_comes_back(make_spine: MakeSpine) -> None:
    """Refused connections cost nothing, however long they last."""
    spine, job = start(make_spine, 4.0)
    spine.provider.stop()
    spine.start_workers(SYNTHESIZING, DELIVERING)
    spine.until(lambda: spine.job(job).state is JobState.PAUSED, "the pause")
    assert spine.job(job).reason.startswith("outage: no connection for ")
    spine.provider.start()
    assert spine.wait(job, sweeping=True, seconds=120)["delivered"] == TEXTS
    assert spine.provider.calls == TEXTS
    assert check_ledger(spine)["unknown"] == 0
