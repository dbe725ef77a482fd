"""What was left lying: the sweeper's look-ups. Statements are in sql/sweep_lookups.sql."""

from __future__ import annotations

from dataclasses import dataclass

from speeko_jobs.adapters.postgres.database import Database


@dataclass(frozen=True)
class Leftovers:
    """Everything due that nobody seems to be at: (job, chunk) pairs and job numbers."""

    synthesize: list[tuple[int, int]]
    deliver: list[tuple[int, int]]
    finalize: list[int]
    abandoned: list[int]


def look(database: Database) -> Leftovers:
    def pairs(name: str) -> list[tuple[int, int]]:
        return [(job, no) for job, no in database.rows(name)]

    waiting = pairs("sweep_chunks_waiting") + pairs("sweep_chunks_half_begun")
    return Leftovers(
        synthesize=sorted({*waiting, *pairs("sweep_chunks_queued")}),
        deliver=pairs("sweep_chunks_ready"),
        finalize=[row[0] for row in database.rows("sweep_jobs_finalizing")],
        abandoned=abandoned(database),
    )


def abandoned(database: Database) -> list[int]:
    """Return the jobs in planning whose submitter is gone."""
    return [row[0] for row in database.rows("sweep_jobs_abandoned")]
