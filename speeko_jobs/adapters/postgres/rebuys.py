"""Texts that are bought again because their audio is wrong. Statements are in sql/rebuys.sql.

Such a text is missing from the commit on with which its job begins, so that the job claims it as it claims
any other. Its old object stays in the store until the new one takes its place; where none does, the text has
its old audio again when the job ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from speeko_jobs.adapters.postgres.database import Database, Transaction
from speeko_jobs.core.catalog.change_detection import REBOUGHT
from speeko_jobs.core.job.job_spec import JobSpec, from_json

REASON = "it is bought again, as was asked for"
AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class CachedText:
    """A text with audio. `spec`: that of the job which bought it, None where there was none."""

    key: bytes
    fence: int
    provider: str
    model: str
    voice: str
    language: str
    format: str
    chars: int
    spec: JobSpec | None


@dataclass(frozen=True, slots=True)
class OutdatedOutput:
    """How many files of an output hold old audio, and the last job that delivered one of them."""

    output: str
    files: int
    job: int


def of_job(database: Database, job: int, row: int | None = None, row_id: str | None = None) -> list[bytes]:
    """Return the keys of a job's rows, or of one of them."""
    found = database.rows("rebuy_of_job", {"job": job, "row": row, "id": row_id})
    return [key for (key,) in found]


def of_voice(
    database: Database, voice: str, provider: str | None, since: datetime, until: datetime | None
) -> list[bytes]:
    """Return the keys of a voice's audio that came from `since` on, and before `until`."""
    values = {"voice": voice, "provider": provider, "since": since, "until": until}

    def look(t: Transaction) -> list[bytes]:
        t.run("cache_patience")
        return [key for (key,) in t.rows("rebuy_of_voice", values)]

    return database.run(look)


def texts(database: Database, keys: Sequence[bytes]) -> list[CachedText]:
    """Return those of these keys that have audio, or had it taken from them; each once, in order."""
    specs: dict[int, JobSpec] = {}
    out = []
    for start in range(0, len(keys), AT_ONCE):
        for *facts, spec, job in database.rows("rebuy_texts", {"keys": list(keys[start : start + AT_ONCE])}):
            if spec is not None and job not in specs:
                specs[job] = from_json(spec)
            known: tuple[Any, ...] = (*facts, specs.get(job))
            out.append(CachedText(*known))
    return out


def mark(t: Transaction, job: int, some: Sequence[CachedText], costs: Sequence[int]) -> list[OutdatedOutput]:
    """Have these texts bought again by `job`, in the transaction that releases it: what is not as it was
    found any more is left as it is. Return the outputs whose files hold the old audio."""
    t.run("cache_patience")
    values = {"job": job, "reason": REASON, "why": REBOUGHT, "costs": list(costs)}
    values |= {"keys": [one.key for one in some], "fences": [one.fence for one in some]}
    t.run("rebuy_mark", values)
    return [OutdatedOutput(*row) for row in t.rows("rebuy_outdate", values)]


def old_sums(database: Database, keys: Sequence[bytes]) -> dict[bytes, bytes]:
    """Return the SHA-256 of old audio that may still lie in the store under these keys."""
    return dict(database.rows("rebuy_old", {"keys": list(keys)}))


def end(t: Transaction, job: int) -> None:
    """Give back the old audio of what a job did not buy again. Two statements: whoever began to wait for one
    of the keys before they were locked is seen by the second, and buys it."""
    keys = [key for (key,) in t.rows("rebuy_lock", {"job": job})]
    if keys:
        t.run("rebuy_restore", {"job": job, "keys": keys})
    t.run("rebuy_over", {"job": job})
