"""Tell where another database uses the same Redis. Imports little: each command asks."""

from __future__ import annotations

from speeko_jobs.adapters.redis.server import FOREIGN
from speeko_jobs.flow.context import Context


def foreign_redis_warning(context: Context) -> str:
    """Return one line where another database uses the same Redis, else ""."""
    return FOREIGN if context.cache.server.is_foreign() else ""
