"""Plan a catalog: read it in one stream, price it exactly, and (for a job) load it into Postgres.

`estimate` and `submit` run the same code; `submit` also writes rows, and nothing of them runs before the
release at the very end. Memory is flat: what must be known over the whole catalog (which keys and names
repeat) goes through `adapters.external_dedupe`.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import threading
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import islice
from typing import Any, cast

from speeko_jobs.adapters import catalog, failpoints
from speeko_jobs.adapters.catalog import BadRow, ReadOptions, Row, Table
from speeko_jobs.adapters.external_dedupe import ExternalDedupe
from speeko_jobs.adapters.postgres import jobs, plan_loading
from speeko_jobs.adapters.postgres.plan_loading import Item, Text
from speeko_jobs.core.catalog import column_mapping as core_columns
from speeko_jobs.core.catalog import file_names
from speeko_jobs.core.catalog.change_detection import ADDED, SourceFacts
from speeko_jobs.core.catalog.column_mapping import Columns
from speeko_jobs.core.job.chunking import settled_after
from speeko_jobs.core.job.format_reuse import Spoken
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.job.plan_summary import Plan
from speeko_jobs.core.job.row_reader import Refusal, RowReader, SpokenRow, content_of
from speeko_jobs.core.output.redaction import without_secrets
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.core.policies.failure_grouping import grouped
from speeko_jobs.core.providers.profiles import Prices
from speeko_jobs.core.reporting.manifest import FAILED_COLUMNS
from speeko_jobs.core.text.pipeline import Wording
from speeko_jobs.core.voices.availability import VoiceOffer
from speeko_jobs.errors import CatalogError, SpeekoError
from speeko_jobs.flow.cache import missing_audio as gone
from speeko_jobs.flow.cache.format_reuse import Reuse
from speeko_jobs.flow.cache.missing_audio import KeySample, MissingAudio
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.delivery.manifest_parts import UnchangedRows
from speeko_jobs.flow.planning.destination_diff import IN_CATALOG, Comparison, Held
from speeko_jobs.flow.planning.lexicon_loading import wording_of
from speeko_jobs.flow.planning.overwrite_protection import OverwriteCheck, has_reports
from speeko_jobs.flow.planning.voice_availability import offer_of, require_offered

BATCH_ROWS = 4_096
PENDING_BATCHES = 2  # read ahead while the last batches are looked up and written
REMEMBERED_KEYS = 100_000  # keys looked up lately: catalogs repeat themselves
SHOWN_REFUSALS = 10
SHOWN_DUPLICATES = 3
ALIVE_SECONDS = 20.0
NEW_NAME = 1 << 40
NO_CHANGE: tuple[None, None] = (None, None)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CatalogOptions:
    """How to read a catalog: where it is, which columns, and what to do with rows that do not fit."""

    sources: tuple[str, ...]
    read: ReadOptions = field(default_factory=ReadOptions)
    id: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    voice_column: str = ""
    language_column: str = ""
    on_duplicate_id: str = "error"
    strict: bool = False


class _Rank(IntEnum):
    """What a row wants of a text, and of many rows the most: nothing; audio that is there; audio that is
    there in another format; another job's; a call."""

    HELD = 0
    THERE = 1
    REUSED = 2
    IN_FLIGHT = 3
    TO_BUY = 4


@dataclass(frozen=True)
class Loaded:
    """What `load` found: the plan, the files with their first row, and the rows left out by rule."""

    plan: Plan
    files: list[dict[str, Any]]
    skipped: list[int]
    renamed: dict[int, str]
    unchanged: UnchangedRows | None = None  # rows that are in the manifest already
    removed: list[str] = field(default_factory=list)  # paths that left the catalog
    gone: MissingAudio | None = None  # known texts whose audio is gone from the store


OnChange = Callable[[SpokenRow, str], None]


def estimate(
    context: Context,
    spec: JobSpec,
    orders: CatalogOptions,
    destination: int | None = None,
    on_change: OnChange | None = None,
) -> Loaded:
    """The exact plan; writes nothing. With a `destination`: against what it holds; `on_change` gets each
    row that would be delivered, and why."""
    with _rare_collections(), _Planner(context, spec, orders, None, destination, on_change) as planner:
        return planner.run()


def load(context: Context, spec: JobSpec, orders: CatalogOptions, job: int, destination: int) -> Loaded:
    """The exact plan, and the catalog's rows as items of `job`, which does not run yet."""
    with _rare_collections(), _Planner(context, spec, orders, job, destination) as planner:
        return planner.run()


def opened(
    spec: JobSpec, orders: CatalogOptions, wording: Wording, table: Table, offer: VoiceOffer | None = None
) -> tuple[Columns, RowReader]:
    """A table's columns and what reads its rows. Raises CatalogError that names the table."""
    try:
        columns = core_columns.choose(
            table.header,
            table.has_header,
            catalog.sample(table),
            id=orders.id,
            text=orders.text,
            voice=orders.voice_column,
            language=orders.language_column,
        )
        return columns, RowReader(spec, table.header, columns, wording, offer)
    except CatalogError as error:
        raise CatalogError(f"{table.name}: {error}") from None


@contextlib.contextmanager
def _rare_collections() -> Iterator[None]:
    """Rows come and go by the million and make no cycles: looking for some took a third of the time."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


class _Planner:
    def __init__(
        self,
        context: Context,
        spec: JobSpec,
        orders: CatalogOptions,
        job: int | None,
        destination: int | None,
        on_change: OnChange | None = None,
    ) -> None:
        self.context, self.spec, self.orders, self.job = context, spec, orders, job
        self.on_change, self.destination = on_change, destination
        self.profile, self.rendering = spec.profile, spec.rendering
        self.plan = Plan()
        self.offer = offer_of(context, spec)
        require_offered(self.offer, spec)
        self.wording, left_out = wording_of(spec)
        self.plan.notes += left_out
        if spec.routing is not None:
            self.plan.notes += spec.routing.notes(spec.language)
        self.files: list[dict[str, Any]] = []
        self.keys, self.names = (
            ExternalDedupe(2),
            ExternalDedupe(),
        )  # a record a row and key: its characters and cost
        self.costs = Prices(self.profile, spec.model)
        self.remembered: dict[bytes, _Rank] = {}
        self.reuse = Reuse(context, spec)
        self.stand_ins: dict[bytes, bytes] = {}  # of those remembered: the keys that serve in their place
        self.gone: MissingAudio | None = None
        self.sample = KeySample()  # of the keys that are taken for known
        self.comparison = None
        if destination is not None:
            may_skip = orders.on_duplicate_id in ("first", "last")
            is_folder = not spec.deliver or context.destination_of(spec).is_folder
            self.comparison = Comparison(
                context.database, spec, destination, may_skip=may_skip, is_folder=is_folder
            )
        self.occupied: OverwriteCheck | None = None
        if job is not None and spec.deliver:
            output = context.destination_of(spec)
            self.occupied = OverwriteCheck(output, orders.sources, overwrite=spec.overwrite)
        self.unchanged: UnchangedRows | None = None
        self.unchanged_after = settled_after(context.settings.chunk_rows)
        # where rows may be left out or renamed at the end, no line is written before
        if job is not None and orders.on_duplicate_id == "error":
            store = context.store_of(spec.store)
            self.unchanged = UnchangedRows(store, job, context.settings.chunk_rows, self.costs, spec)
        self.reasons: Counter[str] = Counter()
        self.is_rerun = True  # all that is read are files of rows that failed
        self.rows = 0
        self.done = threading.Event()
        self.writer = ThreadPoolExecutor(1, "plan-writer")
        self.pending: list[Future[None]] = []

    def __enter__(self) -> _Planner:
        if self.job is not None:
            threading.Thread(target=self._say_alive, name="plan-alive", daemon=True).start()
        return self

    def _say_alive(self) -> None:
        """Keep the sweeper from taking a slow source for a dead submitter."""
        job = self.job
        assert job is not None
        while not self.done.wait(ALIVE_SECONDS):
            try:
                self.context.database.run(lambda t: jobs.still_planning(t, job))
            except SpeekoError as error:
                log.warning("%s", error)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.gone is not None and (self.job is None or kind is not None):
            self.gone.close()  # else it is the submitter's
        self.done.set()
        self.writer.shutdown(cancel_futures=True)
        self.keys.close()
        self.names.close()

    def run(self) -> Loaded:
        for table in catalog.open_catalog(self.orders.sources, self.orders.read):
            try:
                self._table(table)
            finally:
                table.close()
        while self.pending:
            self.pending.pop(0).result()
        if not self.rows:
            raise CatalogError(f"{', '.join(map(without_secrets, self.orders.sources))}: there are no rows")
        skipped, renamed = self._settle_names()
        if self.occupied is not None:
            self.occupied.look(self._undelivered(list(renamed.values())))
            self.occupied.look_at_reports(self._has_reports())
            self.occupied.check()
        self._price(skipped)
        self.gone = self._gone(skipped)
        if self.unchanged is not None:
            self.unchanged.close(self.rows)
        removed: list[str] = []
        self.plan.changes = {ADDED: self.plan.rows - self.plan.refused}
        if self.comparison is not None:
            if not self._merges():
                removed = list(self.comparison.removed(self.names, _name_hashes))
            self.plan.changes, self.plan.removed = self.comparison.changes(skipped), len(removed)
        return Loaded(self.plan, self.files, sorted(skipped), renamed, self.unchanged, removed, self.gone)

    def _merges(self) -> bool:
        """Whether the catalog is a part of one, so that nothing else has left it. Raises CatalogError where
        the rest was to be deleted."""
        if self.is_rerun and self.spec.prune:
            raise CatalogError(
                f"{self._name_of_file()}: these are rows that failed, a part of a catalog, and --prune would"
                " delete the rest: nothing was started; leave it away"
            )
        self.plan.merges = self.spec.deliver and (self.spec.merge or self.is_rerun)
        if self.plan.merges and self.is_rerun:
            self.plan.notes.append("rows that failed: they are merged into the manifest of the output")
        return self.plan.merges

    def _undelivered(self, paths: list[str]) -> list[str]:
        """Those of these paths at which the destination holds nothing that a job delivered."""
        if self.destination is None or not paths:
            return paths
        known = plan_loading.facts(self.context.database, self.destination, paths)
        return [path for path in paths if path not in known]

    def _has_reports(self) -> bool:
        return self.destination is not None and has_reports(self.context, self.destination)

    # reading

    def _table(self, table: Table) -> None:
        choice, reader = opened(self.spec, self.orders, self.wording, table, self.offer)
        if choice.guessed:
            self.plan.notes.append(f"{table.name}: {choice.guessed}")
        self.is_rerun &= tuple(table.header) == FAILED_COLUMNS
        first = self.rows
        self.files.append({"name": table.name, "first_row": first + 1})
        rows = iter(table.rows)
        while batch := list(islice(rows, BATCH_ROWS)):
            self._pass_batch(*self._read(table, reader, batch, self.rows - first))
            self.rows += len(batch)

    def _read(
        self, table: Table, reader: RowReader, batch: list[Row], before: int
    ) -> tuple[list[SpokenRow], list[Item]]:
        """The rows that can be spoken, and those that cannot. `before`: the file's rows before these."""
        first, wrong = self.rows + 1, list[Item]()

        def refused(row_no: int, refusal: Refusal) -> None:
            wrong.append(self._refused(table, row_no, row_no - first + 1 + before, refusal))

        if BadRow not in map(type, batch):
            return reader.read_many(first, cast("list[Sequence[str]]", batch), refused), wrong
        reads = []
        for row_no, raw in enumerate(batch, first):
            if isinstance(raw, BadRow):
                refused(row_no, Refusal(raw.reason, str(row_no), raw.raw))
            else:
                reads += reader.read_many(row_no, [raw], refused)
        return reads, wrong

    def _refused(self, table: Table, row_no: int, file_row: int, refusal: Refusal) -> Item:
        reason = printable(refusal.reason)
        where = f"{table.name}, row {file_row}"
        if self.orders.strict:
            raise CatalogError(f"{where}: {reason} (--strict: nothing was started)")
        self.plan.refused += 1
        self.reasons[reason] += 1
        if len(self.plan.first_refusals) < SHOWN_REFUSALS:
            self.plan.first_refusals.append(f"{where}: {reason}")
        row_id, source = _storable(refusal.row_id), _storable(refusal.source)
        voice, language = _storable(refusal.voice) or None, _storable(refusal.language) or None
        voice = None if voice == self.spec.voice else voice
        kept = refusal.kept.stored()
        kept = None if kept is None else _storable(kept)
        return Item(row_no, row_id, None, voice, language, 0, (), error=reason, source=source, change=kept)

    # looking up and writing, in one thread beside the reader

    def _pass_batch(self, reads: list[SpokenRow], refused: list[Item]) -> None:
        self.pending.append(self.writer.submit(self._batch, reads, refused))
        if len(self.pending) > PENDING_BATCHES:
            self.pending.pop(0).result()

    def _batch(self, reads: list[SpokenRow], refused: list[Item]) -> None:
        held, changed = self.comparison.look(reads) if self.comparison is not None else ({}, {})
        if self.occupied is not None:
            self.occupied.look([reads[at].path for at, (kind, _) in changed.items() if kind == ADDED])
        wanted = {
            key: (text, read)
            for at, read in enumerate(reads)
            if at not in held
            for key, text in zip(read.keys, read.texts, strict=True)
        }
        ranks = self._ranks(wanted)
        self.sample.add([key for key in wanted if key not in ranks])
        self._count(reads, held, ranks)
        if self.on_change is not None:
            for at, (kind, _) in changed.items():
                self.on_change(reads[at], kind)
        if self.job is not None:
            texts = [self._text(key, *wanted[key]) for key, rank in ranks.items() if rank >= _Rank.IN_FLIGHT]
            self._write(self._items(reads, held, changed) + refused, texts)

    def _text(self, key: bytes, text: str, read: SpokenRow) -> Text:
        chars = self.profile.billable_chars(text)
        return Text(key, text, read.voice, read.language, chars, self.costs[read.voice, chars])

    def _ranks(self, wanted: Mapping[bytes, tuple[str, SpokenRow]]) -> dict[bytes, _Rank]:
        """What is to be done for these keys: those whose audio is there may be left out."""
        if len(self.remembered) > REMEMBERED_KEYS:
            self.remembered.clear()
            self.stand_ins.clear()
        out = {key: self.remembered[key] for key in wanted if key in self.remembered}
        # not Redis: it may hold what this database never had, or has no more
        ask = plan_loading.not_done(self.context.database, [key for key in wanted if key not in out])
        known = plan_loading.known(self.context.database, ask)
        for key in ask:
            found = known.get(key)
            if found is None or found.record is None:  # else it came just now
                in_flight = found is not None and found.in_flight
                out[key] = self.remembered[key] = _Rank.IN_FLIGHT if in_flight else _Rank.TO_BUY
        if self.reuse.is_possible:
            to_buy = [key for key in ask if out.get(key) is _Rank.TO_BUY]
            served = self.reuse.find({key: _spoken(*wanted[key]) for key in to_buy})
            self.stand_ins |= served
            reused = dict.fromkeys(served, _Rank.REUSED)
            self.remembered |= reused
            out |= reused
        return out

    def _count(self, reads: list[SpokenRow], held: Container[int], ranks: Mapping[bytes, _Rank]) -> None:
        keys = [key for read in reads for key in read.keys]
        rows = [read.row_no for read in reads for _ in read.keys]
        billable, costs = self.profile.billable_chars, self.costs
        chars = [billable(text) for read in reads for text in read.texts]
        voices = [read.voice for read in reads for _ in read.keys]
        prices = [costs[each] for each in zip(voices, chars, strict=True)]
        there, nothing, rank_of = int(_Rank.THERE), int(_Rank.HELD), ranks.get
        found: Sequence[int] | int = there
        if ranks or held:
            found = [
                nothing if at in held else rank_of(key, there)
                for at, read in enumerate(reads)
                for key in read.keys
            ]
        self.keys.add_many(keys, rows, found, chars, prices)
        if self.spec.routing is not None:
            default, routed = self.profile.default_voice, zip(chars, prices, strict=True)
            self.plan.routing_saved_micros += sum([costs[default, c] - price for c, price in routed])
        paths = [read.path for read in reads]
        self.names.add_many(_name_hashes(paths), [read.row_no for read in reads], IN_CATALOG)

    def _items(
        self, reads: list[SpokenRow], held: Held, changed: Mapping[int, tuple[str, SourceFacts]]
    ) -> list[Item]:
        """The rows as items of the job, but for unchanged ones that go straight into the manifest."""
        voice, language = self.spec.voice, self.spec.language
        places: Iterable[int] = range(len(reads))
        if self.unchanged is not None and held:
            late = {at: same for at, same in held.items() if reads[at].row_no > self.unchanged_after}
            self.unchanged.add((reads[at], late[at].bytes, late[at].millis) for at in sorted(late))
            places = [at for at in places if at not in late]
        out = []
        for at in places:
            row_no, row_id, path, own, tag, chars, keys, _, _ = reads[at]
            content = None
            if self.stand_ins and at not in held and not self.stand_ins.keys().isdisjoint(keys):
                content = content_of(keys, self.rendering)
                keys = tuple([self.stand_ins.get(key, key) for key in keys])
            own_or_none, tag_or_none = None if own == voice else own, None if tag == language else tag
            kind, facts = changed.get(at, NO_CHANGE)
            total = facts.source if facts is not None else None
            item = (row_no, row_id, path, own_or_none, tag_or_none, chars, keys, at in held, None, None)
            out.append(Item(*item, total, kind, content))
        return out

    def _write(self, items: list[Item], texts: list[Text]) -> None:
        if not items:
            return
        job = self.job
        assert job is not None

        def work(t: Any) -> None:
            plan_loading.add_texts(t, self.spec, texts)
            plan_loading.add_items(t, job, items)

        self.context.database.run(work)
        failpoints.point("after_batch")

    # what only the whole catalog tells

    def _settle_names(self) -> tuple[set[int], dict[int, str]]:
        """Rows left out and rows renamed, by the user's rule for names that repeat."""
        rule = self.orders.on_duplicate_id
        skipped: set[int] = set()
        later: dict[int, int] = {}
        first: list[list[int]] = []
        many = 0
        for rows in self.names.collisions():
            many += 1
            if rule == "first":
                skipped.update(rows[1:])
            elif rule == "last":
                skipped.update(rows[:-1])
            elif rule == "suffix":
                later.update({row: n for n, row in enumerate(rows[1:], start=2)})
            first = sorted([*first, rows])[:SHOWN_DUPLICATES]
        if many and rule == "error":
            raise CatalogError(self._duplicates(many, first))
        self.plan.skipped = len(skipped)
        return skipped, self._suffixed(later) if self.job is not None else {}

    def _suffixed(self, later: dict[int, int]) -> dict[int, str]:
        """A free name for each of these rows: "name-2" and so on, counting on where that is taken too."""
        if not later:
            return {}
        assert self.job is not None
        paths = plan_loading.paths(self.context.database, self.job, sorted(later))
        named = {row: file_names.with_suffix(paths[row], n) for row, n in later.items()}
        fresh, tries = dict(named), 0
        while fresh:
            # new names have row numbers past all rows, of each try past the last: groups tell them apart
            tries += 1
            offset = tries * NEW_NAME
            self.names.add_many(_name_hashes(list(fresh.values())), [r + offset for r in fresh], IN_CATALOG)
            taken = {r - offset for rows in self.names.collisions() for r in rows[1:] if r >= offset}
            for row in taken:
                later[row] += 1
            fresh = {row: file_names.with_suffix(paths[row], later[row]) for row in taken}
            named.update(fresh)
        return named

    def _duplicates(self, many: int, first: list[list[int]]) -> str:
        ids = self._ids({row for rows in first for row in rows[:1]})
        shown = "; ".join(
            (f"{ids[rows[0]]!r} in " if rows[0] in ids else "") + "rows " + ", ".join(map(str, rows[:3]))
            for rows in first
        )
        return (
            f"{self._name_of_file()}: {many:,} ids or file names occur more than once ({shown}): "
            "choose another --id or --name, or --on-duplicate-id suffix, first or last"
        )

    def _ids(self, rows: set[int]) -> dict[int, str]:
        """The ids of some rows, by reading the catalog once more; empty where it can be read only once."""
        if "-" in self.orders.sources:
            return {}
        out, row_no = {}, 0
        for table in catalog.open_catalog(self.orders.sources, self.orders.read):
            _, reader = opened(self.spec, self.orders, self.wording, table, self.offer)
            for raw in table.rows:
                row_no += 1
                if row_no in rows and not isinstance(raw, BadRow):
                    out[row_no] = printable(reader.read(row_no, raw).id)[:80]
                    if len(out) == len(rows):
                        table.close()
                        return out
            table.close()
        return out

    def _name_of_file(self) -> str:
        return self.files[0]["name"] if len(self.files) == 1 else f"{len(self.files)} files"

    def _price(self, skipped: set[int]) -> None:
        plan, totals = self.plan, self.keys.totals(skipped)
        plan.rows = self.rows - len(skipped)
        plan.chars, plan.list_micros = totals.sums
        nothing = (0, 0, 0)
        plan.to_buy, plan.billed_chars, plan.cost_micros = totals.ranks.get(_Rank.TO_BUY, nothing)
        plan.in_flight, _, plan.in_flight_micros = totals.ranks.get(_Rank.IN_FLIGHT, nothing)
        plan.unique_texts = totals.distinct
        plan.duplicates = totals.records - totals.distinct
        plan.cached = totals.distinct - plan.to_buy - plan.in_flight
        plan.reused = totals.ranks.get(_Rank.REUSED, nothing)[0]
        plan.calls = plan.to_buy
        plan.refusals = dict(grouped(self.reasons.items(), 10))

    def _gone(self, skipped: set[int]) -> MissingAudio | None:
        """Look for the audio of known texts; what is gone is bought again, and the plan pays for it."""
        known = self.keys.hashes_of_rank(_Rank.THERE, skipped)
        lost = gone.look(self.context, self.spec.store, self.sample, known)
        if lost is None:
            return None
        plan = self.plan
        plan.gone, plan.gone_micros = lost.texts, lost.micros
        plan.cached -= lost.texts
        plan.to_buy += lost.texts
        plan.calls += lost.texts
        plan.billed_chars += lost.chars
        plan.cost_micros += lost.micros
        plan.notes += [text for text in (lost.suspicion, lost.words) if text]
        return lost


def _name_hashes(paths: list[str]) -> tuple[list[int], list[int]]:
    """Equal for two paths that some file system takes for one; only in this process.

    Python's own hash is a keyed SipHash of 64 bits; of the name with a character more it is another.
    """
    names = [path.lower() if path.isascii() else file_names.fold(path) for path in paths]
    return [hash(name) for name in names], [hash(name + "/") for name in names]


def _spoken(text: str, read: SpokenRow) -> Spoken:
    return Spoken(text, read.voice, read.language)


def _storable(text: str) -> str:
    """What Postgres can hold: no NUL, no lone surrogate."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
