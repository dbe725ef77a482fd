"""What is delivered where. Statements are in sql/deliveries.sql."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass

from speeko_jobs.adapters.postgres import retention
from speeko_jobs.adapters.postgres.chunks import Chunk
from speeko_jobs.adapters.postgres.database import Database, Transaction
from speeko_jobs.core.catalog.change_detection import NO_SOURCE
from speeko_jobs.core.model.speech import Record
from speeko_jobs.core.model.states import ChunkState, JobState, UtteranceState
from speeko_jobs.errors import JobError

CHUNKS_AT_ONCE = 500  # looked up together


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a key ended: its record where it is done, else why not."""

    state: UtteranceState
    record: Record | None
    reason: str


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """What was put at one path. `source` is the sum of the row's text: see core.catalog.change_detection.

    `is_quiet`: it stays below the wanted loudness; counted, not kept with the file.
    """

    path: str
    content: bytes
    bytes: int
    millis: int
    source: int = NO_SOURCE
    voice: str = ""
    language: str = ""
    is_quiet: bool = False


@dataclass(frozen=True, slots=True)
class SavedCosts:
    """Rows of one voice and source, and what they did not cost."""

    voice: str
    source: str
    requests: int
    chars: int
    saved_micros: int


@dataclass(frozen=True, slots=True)
class Finished:
    """How a job stands after one of its chunks. `booked`: what the chunk had saved before a retry."""

    state: JobState
    last: bool
    booked: list[SavedCosts]


def chunk(database: Database, job: int, no: int) -> tuple[Chunk, ChunkState] | None:
    """A chunk with its state."""
    found = database.row("chunk_for_delivery", {"job": job, "no": no})
    return (Chunk(job, no, *found[1:]), ChunkState(found[0])) if found else None


def settled(database: Database, keys: Sequence[bytes]) -> dict[bytes, Settlement]:
    """How these keys stand in the database."""
    out = {}
    for key, state, *record, reason in database.rows("utterances_settled", {"keys": list(keys)}):
        done = state == UtteranceState.DONE
        out[key] = Settlement(UtteranceState(state), Record(*record) if done else None, reason)
    return out


@dataclass(frozen=True, slots=True)
class StoredSum:
    """What was stored under a key: its SHA-256, the fencing token of the claim that brought it, and its
    format."""

    sha256: bytes
    fence: int
    format: str


def sums(database: Database, keys: Sequence[bytes]) -> dict[bytes, StoredSum]:
    """What was stored under these keys."""
    return {key: StoredSum(*rest) for key, *rest in database.rows("utterance_sums", {"keys": list(keys)})}


@dataclass(frozen=True, slots=True)
class DeliveredCopy:
    """A delivered file that is the audio of one key as it was bought. `content`: that key."""

    content: bytes
    destination_id: int
    url: str
    mark: str
    path: str


def copies(database: Database, keys: Sequence[bytes]) -> list[DeliveredCopy]:
    """Return the delivered files that are the audio of these keys. Looks at all that was ever delivered."""

    def look(t: Transaction) -> list[DeliveredCopy]:
        t.run("cache_patience")
        return [DeliveredCopy(*row) for row in t.rows("delivered_copies", {"keys": list(keys)})]

    return database.run(look)


def outdate(t: Transaction, destination: int, some: Sequence[DeliveredCopy], why: str) -> None:
    """Have the next run deliver these files anew; `why`: one of core.catalog.change_detection.MARKS."""
    values = {"destination": destination, "why": why}
    values |= {"paths": [one.path for one in some], "contents": [one.content for one in some]}
    t.run("delivered_outdate", values)


def some_held(database: Database, destination: int, most: int) -> list[str]:
    """A few of the paths that the destination should hold."""
    return [row[0] for row in database.rows("delivered_some", {"destination": destination, "most": most})]


def has_reports(database: Database, destination: int) -> bool:
    """Return whether a job of this destination has come to its reports."""
    return database.row("destination_reports", {"destination": destination}) is not None


def start_over(t: Transaction, at: Chunk, holder: int | None) -> None:
    """The chunk goes through synthesis again: some of its audio is to be bought once more."""
    t.run("chunk_back", {"job": at.job, "no": at.no, "claimant": holder})


def wait_as_ready(t: Transaction, at: Chunk, holder: int | None) -> None:
    """Leave the chunk ready for a later delivery, if it still is or if `holder` has it."""
    t.run("chunk_hold", {"job": at.job, "no": at.no, "claimant": holder})


def finish(
    t: Transaction,
    at: Chunk,
    *,
    destination: int,
    puts: Sequence[DeliveredFile],
    counts: Mapping[str, int],
    saved: Sequence[SavedCosts] = (),
    holder: int | None = None,
    engine: str = "",
    form: str = "",
) -> Finished | None:
    """The chunk is delivered; how its job stands, or None when it was delivered before.

    A chunk that is not ready can only be delivered by the `holder` that has it. `counts` has delivered,
    unchanged, failed and refused rows, and whatever else the summary adds up.
    """
    state = t.row(
        "chunk_delivered",
        {
            "job": at.job,
            "no": at.no,
            "claimant": holder,
            "counts": json.dumps(dict(counts)),
            "saved": json.dumps([astuple(s) for s in saved]),
            **{name: counts[name] for name in ("delivered", "unchanged", "failed", "refused")},
        },
    )
    if state is None:
        return None
    hold(t, destination, at.job, puts, engine=engine, form=form)
    return Finished(JobState(state[0]), state[1] == 0, [SavedCosts(*one) for one in state[2]])


def count_quiet(t: Transaction, at: Chunk, files: int) -> None:
    """Count files of a chunk that is not delivered yet and that stay below the wanted loudness."""
    if files:
        t.run("chunk_quiet", {"job": at.job, "no": at.no, "files": files})


def hold(
    t: Transaction,
    destination: int,
    job: int,
    puts: Sequence[DeliveredFile],
    *,
    engine: str = "",
    form: str = "",
) -> None:
    """What the destination holds from now on. `engine` and `form`: see
    core.catalog.change_detection.Facts."""
    if puts:
        t.run(
            "delivered_put",
            {
                "destination": destination,
                "job": job,
                "paths": [p.path for p in puts],
                "contents": [p.content for p in puts],
                "bytes": [p.bytes for p in puts],
                "millis": [p.millis for p in puts],
                "sources": [p.source for p in puts],
                "voices": [p.voice for p in puts],
                "languages": [p.language for p in puts],
                "engine": engine,
                "form": form,
            },
        )


def book_saved(
    t: Transaction, tenant: str, provider: str, saved: Sequence[SavedCosts], booked: Sequence[SavedCosts] = ()
) -> None:
    """Add to the day's figures what was saved, less what is `booked` of it already."""
    if booked:
        saved = _difference(saved, booked)
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


def _difference(saved: Sequence[SavedCosts], booked: Sequence[SavedCosts]) -> list[SavedCosts]:
    sums: dict[tuple[str, str], list[int]] = {}
    for sign, some in ((1, saved), (-1, booked)):
        for one in some:
            cell = sums.setdefault((one.voice, one.source), [0, 0, 0])
            for at, value in enumerate((one.requests, one.chars, one.saved_micros)):
                cell[at] += sign * value
    return [SavedCosts(*names, *cell) for names, cell in sorted(sums.items()) if any(cell)]


@dataclass(frozen=True, slots=True)
class DeliveredChunk:
    """A delivered chunk. `has_failures`: some of its rows have no audio."""

    chunk: Chunk
    has_failures: bool


def delivered_chunks(database: Database, job: int, after: int = 0) -> Iterator[DeliveredChunk]:
    """The delivered chunks past number `after`, in order. Raises JobError for a job that was pruned."""
    if retention.is_pruned(database, job):
        raise JobError(f"the rows of job {job} were pruned: see manifest.jsonl in its output")
    return _delivered_chunks(database, job, after)


def _delivered_chunks(database: Database, job: int, after: int) -> Iterator[DeliveredChunk]:
    values = {"job": job, "after": after, "limit": CHUNKS_AT_ONCE}
    while found := database.rows("chunks_delivered", values):
        for *chunk, has_failures in found:
            yield DeliveredChunk(Chunk(job, *chunk), has_failures)
        values["after"] = found[-1][0]


def put_since(database: Database, destination: int, job: int, paths: Sequence[str]) -> list[str]:
    """Those of these paths at which this job or a later one has put something."""
    values = {"destination": destination, "job": job, "paths": list(paths)}
    return [path for (path,) in database.rows("delivered_since", values)]


def forget(t: Transaction, destination: int, job: int, paths: Sequence[str]) -> None:
    """These files are not held any more, unless this job or a later one has put them there."""
    t.run("delivered_forget", {"destination": destination, "job": job, "paths": list(paths)})
