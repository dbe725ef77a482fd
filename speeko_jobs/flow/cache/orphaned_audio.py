"""Find audio in the store that the database does not count: recorded as missing, or not on record at all.

What was recorded as missing and is there as it was bought is adopted. Nothing is deleted: another database
may count what this one does not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from speeko_jobs.adapters.audio_store import Store
from speeko_jobs.adapters.postgres import deliveries
from speeko_jobs.core.catalog.file_names import audio_path, earlier_audio_path
from speeko_jobs.core.model.states import UtteranceState
from speeko_jobs.flow.cache import missing_audio
from speeko_jobs.flow.context import Context

AT_ONCE = 1_000
KEPT_PATHS = 1_000
_NAME = re.compile(r"audio/.*?([0-9a-f]{64})\.([a-z0-9]+)")


@dataclass(slots=True)
class Orphans:
    """`adopted`: texts that count again. `unknown`: objects on no record; `paths` has the first of them."""

    adopted: int = 0
    unknown: int = 0
    paths: list[str] = field(default_factory=list)


def look(context: Context) -> Orphans:
    """Compare the audio in the store of the settings with the database. Raises StoreError."""
    store, out = context.store_of(context.settings.store_url), Orphans()
    names = _named(store)
    while batch := dict(islice(names, AT_ONCE)):
        keys = {path: key for path, (key, _) in batch.items()}
        known = deliveries.settled(context.database, list(set(keys.values())))
        missing = [key for key, end in known.items() if end.state is UtteranceState.MISSING]
        out.adopted += len(missing_audio.find_again(context, store.url, missing))
        for path, (key, format) in batch.items():
            own = audio_path(key, format)
            if key not in known or _is_double(store, path, own):
                out.unknown += 1
                out.paths += [path] if len(out.paths) < KEPT_PATHS else []
    return out


def _named(store: Store) -> Iterator[tuple[str, tuple[bytes, str]]]:
    """Yield path, key and format of each object that is named as audio is, in either layout."""
    for path in store.list("audio"):
        if found := _NAME.fullmatch(path):
            key, format = bytes.fromhex(found[1]), found[2]
            own = audio_path(key, format)
            if path in (own, earlier_audio_path(own)):
                yield path, (key, format)


def _is_double(store: Store, path: str, own: str) -> bool:
    """Return whether an object of the earlier layout lies at its path, too; alone it is moved there."""
    return path != own and store.size(own) is not None and store.size(path) is not None
