"""Say where planned rows go: nowhere for an estimate, into Postgres and the manifest for a job.

Invariant: nothing that a sink writes runs, or is visible in the output, before the job is released.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from speeko_jobs.adapters import failpoints
from speeko_jobs.adapters.postgres import jobs, plan_loading
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.adapters.postgres.plan_loading import Item, Text
from speeko_jobs.core.catalog.change_detection import ADDED, SourceFacts
from speeko_jobs.core.job.chunking import settled_after
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.job.row_reader import SpokenRow, content_of
from speeko_jobs.core.providers.profiles import Prices
from speeko_jobs.errors import SpeekoError
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.delivery.manifest_parts import UnchangedRows
from speeko_jobs.flow.planning.catalog_reader import CatalogOptions
from speeko_jobs.flow.planning.destination_diff import Held
from speeko_jobs.flow.planning.duplicate_ids import ERROR, FileNameRegistry, NameCollisions
from speeko_jobs.flow.planning.key_lookup import KeyRank, WantedKeys
from speeko_jobs.flow.planning.overwrite_protection import OverwriteCheck, has_reports

ALIVE_SECONDS = 20.0
_NO_CHANGE: tuple[None, None] = (None, None)
OnChange = Callable[[SpokenRow, str], None]
log = logging.getLogger(__name__)


class PlannedBatch(NamedTuple):
    """Hold a batch with all that was looked up for it.

    By place in `rows`: `unchanged`, the files that the destination holds already; `changed`, why the others
    are delivered and what they are made of. `ranks` lacks the keys whose audio is in the store.
    """

    rows: list[SpokenRow]
    refused: list[Item]
    unchanged: Held
    changed: Mapping[int, tuple[str, SourceFacts]]
    wanted: WantedKeys
    ranks: Mapping[bytes, KeyRank]
    stand_ins: Mapping[bytes, bytes]
    left_out: Sequence[int] = ()  # numbers of rows without text


class RowSink(Protocol):
    """Take planned batches in order. `unchanged`: the rows that are in the manifest already."""

    unchanged: UnchangedRows | None

    def open(self) -> None:
        """Begin; `close` ends what this began."""

    def write(self, batch: PlannedBatch) -> None:
        """Take the next batch."""

    def rename(self, names: FileNameRegistry, found: NameCollisions) -> dict[int, str]:
        """Return the new names of rows to be renamed."""

    def check_names(self, renamed: Sequence[str]) -> None:
        """Raise CatalogError where a file would be overwritten that no job delivered."""

    def finish(self, rows: int) -> None:
        """Complete what was written: the catalog has so many rows."""

    def close(self) -> None:
        """Stop; harmless when repeated."""


class NullSink:
    """Write nothing. `on_change` gets each row that would be delivered, and why."""

    unchanged: UnchangedRows | None = None

    def __init__(self, on_change: OnChange | None = None) -> None:
        self._on_change = on_change

    def open(self) -> None:
        pass

    def write(self, batch: PlannedBatch) -> None:
        if self._on_change is not None:
            for at, (kind, _) in batch.changed.items():
                self._on_change(batch.rows[at], kind)

    def rename(self, names: FileNameRegistry, found: NameCollisions) -> dict[int, str]:  # noqa: ARG002
        return {}  # the number of rows, and so the price, stays the same

    def check_names(self, renamed: Sequence[str]) -> None:
        pass

    def finish(self, rows: int) -> None:
        pass

    def close(self) -> None:
        pass


class JobSink:
    """Write rows as items of a job in planning, and unchanged ones into its manifest."""

    def __init__(
        self, context: Context, spec: JobSpec, options: CatalogOptions, job: int, destination: int
    ) -> None:
        self._context, self._spec, self._job, self._destination = context, spec, job, destination
        self._prices = Prices(spec.profile, spec.model)
        self._overwrites: OverwriteCheck | None = None
        if spec.deliver:
            output = context.destination_of(spec)
            self._overwrites = OverwriteCheck(output, options.sources, overwrite=spec.overwrite)
        self.unchanged: UnchangedRows | None = None
        self._unchanged_after = settled_after(context.settings.chunk_rows)
        # where rows may be left out or renamed at the end, no line is written before
        if options.on_duplicate_id == ERROR:
            store = context.store_of(spec.store)
            self.unchanged = UnchangedRows(store, job, context.settings.chunk_rows, self._prices, spec)
        self._is_closed = threading.Event()

    def open(self) -> None:
        threading.Thread(target=self._stay_alive, name="plan-alive", daemon=True).start()

    def close(self) -> None:
        self._is_closed.set()

    def write(self, batch: PlannedBatch) -> None:
        """COPY the rows and make their texts known, in one transaction."""
        if self._overwrites is not None:
            added = [batch.rows[at].path for at, (kind, _) in batch.changed.items() if kind == ADDED]
            self._overwrites.look(added)
        if self.unchanged is not None:
            self.unchanged.leave_out(row for row in batch.left_out if row > self._unchanged_after)
        items = self._items(batch) + batch.refused
        if not items:
            return
        texts = [
            self._text(key, *batch.wanted[key])
            for key, rank in batch.ranks.items()
            if rank >= KeyRank.IN_FLIGHT
        ]

        def work(t: Transaction) -> None:
            plan_loading.add_texts(t, self._spec, texts)
            plan_loading.add_items(t, self._job, items)

        self._context.database.run(work)
        failpoints.point("after_batch")

    def rename(self, names: FileNameRegistry, found: NameCollisions) -> dict[int, str]:
        if not found.suffixes:
            return {}
        paths = plan_loading.paths(self._context.database, self._job, sorted(found.suffixes))
        return names.renamed(paths, found.suffixes)

    def check_names(self, renamed: Sequence[str]) -> None:
        if self._overwrites is None:
            return
        database, destination = self._context.database, self._destination
        known = plan_loading.facts(database, destination, renamed) if renamed else {}
        self._overwrites.look([path for path in renamed if path not in known])
        self._overwrites.look_at_reports(has_reports(self._context, destination))
        self._overwrites.check()

    def finish(self, rows: int) -> None:
        if self.unchanged is not None:
            self.unchanged.close(rows)

    def _stay_alive(self) -> None:
        """Keep the sweeper from taking a slow source for a dead submitter."""
        while not self._is_closed.wait(ALIVE_SECONDS):
            try:
                self._context.database.run(lambda t: jobs.still_planning(t, self._job))
            except SpeekoError as error:
                log.warning("%s", error)

    def _text(self, key: bytes, text: str, row: SpokenRow) -> Text:
        chars = self._spec.profile.billable_chars(text)
        return Text(key, text, row.voice, row.language, chars, self._prices[row.voice, chars])

    def _items(self, batch: PlannedBatch) -> list[Item]:
        """Return the rows as items, but for unchanged ones that go straight into the manifest."""
        rows, unchanged, stand_ins = batch.rows, batch.unchanged, batch.stand_ins
        voice, language, rendering = self._spec.voice, self._spec.language, self._spec.rendering
        out = []
        for at in self._places_of_items(rows, unchanged):
            row_no, row_id, path, own, tag, chars, keys, _, _ = rows[at]
            content = None
            if stand_ins and at not in unchanged and not stand_ins.keys().isdisjoint(keys):
                content = content_of(keys, rendering)
                keys = tuple([stand_ins.get(key, key) for key in keys])
            own_or_none, tag_or_none = None if own == voice else own, None if tag == language else tag
            kind, facts = batch.changed.get(at, _NO_CHANGE)
            total = facts.source if facts is not None else None
            item = (row_no, row_id, path, own_or_none, tag_or_none, chars, keys, at in unchanged, None, None)
            out.append(Item(*item, total, kind, content))
        return out

    def _places_of_items(self, rows: Sequence[SpokenRow], unchanged: Held) -> Iterable[int]:
        """Write unchanged rows into the manifest, and return the places of the other rows."""
        if self.unchanged is None or not unchanged:
            return range(len(rows))
        late = {at: same for at, same in unchanged.items() if rows[at].row_no > self._unchanged_after}
        self.unchanged.add((rows[at], late[at].bytes, late[at].millis) for at in sorted(late))
        return [at for at in range(len(rows)) if at not in late]
