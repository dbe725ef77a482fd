"""What is delivered where. Statements are in sql/delivery.sql."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from speeko_jobs.adapters.postgres.chunks import Chunk
from speeko_jobs.adapters.postgres.database import Database, Transaction
from speeko_jobs.core.speech import Record
from speeko_jobs.core.states import ChunkState, JobState, UtteranceState


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a key ended: its record where it is done, else why not."""

    state: UtteranceState
    record: Record | None
    reason: str


@dataclass(frozen=True, slots=True)
class Held:
    """What a destination holds at one path."""

    content: bytes  # the key, or the hash of the keys that were joined
    job: int
    bytes: int
    millis: int


@dataclass(frozen=True, slots=True)
class Put:
    """What was put at one path."""

    path: str
    content: bytes
    bytes: int
    millis: int


@dataclass(frozen=True, slots=True)
class Finished:
    """How a job stands after one of its chunks. `first`: the chunk had not been delivered before a retry."""

    state: JobState
    last: bool
    first: bool


def chunk(database: Database, job: int, no: int) -> tuple[Chunk, ChunkState] | None:
    """A chunk with its state."""
    found = database.row("chunk_for_delivery", {"job": job, "no": no})
    return (Chunk(job, no, found[0], found[1]), ChunkState(found[2])) if found else None


def settled(database: Database, keys: Sequence[bytes]) -> dict[bytes, Settlement]:
    """How these keys stand in the database."""
    out = {}
    for key, state, *record, reason in database.rows("utterances_settled", {"keys": list(keys)}):
        done = state == UtteranceState.DONE
        out[key] = Settlement(UtteranceState(state), Record(*record) if done else None, reason)
    return out


def held(database: Database, destination: int, paths: Sequence[str]) -> dict[str, Held]:
    """What the destination holds at these paths."""
    values = {"destination": destination, "paths": list(paths)}
    return {path: Held(*rest) for path, *rest in database.rows("delivered_there", values)}


def some_held(database: Database, destination: int, most: int) -> list[str]:
    """A few of the paths that the destination should hold."""
    return [row[0] for row in database.rows("delivered_some", {"destination": destination, "most": most})]


def audio_lost(t: Transaction, at: Chunk, keys: Sequence[bytes]) -> None:
    """These objects are gone from the store: their keys are missing again, and the chunk starts over."""
    t.run("chunk_lost_audio", {"keys": sorted(keys)})
    t.run("chunk_back", {"job": at.job, "no": at.no})


def finish(
    t: Transaction,
    at: Chunk,
    *,
    destination: int,
    puts: Sequence[Put],
    counts: Mapping[str, int],
) -> Finished | None:
    """The chunk is delivered; how its job stands, or None when it was delivered before.

    `counts` has delivered, unchanged, failed and refused rows, and whatever else the summary adds up.
    """
    state = t.row(
        "chunk_delivered",
        {
            "job": at.job,
            "no": at.no,
            "counts": json.dumps(dict(counts)),
            **{name: counts[name] for name in ("delivered", "unchanged", "failed", "refused")},
        },
    )
    if state is None:
        return None
    if puts:
        t.run(
            "delivered_put",
            {
                "destination": destination,
                "job": at.job,
                "paths": [p.path for p in puts],
                "contents": [p.content for p in puts],
                "bytes": [p.bytes for p in puts],
                "millis": [p.millis for p in puts],
            },
        )
    return Finished(JobState(state[0]), state[1] == 0, state[2])


@dataclass(frozen=True, slots=True)
class Saved:
    """Rows of one voice and source, and what they did not cost."""

    voice: str
    source: str
    requests: int
    chars: int
    saved_micros: int


def book_saved(t: Transaction, tenant: str, provider: str, saved: Sequence[Saved]) -> None:
    """Add to the day's figures what was saved."""
    if saved:
        t.run(
            "costs_saved",
            {
                "tenant": tenant,
                "provider": provider,
                "voices": [s.voice for s in saved],
                "sources": [s.source for s in saved],
                "requests": [s.requests for s in saved],
                "chars": [s.chars for s in saved],
                "saved": [s.saved_micros for s in saved],
            },
        )


def delivered_chunks(database: Database, job: int, after: int = 0) -> list[int]:
    """Numbers of the delivered chunks past `after`, in order."""
    return [row[0] for row in database.rows("chunks_delivered", {"job": job, "after": after})]
