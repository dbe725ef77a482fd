"""The statements make the transitions of core's TRANSITIONS, and no others: triggers note what they do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from speeko_jobs.core.model.states import (
    TRANSITIONS,
    AttemptState,
    ChunkState,
    JobState,
    UtteranceState,
)
from speeko_jobs.flow.lifecycle import control
from tests.fixtures.inprocess import InProcess
from tests.fixtures.transitions import Transitions, noted, watch

TEXTS = [(f"r{n}", f"This is text {n}.") for n in range(20)]
BAD_TEXT = {"match": "text 3.", "times": -1, "garbage": "silence"}
CUT_ANSWER = {"match": "text 5.", "reset": "after"}
REFUSED_TEXT = {
    "match": "text 7.",
    "times": -1,
    "status": 400,
    "body": {"error": {"message": "No such word."}},
}


@pytest.fixture
def seen(migrated_url: str) -> Iterator[Callable[[], Transitions]]:
    """Return what was noted so far. At the end of the test none may be noted that core does not list."""
    watch(migrated_url)
    yield lambda: noted(migrated_url)
    for states, pairs in noted(migrated_url).items():
        allowed = {(a, b) for a, after in TRANSITIONS[states].items() for b in after}
        assert {pair for pair in pairs if pair[0]} <= allowed


def test_failures_retry_and_a_second_run(flow: InProcess, seen: Callable[[], Transitions]) -> None:
    flow.provider.script([BAD_TEXT, CUT_ANSWER, REFUSED_TEXT])
    source = flow.catalog(TEXTS)
    job, _ = flow.submit(source)
    assert flow.drive(job).state is JobState.DONE_WITH_ERRORS
    flow.provider.script([])
    control.retry(flow.context, job)
    assert flow.drive(job).state is JobState.DONE
    flow.run(source)
    found = seen()
    assert {
        ("", JobState.PLANNING),
        (JobState.PLANNING, JobState.RUNNING),
        (JobState.RUNNING, JobState.FINALIZING),
        (JobState.FINALIZING, JobState.DONE_WITH_ERRORS),
        (JobState.DONE_WITH_ERRORS, JobState.RUNNING),
        (JobState.FINALIZING, JobState.DONE),
    } <= found[JobState]
    assert (ChunkState.DELIVERED, ChunkState.PLANNED) in found[ChunkState]
    assert (UtteranceState.CLAIMED, UtteranceState.FAILED) in found[UtteranceState]
    assert {to for start, to in found[AttemptState] if start} == set(AttemptState) - {AttemptState.SENDING}


def test_pause_resume_and_cancel(flow: InProcess, seen: Callable[[], Transitions]) -> None:
    job, _ = flow.submit(flow.catalog(TEXTS))
    control.pause(flow.context, job)
    control.resume(flow.context, job)
    control.cancel(flow.context, job)
    assert seen()[JobState] >= {
        (JobState.RUNNING, JobState.PAUSED),
        (JobState.PAUSED, JobState.RUNNING),
        (JobState.RUNNING, JobState.CANCELLED),
    }


def test_audio_that_is_gone(flow: InProcess, seen: Callable[[], Transitions]) -> None:
    source = flow.catalog(TEXTS)
    flow.run(source)
    for path in list(Path(flow.settings.store_url).rglob("*.mp3"))[:5]:
        path.unlink()
    flow.output = flow.folder / "elsewhere"
    job, _ = flow.submit(source, {"buy_again": True})
    assert flow.drive(job).state is JobState.DONE
    assert (UtteranceState.DONE, UtteranceState.MISSING) in seen()[UtteranceState]
