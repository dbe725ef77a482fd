"""Register the file names of a catalog: which collide, which suffix is free, which the catalog lacks.

Keeps hashes only, in memory that does not grow with the catalog. Two names that some file system takes for
one count as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from speeko_jobs.adapters.external_grouping import ExternalDedupe
from speeko_jobs.core.catalog import file_names

SHOWN_COLLISIONS = 3
ERROR, FIRST, LAST, SUFFIX = "error", "first", "last", "suffix"  # the rules of --on-duplicate-id
_IN_DESTINATION, _IN_CATALOG = 0, 1  # ranks of a name: a name in both is in the catalog
_TRY_ROWS = 1 << 40  # past all row numbers


@dataclass
class NameCollisions:
    """List the names that several rows have, and what becomes of those rows by the user's rule.

    `first`: the rows of the first few such names. `skipped`: rows left out. `suffixes`: the suffix that each
    row to be renamed takes at least.
    """

    count: int = 0
    first: list[list[int]] = field(default_factory=list)
    skipped: set[int] = field(default_factory=set)
    suffixes: dict[int, int] = field(default_factory=dict)


class FileNameRegistry:
    """Register names by row; `close` frees memory and file. Not safe for threads."""

    def __init__(self) -> None:
        self._names = ExternalDedupe()

    def add(self, paths: list[str], rows: Sequence[int]) -> None:
        """Register the names of rows of the catalog."""
        self._names.add_many(_hashes(paths), rows, _IN_CATALOG)

    def collisions(self, rule: str) -> NameCollisions:
        """Find the names that occur more than once. `rule`: one of --on-duplicate-id."""
        found = NameCollisions()
        for rows in self._names.collisions():
            found.count += 1
            if rule == FIRST:
                found.skipped.update(rows[1:])
            elif rule == LAST:
                found.skipped.update(rows[:-1])
            elif rule == SUFFIX:
                found.suffixes.update({row: n for n, row in enumerate(rows[1:], start=2)})
            found.first = sorted([*found.first, rows])[:SHOWN_COLLISIONS]
        return found

    def renamed(self, paths: Mapping[int, str], suffixes: Mapping[int, int]) -> dict[int, str]:
        """Return a free name for each of these rows: "name-2" and so on, counting on where that is taken."""
        counts = dict(suffixes)
        out = {row: file_names.with_suffix(paths[row], n) for row, n in counts.items()}
        fresh, tries = dict(out), 0
        while fresh:
            # the names of each try get row numbers past those of the try before: groups tell them apart
            tries += 1
            offset = tries * _TRY_ROWS
            self.add(list(fresh.values()), [row + offset for row in fresh])
            taken = {r - offset for rows in self._names.collisions() for r in rows[1:] if r >= offset}
            for row in taken:
                counts[row] += 1
            fresh = {row: file_names.with_suffix(paths[row], counts[row]) for row in taken}
            out.update(fresh)
        return out

    def add_held(self, first: int, paths: list[str]) -> None:
        """Register names that the destination holds, numbered from `first`."""
        self._names.add_many(_hashes(paths), range(first, first + len(paths)), _IN_DESTINATION)

    def held_only(self) -> Iterator[int]:
        """Yield the numbers of the held names that the catalog lacks, in no order."""
        return self._names.rows_of_rank(_IN_DESTINATION)

    def close(self) -> None:
        self._names.close()


def _hashes(paths: list[str]) -> tuple[list[int], list[int]]:
    """Return two hashes a name, equal for names that some file system takes for one; only in this process.

    Python's own hash is a keyed SipHash of 64 bits; of the name with a character more it is another.
    """
    names = [path.lower() if path.isascii() else file_names.fold(path) for path in paths]
    return [hash(name) for name in names], [hash(name + "/") for name in names]
