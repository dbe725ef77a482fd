"""The start of a chunk: which of its texts have audio, and which it waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from speeko_jobs.adapters.postgres import cache, chunks
from speeko_jobs.adapters.postgres.chunks import Chunk, ItemRow, JobContext
from speeko_jobs.core.model.speech import Record
from speeko_jobs.core.policies.fair_queue import PurchaseRequest
from speeko_jobs.flow.cache import missing_audio
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.delivery.row_classification import needed_keys


@dataclass(frozen=True, slots=True)
class Started:
    """What a chunk wants bought. Nothing: it is ready, and may be delivered from `rows` and `known`."""

    chunk: Chunk
    wants: Sequence[PurchaseRequest]
    rows: list[ItemRow]
    known: Mapping[bytes, Record]


def start(context: Context, orders: JobContext, chunk: Chunk) -> Started | None:
    """Look the chunk's keys up (Redis, then Postgres) and write down what it waits for.

    None where the job was paused instead: texts that its plan took for known are gone from the store.
    A chunk of which everything is known stays with its engine, which delivers it or passes it on.
    """
    rows = chunks.rows(context.database, chunk)
    first = needed_keys(rows, chunk.job, orders.spec.rendering)
    known = {} if orders.spec.rebuy else context.cache.get_many(list(first))
    unknown = [key for key in first if key not in known]
    if not unknown:
        return Started(chunk, (), rows, known)
    enrolled = context.database.run(lambda t: chunks.enrol(t, chunk, unknown, buy_again=False))
    if enrolled.gone:
        if not _may_go_on(context, orders, enrolled.gone):
            return None
        enrolled = context.database.run(lambda t: chunks.enrol(t, chunk, unknown))
    context.cache.put_many(enrolled.done)
    wants = [PurchaseRequest(key, first[key], chunk.no) for key in enrolled.waits_for]
    return Started(chunk, wants, rows, known | enrolled.done)


def _may_go_on(context: Context, orders: JobContext, lost: list[bytes]) -> bool:
    """Whether texts that are gone since the job was planned are there again, or may be bought again."""
    url = orders.spec.store
    found = missing_audio.find_again(context, url, lost)
    rest = [key for key in lost if key not in found]
    if not rest:
        return True
    now = chunks.job_context(context.database, orders.job)
    if now is not None and now.spec.buy_again:
        return True
    price = sum(
        one.cost_micros for one in cache.missing_objects(context.database, rest, missing_audio.GONE_REASONS)
    )
    missing_audio.pause(context, orders.job, url, len(rest), price)
    return False
