"""Deliver a chunk: audio under the rows' own names in the destination, and the chunk's part of the manifest.

Runs any number of times with the same result: files are placed whole, and the database takes the chunk
as delivered once. What the destination holds already is not touched.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from speeko_jobs.adapters import failpoints
from speeko_jobs.adapters.postgres import chunks, deliveries
from speeko_jobs.adapters.postgres.chunks import Chunk, ItemRow, JobContext
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.adapters.postgres.deliveries import DeliveredFile, Finished, SavedCosts, Settlement
from speeko_jobs.core.billing.cost_breakdown import SEGMENTS
from speeko_jobs.core.catalog.change_detection import NO_SOURCE
from speeko_jobs.core.job.row_reader import content_of
from speeko_jobs.core.model.speech import Record
from speeko_jobs.core.model.states import AudioSource, ChunkState, JobState, UtteranceState
from speeko_jobs.core.policies import failure_grouping
from speeko_jobs.core.providers.profiles import Prices
from speeko_jobs.core.reporting.manifest import Line
from speeko_jobs.errors import StoreError
from speeko_jobs.flow.cache import missing_audio
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.delivery.manifest_parts import joined, merged, part_paths, unchanged_paths
from speeko_jobs.flow.delivery.placement import FileToPlace, Placement
from speeko_jobs.flow.delivery.storage_failures import is_of_destination, pause_refused, waits_for_destination
from speeko_jobs.flow.dispatch import dispatch

NO_RECORD = Settlement(UtteranceState.FAILED, None, "the text is not known any more: run the catalog again")
FRESH_SECONDS = 900.0  # what was stored so long ago is held against its sum
DELIVERING = frozenset({JobState.RUNNING, JobState.PAUSED, JobState.CANCELLED})
log = logging.getLogger(__name__)


def deliver(context: Context, job: int, no: int) -> bool:
    """Deliver one chunk that is ready; whether this call finished it. Sends what comes next."""
    orders = chunks.job_context(context.database, job)
    found = deliveries.chunk(context.database, job, no)
    if orders is None or found is None or found[1] is not ChunkState.READY:
        return False
    if orders.state not in DELIVERING or waits_for_destination(orders.state, orders.reason):
        return False
    finished = deliver_chunk(context, orders, found[0], chunks.rows(context.database, found[0]), {})
    if finished is None:
        dispatch(context, job)  # its audio was gone, perhaps: it goes through synthesis again
        return False
    go_on(context, job, finished)
    if finished.state is JobState.RUNNING:
        dispatch(context, job)
    return True


def deliver_chunk(
    context: Context,
    orders: JobContext,
    chunk: Chunk,
    rows: list[ItemRow],
    known: Mapping[bytes, Record],
    holder: int | None = None,
) -> Finished | None:
    """Deliver rows; how the job stands, None when others were first, the chunk is to be bought again, or the
    destination or store refuses: the job is paused then, and the chunk waits as ready.

    `known`: what was just looked up. `holder`: the engine that has the chunk, if it is not ready yet.
    """
    try:
        return _Delivery(context, orders, chunk, holder).run(rows, known)
    except StoreError as error:
        if orders.state is JobState.CANCELLED:
            raise
        context.database.run(lambda t: deliveries.wait_as_ready(t, chunk, holder))
        pause_refused(context, orders.job, orders.spec, error)
        return None


def is_light(context: Context, orders: JobContext, rows: list[ItemRow]) -> bool:
    """Whether delivering these rows is links and lines: no upload, nothing joined or converted."""
    spec, job = orders.spec, orders.job
    if all(row.error is not None or is_unchanged(row, job, spec.rendering) for row in rows):
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
    """A delivered chunk's parts of the manifest once more, where the store has lost them."""
    orders = chunks.job_context(context.database, job)
    assert orders is not None
    return _Delivery(context, orders, chunk, None).parts_again(chunks.rows(context.database, chunk))


def is_unchanged(row: ItemRow, job: int, rendering: str) -> bool:
    """Whether the destination holds from an earlier job just what the row asks for."""
    held = row.held
    return (
        held is not None
        and row.keys is not None
        and row.change is None  # the planner would deliver it anew, be it only for its headers
        and row.held_job != job
        and held == row.content(rendering)
    )


class _Served(NamedTuple):
    """A row that can be delivered, with what its keys say."""

    row: ItemRow
    wanted: FileToPlace
    records: list[Record]


class _Delivery:
    def __init__(self, context: Context, orders: JobContext, chunk: Chunk, holder: int | None) -> None:
        self.context, self.orders, self.chunk, self.holder = context, orders, chunk, holder
        self.spec, self.profile = orders.spec, orders.spec.profile
        self.store = context.store_of(self.spec.store)
        # "unchanged" is a way for a row to end and a source at once; the others are one or the other
        self.counts: Counter[str] = Counter(delivered=0, unchanged=0, failed=0, refused=0)
        self.saved: dict[tuple[str, AudioSource], list[int]] = {}
        self.in_part: dict[str, list[int]] = {}  # voice → rows bought in part, and what the rest saved
        self.prices = Prices(self.profile, self.spec.model)

    def run(self, rows: list[ItemRow], known: Mapping[bytes, Record]) -> Finished | None:
        lines, wanting = self._easy(rows)
        settled = self._settled(wanting, known)
        if self.orders.state is not JobState.CANCELLED and _is_open_again(settled):
            self._start_over()
            return None
        served = self._served_or_failed(wanting, settled, lines)
        puts: list[DeliveredFile | str] = [
            DeliveredFile("", w.content, sum(w.sizes), w.millis) for _, w, _ in served
        ]
        if self.spec.deliver:
            placed_or_refused = self._placed(served)
            if placed_or_refused is None:
                return None
            puts = placed_or_refused
        placed = []
        for one, put in zip(served, puts, strict=True):
            if isinstance(put, DeliveredFile):
                lines.append(self._served(one, put))
                placed.append(self._noted(one.row, put))
            else:
                lines.append(self._unmade(one.row, put))
        failpoints.point("before_part")
        paths = part_paths(self.chunk.job, self.chunk.no)
        self.store.put_many([*zip(paths, self._parts(lines), strict=True)])
        return self._finish(placed if self.spec.deliver else [])

    def _placed(self, served: list[_Served]) -> list[DeliveredFile | str] | None:
        """Put the files of these rows in place: for each what was put, or why it cannot be. None where the
        chunk is to go on later, or to be bought again."""
        placing = Placement(self.context, self.spec)
        try:
            made = self._made_before(served)
            found = iter(placing.place([one.wanted for one in served if one.wanted.path not in made]))
        except StoreError as error:
            cancelled = self.orders.state is JobState.CANCELLED
            if not cancelled or not is_of_destination(self.context, self.spec, error):
                raise
            return [str(error)] * len(served)  # a cancelled job ends; what was bought stays in the store
        if placing.lost:
            placing.outdate_copies()
            missing_audio.on_delivery(self.context, self.chunk.job, self.spec.store, placing.lost)
            self._start_over()
            return None
        if placing.is_over:
            self._go_on_later(served, placing.made)
            return None
        return [made[one.wanted.path] if one.wanted.path in made else next(found) for one in served]

    def _noted(self, row: ItemRow, put: DeliveredFile) -> DeliveredFile:
        """What is put, with what it is made of, for the next run to compare."""
        voice, language = self._speaker(row)
        source = NO_SOURCE if row.source_sum is None else row.source_sum
        return replace(put, source=source, voice=voice, language=language)

    def _speaker(self, row: ItemRow) -> tuple[str, str]:
        """The row's own voice and language, or the job's."""
        spec = self.spec
        voice = spec.voice if row.voice is None else row.voice
        return voice, spec.language if row.language is None else row.language

    def _made_before(self, served: list[_Served]) -> dict[str, DeliveredFile]:
        """By path, files that an earlier turn of this job made, and that are there."""
        mine = [
            DeliveredFile(
                one.wanted.path, one.wanted.content, one.row.held_bytes or 0, one.row.held_millis or 0
            )
            for one in served
            if one.row.held_job == self.chunk.job and one.row.held == one.wanted.content
            if self.spec.rendering or one.wanted.is_made
        ]
        sizes = self.context.destination_of(self.spec).sizes([put.path for put in mine])
        return {put.path: put for put, size in zip(mine, sizes, strict=True) if size == put.bytes}

    def _go_on_later(self, served: list[_Served], puts: list[DeliveredFile]) -> None:
        """Remember the files that were made, and have the others made by another task."""
        rows = {one.wanted.path: one.row for one in served}
        made = [self._noted(rows[put.path], put) for put in puts]
        destination, job, spec = self.orders.destination_id, self.chunk.job, self.spec
        self.context.database.run(
            lambda t: deliveries.hold(t, destination, job, made, engine=spec.engine, form=spec.form)
        )
        self.context.queue.deliver([(job, self.chunk.no)])

    def parts_again(self, rows: list[ItemRow]) -> tuple[bytes, bytes]:
        """The parts of a chunk that is delivered, from what the database knows."""
        lines, wanting = self._easy(rows)
        served = self._served_or_failed(wanting, self._settled(wanting, {}), lines)
        for one in served:
            row, wanted = one.row, one.wanted
            if row.held == wanted.content:
                put = DeliveredFile(wanted.path, wanted.content, row.held_bytes or 0, row.held_millis or 0)
                lines.append(self._served(one, put))
            else:
                lines.append(self._unmade(row, "it was not delivered"))
        return self._parts(lines)

    def _parts(self, lines: list[Line]) -> tuple[bytes, bytes]:
        """The chunk's parts of the manifest: these lines, and those that the planner wrote."""
        lines.sort()  # by row number
        own = joined(lines)
        if not self.chunk.unchanged:
            return own
        as_json, as_csv = self.store.get_many(unchanged_paths(self.chunk.job, self.chunk.no))
        return merged((as_json, as_csv), own)

    def _easy(self, rows: list[ItemRow]) -> tuple[list[Line], list[ItemRow]]:
        """The lines of rows that need no audio, and the other rows."""
        job, rendering = self.chunk.job, self.spec.rendering
        lines, wanting = list[Line](), list[ItemRow]()
        for row in rows:
            if row.error is not None:
                lines.append(self._line(row, error=row.error))
                self.counts["refused"] += 1
            elif is_unchanged(row, job, rendering):
                lines.append(self._unchanged(row))
            else:
                wanting.append(row)
        return lines, wanting

    def _unchanged(self, row: ItemRow) -> Line:
        line = self._line(row)._replace(
            source=AudioSource.UNCHANGED, millis=row.held_millis or 0, bytes=row.held_bytes or 0, change=""
        )
        self._count(line, self.prices.of_row(line.voice, line.chars, len(row.keys or ())))
        return line

    def _settled(self, rows: list[ItemRow], known: Mapping[bytes, Record]) -> dict[bytes, Settlement]:
        """How each key of these rows stands."""
        keys = {key: None for row in rows for key in row.keys or ()}
        found = {key: known[key] for key in keys if key in known}
        if len(found) < len(keys) and not self.spec.rebuy:
            found |= self.context.cache.get_many([key for key in keys if key not in found])
        out = {key: Settlement(UtteranceState.DONE, record, "") for key, record in found.items()}
        unknown = [key for key in keys if key not in found]
        if unknown:
            out |= deliveries.settled(self.context.database, unknown)
        return out

    def _served_or_failed(
        self, rows: list[ItemRow], settled: Mapping[bytes, Settlement], lines: list[Line]
    ) -> list[_Served]:
        """The rows that can be served; of the others a line each is added."""
        served, job, since = [], self.chunk.job, (self.orders.at - FRESH_SECONDS) * 1000
        for row in rows:
            keys = row.keys or []
            ends = [settled.get(key, NO_RECORD) for key in keys]
            bad = next((end for end in ends if end.record is None), None)
            if bad is not None:
                some_bought = any(end.record is not None for end in ends)
                lines.append(self._failed(row, bad, some_bought=some_bought))
                continue
            records = [end.record for end in ends if end.record is not None]
            content, reused = row.content(self.spec.rendering), row.own_content is not None
            sizes, millis = [r.bytes for r in records], sum([r.millis for r in records])
            fresh = all(r.bought_job == job and r.settled_millis > since for r in records)
            known = row.held is not None or self.spec.overwrite
            wanted = FileToPlace(row.path or "", content, keys, sizes, millis, fresh, reused, known)
            served.append(_Served(row, wanted, records))
        return served

    def _start_over(self) -> None:
        """The chunk goes through synthesis again."""
        self.context.database.run(lambda t: deliveries.start_over(t, self.chunk, self.holder))

    # the lines

    def _line(self, row: ItemRow, *, error: str = "", path: str | None = None) -> Line:
        voice, language = self._speaker(row)
        return Line(
            row=row.row_no,
            id=row.row_id,
            path=(row.path or "") if path is None else path,
            voice=voice,
            language=language,
            key=content_of(row.keys).hex() if row.keys else "",
            source=None,
            chars=row.chars,
            cost_micros=0,
            millis=0,
            bytes=0,
            change="" if error else row.change or "",
            error=error,
            url=self._url(row, error),
        )

    def _url(self, row: ItemRow, error: str) -> str | None:
        urls = self.spec.public_urls
        if urls is None:
            return None
        return "" if error else urls.of(row.path or "", row.content(self.spec.rendering))

    def _failed(self, row: ItemRow, end: Settlement, *, some_bought: bool) -> Line:
        error = end.reason
        if end.state is not UtteranceState.FAILED:
            error = f"its text is {end.state.value}"
            if self.orders.state is JobState.CANCELLED:
                error = failure_grouping.cancelled(end.reason, some_bought=some_bought)
        self.counts["failed"] += 1
        return self._line(row, error=error, path="")

    def _unmade(self, row: ItemRow, reason: str) -> Line:
        self.counts["failed"] += 1
        return self._line(row, error=f"its file could not be made: {reason}", path="")

    def _served(self, one: _Served, put: DeliveredFile) -> Line:
        """Where the row's audio came from and what this row paid: a row of several keys counts as bought
        if it bought any."""
        line = self._line(one.row, path=put.path)
        parts = dict(zip(one.row.keys or (), one.records, strict=True))
        sources = [self._source(record, one.row.row_no) for record in parts.values()]
        bought = zip(parts.values(), sources, strict=True)
        paid = sum([record.cost_micros for record, source in bought if source is AudioSource.SYNTHESIZED])
        line = line._replace(
            source=min(sources, key=_ORDER.index), cost_micros=paid, millis=put.millis, bytes=put.bytes
        )
        self.counts["delivered"] += 1
        self.counts["reused"] += one.wanted.reused
        listed = self.prices.of_row(line.voice, line.chars, len(one.records))
        self._count(line, listed)
        own = sum([source is AudioSource.SYNTHESIZED for source in sources])
        if 0 < own < len(one.records):
            rest = self.in_part.setdefault(line.voice, [0, 0])
            rest[0] += 1
            rest[1] += listed - paid
        return line

    def _source(self, record: Record, row_no: int) -> AudioSource:
        if record.bought_job == self.chunk.job:
            return AudioSource.SYNTHESIZED if record.bought_row == row_no else AudioSource.DUPLICATE
        return (
            AudioSource.CACHE
            if record.settled_millis < self.orders.released * 1000
            else AudioSource.COALESCED
        )

    def _count(self, line: Line, listed: int) -> None:
        assert line.source is not None
        sums = self.saved.get((line.voice, line.source))
        if sums is None:
            sums = self.saved[line.voice, line.source] = [0] * 6
        for at, value in enumerate((1, line.chars, listed, line.cost_micros, line.millis, line.bytes)):
            sums[at] += value

    def _finish(self, puts: list[DeliveredFile]) -> Finished | None:
        counts, saved = self.counts, []
        counts.update(self.chunk.unchanged)
        for (voice, source), (rows, chars, listed, paid, millis, size) in sorted(self.saved.items()):
            counts[source.value] += rows
            counts["audio_millis"] += millis
            counts["audio_bytes"] += size
            counts["chars"] += chars
            counts["list_micros"] += listed
            if source is not AudioSource.SYNTHESIZED:
                saved.append(SavedCosts(voice, source.value, rows, chars, listed - paid))
        for voice, (rows, rest) in sorted(self.in_part.items()):
            saved.append(SavedCosts(voice, SEGMENTS, rows, 0, rest))
        orders = self.orders

        def work(t: Transaction) -> Finished | None:
            finished = deliveries.finish(
                t,
                self.chunk,
                destination=orders.destination_id,
                puts=puts,
                counts=counts,
                saved=saved,
                holder=self.holder,
                engine=self.spec.engine,
                form=self.spec.form,
            )
            if finished is not None:
                deliveries.book_saved(t, orders.tenant, self.profile.name, saved, finished.booked)
            return finished

        return self.context.database.run(work)


_ORDER = (AudioSource.SYNTHESIZED, AudioSource.COALESCED, AudioSource.DUPLICATE, AudioSource.CACHE)


def _is_open_again(settled: Mapping[bytes, Settlement]) -> bool:
    """Whether a text that had come to its end is to be bought once more: its audio was found to be gone
    by another chunk, or a later job tries again what had failed."""
    return any(end.state in (UtteranceState.MISSING, UtteranceState.CLAIMED) for end in settled.values())
