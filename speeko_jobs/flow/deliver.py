"""Deliver a chunk: audio under the rows' own names in the destination, and the chunk's part of the manifest.

Runs any number of times with the same result: files are placed whole, and the database takes the chunk
as delivered once. What the destination holds already is not touched.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from speeko_jobs.adapters import crash
from speeko_jobs.adapters.audio_store import MissingObject, Store
from speeko_jobs.adapters.postgres import chunks, deliveries
from speeko_jobs.adapters.postgres.chunks import Chunk, Orders, Row
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.adapters.postgres.deliveries import Held, Put, Saved, Settlement
from speeko_jobs.core import joining
from speeko_jobs.core.gate import inspect
from speeko_jobs.core.manifest import Line
from speeko_jobs.core.naming import audio_path
from speeko_jobs.core.profiles import Profile
from speeko_jobs.core.rows import content_of
from speeko_jobs.core.speech import BadAudio, Record
from speeko_jobs.core.states import ChunkState, JobState, Source, UtteranceState
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.dispatch import dispatch

NO_RECORD = Settlement(UtteranceState.FAILED, None, "the text is not known any more: run the catalog again")
DELIVERING = frozenset({JobState.RUNNING, JobState.PAUSED, JobState.CANCELLED})
log = logging.getLogger(__name__)


def part_path(job: int, no: int) -> str:
    """Where a chunk's part of the manifest is kept, in the audio store."""
    return f"jobs/{job}/manifest-{no:06d}.jsonl"


def deliver(context: Context, job: int, no: int) -> bool:
    """Deliver one chunk; whether this call finished it. Sends `finalize` after a job's last chunk."""
    orders = chunks.orders(context.database, job)
    found = deliveries.chunk(context.database, job, no)
    if orders is None or found is None or found[1] is not ChunkState.READY:
        return False
    if orders.state not in DELIVERING:
        return False
    return _Delivery(context, orders, found[0]).run()


@dataclass(slots=True)
class _Served:
    """A row that can be delivered, with what its keys say."""

    row: Row
    path: str
    records: list[Record]
    content: bytes
    joined: bool


class _Delivery:
    def __init__(self, context: Context, orders: Orders, chunk: Chunk) -> None:
        self.context, self.orders, self.chunk = context, orders, chunk
        self.spec, self.profile = orders.spec, orders.spec.profile
        self.store: Store = context.store_of(self.spec.store)
        self.destination: Store = context.store_of(self.spec.output)
        # "unchanged" is a way for a row to end and a source at once; the others are one or the other
        self.counts: Counter[str] = Counter(delivered=0, unchanged=0, failed=0, refused=0)
        self.saved: dict[tuple[str, str], list[int]] = {}

    def run(self) -> bool:
        rows = chunks.rows(self.context.database, self.chunk)
        settled, held = self._look_up(rows)
        if self.orders.state is not JobState.CANCELLED and self._is_open_again(rows, settled, held):
            self._go_back([])
            return False
        lines: dict[int, Line] = {}
        served: list[_Served] = []
        for row in rows:
            there = held.get(row.path or "")
            if row.error is not None:
                lines[row.row_no] = self._refused(row)
            elif (there := self._unchanged(row, there)) is not None:
                lines[row.row_no] = self._kept(row, there)
            else:
                ends = [settled.get(key, NO_RECORD) for key in row.keys or ()]
                bad = next((end for end in ends if end.record is None), None)
                if bad is not None:
                    lines[row.row_no] = self._failed(row, bad)
                else:
                    records = [end.record for end in ends if end.record is not None]
                    keys = row.keys or []
                    served.append(_Served(row, row.path or "", records, content_of(keys), len(keys) > 1))
        puts = self._place(served)
        if puts is None:
            return False
        for one, put in zip(served, puts, strict=True):
            lines[one.row.row_no] = self._served(one, put)
        part = "".join([lines[row.row_no].to_json() + "\n" for row in rows])
        crash.point("before_part")
        self.store.put(part_path(self.chunk.job, self.chunk.no), part.encode())
        return self._finish(puts)

    def _look_up(self, rows: list[Row]) -> tuple[dict[bytes, Settlement], dict[str, Held]]:
        keys = {key: None for row in rows if row.error is None for key in row.keys or ()}
        known = self.context.cache.get_many(list(keys))
        out = {key: Settlement(UtteranceState.DONE, record, "") for key, record in known.items()}
        unknown = [key for key in keys if key not in known]
        if unknown:
            out |= deliveries.settled(self.context.database, unknown)
        paths = [row.path for row in rows if row.path]
        return out, deliveries.held(self.context.database, self.orders.destination_id, paths)

    def _is_open_again(
        self, rows: list[Row], settled: dict[bytes, Settlement], held: dict[str, Held]
    ) -> bool:
        """Whether a text that had come to its end is to be bought once more: its audio was found to be gone
        by another chunk, or a later job tries again what had failed."""
        return any(
            settled[key].state in (UtteranceState.MISSING, UtteranceState.CLAIMED)
            for row in rows
            if row.error is None and self._unchanged(row, held.get(row.path or "")) is None
            for key in row.keys or ()
            if key in settled
        )

    def _unchanged(self, row: Row, there: Held | None) -> Held | None:
        """What the destination holds for the row from an earlier job, if it is what the row asks for."""
        if there is None or there.job == self.chunk.job or there.content != content_of(row.keys or [b""]):
            return None
        return there

    # the audio

    def _place(self, served: list[_Served]) -> list[Put] | None:
        """Put every row's audio in place. None when some is gone from the store, or damaged (it has not the
        size that it was stored with): that is taken away, and bought again."""
        fmt = self.spec.format
        single = [one for one in served if not one.joined]
        joined = [one for one in served if one.joined]
        puts: dict[int, Put] = {}
        pairs = [(audio_path(one.content, fmt), one.path) for one in single]
        try:
            sizes: Sequence[int | None] = self.destination.place(self.store, pairs)
        except MissingObject as error:
            sizes = error.sizes
        lost = {path for (path, _), size in zip(pairs, sizes, strict=True) if size is None}
        placed = [(one, size) for one, size in zip(single, sizes, strict=True) if size is not None]
        damaged = self._damaged({one.content: size for one, size in placed if size != one.records[0].bytes})
        self.destination.delete([one.path for one, _ in placed if one.content in damaged])
        for one, size in placed:
            puts[one.row.row_no] = Put(one.path, one.content, size, one.records[0].millis)
        try:
            for one in joined:
                puts[one.row.row_no] = self._join(one, damaged)
        except MissingObject as error:
            lost |= set(error.paths)
        spoilt = {audio_path(key, fmt) for key in damaged}
        self.store.delete([*spoilt])
        if lost or spoilt:
            self._lost(served, lost | spoilt)
            return None
        return [puts[one.row.row_no] for one in served]

    def _damaged(self, sizes: Mapping[bytes, int]) -> set[bytes]:
        """Those of these keys whose object has not as many bytes as were stored; Redis may be behind."""
        if not sizes:
            return set()
        known = deliveries.settled(self.context.database, list(sizes))
        damaged = {
            key
            for key, size in sizes.items()
            if key in known and (record := known[key].record) is not None and record.bytes != size
        }
        if damaged:
            log.error("%d objects in %s are damaged and are bought again", len(damaged), self.store.url)
        return damaged

    def _join(self, one: _Served, damaged: set[bytes]) -> Put:
        """Join a row's parts. Adds to `damaged` the keys whose objects are; then nothing is placed."""
        keys = one.row.keys or []
        parts = self.store.get_many([audio_path(key, self.spec.format) for key in keys])
        of_wrong_size = {
            key: len(part)
            for key, part, record in zip(keys, parts, one.records, strict=True)
            if len(part) != record.bytes
        }
        if found := self._damaged(of_wrong_size):
            damaged |= found
            return Put(one.path, one.content, 0, 0)
        audio = joining.join(parts, self.spec.format)
        try:
            millis = round(inspect(audio, self.spec.format, one.row.chars, self.spec.speed).seconds * 1000)
        except BadAudio:  # each part passed the gate; the whole is judged by its parts
            millis = sum(record.millis for record in one.records)
        self.destination.put(one.path, audio)
        return Put(one.path, one.content, len(audio), millis)

    def _lost(self, served: list[_Served], paths: set[str]) -> None:
        """Audio that should be in the store is not: forget it everywhere, and let it be bought again."""
        fmt = self.spec.format
        lost = {key for one in served for key in one.row.keys or () if audio_path(key, fmt) in paths}
        self.context.cache.drop(list(lost))
        self._go_back(list(lost))

    def _go_back(self, lost: list[bytes]) -> None:
        """The chunk goes through synthesis again; its `lost` keys are bought anew."""
        self.context.database.run(lambda t: deliveries.audio_lost(t, self.chunk, lost))
        dispatch(self.context, self.chunk.job)

    # the lines

    def _line(self, row: Row) -> Line:
        return Line(
            row=row.row_no,
            id=row.row_id,
            path=row.path or "",
            voice=row.voice if row.voice is not None else self.spec.voice,
            language=row.language if row.language is not None else self.spec.language,
            key=content_of(row.keys).hex() if row.keys else "",
            source=None,
            chars=row.chars,
            cost_micros=0,
            millis=0,
            bytes=0,
            error="",
        )

    def _refused(self, row: Row) -> Line:
        line = self._line(row)
        line.error = row.error or ""
        self.counts["refused"] += 1
        return line

    def _failed(self, row: Row, end: Settlement) -> Line:
        line = self._line(row)
        line.path = ""
        line.error = end.reason
        if end.state is not UtteranceState.FAILED:
            cancelled = self.orders.state is JobState.CANCELLED
            line.error = "cancelled before it was bought" if cancelled else f"its text is {end.state.value}"
        self.counts["failed"] += 1
        return line

    def _kept(self, row: Row, there: Held) -> Line:
        line = self._line(row)
        line.source, line.millis, line.bytes = Source.UNCHANGED, there.millis, there.bytes
        self._count(line, _list_micros(self.profile, self.spec.model, line, max(1, len(row.keys or ()))))
        return line

    def _served(self, one: _Served, put: Put) -> Line:
        line = self._line(one.row)
        line.millis, line.bytes = put.millis, put.bytes
        line.source, line.cost_micros, listed = self._origin(one, line)
        self.counts["delivered"] += 1
        self._count(line, listed)
        return line

    def _origin(self, one: _Served, line: Line) -> tuple[Source, int, int]:
        """Where the row's audio came from, what this row paid, and its list price, in micro-dollars.

        A row of several keys counts as bought if it bought any.
        """
        parts = dict(zip(one.row.keys or (), one.records, strict=True))
        listed = _list_micros(self.profile, self.spec.model, line, len(one.records))
        sources = [self._source(record, one.row.row_no) for record in parts.values()]
        bought = zip(parts.values(), sources, strict=True)
        paid = sum(record.cost_micros for record, source in bought if source is Source.SYNTHESIZED)
        order = (Source.SYNTHESIZED, Source.COALESCED, Source.DUPLICATE, Source.CACHE)
        return min(sources, key=order.index), paid, listed

    def _source(self, record: Record, row_no: int) -> Source:
        if record.bought_job == self.chunk.job:
            return Source.SYNTHESIZED if record.bought_row == row_no else Source.DUPLICATE
        return Source.CACHE if record.settled_millis < self.orders.released * 1000 else Source.COALESCED

    def _count(self, line: Line, listed: int) -> None:
        assert line.source is not None
        counts = self.counts
        counts[line.source.value] += 1
        counts["audio_millis"] += line.millis
        counts["audio_bytes"] += line.bytes
        counts["chars"] += line.chars
        counts["list_micros"] += listed
        if line.source is not Source.SYNTHESIZED:
            saved = self.saved.setdefault((line.voice, line.source.value), [0, 0, 0])
            saved[0] += 1
            saved[1] += line.chars
            saved[2] += listed - line.cost_micros

    def _finish(self, puts: list[Put]) -> bool:
        saved = [Saved(voice, source, *n) for (voice, source), n in sorted(self.saved.items())]
        orders = self.orders

        def work(t: Transaction) -> deliveries.Finished | None:
            finished = deliveries.finish(
                t, self.chunk, destination=orders.destination_id, puts=puts, counts=self.counts
            )
            if finished is not None and finished.first:
                deliveries.book_saved(t, orders.tenant, self.profile.name, saved)
            return finished

        finished = self.context.database.run(work)
        if finished is None:
            return False
        if finished.last:
            self.context.queue.finalize(self.chunk.job)
        elif finished.state is JobState.RUNNING:
            dispatch(self.context, self.chunk.job)
        return True


def _list_micros(profile: Profile, model: str, line: Line, calls: int) -> int:
    """What speaking the row would cost at list price, each of its segments a call."""
    return profile.price(line.chars, model, line.voice) + (calls - 1) * profile.call_micros
