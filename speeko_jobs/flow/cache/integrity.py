"""Verify: what the audio store holds is what was bought, byte for byte.

An object that is gone or damaged is forgotten like an evicted one, and bought again by the next job that
needs it. Goes by key, so it can go on where it was stopped; memory holds a batch of objects.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from speeko_jobs.adapters.audio_store import MissingObject
from speeko_jobs.adapters.postgres import cache
from speeko_jobs.adapters.postgres.cache import StoredKey
from speeko_jobs.core.catalog.file_names import audio_path
from speeko_jobs.flow.cache import orphaned_audio as orphans
from speeko_jobs.flow.cache.damaged_files import outdate_copies
from speeko_jobs.flow.cache.invalidation import finish, forget
from speeko_jobs.flow.cache.missing_audio import REASON
from speeko_jobs.flow.cache.orphaned_audio import Orphans
from speeko_jobs.flow.context import Context

PAGE_ROWS = 1000
BATCH, BATCH_BYTES = 64, 32 << 20
NO_JOB = 2**62  # damaged audio goes whoever needs it
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Verified:
    """What was looked at, and the keys of what was not as it should be. `last`: where to go on."""

    entries: int = 0
    size_bytes: int = 0
    gone: list[bytes] = field(default_factory=list)
    damaged: list[bytes] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)  # delivered files that share the damage
    orphans: Orphans = field(default_factory=Orphans)  # looked for where all was looked at
    last: bytes = b""


def verify(
    context: Context,
    *,
    sample: int | None = None,
    after: bytes = b"",
    on_progress: Callable[[Verified], None] = lambda _: None,
) -> Verified:
    """Read what is stored past the key `after`, or a random `sample` of so many, and forget what is bad.

    Keys are hashes, so the ones that follow a random one are a random sample. Raises StoreError when the
    store does not answer: that is no proof of damage.
    """
    finish(context)
    result = Verified(last=after if sample is None else secrets.token_bytes(32))
    for batch in _batches(_stored(context, result.last, sample)):
        _look(context, batch, result)
        result.last = batch[-1].key
        on_progress(result)
    if sample is None and not after:
        result.orphans = orphans.look(context)
    return result


def _stored(context: Context, after: bytes, sample: int | None) -> Iterator[StoredKey]:
    """What is stored past a key; a sample goes on from the first key when it comes to the end."""
    count, begun, around = 0, after, False
    while True:
        page = cache.page(context.database, after, PAGE_ROWS)
        for one in page:
            if sample is not None and (count == sample or (around and one.key > begun)):
                return
            count += 1
            yield one
        if len(page) == PAGE_ROWS:
            after = page[-1].key
        elif sample is None or around:
            return
        else:
            after, around = b"", True


def _batches(stored: Iterator[StoredKey]) -> Iterator[list[StoredKey]]:
    """As many at a time as memory may hold, at least one."""
    batch: list[StoredKey] = []
    for one in stored:
        if batch and (len(batch) == BATCH or sum(b.size_bytes for b in batch) + one.size_bytes > BATCH_BYTES):
            yield batch
            batch = []
        batch.append(one)
    if batch:
        yield batch


def _look(context: Context, batch: Sequence[StoredKey], result: Verified) -> None:
    bad: list[StoredKey] = []
    found: dict[bytes, bytes] = {}
    for one, audio in zip(batch, _audio(context, batch), strict=True):
        result.entries += 1
        result.size_bytes += one.size_bytes
        digest = None if audio is None else hashlib.sha256(audio).digest()
        if digest is None:
            result.gone.append(one.key)
        elif digest != one.sha256:
            result.damaged.append(one.key)
            found[one.key] = digest
        if digest != one.sha256:
            bad.append(one)
    if bad:
        result.copies += outdate_copies(context, found)
        log.info("%d objects of the audio store are gone or damaged: bought again when needed", len(bad))
        forget(context, [one.key for one in bad], [one.fence for one in bad], NO_JOB, REASON)


def _audio(context: Context, batch: Sequence[StoredKey]) -> list[bytes | None]:
    """The objects of a batch in order, None for those that are gone."""
    found: dict[bytes, bytes] = {}
    for url in {one.store for one in batch}:
        paths = {audio_path(one.key, one.format): one.key for one in batch if one.store == url}
        store = context.store_of(url or context.settings.store_url)
        try:
            audio = store.get_many([*paths])
        except MissingObject as error:
            for path in error.paths:
                del paths[path]
            audio = store.get_many([*paths])
        found |= zip(paths.values(), audio, strict=True)
    return [found.get(one.key) for one in batch]
