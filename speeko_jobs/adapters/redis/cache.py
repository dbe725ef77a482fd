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

import json
import logging
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from speeko_jobs.adapters.redis import scripts
from speeko_jobs.core.model.speech import Record
from speeko_jobs.core.policies.eviction import REDIS_LARGEST_PART
from speeko_jobs.errors import ConfigError, ServerError

TTL_SECONDS = 90 * 86_400
RENEW_DAYS = 10  # a record that is hit is written again once it is so old: seldom, yet long before it expires
PREFIX = b"speeko:utterance:"
AUDIO, AUDIO_INDEX, AUDIO_BYTES = b"speeko:audio:", b"speeko:audio-index", b"speeko:audio-bytes"
LOOKUPS = b"speeko:lookups"
DEAD_LETTERS, DEAD_LETTERS_COUNT = b"speeko:dead-letters", b"speeko:dead-letters-count"
MAX_DEAD_LETTERS = 100
OWNER = b"speeko:database"  # the id of the database that the names above belong to
BOUND_SECONDS = 60.0  # until it is seen whether they still do
AWAY_SECONDS = 5.0  # after a failure, do not ask again for so long: one slow server must not slow each chunk
COUNT_SECONDS = 10.0  # look-ups are counted here and told to Redis so often
AT_ONCE = 1000
FULL_SECONDS = 10.0
AUDIO_BUDGET_BYTES = 256_000_000

FOREIGN = (
    "this Redis belongs to another database: its cache is not used, and messages of both would mix; give each"
    " database a Redis (or a number: redis://host/1) of its own, or run `speeko db restored` if the other"
    " database is gone"
)
_RECORD = struct.Struct(">BHIIqqqq")  # version, day on which it was written, and a Record
_VERSION = 3
_DAY = struct.Struct(">H")
_SIZE = struct.Struct(">I")
log = logging.getLogger(__name__)


class _Names(NamedTuple):
    """Where one database's share of this Redis lies."""

    records: bytes
    audio: bytes
    audio_index: bytes
    audio_sum: bytes
    lookups: bytes


_OWN = _Names(PREFIX, AUDIO, AUDIO_INDEX, AUDIO_BYTES, LOOKUPS)


def _apart(database_id: str) -> _Names:
    """Return names that no other database uses."""
    start = b"speeko:" + database_id.encode() + b":"
    return _Names(*(name.replace(b"speeko:", start, 1) for name in _OWN))


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

    A Redis belongs to the first database that uses it. For any other, what it holds is unknown: that one has
    names of its own. `database_id` answers the id of the database, "" where that is not known.
    """

    def __init__(
        self,
        url: str,
        audio_budget_bytes: int = AUDIO_BUDGET_BYTES,
        database_id: Callable[[], str] = lambda: "",
        *,
        is_told: bool = False,
    ) -> None:
        """`is_told`: another process has said whether this Redis belongs to another database."""
        try:
            self._redis = redis.Redis.from_url(
                url,
                socket_timeout=5,
                socket_connect_timeout=2,
                retry=Retry(NoBackoff(), 1),
                health_check_interval=30,
            )
        except ValueError as error:
            raise ConfigError(f"SPEEKO_REDIS_URL is not a Redis URL: {error}") from None
        self._budget_bytes = audio_budget_bytes
        self._database_id = database_id
        self._bound, self._bound_until, self._is_told = _OWN, 0.0, is_told
        self._put_records = self._redis.register_script(scripts.PUT_RECORDS)
        self._put_audio = self._redis.register_script(scripts.PUT)
        self._get_audio = self._redis.register_script(scripts.GET)
        self._drop_audio = self._redis.register_script(scripts.DROP)
        self._away_until = self._day_until = self._full_until = 0.0
        self._day = 0
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(("asked", "found", "audio_asked", "audio_found"), 0)
        self._tell_at = time.monotonic() + COUNT_SECONDS

    def close(self) -> None:
        self._tell_counts()
        self._redis.close()

    @property
    def _names(self) -> _Names:
        """Where to read and write. Raises redis.RedisError."""
        if time.monotonic() >= self._bound_until:
            self._bind()
        return self._bound

    def _bind(self, *, warn: bool = True) -> str:
        """Find out whose names these are, and take them where they are nobody's; the id of another owner.

        `warn`: log a change from this database's Redis to another's.
        """
        own = self._database_id().encode()
        owner = own
        if own:
            self._redis.set(OWNER, own, nx=True)
            owner = cast("bytes | None", self._redis.get(OWNER)) or own
        names = _OWN if owner == own else _apart(own.decode())
        is_new = names is not _OWN and self._bound is _OWN and warn and not self._is_told
        self._bound, self._bound_until = names, time.monotonic() + BOUND_SECONDS
        self._is_told = False  # of the first look only: what changes later is told again
        if is_new:
            log.warning(FOREIGN)
        return "" if owner == own else owner.decode("ascii", "replace")

    def is_foreign(self) -> bool:
        """Return whether this Redis belongs to another database; the caller says so. Raises ServerError."""
        try:
            return self._bind(warn=False) != ""
        except redis.RedisError as error:
            raise ServerError(f"Redis does not answer: {error}") from None

    def take_over(self) -> None:
        """Have this Redis belong to this database, whoever had it. Raises ServerError."""
        own = self._database_id()
        try:
            if own:
                self._redis.set(OWNER, own)
            self._bind()
        except redis.RedisError as error:
            raise ServerError(f"Redis does not answer: {error}") from None

    def ping(self) -> str:
        """The server's version; ServerError when it does not answer."""
        try:
            return str(self._redis.info("server")["redis_version"])
        except redis.RedisError as error:
            raise ServerError(f"Redis does not answer: {error}") from None

    def set_aside(self, queue: str, why: str, content: str) -> None:
        """Keep a message that no worker can run in the dead letter list, the newest first, and count it."""
        try:
            at, _ = self._redis.time()
            letter = json.dumps({"at": at, "queue": queue, "why": why, "content": content})
            with self._redis.pipeline() as pipe:
                pipe.lpush(DEAD_LETTERS, letter)
                pipe.ltrim(DEAD_LETTERS, 0, MAX_DEAD_LETTERS - 1)
                pipe.incr(DEAD_LETTERS_COUNT)
                pipe.execute()
        except redis.RedisError as error:
            log.warning("a dead letter is not kept: Redis does not answer (%s)", type(error).__name__)

    def dead_letters(self) -> tuple[int, list[dict[str, Any]]]:
        """Return how many messages were ever set aside, and the newest. ServerError: Redis is away."""
        try:
            count = int(cast("bytes | None", self._redis.get(DEAD_LETTERS_COUNT)) or 0)
            found = cast("list[bytes]", self._redis.lrange(DEAD_LETTERS, 0, -1))
        except redis.RedisError as error:
            raise ServerError(f"Redis does not answer: {error}") from None
        return count, [json.loads(letter) for letter in found]

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
        if not keys or self._is_away():
            return [None] * len(keys)
        try:
            start = self._names.records
            found = cast("list[bytes | None]", self._redis.mget([start + key for key in keys]))
            oldest = _DAY.pack(max(self._today() - RENEW_DAYS, 0))
            old = [at for at, value in enumerate(found) if value is not None and value[1:3] < oldest]
            if old:
                self._renew({keys[at]: value for at in old if _is_record(value := found[at] or b"")})
        except redis.RedisError as error:
            self._failed(error)
            return [None] * len(keys)
        self._count(asked=len(keys), found=len(keys) - found.count(None))
        return found

    def _renew(self, values: Mapping[bytes, bytes]) -> None:
        """Give records their whole time again, if they are still there: what is dropped stays dropped."""
        day, start = _DAY.pack(self._today()), self._names.records
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
        if not records or self._is_away():
            return
        try:
            day = self._today()
            values = [_packed(record, day) for record in records.values()]
            start = self._names.records
            self._put_records([start + key for key in records], [TTL_SECONDS, *values])
        except redis.RedisError as error:
            self._failed(error)

    def audio(self, key: bytes) -> bytes | None:
        """A key's audio, if it is here: one round trip."""
        if self._is_away():
            return None
        values: list[bytes | int] = [key, TTL_SECONDS, RENEW_DAYS * 86_400]
        try:
            own = self._names
            names = [own.audio_index, own.audio_sum, own.audio + key]
            found = cast("bytes | None", self._get_audio(names, values))
        except redis.RedisError as error:
            self._failed(error)
            return None
        self._count(audio_asked=1, audio_found=int(found is not None))
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
        if not fitting or self._is_away():
            return 0
        try:
            own = self._names
            with self._redis.pipeline(transaction=False) as pipe:
                for key, audio in fitting.items():
                    values: list[bytes | int] = [key, audio, self._budget_bytes, TTL_SECONDS]
                    names = [own.audio_index, own.audio_sum, own.audio + key]
                    self._put_audio(names, values, client=pipe)
                return sum(map(int, pipe.execute()))
        except redis.ResponseError as error:  # out of memory: look-ups still go
            log.warning("Redis takes no audio: %s", error)
        except redis.RedisError as error:
            self._failed(error)
        return 0

    def drop(self, keys: Sequence[bytes]) -> None:
        """Forget keys whose audio is gone. Raises ServerError: a stale record would hide the loss."""
        self._drop(keys, records=True)

    def forget_all(self) -> int:
        """Forget every record and its audio; how many. Raises ServerError."""
        count, some = 0, list[bytes]()
        try:
            start = self._names.records
            for name in self._redis.scan_iter(start + b"*", count=AT_ONCE):
                some.append(name.removeprefix(start))
                if len(some) == AT_ONCE:
                    self.drop(some)
                    count, some = count + len(some), []
        except redis.RedisError as error:
            raise ServerError(f"Redis does not answer: {error}") from None
        self.drop(some)
        return count + len(some)

    def drop_audio(self, keys: Sequence[bytes]) -> int:
        """Give up the audio of keys, not their records; the bytes that are free now. Raises ServerError."""
        return self._drop(keys, records=False)

    def _drop(self, keys: Sequence[bytes], *, records: bool) -> int:
        freed = 0
        try:
            own = self._names
            for start in range(0, len(keys), AT_ONCE):
                some = keys[start : start + AT_ONCE]
                if records:
                    self._redis.delete(*[own.records + key for key in some])
                names = [own.audio_index, own.audio_sum, *[own.audio + key for key in some]]
                freed += cast(int, self._drop_audio(names, some))
        except redis.RedisError as error:
            raise ServerError(f"Redis does not answer: {error}") from None
        return freed

    def audio_keys(self) -> Iterator[bytes]:
        """The keys whose audio is here, in no certain order, some perhaps twice. Raises ServerError."""
        try:
            for entry, _ in self._redis.zscan_iter(self._names.audio_index, count=AT_ONCE):
                yield entry[: -_SIZE.size]
        except redis.RedisError as error:
            raise ServerError(f"Redis does not answer: {error}") from None

    def audio_bytes(self) -> int:
        """Bytes of the audio that is here. Raises ServerError."""
        try:
            return int(cast("bytes | None", self._redis.get(self._names.audio_sum)) or 0)
        except redis.RedisError as error:
            raise ServerError(f"Redis does not answer: {error}") from None

    def lookups(self) -> dict[str, int]:
        """Look-ups so far, by what was asked for ("asked", "audio_asked") and found. Raises ServerError."""
        try:
            counts = {
                name.decode(): int(n)
                for name, n in cast(Any, self._redis.hgetall(self._names.lookups)).items()
            }
        except redis.RedisError as error:
            raise ServerError(f"Redis does not answer: {error}") from None
        return {name: counts.get(name, 0) for name in self._counts}

    def memory_bytes(self) -> tuple[int, int]:
        """What Redis takes, and the most that it may take (0: no limit). Raises ServerError."""
        try:
            info = cast(Any, self._redis.info("memory"))
        except redis.RedisError as error:
            raise ServerError(f"Redis does not answer: {error}") from None
        return int(info["used_memory"]), int(info["maxmemory"])

    def held(self) -> Held:
        """What is here, counted one by one. Raises ServerError."""
        self._tell_counts()
        try:
            records = sum(1 for _ in self._redis.scan_iter(self._names.records + b"*", count=10 * AT_ONCE))
            audios = self._redis.zcard(self._names.audio_index)
        except redis.RedisError as error:
            raise ServerError(f"Redis does not answer: {error}") from None
        return Held(records, audios, self.audio_bytes(), **self.lookups())

    def _count(self, **more: int) -> None:
        """Count look-ups in this process; they are added in Redis now and then."""
        with self._lock:
            for name, n in more.items():
                self._counts[name] += n
        if time.monotonic() >= self._tell_at:
            self._tell_counts()

    def _tell_counts(self) -> None:
        with self._lock:
            counts, self._counts = self._counts, dict.fromkeys(self._counts, 0)
            self._tell_at = time.monotonic() + COUNT_SECONDS
        if self._is_away() or not any(counts.values()):
            return
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                for name, n in counts.items():
                    pipe.hincrby(self._names.lookups, name, n)
                pipe.expire(self._names.lookups, TTL_SECONDS)
                pipe.execute()
        except redis.RedisError as error:
            self._failed(error)

    def _is_away(self) -> bool:
        return time.monotonic() < self._away_until

    def _failed(self, error: redis.RedisError) -> None:
        self._away_until = time.monotonic() + AWAY_SECONDS
        log.warning(
            "Redis does not answer (%s): asking Postgres for %g s", type(error).__name__, AWAY_SECONDS
        )


def _is_record(value: bytes | None) -> bool:
    return value is not None and len(value) == _RECORD.size and value[0] == _VERSION


def _packed(r: Record, day: int) -> bytes:
    return _RECORD.pack(
        _VERSION, day, r.bytes, r.millis, r.bought_job, r.bought_row, r.settled_millis, r.cost_micros
    )
