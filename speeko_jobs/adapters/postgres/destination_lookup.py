"""What a destination holds, for looking at one row without making anything. Statement in
sql/destination_lookup.sql."""

from __future__ import annotations

from speeko_jobs.adapters.postgres.database import Database


def held(database: Database, url: str, mark: str, path: str) -> bytes | None:
    """What was delivered under a path (`core.job.row_reader.content_of`); None where nothing was."""
    found = database.row("explain_held", {"url": url, "mark": mark, "path": path})
    content: bytes | None = found[0] if found else None
    return content
