"""Find known texts whose audio is gone from the store, so that nobody pays for one again unasked.

A plan looks at a sample of what it takes for known, and at all of it where something of the sample is gone:
then their price is part of the plan. A job that meets more than its plan priced is paused. A store may only
be away: nothing is deleted in it, and audio that is there again is taken for what it was.
"""

from __future__ import annotations

import hashlib
import logging
import random
import struct
import tempfile
from collections.abc import Collection, Iterable, Sequence

from speeko_jobs.adapters.audio_store import MissingObject, Store
from speeko_jobs.adapters.postgres import cache, chunks, job_control, jobs, settlements
from speeko_jobs.adapters.postgres.cache import AS_BEFORE, StoredKey, StoredObject
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.core.catalog.file_names import audio_path
from speeko_jobs.core.model import pause_reasons
from speeko_jobs.core.model.speech import Record
from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.output.formatting import count, micros
from speeko_jobs.errors import StoreError
from speeko_jobs.flow.context import Context

REASON = "the audio in the store was gone or damaged"
GONE_REASONS = (REASON, "the audio was gone from the store")  # the other is that of `speeko say`
SAMPLE_KEYS = 64
LOSS_SAMPLE_TEXTS = 10  # all of so many are gone: the store is another one, or away
AT_ONCE = 1_000
FOUND_AT_ONCE = 64  # objects in memory
_HALF_BYTES = 16  # of a key: what the planner remembers of each
_ENTRY = struct.Struct(">32siq")
_MEMORY_BYTES = 8 << 20
log = logging.getLogger(__name__)

Priced = tuple[bytes, tuple[int, ...]]  # the first half of a key; its characters and today's price


class KeySample:
    """A random sample of keys that costs next to nothing: all of them while they are few."""

    def __init__(self) -> None:
        self.keys: list[bytes] = []
        self.seen = 0

    def add(self, keys: Sequence[bytes]) -> None:
        """Count these keys; each slot of the sample takes one of them as likely as any seen before."""
        if not keys:
            return
        before, self.seen = self.seen, self.seen + len(keys)
        if self.seen <= SAMPLE_KEYS:
            self.keys += keys
            return
        if before < SAMPLE_KEYS:
            self.keys = random.choices([*self.keys, *keys], k=SAMPLE_KEYS)  # noqa: S311
            return
        chance = before / self.seen
        self.keys = [key if random.random() < chance else random.choice(keys) for key in self.keys]  # noqa: S311


class MissingAudio:
    """Known texts of one plan whose audio is gone. Memory is bounded."""

    def __init__(self) -> None:
        self.texts = self.chars = self.micros = 0
        self.suspicion = ""  # why this may be the wrong store, or one that is away
        self._entries = tempfile.SpooledTemporaryFile(_MEMORY_BYTES)  # noqa: SIM115

    def add(self, found: StoredObject | None, chars: int, price_micros: int) -> None:
        """Count a text; None: it is known as missing by now."""
        self.texts += 1
        self.chars += chars
        self.micros += price_micros
        if found is not None:
            self._entries.write(_ENTRY.pack(found.key, found.fence, price_micros))

    @property
    def words(self) -> str:
        """What the plan says of them."""
        verb = "is" if self.texts == 1 else "are"
        known = count(self.texts, "known text")
        return f"{known} {verb} gone from the store: {micros(self.micros)} to buy again"

    def mark_missing(self, context: Context) -> None:
        """Have them bought again, at today's price, by whoever needs them."""
        self._entries.seek(0)
        while block := self._entries.read(_ENTRY.size * AT_ONCE):
            keys, fences, costs = zip(*_ENTRY.iter_unpack(block), strict=True)
            context.cache.drop(list(cache.mark_missing(context.database, keys, fences, costs, REASON)))

    def close(self) -> None:
        self._entries.close()


def look(context: Context, url: str, sample: KeySample, known: Iterable[list[Priced]]) -> MissingAudio | None:
    """Return what is gone of the `known` texts; None where nothing of the sample is."""
    store = context.store_of(url)
    keys = list(dict.fromkeys(sample.keys))
    if not keys or not _lost(store, cache.within(context.database, keys, keys)):
        return None
    gone, texts = MissingAudio(), 0
    for part in known:
        for start in range(0, len(part), AT_ONCE):
            some = part[start : start + AT_ONCE]
            texts += len(some)
            least = [half + bytes(_HALF_BYTES) for half, _ in some]
            most = [half + b"\xff" * _HALF_BYTES for half, _ in some]
            found = cache.within(context.database, least, most)
            for at in _lost(store, found):
                gone.add(found[at], *some[at][1])
    if gone.texts == texts:
        gone.suspicion = _suspicion(context, store, keys[0], texts)
    return gone


def in_store(context: Context) -> str:
    """Return a line on a random sample of all known texts. Raises StoreError where audio of some is gone."""
    store = context.store_of(context.settings.store_url)
    some = list(_some(context).values())
    paths = [audio_path(one.key, one.format) for one in some]
    lost = sum(size != one.size_bytes for one, size in zip(some, store.sizes(paths), strict=True))
    known = count(len(some), "known text")
    if lost:
        raise StoreError(
            f"of {known} drawn at random {lost:,} {'is' if lost == 1 else 'are'} gone from {store.url}: wrong"
            " SPEEKO_STORE, or not mounted? `speeko cache verify` looks at all"
        )
    return f"{store.url} has what was bought: {known} drawn at random" if some else "nothing was bought yet"


def _some(context: Context) -> dict[bytes, StoredKey]:
    """Return known texts by key, from a random key on: keys are hashes."""
    found = cache.page(context.database, random.randbytes(32), SAMPLE_KEYS)  # noqa: S311
    if len(found) < SAMPLE_KEYS:
        found += cache.page(context.database, b"", SAMPLE_KEYS - len(found))
    return {one.key: one for one in found}


def _lost(store: Store, found: Sequence[StoredObject | None]) -> list[int]:
    """Return the places of those that are not in the store with all their bytes."""
    paths = [audio_path(one.key, one.format) for one in found if one is not None]
    sizes = iter(store.sizes(paths))
    return [at for at, one in enumerate(found) if one is None or next(sizes) != one.size_bytes]


def _suspicion(context: Context, store: Store, key: bytes, texts: int) -> str:
    """Return a line where a store holds nothing that it should hold."""
    is_empty = next(store.list("audio"), None) is None
    if texts < LOSS_SAMPLE_TEXTS and not is_empty:
        return ""
    what = "is empty" if is_empty else "holds other audio"
    where = cache.bought_into(context.database, key)
    into = f" (bought into {where})" if where and where != store.url else ""
    known = count(texts, "text")
    return (
        f"the store at {store.url} {what} though the database knows {known} of this catalog{into}:"
        " wrong SPEEKO_STORE, or not mounted?"
    )


def on_delivery(context: Context, job: int, url: str, lost: Iterable[bytes]) -> None:
    """Deal with keys whose audio was not in the store when it was to be delivered, or is damaged.

    They are bought again where the job may do that; else the job is paused, and the database goes on to
    know them. What only Redis knew is looked up in the database from now on.
    """
    keys = sorted(lost)
    context.cache.drop(keys)
    stored = cache.objects(context.database, keys)
    if len(stored) < len(keys):
        log.warning(
            "%s Redis knew and the database does not: looked up again",
            count(len(keys) - len(stored), "text"),
        )
    if not stored:
        return
    orders = chunks.job_context(context.database, job)
    if orders is None:
        return
    if orders.state is not JobState.CANCELLED and not orders.spec.buy_again:
        pause(context, job, url, len(stored), sum(one.cost_micros for one in stored))
        return
    log.warning("%s gone from %s or damaged: bought again", count(len(stored), "known text"), url)
    now = [one.key for one in stored], [one.fence for one in stored], [AS_BEFORE] * len(stored)
    priced = cache.mark_missing(context.database, *now, REASON)
    context.cache.drop(list(priced))
    context.store_of(url).delete([audio_path(one.key, one.format) for one in stored if one.key in priced])
    context.database.run(lambda t: job_control.note_gone(t, job, len(priced), sum(priced.values())))


def pause(context: Context, job: int, url: str, texts: int, price_micros: int) -> None:
    """Pause a job whose known texts are gone beyond its plan."""
    verb = "is" if texts == 1 else "are"
    detail = (
        f"{count(texts, 'known text')} {verb} gone from {url} or damaged, and the plan does not pay for"
        f" {'it' if texts == 1 else 'them'} ({micros(price_micros)}): make the store available again (is it"
        f" mounted? is SPEEKO_STORE right?) and `speeko resume {job}`, or buy what is gone again with"
        f" `speeko resume {job} --buy-again`"
    )
    reason = pause_reasons.stored_reason(pause_reasons.PauseKind.STORE, detail)
    context.database.run(
        lambda t: jobs.set_state(t, job, JobState.PAUSED, reason, expected=[JobState.RUNNING])
    )
    log.warning("job %d is paused: %s", job, reason)


def find_again(context: Context, url: str, keys: Sequence[bytes]) -> dict[bytes, Record]:
    """Take texts for done that were recorded as missing, where their audio lies in the store as it was
    bought."""
    return take_again(context, sound(context, url, keys))


def sound(context: Context, url: str, keys: Sequence[bytes]) -> set[bytes]:
    """Return those of these keys that were recorded as missing and lie in the store byte for byte."""
    store, out = context.store_of(url), set[bytes]()
    once = cache.missing_objects(context.database, keys, GONE_REASONS)
    for start in range(0, len(once), FOUND_AT_ONCE):
        some = {audio_path(one.key, one.format): one for one in once[start : start + FOUND_AT_ONCE]}
        sizes = store.sizes(list(some))
        there = [p for (p, one), size in zip(some.items(), sizes, strict=True) if size == one.size_bytes]
        try:
            audio = store.get_many(there)
        except MissingObject:  # it is going right now
            continue
        out |= {
            some[path].key
            for path, data in zip(there, audio, strict=True)
            if hashlib.sha256(data).digest() == some[path].sha256
        }
    return out


def take_again(context: Context, keys: Collection[bytes]) -> dict[bytes, Record]:
    """Take these texts for done, unless they were claimed, and let chunks go on that wait for them."""
    if not keys:
        return {}

    def take(t: Transaction) -> tuple[dict[bytes, Record], list[tuple[int, int]]]:
        records = cache.restore(t, sorted(keys), GONE_REASONS)
        return records, settlements.wake(t, list(records))

    records, ready = context.database.run(take)
    context.cache.put_many(records)
    context.queue.deliver(ready)
    log.info("%s found again in the store: not bought", count(len(records), "known text"))
    return records


def check(gone: MissingAudio | None, *, buy_again: bool) -> None:
    """Raise StoreError where a plan would buy everything again, unless that was asked for."""
    if gone is not None and gone.suspicion and not buy_again:
        raise StoreError(
            f"{gone.suspicion} Nothing was started; --buy-again buys them again for {micros(gone.micros)}"
        )
