"""Classify a chunk's rows: unchanged, refused, failed, or to be delivered. Does no I/O.

Chunk intake, delivery and the manifest agree on every row because they all ask here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from speeko_jobs.adapters.postgres.chunks import ItemRow, JobContext
from speeko_jobs.adapters.postgres.deliveries import Settlement
from speeko_jobs.core.catalog.change_detection import is_unchanged
from speeko_jobs.core.model.speech import Record
from speeko_jobs.core.model.states import JobState, UtteranceState
from speeko_jobs.core.policies import failure_grouping
from speeko_jobs.flow.delivery.placement import FileToPlace

NO_RECORD = Settlement(UtteranceState.FAILED, None, "the text is not known any more: run the catalog again")
FRESH_SECONDS = 900.0  # what was stored so long ago is held against its sum


class Unchanged(NamedTuple):
    """Mark a row whose file the destination holds from an earlier job."""

    row: ItemRow


class Refused(NamedTuple):
    """Mark a row that the planner refused; `row.error` says why."""

    row: ItemRow


class Failed(NamedTuple):
    """Mark a row of which a text has no audio, and why."""

    row: ItemRow
    reason: str


class Deliver(NamedTuple):
    """Mark a row whose audio is there, with the file to place and what its keys say."""

    row: ItemRow
    file: FileToPlace
    records: list[Record]


RowOutcome = Unchanged | Refused | Failed | Deliver


def is_unchanged_row(row: ItemRow, job: int, rendering: str) -> bool:
    """Return whether the destination holds from an earlier job just what the row asks for."""
    return (
        row.held is not None
        and row.keys is not None
        and row.held_job != job
        and is_unchanged(row.held, row.content(rendering), change=row.change)
    )


def needed_keys(rows: Iterable[ItemRow], job: int, rendering: str) -> dict[bytes, int]:
    """Return the keys whose audio these rows need, each with the number of the first row that has it."""
    first: dict[bytes, int] = {}
    for row in rows:
        if row.keys and row.error is None and not is_unchanged_row(row, job, rendering):
            for key in row.keys:
                first.setdefault(key, row.row_no)
    return first


def is_open_again(settled: Mapping[bytes, Settlement]) -> bool:
    """Return whether a text that had come to its end is to be bought once more.

    Another chunk has found its audio gone, or a later job tries again what had failed.
    """
    return any(end.state in (UtteranceState.MISSING, UtteranceState.CLAIMED) for end in settled.values())


def classify(
    rows: Sequence[ItemRow], settled: Mapping[bytes, Settlement], job: JobContext
) -> list[RowOutcome]:
    """Return what becomes of each row, in order. `settled`: how each of the needed keys ended."""
    out, rendering = list[RowOutcome](), job.spec.rendering
    for row in rows:
        if row.error is not None:
            out.append(Refused(row))
        elif is_unchanged_row(row, job.job, rendering):
            out.append(Unchanged(row))
        else:
            out.append(_by_keys(row, [settled.get(key, NO_RECORD) for key in row.keys or ()], job))
    return out


def _by_keys(row: ItemRow, ends: Sequence[Settlement], job: JobContext) -> Failed | Deliver:
    """Return what becomes of a row by the ends of its keys."""
    records = [end.record for end in ends if end.record is not None]
    if len(records) < len(ends):
        bad = next(end for end in ends if end.record is None)
        return Failed(row, _failure(bad, job, some_bought=bool(records)))
    since = (job.at - FRESH_SECONDS) * 1000
    file = FileToPlace(
        row.path or "",
        row.content(job.spec.rendering),
        row.keys or [],
        [record.bytes for record in records],
        sum([record.millis for record in records]),
        fresh=all(r.bought_job == job.job and r.settled_millis > since for r in records),
        reused=row.own_content is not None,
        known=row.held is not None or job.spec.overwrite,
    )
    return Deliver(row, file, records)


def _failure(end: Settlement, job: JobContext, *, some_bought: bool) -> str:
    """Return in one line why a text has no audio."""
    if end.state is UtteranceState.FAILED:
        return end.reason
    if job.state is JobState.CANCELLED:
        return failure_grouping.cancelled(end.reason, some_bought=some_bought)
    return f"its text is {end.state.value}"
