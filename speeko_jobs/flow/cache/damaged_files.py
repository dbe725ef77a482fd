"""Find delivered files that share the damage of audio in the store, and have the next run deliver them anew.

In a folder a delivered file is a hard link of the stored one, and in a bucket a copy: what is damaged in the
store may be damaged where it was delivered. Files that were joined or converted are made of audio whose sum
was compared before, and are no copies. Deletes nothing and buys nothing.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from functools import partial

from speeko_jobs.adapters.audio_store import MissingObject
from speeko_jobs.adapters.postgres import deliveries
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.adapters.postgres.deliveries import DeliveredCopy
from speeko_jobs.core.catalog.change_detection import DAMAGED
from speeko_jobs.core.catalog.file_names import MARK
from speeko_jobs.errors import ConfigError, StoreError
from speeko_jobs.flow.context import Context

log = logging.getLogger(__name__)


def outdate_copies(context: Context, damaged: Mapping[bytes, bytes]) -> list[str]:
    """Mark the delivered files that hold the same damaged bytes; where they lie.

    `damaged`: key → SHA-256 of the bytes that were found in the store. A file that cannot be read counts as
    damaged: delivering it anew costs nothing. Call this before the keys are forgotten: killed in between,
    the next look finds the damage again.
    """
    if not damaged:
        return []
    marks: dict[str, str] = {}
    found: dict[int, list[DeliveredCopy]] = {}
    for copy in deliveries.copies(context.database, list(damaged)):
        if _shares_damage(context, copy, damaged[copy.content], marks):
            found.setdefault(copy.destination_id, []).append(copy)
    for destination, copies in found.items():
        context.database.run(partial(_mark, destination, copies))
    places = sorted(f"{copy.url.rstrip('/')}/{copy.path}" for copies in found.values() for copy in copies)
    if places:
        log.error("%d delivered files share the damage, the first is %s", len(places), places[0])
    return places


def _mark(destination: int, copies: Sequence[DeliveredCopy], t: Transaction) -> None:
    deliveries.outdate(t, destination, copies, DAMAGED)


def _shares_damage(context: Context, copy: DeliveredCopy, digest: bytes, marks: dict[str, str]) -> bool:
    """Whether the file at that place holds those bytes. What another destination's mark lies beside is not
    ours any more."""
    try:
        store = context.store_of(copy.url)
        if copy.url not in marks:
            marks[copy.url] = store.get(MARK).decode("ascii", "replace").strip()
        if marks[copy.url] != copy.mark:
            return False
        return hashlib.sha256(store.get(copy.path)).digest() == digest
    except MissingObject:
        return False
    except (StoreError, ConfigError) as error:
        log.warning("%s cannot be checked: %s", copy.path, error)
        return True
