"""Find texts that a plan buys again only because the text rules changed, not the catalog.

Such a row has other keys than under an earlier version of the rules, and under that version all its audio is
there: in the store, or as the file in the destination. Only rows with a text to buy are read again, and only
those whose text the rules can touch; so a catalog that is known, and plain text, cost nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from speeko_jobs.adapters.postgres import plan_loading
from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.job.plan_summary import Plan
from speeko_jobs.core.job.row_reader import Refusal, RowReader, SpokenRow
from speeko_jobs.core.output import formatting
from speeko_jobs.core.text.cleaning import is_plain
from speeko_jobs.core.text.text_rules import earlier_versions, may_clean_otherwise
from speeko_jobs.flow.planning.destination_diff import DestinationDiff
from speeko_jobs.flow.planning.key_lookup import KeyRank

_NUMBER = re.compile(r"[\d\u00bc-\u00be\u2150-\u215e]")
ReaderOf = Callable[[int], RowReader]  # the reader of a table under a version of the rules


@dataclass(frozen=True)
class BatchSource:
    """The cells of a batch, to be read again under other text rules."""

    reader_of: ReaderOf
    first_row: int
    cells: Sequence[object]

    def reread(self, row: SpokenRow, version: int) -> SpokenRow | None:
        """Return the row under a version of the rules; None where it is refused then."""
        cells = self.cells[row.row_no - self.first_row]
        try:
            return self.reader_of(version).read(row.row_no, cells)  # type: ignore[arg-type]
        except Refusal:
            return None


class TextRuleChanges:
    """Look through the batches of one plan. `kept_by`: how many rows each earlier version would keep."""

    def __init__(self, database: Database, spec: JobSpec, diff: DestinationDiff | None) -> None:
        self.kept_by: Counter[int] = Counter()
        self._database, self._diff, self._version = database, diff, spec.text_rules
        self._versions = earlier_versions(spec.text_rules)
        self._is_whole = spec.segments == "auto" and not spec.repair and spec.markup == "none"
        self._reads_numbers = spec.read_numbers

    def find(
        self,
        rows: Sequence[SpokenRow],
        source: BatchSource | None,
        unchanged: Collection[int],
        ranks: Mapping[bytes, KeyRank],
    ) -> tuple[set[int], dict[bytes, KeyRank]]:
        """Return the places of rows whose files only the rules change, and the ranks of keys that are bought
        only because of them."""
        if source is None or not self._versions or KeyRank.TO_BUY not in ranks.values():
            return set(), {}
        left = {
            at: row
            for at, row in enumerate(rows)
            if at not in unchanged and self._may_differ(row) and self._buys(row, ranks)
        }
        kept: dict[int, SpokenRow] = {}
        changed: set[int] = set()
        for version in self._versions:
            before = {at: source.reread(row, version) for at, row in left.items()}
            differing = {at: old for at, old in before.items() if old and old.keys != left[at].keys}
            there, held = self._there(differing)
            kept |= there
            changed |= held
            self.kept_by[version] += len(there)
            left = {at: row for at, row in left.items() if at not in there}
        return changed, self._reworded(rows, unchanged, ranks, kept)

    def note(self, plan: Plan) -> None:
        """Write into the plan's notes what is bought again, and how not to."""
        if not plan.reworded:
            return
        version, _ = max(self.kept_by.items(), key=lambda item: item[1])
        texts, price = formatting.count(plan.reworded, "text"), formatting.micros(plan.reworded_micros)
        plan.notes.append(
            f"text rules: {texts} for {price} would be bought again only because version {self._version} of"
            f" the text rules gives other words; --keep-text-rules {version} keeps the audio that is there"
        )

    def _may_differ(self, row: SpokenRow) -> bool:
        """Return whether the rules can touch a row: plain text stays as it is under all versions."""
        if not self._is_whole or len(row.texts) > 1:
            return True
        if self._reads_numbers and _NUMBER.search(row.source):
            return True
        return not is_plain(row.source) and may_clean_otherwise(row.source)

    @staticmethod
    def _buys(row: SpokenRow, ranks: Mapping[bytes, KeyRank]) -> bool:
        return any(ranks.get(key) is KeyRank.TO_BUY for key in row.keys)

    def _there(self, before: Mapping[int, SpokenRow]) -> tuple[dict[int, SpokenRow], set[int]]:
        """Return the rows whose earlier audio is there, and the places of those whose file is."""
        if not before:
            return {}, set()
        places, olds = list(before), list(before.values())
        keys = {key for old in olds for key in old.keys}
        missing = set(plan_loading.not_done(self._database, list(keys)))
        held = self._diff.held(olds) if self._diff is not None else {}
        there = {
            at: old
            for n, (at, old) in enumerate(zip(places, olds, strict=True))
            if n in held or missing.isdisjoint(old.keys)
        }
        return there, {places[n] for n in held}

    def _reworded(
        self,
        rows: Sequence[SpokenRow],
        unchanged: Collection[int],
        ranks: Mapping[bytes, KeyRank],
        kept: Mapping[int, SpokenRow],
    ) -> dict[bytes, KeyRank]:
        """Rank the keys that rows need which would be kept, and no other row of the batch."""
        if not kept:
            return {}
        others = {
            key for at, row in enumerate(rows) if at not in unchanged and at not in kept for key in row.keys
        }
        return {
            key: KeyRank.REWORDED
            for at in kept
            for key in rows[at].keys
            if ranks.get(key) is KeyRank.TO_BUY and key not in others
        }
