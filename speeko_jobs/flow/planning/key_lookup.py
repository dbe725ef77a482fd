"""Look up for the keys of a catalog whether their audio is there, is being bought, or is to be bought.

Asks Postgres only. Redis may hold what this database never had, or has no more, and a plan is a promise of a
price. Memory is bounded: keys looked up lately are remembered, and a sample of those taken for known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum

from speeko_jobs.adapters.postgres import plan_loading
from speeko_jobs.core.job.convertible_formats import Spoken
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.job.row_reader import SpokenRow
from speeko_jobs.flow.cache import missing_audio
from speeko_jobs.flow.cache.format_reuse import Reuse
from speeko_jobs.flow.cache.missing_audio import KeySample, MissingAudio, Priced
from speeko_jobs.flow.context import Context

REMEMBERED_KEYS = 100_000  # catalogs repeat themselves

WantedKeys = Mapping[bytes, tuple[str, SpokenRow]]  # key → its text, and a row that has it


class KeyRank(IntEnum):
    """Rank what a row needs of a key; of the rows that share a key, the highest rank counts."""

    NOT_NEEDED = 0  # the destination holds the row's file
    CACHED = 1  # the audio is in the store
    REUSED = 2  # audio in another format is
    IN_FLIGHT = 3  # another job buys it
    REWORDED = 4  # to buy, though under an earlier version of the text rules the row's audio is there
    TO_BUY = 5


class KeyLookup:
    """Rank the keys of one catalog, batch by batch.

    `stand_ins`: of keys ranked lately as REUSED, the keys whose audio serves in their place.
    """

    def __init__(self, context: Context, spec: JobSpec) -> None:
        self.stand_ins: dict[bytes, bytes] = {}
        self._context, self._store = context, spec.store
        self._reuse = Reuse(context, spec)
        self._remembered: dict[bytes, KeyRank] = {}
        self._sample = KeySample()  # of the keys taken for CACHED

    def ranks(self, wanted: WantedKeys) -> dict[bytes, KeyRank]:
        """Return the ranks of these keys, without those that are CACHED."""
        if len(self._remembered) > REMEMBERED_KEYS:
            self._remembered.clear()
            self.stand_ins.clear()
        out = {key: self._remembered[key] for key in wanted if key in self._remembered}
        database = self._context.database
        ask = plan_loading.not_done(database, [key for key in wanted if key not in out])
        known = plan_loading.known(database, ask)
        for key in ask:
            found = known.get(key)
            if found is None or found.record is None:  # else it came between the two look-ups
                in_flight = found is not None and found.in_flight
                out[key] = self._remembered[key] = KeyRank.IN_FLIGHT if in_flight else KeyRank.TO_BUY
        if self._reuse.is_possible:
            out |= self._reused([key for key in ask if out.get(key) is KeyRank.TO_BUY], wanted)
        self._sample.add([key for key in wanted if key not in out])
        return out

    def find_missing(self, cached: Iterable[list[Priced]]) -> MissingAudio | None:
        """Return what the store lacks of the `cached` keys; None where it has all of the sample."""
        return missing_audio.look(self._context, self._store, self._sample, cached)

    def _reused(self, to_buy: list[bytes], wanted: WantedKeys) -> dict[bytes, KeyRank]:
        """Rank those of these keys that audio in another format serves, and note their stand-ins."""
        served = self._reuse.find({key: _spoken(*wanted[key]) for key in to_buy})
        self.stand_ins |= served
        reused = dict.fromkeys(served, KeyRank.REUSED)
        self._remembered |= reused
        return reused


def _spoken(text: str, row: SpokenRow) -> Spoken:
    return Spoken(text, row.voice, row.language)
