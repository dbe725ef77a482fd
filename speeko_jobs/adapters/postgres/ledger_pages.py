"""The ledger of calls, read page by page in the order in which they were made. See sql/ledger_pages.sql."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.core.model.cache_key import idempotency_key
from speeko_jobs.core.model.states import AttemptState

PAGE_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call as the ledger has it. `key` is the idempotency key, in hex digits."""

    id: int
    job: int
    row: int
    key: str
    state: AttemptState
    voice: str
    chars: int
    cost_micros: int


def attempts(
    database: Database,
    *,
    provider: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[Attempt]:
    """All calls with a price: of one provider, begun at `since` or later, and before `until`."""
    values = {"provider": provider, "since": since, "until": until, "rows": PAGE_ROWS, "after": 0}
    while True:
        page = database.rows("ledger_attempts", values)
        for row in page:
            number, job, row_no, key, key_no, state, voice, chars, micros = row
            sent = idempotency_key(key, key_no).hex()
            yield Attempt(number, job, row_no, sent, AttemptState(state), voice, chars, micros)
        if len(page) < PAGE_ROWS:
            return
        values["after"] = page[-1][0]
