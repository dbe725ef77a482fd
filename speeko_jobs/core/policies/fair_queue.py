"""What an engine has to buy and has not claimed yet: one queue a job, served by turns, and what must wait.

Jobs of a higher priority go first. Among equals tenants are served in proportion to their weights, and the
jobs of one tenant by turns, so that a large job cannot starve a small one (stride scheduling, Waldspurger
1995). Who was not there gets nothing for the past, but for the short gap between two chunks.
The clock is the caller's: times are seconds of any clock that only goes forward.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

CREDIT_CALLS = 100  # that a tenant of weight 1 makes up for after a gap


@dataclass(frozen=True, slots=True)
class PurchaseRequest:
    """A key that a chunk's row needs bought."""

    key: bytes
    row_no: int
    chunk_no: int


@dataclass
class _Line:
    priority: int
    tenant: str
    weight: float
    served: int = 0
    wants: deque[PurchaseRequest] = field(default_factory=deque)


class FairQueue:
    """Wants by job."""

    def __init__(self) -> None:
        self._lines: dict[int, _Line] = {}
        self._paid: dict[str, float] = {}  # what each tenant was served, over its weight
        self._delayed: list[tuple[float, int, int, PurchaseRequest]] = []
        self._order = itertools.count(1)

    def open(self, job: int, priority: int, tenant: str = "", weight: float = 1.0) -> None:
        """Make a job known. Again: harmless."""
        if job not in self._lines:
            self._lines[job] = _Line(priority, tenant, weight, next(self._order))

    def add(self, job: int, wants: Iterable[PurchaseRequest]) -> None:
        line = self._lines[job]
        waiting = {one.tenant for one in self._lines.values() if one.wants}
        if line.tenant not in waiting:
            least = min((self._paid[tenant] for tenant in waiting), default=0.0)
            own = self._paid.get(line.tenant, least)
            self._paid[line.tenant] = max(own, least - CREDIT_CALLS)
        line.wants.extend(wants)

    def add_later(self, job: int, want: PurchaseRequest, at: float) -> None:
        """`want` counts as there from the time `at` on."""
        heapq.heappush(self._delayed, (at, next(self._order), job, want))

    def wake(self, now: float) -> None:
        """Let in what has waited long enough."""
        while self._delayed and self._delayed[0][0] <= now:
            _, _, job, want = heapq.heappop(self._delayed)
            self.add(job, [want])

    def next_wake(self) -> float | None:
        """When the first of the waiting is due."""
        return self._delayed[0][0] if self._delayed else None

    def take(self, most: int) -> tuple[int, list[PurchaseRequest]] | None:
        """Up to `most` wants of the job whose turn it is, with its number; None when there is nothing."""
        due = [
            (-line.priority, self._paid[line.tenant], line.served, job)
            for job, line in self._lines.items()
            if line.wants
        ]
        if not due:
            return None
        job = min(due)[-1]
        line = self._lines[job]
        line.served = next(self._order)
        taken = [line.wants.popleft() for _ in range(min(most, len(line.wants)))]
        self._paid[line.tenant] += len(taken) / line.weight
        return job, taken

    def drop(self, job: int) -> list[PurchaseRequest]:
        """Forget all that a job wants; what it was."""
        dropped = [want for _, _, owner, want in self._delayed if owner == job]
        if job in self._lines:
            dropped += self._lines[job].wants
            self._lines[job].wants.clear()
        self._delayed = [entry for entry in self._delayed if entry[2] != job]
        heapq.heapify(self._delayed)
        return dropped

    def top_priority(self) -> int | None:
        """The highest priority of a job that wants something now; None when there is none."""
        return max((line.priority for line in self._lines.values() if line.wants), default=None)

    def chunks(self) -> set[tuple[int, int]]:
        """The (job, chunk) that want something, now or later."""
        return {(job, want.chunk_no) for job, want in self._all()}

    def jobs(self) -> set[int]:
        """The jobs that want something, now or later."""
        return {job for job, line in self._lines.items() if line.wants} | {
            entry[2] for entry in self._delayed
        }

    def ready(self) -> int:
        """How many wants there are now."""
        return sum(len(line.wants) for line in self._lines.values())

    def __len__(self) -> int:
        """How many there are in all, waiting ones included."""
        return self.ready() + len(self._delayed)

    def _all(self) -> Iterator[tuple[int, PurchaseRequest]]:
        for job, line in self._lines.items():
            for want in line.wants:
                yield job, want
        for _, _, job, want in self._delayed:
            yield job, want
