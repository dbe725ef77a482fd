"""The durable cache index: what it holds, what goes, hits counted in bulk. Statements: sql/cache.sql.

A key goes in two steps, with Redis between them: it is missing for everybody from one commit on and its
object is written down as due; then, while nobody can claim it, the object goes. A crash leaves objects that
are due, never a key that is done without one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from speeko_jobs.adapters.postgres.database import Database, Transaction, statement
from speeko_jobs.core.model.speech import Record
from speeko_jobs.core.policies.eviction_ranking import (
    PRIOR_HITS,
    PRIOR_SECONDS,
    EvictionCandidate,
    IdleCriteria,
)

FETCH_ROWS = 10_000
AS_BEFORE = -1  # a price that does not change
COUNT_ROWS = 20_000  # of a job's rows whose uses are counted in one transaction


@dataclass(frozen=True, slots=True)
class DueDeletion:
    """An object that is to go from a store ("" is the one of the settings)."""

    key: bytes
    format: str
    store: str


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A stored key as the ledger knows it."""

    key: bytes
    fence: int
    format: str
    size_bytes: int
    sha256: bytes
    store: str


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What should lie in the audio store under a key, and what it cost."""

    key: bytes
    fence: int
    format: str
    size_bytes: int
    cost_micros: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class StoredVoice:
    """What is stored of one voice, and what buying all of it again would cost."""

    provider: str
    voice: str
    entries: int
    bytes: int
    cost_micros: int


@dataclass(frozen=True, slots=True)
class ServedRows:
    """Rows that were served of one voice and source, and what they did not cost."""

    provider: str
    voice: str
    source: str
    rows: int
    saved_micros: int


def count_hits(database: Database) -> int:
    """Count the uses of keys in jobs that have ended as hits, each once ever; the jobs that were looked at.

    Rows that failed used nothing, and rows whose file was there already have no items.
    """
    jobs = 0
    database.run(lambda t: t.run("hits_without_rows"))
    while (found := database.run(_count_some)) is not None:
        jobs += found
    return jobs


def _count_some(t: Transaction) -> int | None:
    """Count a range of one job's rows; None when there is none, else whether it was the job's first."""
    job = t.row("hits_next")
    if job is None:
        return None
    values = {"job": job[0], "first": job[1], "end": job[1] + COUNT_ROWS, "at": job[2]}
    t.run("hits_add", values)
    t.run("hits_counted", values)
    return int(job[1] == 1)


def since(t: Transaction) -> int:
    """Jobs from this number on may come to need what is chosen from now on."""
    found = t.row("cache_since")
    assert found is not None
    return int(found[0])


def entries(
    t: Transaction,
    *,
    keys: bytes | bytearray | None = None,
    protect: bool = True,
    idle: IdleCriteria | None = None,
) -> Iterator[EvictionCandidate]:
    """What is stored in core.policies.eviction_ranking's order: what must stay, then by falling ROI.

    `keys`: only these, 32 bytes a key, one behind the other (a million lists of bytes would take much more).
    `protect`: what unfinished jobs need must stay. Read to its end within the transaction, a page at a time.
    """
    values = {
        "keys": keys,
        "protect": protect,
        "idle": None if idle is None else idle.seconds,
        "hits": None if idle is None else idle.most_hits,
        "prior_hits": PRIOR_HITS,
        "prior_seconds": PRIOR_SECONDS,
    }
    t.run("cache_patience")
    with t._connection.cursor("cache_entries", binary=True) as cursor:
        cursor.itersize = FETCH_ROWS
        cursor.execute(statement("cache_entries"), values)
        for row in cursor:
            yield EvictionCandidate._make(row)


def total(database: Database) -> tuple[int, int]:
    """Entries that are stored, and their bytes."""
    found = database.row("cache_total")
    assert found is not None
    return found[0], found[1]


def mark(
    database: Database, keys: Sequence[bytes], fences: Sequence[int], since: int, reason: str
) -> dict[bytes, int]:
    """Those of these keys that are missing from now on: their bytes. The others were bought again since, or
    a job from `since` on needs them."""
    values = {"keys": list(keys), "fences": list(fences), "since": since, "reason": reason}
    return dict(database.rows("cache_mark", values))


def objects(database: Database, keys: Sequence[bytes]) -> list[StoredObject]:
    """Return what should be in the store for those of these keys that are stored."""
    return [one for one in within(database, keys, keys) if one is not None]


def within(database: Database, least: Sequence[bytes], most: Sequence[bytes]) -> list[StoredObject | None]:
    """Return for each range of keys the one that is stored in it, None where none is.

    Ranges are so narrow that none holds two keys.
    """
    found: list[StoredObject | None] = [None] * len(least)
    for place, *rest in database.rows("cache_within", {"least": list(least), "most": list(most)}):
        found[place] = StoredObject(*rest)
    return found


def mark_missing(
    database: Database, keys: Sequence[bytes], fences: Sequence[int], costs: Sequence[int], reason: str
) -> dict[bytes, int]:
    """Have keys bought again whose audio is gone, those that are as they were looked at: key → its price.

    `costs`: today's, or AS_BEFORE. Their objects are left alone.
    """
    values = {"keys": list(keys), "fences": list(fences), "costs": list(costs), "reason": reason}
    return dict(database.rows("cache_lose", values))


def missing_objects(database: Database, keys: Sequence[bytes], reasons: Sequence[str]) -> list[StoredObject]:
    """Return what lay in the store once for those of these keys that are to be bought, for these reasons."""
    if not keys:
        return []
    values = {"keys": list(keys), "reasons": list(reasons)}
    return [StoredObject(*row) for row in database.rows("cache_missing", values)]


def restore(t: Transaction, keys: Sequence[bytes], reasons: Sequence[str]) -> dict[bytes, Record]:
    """Take keys for done again that are missing for these reasons: their objects were seen, as bought."""
    values = {"keys": list(keys), "reasons": list(reasons)}
    return {key: Record(*rest) for key, *rest in t.rows("cache_found_again", values)}


def bought_into(database: Database, key: bytes) -> str:
    """Return the store that a text was bought into, "" where that is not known."""
    found = database.row("cache_bought_into", {"key": key})
    return str(found[0]) if found else ""


def due(database: Database, after: bytes, most: int) -> list[bytes]:
    """Keys past `after` whose objects should be out of their stores."""
    return [row[0] for row in database.rows("cache_due", {"after": after, "most": most})]


def unclaimed(t: Transaction, keys: Sequence[bytes]) -> list[DueDeletion]:
    """Of these, those that are still nobody's, and nobody's until this transaction ends."""
    return [DueDeletion(*row) for row in t.rows("cache_unclaimed", {"keys": list(keys)})]


def forget_deleted(t: Transaction, keys: Sequence[bytes]) -> None:
    """Their objects are dealt with."""
    t.run("cache_gone", {"keys": list(keys)})


def page(database: Database, after: bytes, most: int) -> list[StoredKey]:
    """What is stored past the key `after`, in the order of keys."""
    return [StoredKey(*row) for row in database.rows("cache_page", {"after": after, "most": most})]


def voices(database: Database) -> list[StoredVoice]:
    """What is stored, by provider and voice."""
    return [StoredVoice(*row) for row in database.rows("cache_voices")]


def served(database: Database) -> list[ServedRows]:
    """What was delivered so far, by provider, voice and source."""
    return [ServedRows(*row) for row in database.rows("cache_served")]
