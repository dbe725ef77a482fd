"""What every verb of the flow works with: the open things, passed in by the runtime."""

from __future__ import annotations

from dataclasses import dataclass

from speeko_jobs.adapters.audio_store import Store
from speeko_jobs.adapters.celery_queue import Queue
from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.adapters.redis_cache import RedisCache
from speeko_jobs.core.spec import JobSpec
from speeko_jobs.settings import Settings


@dataclass(frozen=True)
class Context:
    """One process's open things. The audio store is the job's own: `store_of` opens it once."""

    settings: Settings
    database: Database
    cache: RedisCache
    queue: Queue
    _stores: dict[str, Store]

    def store_of(self, url: str) -> Store:
        """The store at `url`, opened once a process."""
        found = self._stores.get(url)
        if found is None:
            found = self._stores[url] = Store(url)
        return found

    def destination_of(self, spec: JobSpec) -> Store:
        """The store that the job's files are delivered to, opened once a process."""
        return self.store_of(spec.output)
