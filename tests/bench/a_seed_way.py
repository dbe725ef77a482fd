"""The baseline for known texts: the way of the article that this project grew out of, told in its design.

`a_seed_way.py CATALOG ROWS`, the servers in SPEEKO_DATABASE_URL and SPEEKO_REDIS_URL. Rows come out of a CSV,
a hundred at a time are gathered; each makes its key and asks Redis for its audio, and Postgres where Redis
does not know it, and gives it to Redis then. All texts are known. Prints rows a second as JSON:

    asked      one Redis GET a row, nothing else
    counted    and an INCR and an EXPIRE for its hit counter, as the article has it
    restored   Redis is empty: a SELECT and a SETEX a row

It delivers nothing and writes no manifest, and its audio is a tenth of the usual size: both in its favour.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
import json
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import psycopg
import redis.asyncio
import sqlalchemy

sys.path.insert(0, str(Path(__file__).parents[2]))

from speeko_jobs import settings as speeko_settings

AT_ONCE, TTL_SECONDS, AUDIO = 100, 90 * 86_400, bytes(3_000)
VOICE, LANGUAGE = "kokoro-professional", "en"
Postgres = psycopg.AsyncConnection[tuple[bytes]]


def key_of(text: str) -> str:
    return "tts:" + hashlib.sha256(f"{text}|{VOICE}|{LANGUAGE}".encode()).hexdigest()


class Seed:
    """The cache in two tiers, one look-up a row."""

    def __init__(self, cache: redis.asyncio.Redis, database: Postgres, counts_hits: bool) -> None:
        self._cache, self._database, self._counts_hits = cache, database, counts_hits

    async def audio(self, text: str) -> bytes:
        key = key_of(text)
        found: bytes | None = await self._cache.get(key)
        if found is not None:
            if self._counts_hits:
                await self._cache.incr(f"{key}:hits")
                await self._cache.expire(f"{key}:hits", 86_400)
            return found
        answer = await self._database.execute("SELECT audio FROM seed_cache WHERE key = %s", [key])
        row = await answer.fetchone()
        assert row is not None, "every text is known here"
        await self._cache.setex(key, TTL_SECONDS, row[0])
        return row[0]


def texts(catalog: str, rows: int) -> Iterator[str]:
    with Path(catalog).open(newline="", encoding="utf-8") as file:
        yield from (row["description"] for row in islice(csv.DictReader(file), rows))


async def rate(seed: Seed, catalog: str, rows: int) -> float:
    """Rows a second over the catalog's first rows."""
    started, found = time.monotonic(), texts(catalog, rows)
    done = 0
    while some := list(islice(found, AT_ONCE)):
        done += len(await asyncio.gather(*[seed.audio(text) for text in some]))
    assert done == rows
    return rows / (time.monotonic() - started)


async def run(catalog: str, rows: int) -> dict[str, float]:
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
        out = {"restored": await rate(Seed(cache, database, False), catalog, rows)}
        out["asked"] = await rate(Seed(cache, database, False), catalog, rows)
        out["counted"] = await rate(Seed(cache, database, True), catalog, rows)
        await cache.flushdb()
        await database.execute("DROP TABLE seed_cache")
    return out


print(json.dumps(asyncio.run(run(sys.argv[1], int(sys.argv[2])))))
