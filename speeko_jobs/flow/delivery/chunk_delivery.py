"""Deliver a chunk: audio under the rows' own names in the destination, and the chunk's part of the manifest.

Runs any number of times with the same result: files are placed whole, and the database takes the chunk
as delivered once. What the destination holds already is not touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from speeko_jobs.adapters import failpoints
from speeko_jobs.adapters.postgres import chunks, deliveries
from speeko_jobs.adapters.postgres.chunks import Chunk, ItemRow, JobContext
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.adapters.postgres.deliveries import DeliveredFile, Finished, Settlement
from speeko_jobs.core.catalog.change_detection import NO_SOURCE
from speeko_jobs.core.model.speech import Record
from speeko_jobs.core.model.states import ChunkState, JobState, UtteranceState
from speeko_jobs.errors import StoreError
from speeko_jobs.flow.cache import missing_audio
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.delivery.manifest_builder import ManifestBuilder
from speeko_jobs.flow.delivery.manifest_parts import joined, merged, part_paths, unchanged_paths
from speeko_jobs.flow.delivery.placement import Placement
from speeko_jobs.flow.delivery.row_classification import (
    Deliver,
    Failed,
    Refused,
    RowOutcome,
    Unchanged,
    classify,
    is_open_again,
    is_unchanged_row,
    needed_keys,
)
from speeko_jobs.flow.delivery.storage_failures import is_of_destination, pause_refused, waits_for_destination
from speeko_jobs.flow.dispatch import dispatch

DELIVERING = frozenset({JobState.RUNNING, JobState.PAUSED, JobState.CANCELLED})
NOT_DELIVERED = "it was not delivered"

Placed = DeliveredFile | str  # a file, or why there is none


def deliver(context: Context, job: int, no: int) -> bool:
    """Deliver one chunk that is ready, and send what comes next. Return whether this call finished it."""
    job_context = chunks.job_context(context.database, job)
    found = deliveries.chunk(context.database, job, no)
    if job_context is None or found is None or found[1] is not ChunkState.READY:
        return False
    if job_context.state not in DELIVERING or waits_for_destination(job_context.state, job_context.reason):
        return False
    finished = deliver_chunk(context, job_context, found[0], chunks.rows(context.database, found[0]), {})
    if finished is None:
        dispatch(context, job)  # its audio was gone, perhaps: it goes through synthesis again
        return False
    go_on(context, job, finished)
    if finished.state is JobState.RUNNING:
        dispatch(context, job)
    return True


def deliver_chunk(
    context: Context,
    job: JobContext,
    chunk: Chunk,
    rows: list[ItemRow],
    known: Mapping[bytes, Record],
    holder: int | None = None,
) -> Finished | None:
    """Deliver rows, and return how the job stands.

    None when another task was first, when the chunk is to be bought again, and when the destination or store
    refuses: the job is paused then, and the chunk waits as ready. `known`: what was just looked up. `holder`:
    the engine that has the chunk, if it is not ready yet.
    """
    try:
        return _ChunkDelivery(context, job, chunk, holder).run(rows, known)
    except StoreError as error:
        if job.state is JobState.CANCELLED:
            raise
        context.database.run(lambda t: deliveries.wait_as_ready(t, chunk, holder))
        pause_refused(context, job.job, job.spec, error)
        return None


def is_light(context: Context, job: JobContext, rows: list[ItemRow]) -> bool:
    """Return whether delivering these rows is links and lines: no upload, nothing joined or converted."""
    spec = job.spec
    if all(row.error is not None or is_unchanged_row(row, job.job, spec.rendering) for row in rows):
        return True
    if not spec.deliver:
        return True
    store, destination = context.store_of(spec.store), context.destination_of(spec)
    plain = not spec.rendering and all(len(row.keys or ()) <= 1 and row.own_content is None for row in rows)
    return plain and store.is_folder and destination.is_folder


def go_on(context: Context, job: int, finished: Finished) -> None:
    """Send `finalize` after a job's last chunk."""
    if finished.last:
        context.queue.finalize(job)


def rebuild(context: Context, job: int, chunk: Chunk) -> tuple[bytes, bytes]:
    """Make a delivered chunk's parts of the manifest once more, where the store has lost them."""
    job_context = chunks.job_context(context.database, job)
    assert job_context is not None
    delivery = _ChunkDelivery(context, job_context, chunk, None)
    return delivery.parts_again(chunks.rows(context.database, chunk))


class _ChunkDelivery:
    """Deliver one chunk: classify its rows, place files, write the part of the manifest, commit."""

    def __init__(self, context: Context, job: JobContext, chunk: Chunk, holder: int | None) -> None:
        self._context, self._job, self._chunk, self._holder = context, job, chunk, holder
        self._spec, self._store = job.spec, context.store_of(job.spec.store)

    def run(self, rows: list[ItemRow], known: Mapping[bytes, Record]) -> Finished | None:
        settled = self._settled(rows, known)
        if self._job.state is not JobState.CANCELLED and is_open_again(settled):
            self._start_over()
            return None
        outcomes = classify(rows, settled, self._job)
        to_deliver = [one for one in outcomes if isinstance(one, Deliver)]
        placed = self._place(to_deliver) if self._spec.deliver else _left_in_store(to_deliver)
        if placed is None:
            return None
        manifest = self._manifest(outcomes, placed)
        failpoints.point("before_part")
        paths = part_paths(self._chunk.job, self._chunk.no)
        self._store.put_many([*zip(paths, self._parts(manifest), strict=True)])
        files = zip(to_deliver, placed, strict=True) if self._spec.deliver else ()
        made = [self._noted(one.row, file) for one, file in files if isinstance(file, DeliveredFile)]
        return self._commit(manifest, made)

    def parts_again(self, rows: list[ItemRow]) -> tuple[bytes, bytes]:
        """Return the parts of a chunk that is delivered, from what the database knows."""
        outcomes = classify(rows, self._settled(rows, {}), self._job)
        held: list[Placed] = [
            _held_file(one) if one.row.held == one.file.content else NOT_DELIVERED
            for one in outcomes
            if isinstance(one, Deliver)
        ]
        return self._parts(self._manifest(outcomes, held))

    # what its keys say

    def _settled(self, rows: list[ItemRow], known: Mapping[bytes, Record]) -> dict[bytes, Settlement]:
        """Return how each key that these rows need has ended: by `known`, Redis, then Postgres."""
        keys = needed_keys(rows, self._job.job, self._spec.rendering)
        found = {key: known[key] for key in keys if key in known}
        if len(found) < len(keys) and not self._spec.rebuy:
            found |= self._context.cache.get_many([key for key in keys if key not in found])
        out = {key: Settlement(UtteranceState.DONE, record, "") for key, record in found.items()}
        unknown = [key for key in keys if key not in found]
        if unknown:
            out |= deliveries.settled(self._context.database, unknown)
        return out

    # files

    def _place(self, wanted: Sequence[Deliver]) -> list[Placed] | None:
        """Place the files of these rows: for each the file, or why there is none.

        None where the chunk goes on later, or is bought again.
        """
        placement = Placement(self._context, self._spec)
        try:
            made = self._made_before(wanted)
            found = iter(placement.place([one.file for one in wanted if one.file.path not in made]))
        except StoreError as error:
            cancelled = self._job.state is JobState.CANCELLED
            if not cancelled or not is_of_destination(self._context, self._spec, error):
                raise
            return [str(error)] * len(wanted)  # a cancelled job ends; what was bought stays in the store
        if placement.lost:
            placement.outdate_copies()
            missing_audio.on_delivery(self._context, self._chunk.job, self._spec.store, placement.lost)
            self._start_over()
            return None
        if placement.is_over:
            self._go_on_later(wanted, placement.made)
            return None
        return [made[one.file.path] if one.file.path in made else next(found) for one in wanted]

    def _made_before(self, wanted: Sequence[Deliver]) -> dict[str, DeliveredFile]:
        """Return by path the files that an earlier turn of this job made, and that are there."""
        mine = [
            _held_file(one)
            for one in wanted
            if one.row.held_job == self._chunk.job and one.row.held == one.file.content
            if self._spec.rendering or one.file.is_made
        ]
        sizes = self._context.destination_of(self._spec).sizes([file.path for file in mine])
        return {file.path: file for file, size in zip(mine, sizes, strict=True) if size == file.bytes}

    def _go_on_later(self, wanted: Sequence[Deliver], files: Sequence[DeliveredFile]) -> None:
        """Remember the files that were made, and have another task make the rest."""
        rows = {one.file.path: one.row for one in wanted}
        made = [self._noted(rows[file.path], file) for file in files]
        destination, job, spec = self._job.destination_id, self._chunk.job, self._spec

        def work(t: Transaction) -> None:
            deliveries.hold(t, destination, job, made, engine=spec.engine, form=spec.form)
            deliveries.count_quiet(t, self._chunk, sum(file.is_quiet for file in made))

        self._context.database.run(work)
        self._context.queue.deliver([(job, self._chunk.no)])

    def _noted(self, row: ItemRow, file: DeliveredFile) -> DeliveredFile:
        """Return the file with what it is made of, for the next run to compare."""
        voice, language = row.speaker(self._spec)
        source = NO_SOURCE if row.source_sum is None else row.source_sum
        return replace(file, source=source, voice=voice, language=language)

    def _start_over(self) -> None:
        """Have the chunk go through synthesis again."""
        self._context.database.run(lambda t: deliveries.start_over(t, self._chunk, self._holder))

    # the manifest

    def _manifest(self, outcomes: Sequence[RowOutcome], placed: Sequence[Placed]) -> ManifestBuilder:
        """Return the chunk's lines. `placed`: of the rows to deliver, in order."""
        manifest, files = ManifestBuilder(self._job), iter(placed)
        for one in outcomes:
            match one:
                case Deliver(row):
                    file = next(files)
                    if isinstance(file, DeliveredFile):
                        manifest.add_delivered(one, file)
                    else:
                        manifest.add_unmade(row, file)
                case Unchanged(row):
                    manifest.add_unchanged(row)
                case Failed(row, reason):
                    manifest.add_failed(row, reason)
                case Refused(row):
                    manifest.add_refused(row)
        return manifest

    def _parts(self, manifest: ManifestBuilder) -> tuple[bytes, bytes]:
        """Return the chunk's parts of the manifest: these lines, and those that the planner wrote."""
        own = joined(manifest.lines())
        if not self._chunk.unchanged:
            return own
        as_json, as_csv = self._store.get_many(unchanged_paths(self._chunk.job, self._chunk.no))
        return merged((as_json, as_csv), own)

    def _commit(self, manifest: ManifestBuilder, files: list[DeliveredFile]) -> Finished | None:
        """Take the chunk as delivered, once: files, counts and savings in one transaction."""
        job, counts, saved = self._job, manifest.counts(), manifest.savings()
        counts.update(self._chunk.unchanged)

        def work(t: Transaction) -> Finished | None:
            finished = deliveries.finish(
                t,
                self._chunk,
                destination=job.destination_id,
                puts=files,
                counts=counts,
                saved=saved,
                holder=self._holder,
                engine=self._spec.engine,
                form=self._spec.form,
            )
            if finished is not None:
                deliveries.book_saved(t, job.tenant, self._spec.profile.name, saved, finished.booked)
            return finished

        return self._context.database.run(work)


def _held_file(one: Deliver) -> DeliveredFile:
    """Return the file that the destination holds at the row's path."""
    return DeliveredFile(one.file.path, one.file.content, one.row.held_bytes or 0, one.row.held_millis or 0)


def _left_in_store(wanted: Sequence[Deliver]) -> list[Placed]:
    """Return the audio of these rows as it stays in the store: a job that delivers nothing has no paths."""
    return [DeliveredFile("", one.file.content, sum(one.file.sizes), one.file.millis) for one in wanted]
