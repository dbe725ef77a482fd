"""What every verb of the flow works with: the open things, passed in by the runtime."""

from __future__ import annotations

from dataclasses import dataclass

from speeko_jobs.adapters.audio_store import Store
from speeko_jobs.adapters.celery_queue.queue import Queue
from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.adapters.redis.cache import RedisCache
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.output.archive_path import staging_url
from speeko_jobs.core.output.cdn_publishing import IMMUTABLE
from speeko_jobs.settings import Settings


@dataclass(frozen=True)
class Context:
    """One process's open things. The audio store is the job's own: `store_of` opens it once."""

    settings: Settings
    database: Database
    cache: RedisCache
    queue: Queue
    _stores: dict[str, Store]

    def store_of(self, url: str, cache_control: str = IMMUTABLE) -> Store:
        """The store at `url`, whose audio gets this header, opened once a process."""
        name = url if cache_control == IMMUTABLE else f"{url} {cache_control}"
        found = self._stores.get(name)
        if found is None:
            found = self._stores[name] = Store(url, cache_control=cache_control)
        return found

    def destination_of(self, spec: JobSpec) -> Store:
        """Return the store that the job's files are delivered to, opened once a process.

        The files of a ZIP archive are staged in the audio store (see core.output.archive_path).
        """
        if spec.archive:
            return self.store_of(staging_url(spec.store, self.store_of(spec.output).location))
        return self.store_of(spec.output, spec.audio_cache_control)

    def output_url(self, spec: JobSpec) -> str:
        """Return the address that a job's output is known by, without the options of a bucket."""
        return self.store_of(spec.output).url if spec.archive else self.destination_of(spec).url
