"""Plan a catalog: read it in one stream, price it exactly, and (for a job) load it into Postgres.

`estimate` and `submit` run the same code; only `submit` writes rows, and no worker sees them before the
release at the very end. Memory is flat: what must be known over the whole catalog (which keys and names
repeat) goes through `adapters.external_grouping`. Batches are looked up and written in one thread beside the
reader.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from speeko_jobs.core.catalog.change_detection import ADDED
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.job.plan_summary import Plan
from speeko_jobs.core.policies.failure_grouping import grouped
from speeko_jobs.errors import CatalogError
from speeko_jobs.flow.cache.missing_audio import MissingAudio
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.delivery.manifest_parts import UnchangedRows
from speeko_jobs.flow.planning.batch_worker import BatchWorker
from speeko_jobs.flow.planning.catalog_reader import Batch, CatalogOptions, CatalogReader
from speeko_jobs.flow.planning.destination_diff import DestinationDiff
from speeko_jobs.flow.planning.duplicate_ids import ERROR, FIRST, LAST, FileNameRegistry, NameCollisions
from speeko_jobs.flow.planning.key_lookup import KeyLookup
from speeko_jobs.flow.planning.lexicon_loading import wording_of
from speeko_jobs.flow.planning.plan_totals import PlanTotals, add_missing
from speeko_jobs.flow.planning.row_sink import JobSink, NullSink, OnChange, PlannedBatch, RowSink
from speeko_jobs.flow.planning.text_rule_changes import TextRuleChanges
from speeko_jobs.flow.planning.voice_availability import offer_of, require_offered

__all__ = ["CatalogOptions", "Loaded", "OnChange", "estimate", "load"]

SHOWN_REASONS = 10


@dataclass(frozen=True)
class Loaded:
    """Hold what `load` found: the plan, the files with their first row, and the rows left out by rule."""

    plan: Plan
    files: list[dict[str, Any]]
    skipped: list[int]
    renamed: dict[int, str]
    unchanged: UnchangedRows | None = None  # rows that are in the manifest already
    removed: list[str] = field(default_factory=list)  # paths that left the catalog
    gone: MissingAudio | None = None  # known texts whose audio is gone from the store


def estimate(
    context: Context,
    spec: JobSpec,
    options: CatalogOptions,
    destination: int | None = None,
    on_change: OnChange | None = None,
) -> Loaded:
    """Return the exact plan and write nothing.

    With a `destination`, plan against what it holds; `on_change` gets each row that would be delivered, and
    why.
    """
    with _rare_collections(), _Planner(context, spec, options, NullSink(on_change), destination) as planner:
        loaded = planner.run()
    if loaded.gone is not None:
        loaded.gone.close()
    return loaded


def load(context: Context, spec: JobSpec, options: CatalogOptions, job: int, destination: int) -> Loaded:
    """Return the exact plan, and write the catalog's rows as items of `job`, which does not run yet.

    The caller closes `gone`.
    """
    sink = JobSink(context, spec, options, job, destination)
    with _rare_collections(), _Planner(context, spec, options, sink, destination) as planner:
        return planner.run()


@contextlib.contextmanager
def _rare_collections() -> Iterator[None]:
    """Run the cyclic garbage collector rarely: rows make no cycles, and looking for some took a third of the
    time."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


class _Planner:
    """Plan one catalog: read, look up, count, write, and sum up at the end."""

    def __init__(
        self,
        context: Context,
        spec: JobSpec,
        options: CatalogOptions,
        sink: RowSink,
        destination: int | None,
    ) -> None:
        self.context, self.spec, self.options, self.sink = context, spec, options, sink
        self.plan = Plan()
        offer = offer_of(context, spec)
        require_offered(offer, spec)
        wording, left_out = wording_of(spec)
        self.plan.notes += left_out
        if spec.routing is not None:
            self.plan.notes += spec.routing.notes(spec.language)
        self.reader = CatalogReader(spec, options, wording, offer)
        self.lookup, self.totals, self.names = KeyLookup(context, spec), PlanTotals(spec), FileNameRegistry()
        self.diff = None
        if destination is not None:
            may_skip = options.on_duplicate_id in (FIRST, LAST)
            is_folder = not spec.deliver or spec.archive or context.destination_of(spec).is_folder
            self.diff = DestinationDiff(
                context.database, spec, destination, may_skip=may_skip, is_folder=is_folder
            )
        self.text_rules = TextRuleChanges(context.database, spec, self.diff)
        self.worker = BatchWorker("plan-writer")
        self.missing: MissingAudio | None = None

    def __enter__(self) -> _Planner:
        self.sink.open()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.missing is not None and kind is not None:
            self.missing.close()  # else it is the caller's
        self.sink.close()
        self.worker.close()
        self.totals.close()
        self.names.close()

    def run(self) -> Loaded:
        """Plan the catalog."""
        plan, reader, sink = self.plan, self.reader, self.sink
        with contextlib.closing(reader.batches()) as batches:
            for batch in batches:
                self.worker.submit(self._process, batch)
        self.worker.drain()
        self._note_refusals()
        collisions = self.names.collisions(self.options.on_duplicate_id)
        if collisions.count and self.options.on_duplicate_id == ERROR:
            raise CatalogError(self._duplicates(collisions))
        renamed, skipped = sink.rename(self.names, collisions), collisions.skipped
        sink.check_names(list(renamed.values()))
        self.totals.fill(plan, reader.rows, skipped)
        self.missing = self.lookup.find_missing(self.totals.cached_keys(skipped))
        if self.missing is not None:
            add_missing(plan, self.missing)
        self.text_rules.note(plan)
        sink.finish(reader.rows)
        removed = self._compare(skipped)
        return Loaded(plan, reader.files, sorted(skipped), renamed, sink.unchanged, removed, self.missing)

    def _process(self, batch: Batch) -> None:
        """Look up, count and write a batch."""
        rows, refused, left_out, source = batch
        unchanged, changed = self.diff.look(rows) if self.diff is not None else ({}, {})
        wanted = {
            key: (text, row)
            for at, row in enumerate(rows)
            if at not in unchanged
            for key, text in zip(row.keys, row.texts, strict=True)
        }
        ranks = self.lookup.ranks(wanted)
        by_rules, reworded = self.text_rules.find(rows, source, unchanged, ranks)
        ranks |= reworded
        if self.diff is not None:
            self.diff.changed_by_rules(rows, changed, by_rules)
        self.totals.add(rows, unchanged, ranks)
        self.names.add([row.path for row in rows], [row.row_no for row in rows])
        stand_ins = self.lookup.stand_ins
        self.sink.write(PlannedBatch(rows, refused, unchanged, changed, wanted, ranks, stand_ins, left_out))

    def _note_refusals(self) -> None:
        """Write into the plan what the reader noted."""
        plan, reader = self.plan, self.reader
        plan.notes += reader.notes
        plan.refused, plan.left_out = reader.refused, reader.left_out
        plan.first_refusals = reader.first_refusals
        plan.refusals = dict(grouped(reader.reasons.items(), SHOWN_REASONS))

    def _compare(self, skipped: set[int]) -> list[str]:
        """Write into the plan what changes in the destination; return the paths that left the catalog."""
        plan, removed = self.plan, list[str]()
        plan.changes = {ADDED: plan.rows - plan.refused - plan.left_out}
        if self.diff is not None:
            if not self._merges():
                removed = list(self.diff.removed(self.names))
            plan.changes, plan.removed = self.diff.changes(skipped), len(removed)
        return removed

    def _merges(self) -> bool:
        """Return whether the catalog is a part of one, so that nothing else has left it.

        Raises CatalogError where the rest was to be deleted.
        """
        plan, is_rerun = self.plan, self.reader.is_rerun
        if is_rerun and self.spec.prune:
            raise CatalogError(
                f"{self.reader.name}: these are rows that failed, a part of a catalog, and --prune would"
                " delete the rest: nothing was started; leave it away"
            )
        plan.merges = self.spec.deliver and (self.spec.merge or is_rerun)
        if plan.merges and is_rerun:
            plan.notes.append("rows that failed: they are merged into the manifest of the output")
        return plan.merges

    def _duplicates(self, found: NameCollisions) -> str:
        """Say which names occur more than once, and what to do."""
        ids = self.reader.ids({row for rows in found.first for row in rows[:1]})
        shown = "; ".join(
            (f"{ids[rows[0]]!r} in " if rows[0] in ids else "") + "rows " + ", ".join(map(str, rows[:3]))
            for rows in found.first
        )
        return (
            f"{self.reader.name}: {found.count:,} ids or file names occur more than once ({shown}): "
            "choose another --id or --name, or --on-duplicate-id suffix, first or last"
        )
