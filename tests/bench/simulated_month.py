"""Play a month of nightly submissions through the real planner, claims and ledger, in five ways at once.

The five ways share the servers and are kept apart by the speed of speech, which is part of the key and not
of the price. Nobody is called: a claimed text is settled at once with audio of the usual size. What a night
finds in the cache, it finds in Redis and Postgres.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from time import monotonic

from speeko_jobs.adapters.postgres import claims, jobs, leases, settlements
from speeko_jobs.adapters.postgres.claims import Claim
from speeko_jobs.adapters.postgres.settlements import Outcome
from speeko_jobs.core.catalog.file_names import audio_path
from speeko_jobs.core.job.job_spec import JobSpec, checked
from speeko_jobs.core.job.plan_summary import Plan
from speeko_jobs.core.model.speech import Record
from speeko_jobs.core.model.states import AttemptState
from speeko_jobs.core.policies.fair_queue import PurchaseRequest
from speeko_jobs.core.providers.profiles import PROFILES
from speeko_jobs.core.text import segmentation
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.planning import planner, submit
from tests.bench.simulated_bill import Costs, Night, asked, bought, costs
from tests.bench.simulated_catalog import Catalog
from tests.fixtures.books import Books

PROVIDER = PROFILES["speeko"]
VOICE, CHEAP_VOICE = "kokoro-professional", "kokoro-low-latency"
MP3_BYTES_A_CHAR = 540  # `speeko run cli/sample_catalog.csv`: audio_bytes / chars of its summary.json
AT_ONCE = 128  # keys a claim and a settlement, as the engine takes them
LEASE_SECONDS = 3_600.0
TEXTS_REMEMBERED = 10_000


@dataclass
class Pace:
    """What the run itself measured: rows planned, keys bought, and seconds of either."""

    rows: int = 0
    plan_seconds: float = 0.0
    keys: int = 0
    buy_seconds: float = 0.0


class Way:
    """One way to buy, over all nights. Its keys are its own, its catalog is one of the night's two files."""

    def __init__(
        self, context: Context, folder: Path, pace: Pace, *, speed: float, routed: bool = False
    ) -> None:
        self._context, self._pace, self._routed = context, pace, routed
        self._books = Books(context.database)
        self.spec = checked(
            JobSpec(
                PROVIDER.name, "", VOICE, "", "mp3", speed, "",
                str(folder / "store"), str(folder / f"out-{speed}"), "{id}.{ext}", 1,
            )
        )  # fmt: skip
        self.stored_bytes = self.spent_micros = 0
        self._nights = 0

    def estimate(self, catalog: Path) -> Plan:
        """The plan, as if nothing had ever been bought: this way never buys."""
        with self._timed():
            found = planner.estimate(self._context, self.spec, self._orders(catalog)).plan
        self._pace.rows += found.rows
        return found

    def submit(self, catalog: Path) -> Plan:
        """Plan, release and buy all that is missing. The ledger must say what the plan said."""
        self._nights += 1
        # nothing is delivered here, so no night's job ends: each has an output of its own
        spec = replace(self.spec, output=f"{self.spec.output}-{self._nights}")
        with self._timed():
            job, found = submit.submit(self._context, spec, self._orders(catalog), tenant="simulation")
        self._pace.rows += found.rows
        started = monotonic()
        self._buy(job)
        self._pace.buy_seconds += monotonic() - started
        self._pace.keys += found.calls
        ledger = jobs.show(self._context.database, job)
        assert (ledger.calls, ledger.spent_micros) == (found.calls, found.cost_micros), (ledger, found)
        self.spent_micros += ledger.spent_micros
        return found

    def _orders(self, catalog: Path) -> planner.CatalogOptions:
        voice = "routed_voice" if self._routed else ""
        return planner.CatalogOptions(
            (str(catalog),), id=("id",), text=("text",), voice_column=voice, strict=True
        )

    @contextmanager
    def _timed(self) -> Iterator[None]:
        started = monotonic()
        yield
        self._pace.plan_seconds += monotonic() - started

    def _buy(self, job: int) -> None:
        database, cache = self._context.database, self._context.cache
        holder = database.run(lambda t: leases.open_lease(t, "simulation", 0, LEASE_SECONDS))
        missing = "SELECT key FROM speeko.utterance WHERE state = 'missing' LIMIT 8192"
        while keys := [row[0] for row in self._books.execute(missing)]:
            for at in range(0, len(keys), AT_ONCE):
                wants = [PurchaseRequest(key, 1, 1) for key in keys[at : at + AT_ONCE]]
                taken = database.run(partial(claims.claim, job=job, holder=holder, wants=wants))
                assert len(taken) == len(wants), "somebody else claims texts here"
                settled = database.run(partial(settlements.settle, outcomes=[_stored(job, c) for c in taken]))
                cache.put_many(settled.records)
                self._store(settled.records)
                self.stored_bytes += sum(record.bytes for record in settled.records.values())
        database.run(lambda t: leases.close_lease(t, holder))

    def _store(self, records: Mapping[bytes, Record]) -> None:
        """Put empty files of these sizes into the store: plans look whether the audio is there."""
        for key, record in records.items():
            path = Path(self.spec.store) / audio_path(key, self.spec.format)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                file.truncate(record.bytes)


class Month:
    """The five ways over one catalog's nights. `nights` grows by one with each `play_night`."""

    def __init__(self, context: Context, folder: Path, catalog: Catalog) -> None:
        self.catalog, self.pace = catalog, Pace()
        self.nights: list[Night] = []
        self._whole, self._cut = folder / "texts.csv", folder / "sentences.csv"
        self._once_a_night = Way(context, folder, self.pace, speed=1.4)
        self._for_ever = Way(context, folder, self.pace, speed=1.3)
        self._sentences = Way(context, folder, self.pace, speed=1.2)
        self.last = Way(context, folder, self.pace, speed=1.0, routed=True)

    def play_night(self) -> Night:
        self.catalog.next_night()
        _write(self.catalog, self._whole, self._cut)
        a_call = PROVIDER.call_micros
        whole = self._once_a_night.estimate(self._whole)
        for_ever = self._for_ever.submit(self._whole)
        cut = self._sentences.submit(self._cut)
        routed = self.last.submit(self._cut)
        bills = [asked(whole, a_call), *(bought(p, a_call) for p in (whole, for_ever, cut, routed))]
        self.nights.append(Night(whole.rows, asked(routed, a_call).calls, tuple(bills)))
        return self.nights[-1]

    def costs(self) -> Costs:
        """The month's costs; what the parts add up to is what the ledger holds."""
        found = costs(self.nights, PROVIDER.call_micros, self.last.stored_bytes)
        assert found.effective_micros == self.last.spent_micros + found.storage_micros
        return found


def _stored(job: int, claim: Claim) -> Outcome:
    """The call was made and brought audio of the usual size."""
    return Outcome(
        job, claim.attempt, claim.at, claim.key, AttemptState.STORED, "", 200, 150,
        claim.chars * MP3_BYTES_A_CHAR, claim.chars * 60, hashlib.sha256(claim.key).digest(),
    )  # fmt: skip


def _write(catalog: Catalog, whole: Path, cut: Path) -> None:
    """Tonight's catalog twice: a row a text, and a row a sentence with the voice that it is routed to."""
    with (
        whole.open("w", newline="", encoding="utf-8") as texts,
        cut.open("w", newline="", encoding="utf-8") as pieces,
    ):
        text_writer, piece_writer = csv.writer(texts), csv.writer(pieces)
        text_writer.writerow(("id", "text"))
        piece_writer.writerow(("id", "text", "routed_voice"))
        for row in catalog.rows():
            text_writer.writerow((row.id, row.source))
            voice = CHEAP_VOICE if row.routed else VOICE
            for number, sentence in enumerate(sentences(row.spoken), start=1):
                piece_writer.writerow((f"{row.id}-{number}", sentence, voice))


@lru_cache(TEXTS_REMEMBERED)
def sentences(text: str) -> tuple[str, ...]:
    return segmentation.sentences(text, PROVIDER.max_chars)
