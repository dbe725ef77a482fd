"""Build a chunk's manifest lines, its counts, and what its rows did not cost. Does no I/O."""

from __future__ import annotations

from collections import Counter

from speeko_jobs.adapters.postgres.chunks import ItemRow, JobContext
from speeko_jobs.adapters.postgres.deliveries import DeliveredFile, SavedCosts
from speeko_jobs.core.billing.cost_breakdown import SEGMENTS
from speeko_jobs.core.job.row_reader import content_of
from speeko_jobs.core.model.speech import Record
from speeko_jobs.core.model.states import AudioSource
from speeko_jobs.core.providers.profiles import Prices
from speeko_jobs.core.reporting.manifest import Line
from speeko_jobs.flow.delivery.row_classification import Deliver

# a row of several keys counts as the first of these that any of its keys is
_BOUGHT = AudioSource.SYNTHESIZED
_ORDER = (_BOUGHT, AudioSource.COALESCED, AudioSource.DUPLICATE, AudioSource.CACHE)


class ManifestBuilder:
    """Collect the rows of one chunk, each once, in any order."""

    def __init__(self, job: JobContext) -> None:
        self._job, self._spec = job, job.spec
        self._prices = Prices(job.spec.profile, job.spec.model)
        self._lines: list[Line] = []
        self._ends: Counter[str] = Counter(delivered=0, unchanged=0, failed=0, refused=0)
        # voice and source → rows, characters, list price, paid, milliseconds, bytes
        self._sums: dict[tuple[str, AudioSource], list[int]] = {}
        self._bought_in_part: dict[str, list[int]] = {}  # voice → rows, and what their other keys saved

    def lines(self) -> list[Line]:
        """Return the lines in the order of the rows."""
        return sorted(self._lines)

    def counts(self) -> Counter[str]:
        """Return what the job's summary adds up.

        "unchanged" is a way for a row to end and a source at once; the others are one or the other.
        """
        counts = self._ends.copy()
        for (_, source), (rows, chars, listed, _, millis, size) in self._sums.items():
            counts[source.value] += rows
            counts["audio_millis"] += millis
            counts["audio_bytes"] += size
            counts["chars"] += chars
            counts["list_micros"] += listed
        return counts

    def savings(self) -> list[SavedCosts]:
        """Return what the rows did not cost, by voice and source."""
        saved = [
            SavedCosts(voice, source.value, rows, chars, listed - paid)
            for (voice, source), (rows, chars, listed, paid, _, _) in sorted(self._sums.items())
            if source is not AudioSource.SYNTHESIZED
        ]
        in_part = sorted(self._bought_in_part.items())
        return saved + [SavedCosts(voice, SEGMENTS, rows, 0, rest) for voice, (rows, rest) in in_part]

    def add_refused(self, row: ItemRow) -> None:
        """Add a row that the planner refused."""
        self._ends["refused"] += 1
        self._lines.append(self._line(row, error=row.error or ""))

    def add_failed(self, row: ItemRow, reason: str) -> None:
        """Add a row without a file."""
        self._ends["failed"] += 1
        self._lines.append(self._line(row, error=reason, path=""))

    def add_unmade(self, row: ItemRow, reason: str) -> None:
        """Add a row whose file could not be placed."""
        self.add_failed(row, f"its file could not be made: {reason}")

    def add_unchanged(self, row: ItemRow) -> None:
        """Add a row whose file the destination holds."""
        line = self._line(row)._replace(
            source=AudioSource.UNCHANGED, millis=row.held_millis or 0, bytes=row.held_bytes or 0, change=""
        )
        self._add_served(line, self._prices.of_row(line.voice, line.chars, len(row.keys or ())))

    def add_delivered(self, one: Deliver, file: DeliveredFile) -> None:
        """Add a row with its file: where its audio came from, and what this row paid."""
        line = self._line(one.row, path=file.path)
        records = one.records
        if len(records) > 1:  # a key that a row has twice was paid for once
            records = list(dict(zip(one.row.keys or (), records, strict=True)).values())
        sources = [self._source(record, one.row.row_no) for record in records]
        own = [r.cost_micros for r, source in zip(records, sources, strict=True) if source is _BOUGHT]
        line = line._replace(
            source=min(sources, key=_ORDER.index), cost_micros=sum(own), millis=file.millis, bytes=file.bytes
        )
        self._ends["delivered"] += 1
        self._ends["reused"] += one.file.reused
        if file.is_quiet:
            self._ends["quiet"] += 1
        listed = self._prices.of_row(line.voice, line.chars, len(one.records))
        self._add_served(line, listed)
        if 0 < len(own) < len(one.records):
            rest = self._bought_in_part.setdefault(line.voice, [0, 0])
            rest[0] += 1
            rest[1] += listed - line.cost_micros

    def _add_served(self, line: Line, listed: int) -> None:
        assert line.source is not None
        sums = self._sums.get((line.voice, line.source))
        if sums is None:
            sums = self._sums[line.voice, line.source] = [0] * 6
        for at, value in enumerate((1, line.chars, listed, line.cost_micros, line.millis, line.bytes)):
            sums[at] += value
        self._lines.append(line)

    def _line(self, row: ItemRow, *, error: str = "", path: str | None = None) -> Line:
        voice, language = row.speaker(self._spec)
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
        urls = self._spec.public_urls
        if urls is None:
            return None
        return "" if error else urls.of(row.path or "", row.content(self._spec.rendering))

    def _source(self, record: Record, row_no: int) -> AudioSource:
        if record.bought_job == self._job.job:
            return AudioSource.SYNTHESIZED if record.bought_row == row_no else AudioSource.DUPLICATE
        was_there = record.settled_millis < self._job.released * 1000
        return AudioSource.CACHE if was_there else AudioSource.COALESCED
