"""A provider's bill beside the ledger's calls: which belong together, and what is left over on either side.

Pure. Both sides come in groups that can only match within themselves: one idempotency key, or one
combination of voice, characters and amount where a line of the bill has no key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from speeko_jobs.core.model.states import AttemptState

PAID = (AttemptState.STORED, AttemptState.BAD)
_ORDER = {AttemptState.UNKNOWN: 1, AttemptState.SENDING: 2, AttemptState.REFUSED: 3}


class Finding(StrEnum):
    """What became of a line of the bill or a call of the ledger. Only DIFFERENCES are differences."""

    AGREED = "agreed"
    FREE = "free"  # refused, and not billed
    UNKNOWN_BILLED = "unknown_billed"  # nobody knew whether it was charged: it was
    UNKNOWN_NOT_BILLED = "unknown_not_billed"  # it was not, at least not by this bill
    ONLY_BILLED = "only_billed"  # no such call in the ledger
    ONLY_IN_LEDGER = "only_in_ledger"  # booked as paid, not in the bill
    OTHER_AMOUNT = "other_amount"
    REFUSED_BILLED = "refused_billed"  # the ledger takes it for not charged


DIFFERENCES = (Finding.ONLY_BILLED, Finding.ONLY_IN_LEDGER, Finding.OTHER_AMOUNT, Finding.REFUSED_BILLED)


@dataclass(frozen=True, slots=True)
class BilledLine:
    """A line of the bill. `chars` and `micros` are -1, `key` and `voice` "" where the bill has none."""

    line: int
    key: str
    voice: str
    chars: int
    micros: int


@dataclass(frozen=True, slots=True)
class BookedCall:
    """A call of the ledger."""

    attempt: int
    job: int
    row: int
    key: str
    state: AttemptState
    voice: str
    chars: int
    micros: int


@dataclass(frozen=True, slots=True)
class ReconciledEntry:
    """One finding, with the side or sides it is about."""

    finding: Finding
    billed: BilledLine | None
    booked: BookedCall | None


def compare(billed: Iterable[BilledLine], booked: Iterable[BookedCall]) -> Iterator[ReconciledEntry]:
    """Pair the lines and calls of one group, each with one of the other side.

    A line goes to a paid call first, to one of its own amount before others; then to a call whose end is
    not known; then to one that was taken for free. So a provider that bills a repeated call once is
    understood: its one line is the call that was stored, and the unknown one before it was not billed.
    """
    lines = sorted(billed, key=lambda b: (b.micros, b.line), reverse=True)  # the next one is the last
    calls = sorted(booked, key=lambda c: (_ORDER.get(c.state, 0), c.attempt))
    for exact in (True, False):
        rest: list[BookedCall] = []
        for call in calls:
            at = _line_for(call, lines, exact)
            if at is None:
                rest.append(call)
            else:
                line = lines.pop(at)
                yield ReconciledEntry(_finding(line, call), line, call)
        calls = rest
    for line in sorted(lines, key=lambda b: b.line):
        yield ReconciledEntry(Finding.ONLY_BILLED, line, None)
    for call in calls:
        if call.state in PAID:
            yield ReconciledEntry(Finding.ONLY_IN_LEDGER, None, call)
        else:
            free = call.state is AttemptState.REFUSED
            yield ReconciledEntry(Finding.FREE if free else Finding.UNKNOWN_NOT_BILLED, None, call)


def _line_for(call: BookedCall, lines: Sequence[BilledLine], exact: bool) -> int | None:
    """The place of a line for this call; in the first round only of the very amount, for paid calls only."""
    if exact and call.state not in PAID:
        return None
    for at in range(len(lines) - 1, -1, -1):
        if not exact or _fits(lines[at], call):
            return at
    return None


def _fits(line: BilledLine, call: BookedCall) -> bool:
    return line.micros in (-1, call.micros)


def _finding(line: BilledLine, call: BookedCall) -> Finding:
    if call.state is AttemptState.REFUSED:
        return Finding.REFUSED_BILLED
    if not _fits(line, call):
        return Finding.OTHER_AMOUNT
    return Finding.AGREED if call.state in PAID else Finding.UNKNOWN_BILLED
