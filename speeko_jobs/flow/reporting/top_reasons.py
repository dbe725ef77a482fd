"""Read why most rows of a job have no audio, as lists and progress displays show it. Reads only.

Looks at the first hundred such rows of a job at most, so that it stays quick; the summary counts them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from speeko_jobs.adapters.postgres import job_listing
from speeko_jobs.core.policies import failure_grouping
from speeko_jobs.flow.context import Context

MAX_KEPT = 2_000


class RowEnds(Protocol):
    """How a job's rows ended."""

    @property
    def failed(self) -> int: ...
    @property
    def refused(self) -> int: ...


class TopReasons:
    """Remember the reasons while the number of rows without audio stays what it was."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[tuple[int, int], str]] = {}

    def of(self, context: Context, jobs: Mapping[int, RowEnds]) -> dict[int, str]:
        """Return the most frequent reason of each job that has rows without audio. Raises ServerError."""
        counts = {
            job: (ends.failed, ends.refused) for job, ends in jobs.items() if ends.failed + ends.refused
        }
        new = [job for job, n in counts.items() if self._known.get(job, (None, ""))[0] != n]
        if new:
            found = job_listing.first_reasons(context.database, new)
            for job in new:
                grouped = failure_grouping.grouped(found.get(job, ()), 1)
                self._known.pop(job, None)
                self._known[job] = counts[job], grouped[0][0] if grouped else ""
            while len(self._known) > MAX_KEPT:
                del self._known[next(iter(self._known))]
        return {job: self._known[job][1] for job in counts if job in self._known and self._known[job][1]}
