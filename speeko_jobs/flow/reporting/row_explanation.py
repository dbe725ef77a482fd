"""Explain one row: what a job would say for it, with which voice, and where its audio would come from.

Reads the catalog up to that row, twice where it can be read twice: the second time for earlier rows that
buy the same text or have the same name. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from speeko_jobs.adapters import catalog
from speeko_jobs.adapters.catalog import BadRow, Row, Table
from speeko_jobs.adapters.postgres import deliveries, destination_lookup, plan_loading
from speeko_jobs.core.catalog import file_names
from speeko_jobs.core.catalog.change_detection import is_unchanged
from speeko_jobs.core.catalog.column_mapping import Columns
from speeko_jobs.core.catalog.file_names import MARK
from speeko_jobs.core.job.convertible_formats import Spoken
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.job.row_reader import NoText, Refusal, RowReader, SpokenRow, content_of
from speeko_jobs.core.model.speech import Record
from speeko_jobs.core.model.states import UtteranceState
from speeko_jobs.core.output.redaction import without_secrets
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.core.reporting.explained_row import AudioOrigin, Explained, ExplainedPart
from speeko_jobs.core.text.pipeline import Wording
from speeko_jobs.core.voices import rules
from speeko_jobs.core.voices.availability import VoiceOffer
from speeko_jobs.core.voices.voice_catalog import AUTO
from speeko_jobs.errors import CatalogError, StoreError, UsageError
from speeko_jobs.flow.cache.format_reuse import Reuse
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.planning.catalog_reader import BATCH_ROWS, CatalogOptions, open_row_reader
from speeko_jobs.flow.planning.lexicon_loading import wording_of
from speeko_jobs.flow.planning.voice_availability import offer_of


def explain(
    context: Context, spec: JobSpec, orders: CatalogOptions, *, row: int = 0, row_id: str = ""
) -> Explained:
    """The row of that number (from 1, over all files), or the first of that id.

    Raises CatalogError where there is no such row; a row that cannot be spoken is explained, too.
    """
    if (row < 1) == (not row_id):
        raise UsageError("give the number of a row, from 1, or a row's id")
    wording, notes = wording_of(spec)
    offer = offer_of(context, spec)
    found = _find(spec, orders, wording, row, row_id, offer)
    notes += [f"{found.table.name}: {found.columns.guessed}"] if found.columns.guessed else []
    notes += [f"{found.table.name}: {note}" for note in found.table.notes]
    where = Explained(found.table.name, found.file_row, found.row_no, str(found.row_no), "")
    if isinstance(found.raw, BadRow):
        return replace(where, source=found.raw.raw, refused=printable(found.raw.reason), notes=tuple(notes))
    cells = found.raw
    row_id, source = found.reader.source(found.row_no, cells)
    steps = tuple(found.reader.steps(cells))
    where = replace(where, id=row_id, source=source, steps=steps, notes=tuple(notes))
    try:
        read = found.reader.read(found.row_no, cells)
    except NoText:
        return replace(where, is_left_out=True)
    except Refusal as refusal:
        return replace(where, refused=printable(str(refusal)))
    earlier = _Earlier(spec, orders, wording, read, offer)
    if spec.routing is not None:
        notes += spec.routing.notes(read.language)
    looked = _LookedUp(context, spec, read)
    parts = _parts(spec, read, earlier, looked)
    return replace(
        where,
        voice=read.voice,
        voice_why=_voice_why(spec, found, cells),
        language=read.language,
        language_why=_language_why(spec, found, cells),
        path=read.path,
        rendering=_rendering(spec, read),
        parts=parts,
        notes=(*notes, *looked.notes, *earlier.notes(orders.on_duplicate_id)),
    )


@dataclass(frozen=True)
class _Found:
    """A row where it stands."""

    table: Table
    columns: Columns
    reader: RowReader
    raw: Row
    row_no: int
    file_row: int


def _find(
    spec: JobSpec, orders: CatalogOptions, wording: Wording, row: int, row_id: str, offer: VoiceOffer
) -> _Found:
    row_no = 0
    for table in catalog.open_catalog(orders.sources, orders.read):
        columns, reader = open_row_reader(spec, orders, wording, table, offer)
        for file_row, raw in enumerate(table.rows, 1):
            row_no += 1
            if row:
                is_it = row_no == row
            else:
                is_it = not isinstance(raw, BadRow) and reader.source(row_no, raw)[0] == row_id
            if is_it:
                table.close()
                return _Found(table, columns, reader, raw, row_no, file_row)
    names = ", ".join(map(without_secrets, orders.sources))
    wanted = f"number {row:,}" if row else f"with the id {row_id[:80]!r}"
    raise CatalogError(f"{names}: there is no row {wanted} among {row_no:,}")


class _Earlier:
    """The rows before this one, as far as they matter to it."""

    def __init__(
        self, spec: JobSpec, orders: CatalogOptions, wording: Wording, read: SpokenRow, offer: VoiceOffer
    ) -> None:
        self.rows: dict[bytes, int] = {}  # key → the first row that has it
        self._named_alike = 0
        if "-" in orders.sources:
            return
        wanted, name, first = set(read.keys), file_names.fold(read.path), 1
        for table in catalog.open_catalog(orders.sources, orders.read):
            reader = open_row_reader(spec, orders, wording, table, offer)[1]
            rows = iter(table.rows)
            while batch := list(islice(rows, min(BATCH_ROWS, read.row_no - first))):
                cells: list[Sequence[str]] = [() if isinstance(raw, BadRow) else raw for raw in batch]
                for other in reader.read_many(first, cells, lambda _, __: None):
                    for key in wanted.intersection(other.keys):
                        self.rows.setdefault(key, other.row_no)
                    if not self._named_alike and file_names.fold(other.path) == name:
                        self._named_alike = other.row_no
                first += len(batch)
            if first >= read.row_no:
                table.close()
                return

    def notes(self, on_duplicate_id: str) -> list[str]:
        if not self._named_alike:
            return []
        what = {
            "error": "the job is refused",
            "suffix": "this file gets a number",
            "first": "this row is left out",
            "last": f"row {self._named_alike:,} is left out",
        }[on_duplicate_id]
        return [f"row {self._named_alike:,} has the same file name: {what} (--on-duplicate-id)"]


class _LookedUp:
    """What is known of a row's keys, and whether the destination has its file."""

    def __init__(self, context: Context, spec: JobSpec, read: SpokenRow) -> None:
        self.notes: list[str] = []
        self._context, self._spec = context, spec
        keys = list(dict.fromkeys(read.keys))
        self.is_unchanged = self._holds(read)
        self._cached = context.cache.get_many(keys)
        self._known = plan_loading.known(context.database, [key for key in keys if key not in self._cached])
        failed = [key for key, known in self._known.items() if known.state is UtteranceState.FAILED]
        self._ends = deliveries.settled(context.database, failed) if failed else {}
        self._there = self._stored(keys)
        self._reused = self._converted(read)

    def origin(self, key: bytes) -> tuple[AudioOrigin, str]:
        """Where a key's audio would come from, and why what is known of it will not do."""
        if self.is_unchanged:
            return AudioOrigin.UNCHANGED, ""
        known = self._known.get(key)
        if self._record(key) is not None:
            if not self._there.get(key, True):
                return AudioOrigin.TO_BUY, "its audio is gone from the store"
            return (AudioOrigin.REDIS if key in self._cached else AudioOrigin.POSTGRES), ""
        if known is not None and known.in_flight:
            return AudioOrigin.IN_FLIGHT, ""
        if key in self._reused:
            return AudioOrigin.REUSED, self._reused[key]
        if key in self._ends:
            return AudioOrigin.TO_BUY, f"it failed before: {printable(self._ends[key].reason)}"
        return AudioOrigin.TO_BUY, ""

    def _converted(self, read: SpokenRow) -> dict[bytes, str]:
        """The formats that keys would be converted from."""
        wanted = {
            key: Spoken(text, read.voice, read.language)
            for key, text in zip(read.keys, read.texts, strict=True)
            if self._record(key) is None and not (key in self._known and self._known[key].in_flight)
        }
        found = Reuse(self._context, self._spec).find(wanted)
        sums = deliveries.sums(self._context.database, list(found.values()))
        return {key: sums[other].format for key, other in found.items() if other in sums}

    def _record(self, key: bytes) -> Record | None:
        known = self._known.get(key)
        return self._cached.get(key) or (known.record if known is not None else None)

    def _holds(self, read: SpokenRow) -> bool:
        """Whether the destination holds the row's file as the job would make it."""
        try:
            output = self._context.destination_of(self._spec)
            if output.size(MARK) is None:
                return False
            mark = output.get(MARK).decode("ascii", "replace").strip()[:64]
            held = destination_lookup.held(
                self._context.database, self._context.output_url(self._spec), mark, read.path
            )
            wanted = content_of(read.keys, self._spec.rendering)
            return is_unchanged(held, wanted) and output.size(read.path) is not None
        except StoreError as error:
            self.notes.append(f"the destination could not be looked at: {error}")
            return False

    def _stored(self, keys: Sequence[bytes]) -> dict[bytes, bool]:
        """Which of the keys that should have audio in the store do have it."""
        done = [key for key in keys if self._record(key) is not None]
        paths = [file_names.audio_path(key, self._spec.format) for key in done]
        try:
            sizes = self._context.store_of(self._spec.store).sizes(paths)
        except StoreError as error:
            self.notes.append(f"the audio store could not be looked at: {error}")
            return {}
        return {key: size is not None for key, size in zip(done, sizes, strict=True)}


def _parts(spec: JobSpec, read: SpokenRow, earlier: _Earlier, looked: _LookedUp) -> tuple[ExplainedPart, ...]:
    out: list[ExplainedPart] = []
    first: dict[bytes, int] = {}
    for number, (key, text) in enumerate(zip(read.keys, read.texts, strict=True), 1):
        chars = spec.profile.billable_chars(text)
        origin, detail = looked.origin(key)
        if origin is AudioOrigin.TO_BUY and (key in first or key in earlier.rows):
            origin = AudioOrigin.DUPLICATE
            detail = f"row {earlier.rows[key]:,}" if key in earlier.rows else f"segment {first[key]}"
        first.setdefault(key, number)
        out.append(
            ExplainedPart(key, text, chars, spec.profile.price(chars, spec.model, read.voice), origin, detail)
        )
    return tuple(out)


def _voice_why(spec: JobSpec, found: _Found, cells: Sequence[str]) -> str:
    """What gave the row its voice: its cell, a rule, the choice that was asked for, or the job."""
    routing, named = spec.routing, _cell(cells, found.columns.voice)
    why = f'column "{_name(found, found.columns.voice)}"' if named else ""
    if not named and routing is not None:
        for number, rule in enumerate(routing.rules, 1):
            named = rules.compiled([rule], found.table.header)(cells)
            if named:
                why = f"rule {number}"
                break
    is_auto = named == AUTO or (not named and routing is not None and routing.auto)
    if is_auto and routing is not None:
        asked = f"{AUTO}, {routing.request}".rstrip(", ")
        return f"{why}: {asked}" if why else asked
    return why or ("default" if spec.voice == spec.profile.default_voice else "--voice")


def _language_why(spec: JobSpec, found: _Found, cells: Sequence[str]) -> str:
    if not spec.profile.takes_language:
        return "the provider takes none: the voice decides"
    if _cell(cells, found.columns.language):
        return f'column "{_name(found, found.columns.language)}"'
    return "--language" if spec.language else "left to the voice"


def _rendering(spec: JobSpec, read: SpokenRow) -> str:
    """How the file is made, in a few words."""
    words = [f"{len(read.keys)} segments joined"] if len(read.keys) > 1 else []
    want = spec.delivered
    words += [f"{spec.format} converted to {want.format}"] if want.format != spec.format else []
    words += [f"levelled to {want.loudness_lufs:g} LUFS"] if want.loudness_lufs is not None else []
    return ", ".join(words)


def _cell(cells: Sequence[str], at: int | None) -> str:
    return cells[at].strip() if at is not None and at < len(cells) else ""


def _name(found: _Found, at: int | None) -> str:
    assert at is not None
    return found.table.header[at] if found.table.has_header else str(at + 1)
