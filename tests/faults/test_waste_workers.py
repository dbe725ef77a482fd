"""Bad audio to everything, with real workers: few calls are paid, whatever the size of the catalog."""

from __future__ import annotations

import pytest

from speeko_jobs.core.model.pause_reasons import PauseKind, kind_of
from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.policies.waste_breaker import JUDGED_FROM, TRIAL_CALLS
from speeko_jobs.flow.lifecycle import control
from tests.fixtures.faulty import MakeSpine
from tests.fixtures.ledger import check_ledger
from tests.fixtures.spine import DELIVERING, SYNTHESIZING, texts, write_catalog
from tests.wait import wait_until


@pytest.mark.parametrize(("rows", "is_mended"), [(2_000, True), (20_000, False)])
def test_bad_audio_to_everything_is_ten_answers_and_eight_calls(
    make_spine: MakeSpine, rows: int, is_mended: bool
) -> None:
    spine = make_spine(provider={"ignore_idempotency": True, "fsync": False}, max_concurrency=64)
    spine.start_workers(SYNTHESIZING, DELIVERING)
    spine.provider.script([{"match": "*", "times": -1, "garbage": "silence"}])
    job = spine.submit(write_catalog(spine.folder / "catalog.csv", texts(rows)))
    wait_until(lambda: spine.job(job).state is JobState.PAUSED, "the pause", 120)
    open_calls = f"SELECT 1 FROM speeko.attempt WHERE state = 'sending' AND job_id = {job}"
    wait_until(lambda: not spine.sql(open_calls), "the last calls", 60)
    paused = spine.job(job)
    assert kind_of(paused.reason) is PauseKind.WASTE
    assert JUDGED_FROM <= spine.provider.calls <= JUDGED_FROM + TRIAL_CALLS
    assert (paused.failed, paused.wasted_micros) == (0, spine.provider.micros)
    check_ledger(spine)
    if not is_mended:
        return
    spine.provider.script([])
    control.resume(spine.context, job)
    summary = spine.wait(job, sweeping=True, seconds=170)
    assert (summary["state"], summary["delivered"]) == ("done", rows)
    check_ledger(spine)
