"""Chunks: who works on which, what they wait for, which come next. Statements are in sql/chunks.sql."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from speeko_jobs.adapters.postgres.database import Database, Transaction
from speeko_jobs.core.job.job_spec import JobSpec, from_json
from speeko_jobs.core.job.row_reader import content_of
from speeko_jobs.core.model.pause_reasons import PauseKind, kind_of
from speeko_jobs.core.model.speech import Record
from speeko_jobs.core.model.states import JobState, UtteranceState


@dataclass(frozen=True, slots=True)
class Chunk:
    """A range of rows of one job, both ends included. `unchanged`: the counts of those that are not items,
    because the planner has written their lines already."""

    job: int
    no: int
    first_row: int
    last_row: int
    unchanged: Mapping[str, int] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class JobContext:
    """What an engine must know of a job: its spec, who pays, when it was released (epoch seconds)."""

    job: int
    spec: JobSpec
    tenant: str
    released: float
    destination_id: int
    state: JobState
    priority: int
    weight: float  # of its tenant
    at: float  # when they were read (epoch seconds by the database)
    reason: str = ""  # of the state

    @property
    def has_outage(self) -> bool:
        """Whether the job is paused until its provider answers again."""
        return self.state is JobState.PAUSED and kind_of(self.reason) is PauseKind.OUTAGE


class ItemRow(NamedTuple):
    """A row as the planner left it, and what the job's destination holds at its path (None: nothing)."""

    row_no: int
    row_id: str
    path: str | None
    voice: str | None
    language: str | None
    chars: int
    keys: list[bytes] | None
    error: str | None
    source: str | None
    source_sum: int | None
    change: str | None
    held: bytes | None  # the content: a key, or the hash of the keys that were joined
    held_job: int | None
    held_bytes: int | None
    held_millis: int | None
    own_content: bytes | None  # where `keys` holds audio in another format than the job's

    def content(self, rendering: str) -> bytes:
        """Return what identifies the row's file, rendered so; the row has keys."""
        return self.own_content or content_of(self.keys or (), rendering)

    def speaker(self, spec: JobSpec) -> tuple[str, str]:
        """Return the row's own voice and language, or the job's."""
        voice = spec.voice if self.voice is None else self.voice
        return voice, spec.language if self.language is None else self.language


def enqueue(t: Transaction, window: int, job: int | None = None) -> list[tuple[int, int]]:
    """The (job, chunk) that may go to the broker now, marked as queued."""
    return sorted(t.rows("chunks_let_in", {"window": window, "job": job}))


def take(t: Transaction, job: int, no: int, holder: int) -> Chunk | None:
    """Begin or go on with this chunk; None when there is nothing to do for this engine."""
    found = t.row("chunk_take", {"job": job, "no": no, "claimant": holder})
    return Chunk(*found) if found else None


def take_next(
    t: Transaction,
    provider: str,
    account: str,
    holder: int,
    besides: Sequence[int] = (),
    least_priority: int | None = None,
) -> Chunk | None:
    """Begin the chunk that is next in line for this provider and account, of no job in `besides` and of at
    least this priority; None when there is none."""
    values = {
        "provider": provider, "account": account, "claimant": holder, "besides": list(besides),
        "least": least_priority,
    }  # fmt: skip
    found = t.row("chunk_next", values)
    return Chunk(*found) if found else None


def waits_alone(database: Database, job: int, no: int) -> bool:
    """Return whether the chunk is not begun, and no living engine works on its job."""
    found = database.row("chunk_waits_alone", {"job": job, "no": no})
    return found is not None and bool(found[0])


def release(t: Transaction, holder: int, chunks: Sequence[Chunk]) -> None:
    """Release chunks for other engines, or for the sweeper."""
    for job in sorted({c.job for c in chunks}):
        t.run(
            "chunk_let_go",
            {"job": job, "nos": [c.no for c in chunks if c.job == job], "claimant": holder},
        )


def job_context(database: Database, job: int) -> JobContext | None:
    """Return what an engine must know of a job; None where it is deleted."""
    found = database.row("chunk_spec", {"job": job})
    if found is None:
        return None
    spec, tenant, released, destination, state, priority, weight, at, reason = found
    return JobContext(
        job,
        from_json(spec),
        tenant,
        released or 0.0,
        destination,
        JobState(state),
        priority,
        weight,
        at,
        reason,
    )


def rows(database: Database, chunk: Chunk) -> list[ItemRow]:
    """The chunk's rows in order, without those left out by the user's own rule."""
    values = {"job": chunk.job, "first": chunk.first_row, "last": chunk.last_row}
    return list(map(ItemRow._make, database.rows("chunk_items", values)))


def ready(t: Transaction, chunk: Chunk, window: int) -> bool:
    """The chunk waits for nothing, and for somebody to deliver it; False where so many of its job do that
    the broker has enough of them, or where another engine holds it."""
    return t.row("chunk_ready", {"job": chunk.job, "no": chunk.no, "window": window}) is not None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Of a chunk's unknown keys: those it waits for now, those done, and those that failed in this job."""

    waits_for: list[bytes]
    done: dict[bytes, Record]
    failed: list[bytes]
    vanished: list[bytes]  # the database does not know the text any more
    gone: list[bytes]  # that had audio when the job was planned; then nothing was written down


def enrol(t: Transaction, chunk: Chunk, keys: Sequence[bytes], *, buy_again: bool = True) -> Enrolment:
    """Write down that the chunk waits for those of `keys` that are not done.

    Without `buy_again` nothing is written down where the plan took some of them for done: see `gone`.

    Locking and adding are two statements on purpose: the first waits for whoever settles one of the keys,
    the second sees what that one committed. In one statement a wake-up could be lost. Reviving comes before
    both: who holds a key with others and then wants it alone waits for one who does the same.
    """
    values = {"job": chunk.job, "keys": list(keys)}
    t.run("needs_revive", values)
    state: dict[bytes, tuple[Any, ...]] = {row[0]: row[1:] for row in t.rows("needs_lock", values)}
    waits, failed, vanished, gone = [], [], [], []
    done: dict[bytes, Record] = {}
    for key in keys:
        row = state.get(key)
        if row is None:
            vanished.append(key)
        elif row[0] == UtteranceState.DONE:
            done[key] = Record(*row[2:])
        elif row[0] == UtteranceState.FAILED:
            failed.append(key)
        else:
            waits.append(key)
            if row[0] == UtteranceState.MISSING and row[1] and not buy_again:
                gone.append(key)
    if gone:
        return Enrolment([], done, failed, vanished, gone)
    t.run("needs_add", {"job": chunk.job, "no": chunk.no, "keys": waits})
    return Enrolment(waits, done, failed, vanished, [])


def texts(database: Database, keys: Sequence[bytes]) -> dict[bytes, str]:
    """The spoken texts of some keys."""
    return dict(database.rows("utterance_texts", {"keys": list(keys)}))
