"""The baseline for known texts: the way of the article that this project grew out of.

`a_seed_way.py CATALOG ROWS FOLDER`, the servers in SPEEKO_DATABASE_URL and SPEEKO_REDIS_URL. Rows come out of
a CSV, a hundred at a time are gathered; each makes its key and asks Redis for its audio (30 KB), and Postgres
where Redis does not know it, and gives it to Redis then. All texts are known. Prints rows a second as JSON:

    asked      one Redis GET a row, nothing else
    counted    and an INCR and an EXPIRE for its hit counter: the article's code, with an asyncio client
    blocking   the same with a client that blocks, as the article passes it
    written    counted, and each row's audio written to FOLDER: what it takes until a catalog is delivered
    restored   Redis is empty: a SELECT and a SET a row

It knows no unchanged rows, and writes no manifest.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import islice
from pathlib import Path

import psycopg
import redis
import redis.asyncio
import sqlalchemy

sys.path.insert(0, str(Path(__file__).parents[2]))

from speeko_jobs import settings as speeko_settings

AT_ONCE, AUDIO = 100, bytes(30_000)
TTL_SECONDS, HITS_SECONDS = 90 * 86_400, 86_400
VOICE, LANGUAGE = "kokoro-professional", "en"
Postgres = psycopg.AsyncConnection[tuple[bytes]]


def key_of(text: str) -> str:
    return "tts:" + hashlib.sha256(f"{text}|{VOICE}|{LANGUAGE}".encode()).hexdigest()


class Seed:
    """The cache in two tiers, one look-up a row."""

    def __init__(self, cache: redis.asyncio.Redis, database: Postgres) -> None:
        self._cache, self._database = cache, database

    async def asked(self, text: str) -> bytes:
        key = key_of(text)
        found = await self._cache.get(key)
        if isinstance(found, bytes):
            return found
        answer = await self._database.execute("SELECT audio FROM seed_cache WHERE key = %s", [key])
        row = await answer.fetchone()
        assert row is not None, "every text is known here"
        await self._cache.set(key, row[0], ex=TTL_SECONDS)
        return row[0]

    async def counted(self, text: str) -> bytes:
        found = await self.asked(text)
        hits = f"{key_of(text)}:hits"
        await self._cache.incr(hits)
        await self._cache.expire(hits, HITS_SECONDS)
        return found


class Blocking:
    """The same look-ups, each waited for by the whole process."""

    def __init__(self, cache: redis.Redis) -> None:
        self._cache = cache

    async def counted(self, text: str) -> bytes:
        key = key_of(text)
        found = self._cache.get(key)
        assert isinstance(found, bytes)
        self._cache.incr(f"{key}:hits")
        self._cache.expire(f"{key}:hits", HITS_SECONDS)
        return found


def texts(catalog: str, rows: int) -> Iterator[str]:
    with Path(catalog).open(newline="", encoding="utf-8") as file:
        yield from (row["description"] for row in islice(csv.DictReader(file), rows))


async def rate(
    audio: Callable[[str], Awaitable[bytes]], catalog: str, rows: int, folder: Path | None = None
) -> float:
    """Rows a second over the catalog's first rows, written to a folder if there is one."""
    started, found = time.monotonic(), texts(catalog, rows)
    done = 0
    while some := list(islice(found, AT_ONCE)):
        for answer in await asyncio.gather(*[audio(text) for text in some]):
            if folder is not None:
                (folder / f"{done}.mp3").write_bytes(answer)
            done += 1
    assert done == rows
    return rows / (time.monotonic() - started)


async def run(catalog: str, rows: int, folder: Path) -> dict[str, float]:
    settings = speeko_settings.load()
    url = sqlalchemy.make_url(settings.database_url).set(drivername="postgresql")
    plain = url.render_as_string(hide_password=False)
    async with (
        redis.asyncio.Redis.from_url(settings.redis_url) as cache,
        await psycopg.AsyncConnection.connect(plain, autocommit=True) as database,
    ):
        await database.execute("CREATE TABLE seed_cache (key text PRIMARY KEY, audio bytea NOT NULL)")
        keys = [key_of(text) for text in texts(catalog, rows)]
        await database.execute("INSERT INTO seed_cache SELECT unnest(%s::text[]), %s", [keys, AUDIO])
        await database.execute("ANALYZE seed_cache")
        seed = Seed(cache, database)
        out = {"restored": await rate(seed.asked, catalog, rows)}
        out["asked"] = await rate(seed.asked, catalog, rows)
        out["counted"] = await rate(seed.counted, catalog, rows)
        with redis.Redis.from_url(settings.redis_url) as blocking:
            out["blocking"] = await rate(Blocking(blocking).counted, catalog, rows)
        folder.mkdir()
        out["written"] = await rate(seed.counted, catalog, rows, folder)
        await cache.flushdb()
        await database.execute("DROP TABLE seed_cache")
    return out


print(json.dumps(asyncio.run(run(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))))
