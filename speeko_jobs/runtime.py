"""Settings → the open things a flow needs. The one place that wires.

Embedded servers are not started here: who wants them starts a `embedded.servers.Stack` and passes settings
that name them (`with_servers`). Everything is made after a fork and belongs to one process.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator

from speeko_jobs import private_files
from speeko_jobs.adapters.celery_queue.queue import Queue
from speeko_jobs.adapters.postgres import migrate, restores
from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.adapters.providers.provider import open_provider
from speeko_jobs.adapters.redis.cache import RedisCache
from speeko_jobs.embedded.server_restart import Watchdog
from speeko_jobs.embedded.servers import EmbeddedServers
from speeko_jobs.errors import ConfigError
from speeko_jobs.flow.context import Context
from speeko_jobs.settings import Settings

__all__ = ["close", "context", "database_only", "open_context", "open_provider", "servers"]


def open_context(
    settings: Settings, *, name: str = "speeko", pool_size: int = 4, is_told: bool = False
) -> Context:
    """The open things of this process. Connections are made by the first use. `is_told`: see `RedisCache`."""
    if not settings.database_url or not settings.redis_url:
        raise ConfigError("no servers: set SPEEKO_DATABASE_URL and SPEEKO_REDIS_URL, or use `speeko up`")
    if settings.store_url == str(settings.home_path / "audio"):
        with contextlib.suppress(OSError):  # the store says it better, if it is ever written to
            private_files.folder(settings.home_path / "audio")
    database = Database(settings.database_url, name=name, pool_size=pool_size)
    audio_bytes = settings.redis_audio_budget * 1_000_000
    return Context(
        settings,
        database,
        RedisCache(settings.redis_url, audio_bytes, lambda: restores.identity(database), is_told=is_told),
        Queue(settings.queue_url),
        {},
    )


def close(context: Context) -> None:
    context.queue.close()
    context.cache.close()
    context.database.close()


@contextlib.contextmanager
def servers(settings: Settings, *, linger_seconds: float | None = None) -> Iterator[Settings]:
    """Settings that name servers: the given ones, or embedded ones that run until the end of the block.

    `linger_seconds`: embedded ones stay for so long after the last command (see `EmbeddedServers`).
    Embedded databases are migrated; a schema elsewhere that does not fit is a SchemaError.
    """
    with contextlib.ExitStack() as stack:
        embedded = settings.embedded_database
        if embedded or settings.embedded_redis:
            local = EmbeddedServers(
                settings.home_path,
                database=embedded,
                redis=settings.embedded_redis,
                linger_seconds=linger_seconds,
            )
            stack.callback(local.stop)
            urls = local.start()
            stack.enter_context(Watchdog(local))
            settings = dataclasses.replace(
                settings,
                home=str(settings.home_path),
                database_url=settings.database_url or urls.database_url,
                redis_url=settings.redis_url or urls.redis_url,
            )
        database = Database(settings.database_url)
        try:
            if embedded and migrate.current(database) != migrate.head():
                from speeko_jobs.flow.lifecycle import migration_guard  # heavy, and rarely needed

                migration_guard.upgrade(database, settings.queue_url, settings.home_path)
            migrate.require(database)
        finally:
            database.close()
        yield settings


@contextlib.contextmanager
def database_only(settings: Settings) -> Iterator[Database]:
    """Open the database alone, embedded or by URL, whatever its schema; closed at the end of the block."""
    with contextlib.ExitStack() as stack:
        if settings.embedded_database:
            settings = stack.enter_context(servers(settings))
        database = Database(settings.database_url)
        stack.callback(database.close)
        yield database


@contextlib.contextmanager
def context(
    settings: Settings, *, name: str = "speeko", linger_seconds: float | None = None
) -> Iterator[Context]:
    """`servers` and the open things on them, closed at the end of the block."""
    with servers(settings, linger_seconds=linger_seconds) as named:
        opened = open_context(named, name=name)
        try:
            yield opened
        finally:
            close(opened)
