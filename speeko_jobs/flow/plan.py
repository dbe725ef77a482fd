"""Plan a catalog: read it in one stream, price it exactly, and (for a job) load it into Postgres.

`estimate` and `submit` run the same code; `submit` also writes rows, and nothing of them runs before the
release at the very end. Memory is flat: what must be known over the whole catalog (which keys and names
repeat) goes through `adapters.spill`.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from speeko_jobs.adapters import corpus, crash
from speeko_jobs.adapters.corpus import BadRow, ReadOptions, Table
from speeko_jobs.adapters.postgres import jobs, plans
from speeko_jobs.adapters.postgres.plans import Item, Text
from speeko_jobs.adapters.spill import Distinct
from speeko_jobs.core import columns as core_columns
from speeko_jobs.core import naming
from speeko_jobs.core.columns import Columns
from speeko_jobs.core.inert import printable
from speeko_jobs.core.plan import Plan
from speeko_jobs.core.rows import Refusal, RowReader, content_of
from speeko_jobs.core.spec import JobSpec
from speeko_jobs.errors import CatalogError, SpeekoError
from speeko_jobs.flow.context import Context

BATCH_ROWS = 4_096
PENDING_BATCHES = 2  # read ahead while the last batches are looked up and written
REMEMBERED_KEYS = 100_000  # keys looked up lately: catalogs repeat themselves
SHOWN_REFUSALS = 10
SHOWN_DUPLICATES = 3
ALIVE_SECONDS = 20.0
NEW_NAME = 1 << 40
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Orders:
    """How to read a catalog: where it is, which columns, and what to do with rows that do not fit."""

    sources: tuple[str, ...]
    read: ReadOptions = field(default_factory=ReadOptions)
    id: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    voice_column: str = ""
    language_column: str = ""
    on_duplicate_id: str = "error"
    strict: bool = False


@dataclass(slots=True)
class _Row:
    """A row on its way: what was read, or why it was refused."""

    item: Item
    texts: Sequence[str]
    voice: str
    language: str


@dataclass(frozen=True)
class Loaded:
    """What `load` found: the plan, the files with their first row, and the rows left out by rule."""

    plan: Plan
    files: list[dict[str, Any]]
    skipped: list[int]
    renamed: dict[int, str]


def estimate(context: Context, spec: JobSpec, orders: Orders) -> Loaded:
    """The exact plan; writes nothing."""
    with _Planner(context, spec, orders, None) as planner:
        return planner.run()


def load(context: Context, spec: JobSpec, orders: Orders, job: int, destination: int) -> Loaded:
    """The exact plan, and the catalog's rows as items of `job`, which does not run yet."""
    with _Planner(context, spec, orders, (job, destination)) as planner:
        return planner.run()


class _Planner:
    def __init__(
        self, context: Context, spec: JobSpec, orders: Orders, target: tuple[int, int] | None
    ) -> None:
        self.context, self.spec, self.orders, self.target = context, spec, orders, target
        self.profile = spec.profile
        self.plan = Plan()
        self.files: list[dict[str, Any]] = []
        # a record a row and key: to buy, in flight, cost and characters of either; characters and cost of all
        self.keys, self.names = Distinct(7), Distinct()
        self.remembered: dict[bytes, bool] = {}
        self.reasons: Counter[str] = Counter()
        self.rows = 0
        self.done = threading.Event()
        self.writer = ThreadPoolExecutor(1, "plan-writer")
        self.pending: list[Future[None]] = []

    def __enter__(self) -> _Planner:
        if self.target is not None:
            threading.Thread(target=self._say_alive, name="plan-alive", daemon=True).start()
        return self

    def _say_alive(self) -> None:
        """Keep the sweeper from taking a slow source for a dead submitter."""
        assert self.target is not None
        job = self.target[0]
        while not self.done.wait(ALIVE_SECONDS):
            try:
                self.context.database.run(lambda t: jobs.still_planning(t, job))
            except SpeekoError as error:
                log.warning("%s", error)

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.writer.shutdown(cancel_futures=True)
        self.keys.close()
        self.names.close()

    def run(self) -> Loaded:
        for table in corpus.open_catalog(self.orders.sources, self.orders.read):
            try:
                self._table(table)
            finally:
                table.close()
        while self.pending:
            self.pending.pop(0).result()
        if not self.rows:
            raise CatalogError(f"{', '.join(map(corpus.shown, self.orders.sources))}: there are no rows")
        skipped, renamed = self._settle_names()
        self._price(skipped)
        return Loaded(self.plan, self.files, sorted(skipped), renamed)

    # reading

    def _table(self, table: Table) -> None:
        choice = self._choose(table)
        if choice.guessed:
            self.plan.notes.append(f"{table.name}: {choice.guessed}")
        first = self.rows
        self.files.append({"name": table.name, "first_row": first + 1})
        reader = RowReader(self.spec, table.header, choice)
        batch: list[_Row] = []
        for raw in table.rows:
            self.rows += 1
            batch.append(self._row(table, reader, raw, self.rows, self.rows - first))
            if len(batch) == BATCH_ROWS:
                self._hand_over(batch)
                batch = []
        self._hand_over(batch)

    def _choose(self, table: Table) -> Columns:
        orders = self.orders
        try:
            return core_columns.choose(
                table.header,
                table.has_header,
                corpus.sample(table),
                id=orders.id,
                text=orders.text,
                voice=orders.voice_column,
                language=orders.language_column,
            )
        except CatalogError as error:
            raise CatalogError(f"{table.name}: {error}") from None

    def _row(
        self,
        table: Table,
        reader: RowReader,
        raw: Sequence[str] | BadRow,
        row_no: int,
        file_row: int,
    ) -> _Row:
        if isinstance(raw, BadRow):
            return self._refused(table, row_no, file_row, str(row_no), raw.reason, raw.raw)
        try:
            read = reader.read(row_no, raw)
        except Refusal as refusal:
            return self._refused(table, row_no, file_row, refusal.row_id, refusal.reason, refusal.source)
        spec = self.spec
        item = Item(
            row_no,
            read.id,
            read.path,
            None if read.voice == spec.voice else read.voice,
            None if read.language == spec.language else read.language,
            read.chars,
            read.keys,
        )
        return _Row(item, read.texts, read.voice, read.language)

    def _refused(
        self, table: Table, row_no: int, file_row: int, row_id: str, reason: str, source: str
    ) -> _Row:
        reason = printable(reason)
        where = f"{table.name}, row {file_row}"
        if self.orders.strict:
            raise CatalogError(f"{where}: {reason} (--strict: nothing was started)")
        self.plan.refused += 1
        self.reasons[reason] += 1
        if len(self.plan.first_refusals) < SHOWN_REFUSALS:
            self.plan.first_refusals.append(f"{where}: {reason}")
        item = Item(
            row_no, _storable(row_id), None, None, None, 0, (), error=reason, source=_storable(source)
        )
        return _Row(item, (), "", "")

    # looking up and writing, in one thread beside the reader

    def _hand_over(self, batch: list[_Row]) -> None:
        if not batch:
            return
        self.pending.append(self.writer.submit(self._batch, batch))
        if len(self.pending) > PENDING_BATCHES:
            self.pending.pop(0).result()

    def _batch(self, batch: list[_Row]) -> None:
        price, spec = self.profile.price, self.spec
        wanted: dict[bytes, Text] = {}
        for row in batch:
            for key, text in zip(row.item.keys, row.texts, strict=True):
                if key not in wanted:
                    chars = self.profile.billable_chars(text)
                    cost = price(chars, spec.model, row.voice)
                    wanted[key] = Text(key, text, row.voice, row.language, chars, cost)
        to_buy = self._unknown(wanted)
        kept = self._kept(batch, to_buy)
        self._count(batch, wanted, to_buy, kept)
        if self.target is not None:
            self._write(batch, [text for key, text in wanted.items() if key in to_buy and key not in kept])

    def _unknown(self, wanted: dict[bytes, Text]) -> dict[bytes, bool]:
        """Of these keys those without audio: key → whether a running job gets it anyway."""
        if len(self.remembered) > REMEMBERED_KEYS:
            self.remembered.clear()
        out = {key: self.remembered[key] for key in wanted if key in self.remembered}
        ask = [key for key in wanted if key not in out]
        cached = self.context.cache.get_many(ask)
        ask = [key for key in ask if key not in cached]
        known = plans.known(self.context.database, ask)
        fresh = {}
        for key in ask:
            found = known.get(key)
            if found is not None and found.record is not None:
                fresh[key] = found.record
            else:
                out[key] = self.remembered[key] = found is not None and found.in_flight
        self.context.cache.put_many(fresh)
        return out

    def _kept(self, batch: list[_Row], to_buy: dict[bytes, bool]) -> set[bytes]:
        """Keys without audio that need none: every row of the batch that asks for them is delivered."""
        if self.target is None or not to_buy:
            return set()
        asking = [row for row in batch if any(key in to_buy for key in row.item.keys)]
        paths = [row.item.path for row in asking if row.item.path is not None]
        there = plans.delivered(self.context.database, self.target[1], paths)
        kept, wanted = set[bytes](), set[bytes]()
        for row in asking:
            held = there.get(row.item.path or "")
            same = held is not None and held[0] == content_of(row.item.keys)
            row.item.kept = same
            (kept if same else wanted).update(row.item.keys)
        return kept - wanted

    def _count(
        self,
        batch: list[_Row],
        wanted: dict[bytes, Text],
        to_buy: dict[bytes, bool],
        kept: set[bytes],
    ) -> None:
        records: list[tuple[bytes, int, int, int, int, int, int, int, int]] = []
        for row in batch:
            for key in row.item.keys:
                text = wanted[key]
                cost, chars = text.cost_micros, text.chars
                if key not in to_buy or key in kept:
                    records.append((key, row.item.row_no, 0, 0, 0, 0, 0, chars, cost))
                elif to_buy[key]:
                    records.append((key, row.item.row_no, 0, 1, 0, 0, cost, chars, cost))
                else:
                    records.append((key, row.item.row_no, 1, 0, cost, chars, 0, chars, cost))
        if records:
            self.keys.add_many(*zip(*records, strict=True))
        named = [row.item for row in batch if row.item.path is not None]
        self.names.add_many([_name_hash(item.path or "") for item in named], [i.row_no for i in named])

    def _write(self, batch: list[_Row], texts: list[Text]) -> None:
        assert self.target is not None
        job = self.target[0]

        def work(t: Any) -> None:
            plans.add_texts(t, self.spec, texts)
            plans.add_items(t, job, [row.item for row in batch])

        self.context.database.run(work)
        crash.point("after_batch")

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
        return skipped, self._suffixed(later) if self.target is not None else {}

    def _suffixed(self, later: dict[int, int]) -> dict[int, str]:
        """A free name for each of these rows: "name-2" and so on, counting on where that is taken too."""
        if not later:
            return {}
        assert self.target is not None
        paths = plans.paths(self.context.database, self.target[0], sorted(later))
        named = {row: naming.with_suffix(paths[row], n) for row, n in later.items()}
        fresh, tries = dict(named), 0
        while fresh:
            # new names have row numbers past all rows, of each try past the last: groups tell them apart
            tries += 1
            offset = tries * NEW_NAME
            self.names.add_many([_name_hash(path) for path in fresh.values()], [r + offset for r in fresh])
            taken = {r - offset for rows in self.names.collisions() for r in rows[1:] if r >= offset}
            for row in taken:
                later[row] += 1
            fresh = {row: naming.with_suffix(paths[row], later[row]) for row in taken}
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
        for table in corpus.open_catalog(self.orders.sources, self.orders.read):
            reader = RowReader(self.spec, table.header, self._choose(table))
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
        plan.to_buy, plan.in_flight, plan.cost_micros, plan.billed_chars, plan.in_flight_micros = totals.sums[
            :5
        ]
        plan.chars, plan.list_micros = totals.all_sums[5:]
        plan.unique_texts = totals.distinct
        plan.duplicates = totals.records - totals.distinct
        plan.cached = totals.distinct - plan.to_buy - plan.in_flight
        plan.calls = plan.to_buy
        plan.refusals = dict(self.reasons.most_common(10))


def _name_hash(path: str) -> bytes:
    """Equal for two paths that some file system takes for one."""
    return hashlib.blake2b(naming.fold(path).encode(), digest_size=16).digest()


def _storable(text: str) -> str:
    """What Postgres can hold: no NUL, no lone surrogate."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
