"""Read a catalog's tables, a batch at a time, as rows that can be spoken and rows that are refused.

Rows are numbered from 1 over all tables. What is refused is counted here, because only the reader knows the
file and the row's place in it. Looks nothing up and writes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import islice
from typing import Any, NamedTuple, cast

from speeko_jobs.adapters import catalog
from speeko_jobs.adapters.catalog import BadRow, ReadOptions, Row, Table
from speeko_jobs.adapters.postgres.plan_loading import Item
from speeko_jobs.core.catalog import column_mapping
from speeko_jobs.core.catalog.column_mapping import Columns
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.job.row_reader import NoText, Refusal, RowReader, SpokenRow
from speeko_jobs.core.output.formatting import count
from speeko_jobs.core.output.redaction import without_secrets
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.core.reporting.manifest import FAILED_COLUMNS
from speeko_jobs.core.text import markup
from speeko_jobs.core.text.pipeline import Wording
from speeko_jobs.core.text.text_rules import rules_of
from speeko_jobs.core.voices.availability import VoiceOffer
from speeko_jobs.errors import CatalogError, NoTextError
from speeko_jobs.flow.planning.reading_notes import ReadingNotes
from speeko_jobs.flow.planning.text_rule_changes import BatchSource

BATCH_ROWS = 4_096
SHOWN_REFUSALS = 10
MARKUP_ROWS = 500  # looked at for markup
SHOWN_ID_CHARS = 80


@dataclass(frozen=True)
class CatalogOptions:
    """Say how to read a catalog: where it is, which columns, and what to do with rows that do not fit."""

    sources: tuple[str, ...]
    read: ReadOptions = field(default_factory=ReadOptions)
    id: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    voice_column: str = ""
    language_column: str = ""
    on_duplicate_id: str = "error"
    strict: bool = False


class Batch(NamedTuple):
    """Hold some rows of one table: those that can be spoken, those that cannot as items of the job, and the
    numbers of those without text. `source`: their cells, to be read again under other text rules."""

    rows: list[SpokenRow]
    refused: list[Item]
    left_out: Sequence[int] = ()
    source: BatchSource | None = None


def open_row_reader(
    spec: JobSpec, options: CatalogOptions, wording: Wording, table: Table, offer: VoiceOffer | None = None
) -> tuple[Columns, RowReader]:
    """Return a table's columns and the reader of its rows. Raises CatalogError that names the table."""
    try:
        columns = column_mapping.choose(
            table.header,
            table.has_header,
            catalog.sample(table),
            id=options.id,
            text=options.text,
            voice=options.voice_column,
            language=options.language_column,
            spoken_language=spec.language,
        )
        return columns, RowReader(spec, table.header, columns, wording, offer)
    except CatalogError as error:
        raise CatalogError(f"{table.name}: {error}") from None


class TextlessRows:
    """Count the rows of one table that lack text though their id is not that of a row beside them.

    Shops repeat an id for each further picture or variant of a product: such rows lack text on purpose.
    """

    def __init__(self) -> None:
        self._lacking, self._last_id = 0, ""

    def add(self, rows: Sequence[SpokenRow], without: Collection[str]) -> None:
        """Add a batch: its rows with text, and the ids of those without."""
        if without:
            known = {row.id for row in rows} | {self._last_id}
            self._lacking += sum(1 for each in without if each not in known)
        if rows:
            self._last_id = rows[-1].id

    def check(self, table: Table, columns: Columns, rows: int) -> None:
        """Raise NoTextError where most of the table's rows lack text in the column that was guessed."""
        if self._lacking * 2 > rows:
            raise NoTextError(
                f"{table.name}: {self._lacking:,} of {count(rows, 'row')} have no text in"
                f" {columns.shown_text}, a column that was guessed: nothing was started; choose the column"
                " with --text"
            )


class CatalogReader:
    """Read all tables of one catalog, once and in order.

    `files` names the tables with their first row; `is_rerun`: every table read so far is a failed.csv.
    `notes`: which columns were guessed. `left_out`: rows without text, which are neither items nor failures.
    """

    def __init__(self, spec: JobSpec, options: CatalogOptions, wording: Wording, offer: VoiceOffer) -> None:
        self.rows = self.refused = self.left_out = 0
        self.files: list[dict[str, Any]] = []
        self.notes: list[str] = []
        self.is_rerun = True
        self.reasons: Counter[str] = Counter()
        self.first_refusals: list[str] = []
        self._spec, self._options, self._wording, self._offer = spec, options, wording, offer

    @property
    def name(self) -> str:
        """Name the catalog in a message: its file, or how many files it has."""
        return self.files[0]["name"] if len(self.files) == 1 else f"{len(self.files)} files"

    def batches(self) -> Generator[Batch]:
        """Yield all rows. Raises CatalogError where there are none, and with `strict` for a refused one;
        NoTextError where no row has text, or most lack it in a guessed column."""
        for table in catalog.open_catalog(self._options.sources, self._options.read):
            try:
                yield from self._batches(table)
            finally:
                table.close()
        if not self.rows:
            names = ", ".join(map(without_secrets, self._options.sources))
            raise CatalogError(f"{names}: there are no rows")
        if self.left_out == self.rows:
            raise NoTextError(
                f"{self.name}: none of the {count(self.rows, 'row')} has text: nothing was started; choose"
                " another column with --text"
            )

    def ids(self, rows: Collection[int]) -> dict[int, str]:
        """Read the catalog once more for the ids of some rows; {} where it can be read only once."""
        if "-" in self._options.sources:
            return {}
        out, row_no = dict[int, str](), 0
        for table in catalog.open_catalog(self._options.sources, self._options.read):
            _, reader = self._open(table)
            for raw in table.rows:
                row_no += 1
                if row_no in rows and not isinstance(raw, BadRow):
                    out[row_no] = printable(reader.read(row_no, raw).id)[:SHOWN_ID_CHARS]
                    if len(out) == len(rows):
                        table.close()
                        return out
            table.close()
        return out

    def _open(self, table: Table) -> tuple[Columns, RowReader]:
        return open_row_reader(self._spec, self._options, self._wording, table, self._offer)

    def _batches(self, table: Table) -> Iterator[Batch]:
        columns, reader = self._open(table)

        @cache
        def reader_of(version: int) -> RowReader:
            wording = replace(self._wording, rules=rules_of(version))
            return RowReader(self._spec, table.header, columns, wording, self._offer)

        if columns.guessed:
            self.notes.append(f"{table.name}: {columns.guessed}")
        self.is_rerun &= tuple(table.header) == FAILED_COLUMNS
        first, counted, seen = self.rows, TextlessRows(), ReadingNotes(self._spec, table, columns)
        self.files.append({"name": table.name, "first_row": first + 1})
        rows = iter(table.rows)
        while some := list(islice(rows, BATCH_ROWS)):
            if self.rows == first and self._spec.markup == markup.NONE:
                self._suggest_markup(table, columns, some)
            ids = dict[int, str]()
            batch = self._read(table, reader, some, self.rows - first, ids)
            counted.add(batch.rows, ids.values())
            seen.add(self.rows + 1, some, batch.rows)
            batch = batch._replace(source=BatchSource(reader_of, self.rows + 1, some))
            self.rows += len(some)
            self.left_out += len(ids)
            yield batch
        if columns.is_text_guessed and not columns.has_variants and tuple(table.header) != FAILED_COLUMNS:
            counted.check(table, columns, self.rows - first)
        self.notes += [*(f"{table.name}: {note}" for note in table.all_notes()), *seen.lines()]

    def _suggest_markup(self, table: Table, columns: Columns, some: list[Row]) -> None:
        """Note where many of the first texts seem to hold markup that would be spoken."""
        rows = [row for row in some[:MARKUP_ROWS] if not isinstance(row, BadRow)]
        if found := markup.suggestion(row[at] for row in rows for at in columns.text if at < len(row)):
            self.notes.append(f"{table.name}: {found}")

    def _read(
        self, table: Table, reader: RowReader, some: list[Row], before: int, left_out: dict[int, str]
    ) -> Batch:
        """Return these rows as read. `before`: the table's rows before them. `left_out` gets the ids of those
        without text, by number."""
        first, refused = self.rows + 1, list[Item]()

        def refuse(row_no: int, refusal: Refusal) -> None:
            if isinstance(refusal, NoText):
                left_out[row_no] = refusal.row_id
            else:
                refused.append(self._refuse(table, row_no, row_no - first + 1 + before, refusal))

        if BadRow not in map(type, some):
            rows = reader.read_many(first, cast("list[Sequence[str]]", some), refuse)
            return Batch(rows, refused, sorted(left_out))
        rows = []
        for row_no, raw in enumerate(some, first):
            if isinstance(raw, BadRow):
                refuse(row_no, Refusal(raw.reason, str(row_no), raw.raw))
            else:
                rows += reader.read_many(row_no, [raw], refuse)
        return Batch(rows, refused, sorted(left_out))

    def _refuse(self, table: Table, row_no: int, file_row: int, refusal: Refusal) -> Item:
        """Count a refused row and return it as an item without keys."""
        reason = printable(refusal.reason)
        where = f"{table.name}, row {file_row}"
        if self._options.strict:
            raise CatalogError(f"{where}: {reason} (--strict: nothing was started)")
        self.refused += 1
        self.reasons[reason] += 1
        if len(self.first_refusals) < SHOWN_REFUSALS:
            self.first_refusals.append(f"{where}: {reason}")
        row_id, source = _storable(refusal.row_id), _storable(refusal.source)
        voice, language = _storable(refusal.voice) or None, _storable(refusal.language) or None
        voice = None if voice == self._spec.voice else voice
        kept = refusal.kept.stored()
        kept = None if kept is None else _storable(kept)
        return Item(row_no, row_id, None, voice, language, 0, (), error=reason, source=source, change=kept)


def _storable(text: str) -> str:
    """Return what Postgres can hold: no NUL, no lone surrogate."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
