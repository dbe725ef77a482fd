"""Compute a job's figures that several screens show: rows with audio, progress, savings, its state in words.

One function each, so that no two screens differ. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from speeko_jobs.core.model.pause_reasons import PauseKind, kind_of
from speeko_jobs.core.model.states import FINISHED, JobState

DELIVERY_WEIGHT: Final = 0.1  # the work of delivering a row, against that of buying a text
BY_USER: Final = ("by the user", "interrupted")
PAUSES: Final[dict[PauseKind, str]] = {
    PauseKind.USER: "paused",
    PauseKind.BUDGET: "paused: budget used up",
    PauseKind.ACCOUNT: "paused: provider rejected the account",
    PauseKind.WASTE: "paused: audio failed validation",
    PauseKind.REFUSALS: "paused: provider refuses the texts",
    PauseKind.SAME_AUDIO: "paused: same audio for different texts",
    PauseKind.OUTAGE: "paused: provider outage",
    PauseKind.STORE: "paused: audio store unavailable",
    PauseKind.SPOOL: "paused: worker's disk is full",
    PauseKind.WORKER: "paused: worker's limits are too low",
    PauseKind.DESTINATION: "paused: output not writable",
}
STATES: Final[dict[JobState, str]] = {
    JobState.PLANNING: "planning",
    JobState.RUNNING: "running",
    JobState.PAUSED: "paused",
    JobState.FINALIZING: "writing the manifest",
    JobState.DONE: "done",
    JobState.DONE_WITH_ERRORS: "done, some rows failed",
    JobState.CANCELLED: "cancelled",
}


class WorkFigures(Protocol):
    """A job's figures at one moment."""

    @property
    def state(self) -> JobState: ...
    @property
    def rows(self) -> int: ...
    @property
    def served(self) -> int: ...
    @property
    def with_audio(self) -> int: ...
    @property
    def calls(self) -> int: ...
    @property
    def plan(self) -> Mapping[str, Any]: ...


def state_words(state: JobState | str, reason: str = "") -> str:
    """Return a job's state as people read it, such as "paused: audio failed validation"."""
    state = JobState(state)
    words = PAUSES[kind_of(reason)] if state is JobState.PAUSED else STATES[state]
    return f"{words} by the user" if reason in BY_USER and words in ("paused", "cancelled") else words


def reason_words(reason: str) -> str:
    """Return what a reason says besides `state_words`: its detail, without the kind of pause."""
    return "" if reason in BY_USER else reason.removeprefix(f"{kind_of(reason).value}: ")


def planned_calls(plan: Mapping[str, Any], calls: int) -> int:
    """Return how many calls a job needs: those of its plan, or those made where these are more."""
    return max(int(plan.get("calls", 0)), calls)


def progress(job: WorkFigures) -> float:
    """Return how far a job is, from 0 to 1.

    While it is open: its rows that have ended, or where that is more its work, in texts bought and rows
    delivered. Once it has ended: its rows with audio.
    """
    if job.state in FINISHED:
        return job.with_audio / job.rows if job.rows else float(job.state is JobState.DONE)
    calls = planned_calls(job.plan, job.calls)
    work = calls + DELIVERY_WEIGHT * job.rows
    done = job.calls + DELIVERY_WEIGHT * job.served
    return min(max(done / work, job.served / max(job.rows, 1)), 1.0) if work else 0.0


def progress_words(share: float) -> str:
    """Return a share as whole percent: 0% only before anything is done, 100% only for all of it."""
    if 0 < share < 0.01:
        return "<1%"
    return "100%" if share >= 1 else f"{int(100 * max(share, 0))}%"


def saved_micros(counts: Mapping[str, int]) -> int:
    """Return what rows did not cost because their audio was there, as booked at their delivery.

    `counts`: the sums over delivered chunks. Waste, and texts bought for rows that are not delivered, take
    nothing from it: they are costs.
    """
    return max(counts.get("saved_micros", 0), 0)


def spoken_rows(summary: Mapping[str, Any]) -> int:
    """Return the rows that are to have audio: without those that have no text."""
    return int(summary["rows"] - summary["left_out"])


def changes_made(summary: Mapping[str, Any]) -> int | None:
    """Return how many of the planned changes are delivered; None where all of them are."""
    changes = summary["changes"]
    planned = sum(n for kind, n in changes.items() if kind not in ("unchanged", "same_sound"))
    return None if summary["delivered"] >= planned else summary["delivered"]
