"""The states that jobs, chunks, utterances and attempts go through, and where a row's audio came from.

The database's CHECK constraints list the same words (a test compares them).
"""

from __future__ import annotations

from enum import StrEnum


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
    BAD = "bad"  # paid, and the audio was no good
    REFUSED = "refused"  # not paid
    UNKNOWN = "unknown"  # perhaps paid: nobody can know


class Source(StrEnum):
    """Where a served row's audio came from."""

    SYNTHESIZED = "synthesized"  # this row's text was bought by this job
    DUPLICATE = "duplicate"  # another row of this job has the same text, voice and language
    COALESCED = "coalesced"  # another job bought it while this one ran
    CACHE = "cache"  # it was there before this job
    UNCHANGED = "unchanged"  # the destination holds it already
