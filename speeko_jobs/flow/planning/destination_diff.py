"""Compare a catalog with what its destination holds: unchanged, changed and why, removed.

One look-up a batch of rows; the removed ones are found at the end, by the names that the catalog lacks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from speeko_jobs.adapters.postgres import plan_loading
from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.adapters.postgres.plan_loading import UnchangedFile
from speeko_jobs.core.catalog.change_detection import (
    KINDS,
    SAME_SOUND,
    TEXT_RULES,
    UNCHANGED,
    SourceFacts,
    source_sum,
    why,
)
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.job.row_reader import SpokenRow, content_of
from speeko_jobs.flow.planning.duplicate_ids import FileNameRegistry

PAGE_ROWS = 10_000

Held = Mapping[int, UnchangedFile]
_CODES = {kind: code for code, kind in enumerate(KINDS, 1)}
_UNCHANGED, _SAME_SOUND = _CODES[UNCHANGED], _CODES[SAME_SOUND]


class DestinationDiff:
    """Compare rows with one destination, batch by batch, in order."""

    def __init__(
        self,
        database: Database,
        spec: JobSpec,
        destination: int,
        *,
        may_skip: bool = False,
        is_folder: bool = True,
    ) -> None:
        """`may_skip`: rows may be left out when all were looked at. `is_folder`: files there have no headers
        that could be others than were asked for."""
        self._database, self._destination, self._rendering = database, destination, spec.rendering
        self._holds_any = plan_loading.holds_any(database, destination)
        self._engine, self._form, self._is_folder = spec.engine, spec.form, is_folder
        self._counts: Counter[int] = Counter()
        self._may_skip = may_skip
        self._kinds = bytearray()  # of each row, a byte, where rows may be left out; 0 for those refused

    def look(self, reads: Sequence[SpokenRow]) -> tuple[Held, dict[int, tuple[str, SourceFacts]]]:
        """Return, by place, the rows that the destination holds; and why the others are delivered, and what
        they will be made of."""
        if not reads:
            return {}, {}
        sources = [source_sum(read.source) for read in reads]
        paths = [read.path for read in reads]
        held: Held = {}
        before: dict[str, SourceFacts] = {}
        if self._holds_any:
            held = self.held(reads)
            others = [path for at, path in enumerate(paths) if at not in held]
            before = plan_loading.facts(self._database, self._destination, others) if others else {}
        changed = {}
        kinds = bytearray(reads[-1].row_no - reads[0].row_no + 1)
        first = reads[0].row_no
        for at, read in enumerate(reads):
            same = held.get(at)
            if same is None:
                facts = SourceFacts(sources[at], read.voice, read.language, self._engine, self._form)
                kind = why(before.get(read.path), facts)
                changed[at] = kind, facts
                kinds[read.row_no - first] = _CODES[kind]
            else:
                kinds[read.row_no - first] = _UNCHANGED if same.is_same_text else _SAME_SOUND
        self._counts.update(kinds)
        if self._may_skip:
            self._kinds.extend(bytes(first - 1 - len(self._kinds)))
            self._kinds += kinds
        return held, changed

    def held(self, reads: Sequence[SpokenRow]) -> Held:
        """Return, by place, those of these rows that the destination holds as they are read here."""
        if not (reads and self._holds_any):
            return {}
        paths, sources = [read.path for read in reads], [source_sum(read.source) for read in reads]
        contents = [content_of(read.keys, self._rendering) for read in reads]
        form = "" if self._is_folder else self._form
        return plan_loading.unchanged(self._database, self._destination, paths, contents, sources, form)

    def changed_by_rules(
        self, rows: Sequence[SpokenRow], changed: dict[int, tuple[str, SourceFacts]], places: Collection[int]
    ) -> None:
        """Note of rows that were looked at and CHANGED that the text rules did it."""
        for at in places:
            kind, facts = changed[at]
            changed[at] = TEXT_RULES, facts
            self._counts[_CODES[kind]] -= 1
            self._counts[_CODES[TEXT_RULES]] += 1
            if self._may_skip:
                self._kinds[rows[at].row_no - 1] = _CODES[TEXT_RULES]

    def changes(self, skipped: Collection[int]) -> dict[str, int]:
        """Return how many rows there are of each kind, without those that are left out."""
        left_out = Counter(self._kinds[row_no - 1] for row_no in skipped)
        counts = ((kind, self._counts[code] - left_out[code]) for kind, code in _CODES.items())
        return {kind: n for kind, n in counts if n}

    def removed(self, names: FileNameRegistry) -> Iterator[str]:
        """Yield the paths that the destination holds and the catalog lacks, in order.

        `names`: all names of the catalog; those of the destination are added.
        """
        if not self._holds_any:
            return
        for at, paths in self._pages():
            names.add_held(at, paths)
        gone = sorted(names.held_only())
        if not gone:
            return
        wanted = iter(gone)
        next_gone = next(wanted, None)
        for at, paths in self._pages():
            while next_gone is not None and next_gone < at + len(paths):
                yield paths[next_gone - at]
                next_gone = next(wanted, None)
            if next_gone is None:
                return

    def _pages(self) -> Iterator[tuple[int, list[str]]]:
        """Yield all paths that the destination holds, in order, with the number of the first of each page."""
        after, at = "", 0
        while paths := plan_loading.held_paths(self._database, self._destination, after, PAGE_ROWS):
            yield at, paths
            after, at = paths[-1], at + len(paths)
