"""Check what a job needs, for `speeko doctor`: Redis, schema, audio store, provider. Costs nothing.

Each check returns what it found, and raises a SpeekoError with one line on what to do.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from speeko_jobs.adapters.audio_store import Store
from speeko_jobs.adapters.postgres import migrate
from speeko_jobs.adapters.providers.provider import check
from speeko_jobs.adapters.redis.server import FOREIGN
from speeko_jobs.core.output.archive_path import is_archive, split
from speeko_jobs.core.providers.profiles import Profile
from speeko_jobs.errors import ServerError
from speeko_jobs.flow.context import Context
from speeko_jobs.settings import Settings


def pooler_mode(context: Context) -> str:
    """Return how a pooler in front of Postgres shares connections: transaction or session; "" for none."""
    return context.database.pooler_mode()


def schema_revision() -> str:
    """Return the revision that this version works with."""
    return migrate.head()


def redis_version(context: Context) -> str:
    """Return Redis' version. Raises ServerError where it is away, or another database uses it."""
    version = context.cache.server.version()
    if warning := foreign_redis_warning(context):
        raise ServerError(warning)
    return version


def foreign_redis_warning(context: Context) -> str:
    """Return one line where another database uses the same Redis, else ""."""
    return FOREIGN if context.cache.server.is_foreign() else ""


def writable_store(url: str) -> str:
    """Return the store's URL once a probe was written, read and removed. Raises StoreError, ConfigError.

    A folder that did not exist before does not exist afterwards. For a ZIP file, its folder is looked at.
    """
    if is_archive(url) and not Path(url).is_dir():
        url = split(url)[0]
    store = Store(url)
    is_new = store.is_folder and not Path(store.url).exists()
    try:
        store.check_writable()
    finally:
        if is_new:
            with contextlib.suppress(OSError):
                Path(store.url).rmdir()
    return store.url


def provider_answer(profile: Profile, settings: Settings) -> str:
    """Return one line on a provider that answers and, as far as can be known, accepts the key."""
    return check(profile, settings)
