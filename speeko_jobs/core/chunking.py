"""How a job's rows are cut into chunks."""

from __future__ import annotations

MIN_ROWS, CHUNKS_WANTED = 4, 16  # small catalogs are spread over workers, and their first files come soon


def chunk_rows(rows: int, most: int) -> int:
    """Rows a chunk: enough chunks for all workers, none larger than `most`."""
    return min(most, max(MIN_ROWS, -(-rows // CHUNKS_WANTED)))


def settled_after(most: int) -> int:
    """A job of more rows than this has chunks of `most` rows, however many follow."""
    return max(CHUNKS_WANTED * most, MIN_ROWS)
