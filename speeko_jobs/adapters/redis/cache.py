"""The first cache tier, in Redis: key → a small record, by the thousand, and the audio of some keys.

Only done keys are here. Redis is never the truth: when it is away, slow, empty or another database's, every
look-up answers "not known", and Postgres and the audio store are asked. Every key has a time to live, renewed
by hits.

Audio is taken while its bytes stay within a budget. What is held stands in a sorted set (the key and its
bytes, by the second in which it expires), and the sum of the bytes beside it. Scripts change all three
together, so no crash comes between, and take out what has expired before they add. Audio that somebody
else deletes counts until it would have expired: the sum errs on the safe side.
"""

from __future__ import annotations

import logging
import struct
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import redis

from speeko_jobs.adapters.redis import scripts
from speeko_jobs.adapters.redis.dead_letters import DeadLetters
from speeko_jobs.adapters.redis.lookup_counts import LookupCounts
from speeko_jobs.adapters.redis.server import RedisServer, as_server_error
from speeko_jobs.core.model.speech import Record
from speeko_jobs.core.policies.eviction_ranking import REDIS_LARGEST_PART

TTL_SECONDS = 90 * 86_400
RENEW_DAYS = 10  # a record that is hit is written again once it is so old: seldom, yet long before it expires
AT_ONCE = 1000
FULL_SECONDS = 10.0
AUDIO_BUDGET_BYTES = 256_000_000

_RECORD = struct.Struct(">BHIIqqqq")  # version, day on which it was written, and a Record
_VERSION = 3
_DAY = struct.Struct(">H")
_SIZE = struct.Struct(">I")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Held:
    """What Redis holds now, and how many look-ups of records and of audio it was asked and could answer."""

    records: int
    audios: int
    audio_bytes: int
    asked: int
    found: int
    audio_asked: int
    audio_found: int


class RedisCache:
    """Records and audio of done keys in one Redis. Made after a fork; threads may share it.

    What the Redis of another database holds is unknown (see `RedisServer`).
    """

    def __init__(
        self,
        url: str,
        audio_budget_bytes: int = AUDIO_BUDGET_BYTES,
        database_id: Callable[[], str] = lambda: "",
        *,
        is_told: bool = False,
    ) -> None:
        self.server = RedisServer(url, database_id, is_told=is_told)
        self.dead_letters = DeadLetters(self.server)
        self._redis = self.server.client
        self._lookups = LookupCounts(self.server, TTL_SECONDS)
        self._budget_bytes = audio_budget_bytes
        self._put_records = self._redis.register_script(scripts.PUT_RECORDS)
        self._put_audio = self._redis.register_script(scripts.PUT)
        self._get_audio = self._redis.register_script(scripts.GET)
        self._drop_audio = self._redis.register_script(scripts.DROP)
        self._day_until = self._full_until = 0.0
        self._day = 0

    def close(self) -> None:
        self._lookups.flush()
        self.server.close()

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, Record]:
        """The records of those keys that are here: one round trip."""
        unpack = _RECORD.unpack
        return {
            key: Record(*unpack(value)[2:])
            for key, value in zip(keys, self._found(keys), strict=True)
            if value is not None and _is_record(value)
        }

    def unknown(self, keys: Sequence[bytes]) -> list[bytes]:
        """Those of these keys that are not here: one round trip, and no record is made."""
        found = self._found(keys)
        return [key for key, value in zip(keys, found, strict=True) if not _is_record(value)]

    def _found(self, keys: Sequence[bytes]) -> Sequence[bytes | None]:
        if not keys or self.server.is_away():
            return [None] * len(keys)
        try:
            start = self.server.names.records
            found = cast("list[bytes | None]", self._redis.mget([start + key for key in keys]))
            oldest = _DAY.pack(max(self._today() - RENEW_DAYS, 0))
            old = [at for at, value in enumerate(found) if value is not None and value[1:3] < oldest]
            if old:
                self._renew({keys[at]: value for at in old if _is_record(value := found[at] or b"")})
        except redis.RedisError as error:
            self.server.note_failure(error)
            return [None] * len(keys)
        self._lookups.add(asked=len(keys), found=len(keys) - found.count(None))
        return found

    def _renew(self, values: Mapping[bytes, bytes]) -> None:
        """Give records their whole time again, if they are still there: what is dropped stays dropped."""
        day, start = _DAY.pack(self._today()), self.server.names.records
        with self._redis.pipeline(transaction=False) as pipe:
            for key, value in values.items():
                pipe.set(start + key, value[:1] + day + value[3:], ex=TTL_SECONDS, xx=True)
            pipe.execute()

    def _today(self) -> int:
        """Days since 1970 by Redis' clock, asked for now and then."""
        if time.monotonic() >= self._day_until:
            self._day = self._redis.time()[0] // 86_400
            self._day_until = time.monotonic() + 600
        return self._day

    def put_many(self, records: Mapping[bytes, Record]) -> None:
        """Keep records: one round trip. Failing is harmless."""
        if not records or self.server.is_away():
            return
        try:
            day = self._today()
            values = [_packed(record, day) for record in records.values()]
            start = self.server.names.records
            self._put_records([start + key for key in records], [TTL_SECONDS, *values])
        except redis.RedisError as error:
            self.server.note_failure(error)

    def audio(self, key: bytes) -> bytes | None:
        """A key's audio, if it is here: one round trip."""
        if self.server.is_away():
            return None
        values: list[bytes | int] = [key, TTL_SECONDS, RENEW_DAYS * 86_400]
        try:
            own = self.server.names
            names = [own.audio_index, own.audio_sum, own.audio + key]
            found = cast("bytes | None", self._get_audio(names, values))
        except redis.RedisError as error:
            self.server.note_failure(error)
            return None
        self._lookups.add(audio_asked=1, audio_found=int(found is not None))
        return found

    def put_audio(self, key: bytes, audio: bytes) -> bool:
        """Keep a key's audio while the budget allows; whether it is kept. Failing is harmless.

        What is larger than a hundredth of the budget is not kept: it would push out too much else.
        """
        return self._put_audios({key: audio}) == 1

    def put_audios(self, audios: Mapping[bytes, bytes]) -> int:
        """Keep the audio of keys, in one pipelined round trip; how many are kept. Once the budget is used
        up nothing is tried for a while: eviction makes room every few minutes."""
        if time.monotonic() < self._full_until:
            return 0
        kept = self._put_audios(audios)
        if not kept:
            self._full_until = time.monotonic() + FULL_SECONDS
        return kept

    def _put_audios(self, audios: Mapping[bytes, bytes]) -> int:
        most = self._budget_bytes * REDIS_LARGEST_PART
        fitting = {key: audio for key, audio in audios.items() if 0 < len(audio) <= most}
        if not fitting or self.server.is_away():
            return 0
        try:
            own = self.server.names
            with self._redis.pipeline(transaction=False) as pipe:
                for key, audio in fitting.items():
                    values: list[bytes | int] = [key, audio, self._budget_bytes, TTL_SECONDS]
                    names = [own.audio_index, own.audio_sum, own.audio + key]
                    self._put_audio(names, values, client=pipe)
                return sum(map(int, pipe.execute()))
        except redis.ResponseError as error:  # out of memory: look-ups still go
            log.warning("audio is not cached in Redis: %s", error)
        except redis.RedisError as error:
            self.server.note_failure(error)
        return 0

    def drop(self, keys: Sequence[bytes]) -> None:
        """Forget keys whose audio is gone. Raises ServerError: a stale record would hide the loss."""
        self._drop(keys, records=True)

    def forget_all(self) -> int:
        """Forget every record and its audio; how many. Raises ServerError."""
        count, some = 0, list[bytes]()
        with as_server_error():
            start = self.server.names.records
            for name in self._redis.scan_iter(start + b"*", count=AT_ONCE):
                some.append(name.removeprefix(start))
                if len(some) == AT_ONCE:
                    self.drop(some)
                    count, some = count + len(some), []
        self.drop(some)
        return count + len(some)

    def drop_audio(self, keys: Sequence[bytes]) -> int:
        """Give up the audio of keys, not their records; the bytes that are free now. Raises ServerError."""
        return self._drop(keys, records=False)

    def _drop(self, keys: Sequence[bytes], *, records: bool) -> int:
        freed = 0
        with as_server_error():
            own = self.server.names
            for start in range(0, len(keys), AT_ONCE):
                some = keys[start : start + AT_ONCE]
                if records:
                    self._redis.delete(*[own.records + key for key in some])
                names = [own.audio_index, own.audio_sum, *[own.audio + key for key in some]]
                freed += cast(int, self._drop_audio(names, some))
        return freed

    def audio_keys(self) -> Iterator[bytes]:
        """The keys whose audio is here, in no certain order, some perhaps twice. Raises ServerError."""
        with as_server_error():
            for entry, _ in self._redis.zscan_iter(self.server.names.audio_index, count=AT_ONCE):
                yield entry[: -_SIZE.size]

    def audio_bytes(self) -> int:
        """Bytes of the audio that is here. Raises ServerError."""
        with as_server_error():
            return int(cast("bytes | None", self._redis.get(self.server.names.audio_sum)) or 0)

    def lookups(self) -> dict[str, int]:
        """Look-ups so far, by what was asked for ("asked", "audio_asked") and found. Raises ServerError."""
        return self._lookups.read()

    def held(self) -> Held:
        """What is here, counted one by one. Raises ServerError."""
        self._lookups.flush()
        with as_server_error():
            own = self.server.names
            records = sum(1 for _ in self._redis.scan_iter(own.records + b"*", count=10 * AT_ONCE))
            audios = self._redis.zcard(own.audio_index)
        return Held(records, audios, self.audio_bytes(), **self.lookups())


def _is_record(value: bytes | None) -> bool:
    return value is not None and len(value) == _RECORD.size and value[0] == _VERSION


def _packed(r: Record, day: int) -> bytes:
    return _RECORD.pack(
        _VERSION, day, r.bytes, r.millis, r.bought_job, r.bought_row, r.settled_millis, r.cost_micros
    )
