"""The states that jobs, chunks, utterances and attempts go through, and where a row's audio came from.

The database's CHECK constraints list the same words (a test compares them). The statements in
adapters/postgres/sql make the transitions; TRANSITIONS says which there may be. A test holds it against
what the statements do, another against the drawings in ARCHITECTURE.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class JobState(StrEnum):
    """planning → running ⇄ paused → finalizing → done | done_with_errors; or cancelled."""

    PLANNING = "planning"
    RUNNING = "running"
    PAUSED = "paused"
    FINALIZING = "finalizing"
    DONE = "done"
    DONE_WITH_ERRORS = "done_with_errors"
    CANCELLED = "cancelled"


FINISHED = frozenset({JobState.DONE, JobState.DONE_WITH_ERRORS, JobState.CANCELLED})


class ChunkState(StrEnum):
    """planned → synthesizing (its `missing` goes down to 0) → ready → delivered."""

    PLANNED = "planned"
    SYNTHESIZING = "synthesizing"
    READY = "ready"
    DELIVERED = "delivered"


class UtteranceState(StrEnum):
    """missing → claimed → done | failed. Eviction takes done back to missing."""

    MISSING = "missing"
    CLAIMED = "claimed"
    DONE = "done"
    FAILED = "failed"


class AttemptState(StrEnum):
    """One provider call: written as sending before it is sent, then what became of it and of the money."""

    SENDING = "sending"  # reserved
    STORED = "stored"  # paid, and the audio is kept
    BAD = "bad"  # paid, and the audio failed validation
    REFUSED = "refused"  # not paid
    UNKNOWN = "unknown"  # perhaps paid: nobody can know


class AudioSource(StrEnum):
    """Where a served row's audio came from."""

    SYNTHESIZED = "synthesized"  # this row's text was bought by this job
    DUPLICATE = "duplicate"  # another row of this job has the same text, voice and language
    COALESCED = "coalesced"  # another job bought it while this one ran
    CACHE = "cache"  # it was there before this job
    UNCHANGED = "unchanged"  # the destination holds it already


# state → states that may follow it; a state that is not listed is the last
TRANSITIONS: Final[Mapping[type[StrEnum], Mapping[StrEnum, frozenset[StrEnum]]]] = {
    JobState: {
        JobState.PLANNING: frozenset({JobState.RUNNING, JobState.FINALIZING, JobState.CANCELLED}),
        JobState.RUNNING: frozenset(
            {JobState.PAUSED, JobState.FINALIZING, JobState.CANCELLED}
            | {JobState.DONE, JobState.DONE_WITH_ERRORS}  # only the job of a `say`, which has no chunks
        ),
        JobState.PAUSED: frozenset(
            {JobState.RUNNING, JobState.FINALIZING, JobState.CANCELLED}
            | {JobState.DONE, JobState.DONE_WITH_ERRORS}  # likewise
        ),
        JobState.FINALIZING: frozenset({JobState.DONE, JobState.DONE_WITH_ERRORS, JobState.PAUSED}),
        JobState.DONE_WITH_ERRORS: frozenset({JobState.RUNNING}),
        JobState.CANCELLED: frozenset({JobState.RUNNING}),
    },
    ChunkState: {
        ChunkState.PLANNED: frozenset({ChunkState.SYNTHESIZING, ChunkState.READY}),
        ChunkState.SYNTHESIZING: frozenset({ChunkState.READY, ChunkState.DELIVERED, ChunkState.PLANNED}),
        ChunkState.READY: frozenset({ChunkState.DELIVERED, ChunkState.PLANNED}),
        ChunkState.DELIVERED: frozenset({ChunkState.PLANNED}),
    },
    UtteranceState: {
        UtteranceState.MISSING: frozenset({UtteranceState.CLAIMED, UtteranceState.DONE}),
        UtteranceState.CLAIMED: frozenset(
            {UtteranceState.DONE, UtteranceState.MISSING, UtteranceState.FAILED}
        ),
        UtteranceState.DONE: frozenset({UtteranceState.MISSING}),
        UtteranceState.FAILED: frozenset({UtteranceState.MISSING, UtteranceState.DONE}),
    },
    AttemptState: {
        AttemptState.SENDING: frozenset(
            {AttemptState.STORED, AttemptState.BAD, AttemptState.REFUSED, AttemptState.UNKNOWN}
        ),
        AttemptState.UNKNOWN: frozenset({AttemptState.STORED, AttemptState.BAD}),
    },
}

# why a job is cancelled that was never released: its submitter was killed, or lost its machine
PLANNING_STOPPED: Final = "planning stopped: its command ended before the plan was complete; submit it again"
