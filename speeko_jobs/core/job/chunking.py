"""How a job's rows are cut into chunks, and what the planner has settled of a chunk."""

from __future__ import annotations

from dataclasses import dataclass

MIN_ROWS, CHUNKS_WANTED = 4, 16  # small catalogs are spread over workers, and their first files come soon


def chunk_rows(rows: int, most: int) -> int:
    """Rows a chunk: enough chunks for all workers, none larger than `most`."""
    return min(most, max(MIN_ROWS, -(-rows // CHUNKS_WANTED)))


def settled_after(most: int) -> int:
    """A job of more rows than this has chunks of `most` rows, however many follow."""
    return max(CHUNKS_WANTED * most, MIN_ROWS)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The unchanged rows of chunk `no`: how many, and their sums. `whole`: the chunk has no others."""

    no: int
    whole: bool
    rows: int
    audio_millis: int
    audio_bytes: int
    chars: int
    list_micros: int

    def counts(self) -> dict[str, int]:
        """What the summary adds up. Made when it is wanted: a large job has thousands of these."""
        return {
            "delivered": 0,
            "unchanged": self.rows,
            "failed": 0,
            "refused": 0,
            "audio_millis": self.audio_millis,
            "audio_bytes": self.audio_bytes,
            "chars": self.chars,
            "list_micros": self.list_micros,
        }
