"""Audio that is there before anything is bought: in Redis, in the store, or in another format that serves."""

from __future__ import annotations

import contextlib
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from speeko_jobs.adapters.audio_store import MissingObject
from speeko_jobs.adapters.postgres import adhoc_jobs, deliveries
from speeko_jobs.adapters.postgres.deliveries import Settlement
from speeko_jobs.adapters.postgres.plan_loading import Text
from speeko_jobs.core.catalog.file_names import audio_path
from speeko_jobs.core.job.convertible_formats import NONE, Spoken
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.model.speech import Record
from speeko_jobs.core.model.states import UtteranceState
from speeko_jobs.errors import ServerError
from speeko_jobs.flow.cache.damaged_files import outdate_copies
from speeko_jobs.flow.cache.format_reuse import Reuse
from speeko_jobs.flow.context import Context

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StandIn:
    """Audio of a text in another format."""

    key: bytes
    format: str
    record: Record


class StoredAudio:
    """The stored audio of some texts.

    `records`: what is known of keys that are done; `stand_ins`: by the key that they serve; `not_in_redis`:
    keys whose audio came from elsewhere.
    """

    def __init__(self, context: Context, spec: JobSpec) -> None:
        self.records: dict[bytes, Record] = {}
        self.stand_ins: dict[bytes, StandIn] = {}
        self.not_in_redis: list[bytes] = []
        self._context, self._spec = context, spec

    def look_up(self, texts: Sequence[Text]) -> None:
        """Find the records of texts that are done, and stand-ins for those that would be bought."""
        keys = list(dict.fromkeys(text.key for text in texts))
        self.records = self._context.cache.get_many(keys)
        self.stand_ins = self._reusable(texts)

    def settlement(self, key: bytes) -> Settlement | None:
        """Return how a key stands in Postgres; None where it has never been asked for."""
        return deliveries.settled(self._context.database, [key]).get(key)

    def to_buy(self, texts: Sequence[Text]) -> list[Text]:
        """Return those of the texts that are not stored and that no engine buys now."""
        unknown = {text.key: text for text in texts if text.key not in self.records}
        ends = deliveries.settled(self._context.database, list(unknown))
        free = (UtteranceState.MISSING, UtteranceState.FAILED)
        return [text for key, text in unknown.items() if key not in ends or ends[key].state in free]

    def source_key(self, key: bytes) -> bytes:
        """Return the key of the audio that serves this one."""
        return self.stand_ins[key].key if key in self.stand_ins else key

    def format_of(self, key: bytes) -> str:
        """Return the format of the audio that serves this key."""
        return self.stand_ins[key].format if key in self.stand_ins else self._spec.format

    def read(self, key: bytes, record: Record, format: str) -> bytes | None:
        """Return the audio of which the record says the size. None where it is gone or not whole: then it is
        missing from now on."""
        cached = self._context.cache.audio(key)
        if cached is not None and len(cached) == record.bytes:
            return cached
        self.not_in_redis.append(key)
        path = audio_path(key, format)
        try:
            audio = self._context.store_of(self._spec.store).get(path)
        except MissingObject:
            audio = b""
        if len(audio) == record.bytes:
            return audio
        end = self.settlement(key)  # Redis may be behind
        real = end.record if end is not None else None
        if audio and real is not None and real.bytes == len(audio):
            return audio
        log.warning("the audio of a text is gone from %s or damaged: it is bought again", self._spec.store)
        outdate_copies(self._context, {key: hashlib.sha256(audio).digest()} if audio else {})
        self.not_in_redis.remove(key)
        self.records.pop(key, None)
        self._context.database.run(lambda t: adhoc_jobs.mark_lost(t, [key]))
        with contextlib.suppress(ServerError):
            self._context.cache.drop([key])
        return None

    def _reusable(self, texts: Sequence[Text]) -> dict[bytes, StandIn]:
        """Return audio in other formats that serves texts which would be bought."""
        wanted = {t.key: Spoken(t.text, t.voice, t.language) for t in texts if t.key not in self.records}
        if not wanted or self._spec.reuse == NONE:
            return {}
        database = self._context.database
        ends = deliveries.settled(database, list(wanted))
        held = (UtteranceState.DONE, UtteranceState.CLAIMED)
        for key in [key for key, end in ends.items() if end.state in held]:
            del wanted[key]
        found = Reuse(self._context, self._spec).find(wanted) if wanted else {}
        records = deliveries.settled(database, list(found.values()))
        sums = deliveries.sums(database, list(found.values()))
        return {
            key: StandIn(other, sums[other].format, record)
            for key, other in found.items()
            if other in sums and other in records and (record := records[other].record) is not None
        }
