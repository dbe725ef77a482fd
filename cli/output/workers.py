"""The registered workers as records for --json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from speeko_jobs.flow.reporting.fleet_queries import Worker


def document(worker: Worker) -> dict[str, Any]:
    """Return a worker as --json shows it."""
    return {
        "host": worker.host,
        "pid": worker.pid,
        "state": worker.state,
        "version": worker.version,
        "queues": list(worker.queues),
        "processes": worker.processes,
        "accounts": {
            name: {"provider": one.provider, "url": one.url, "key": one.fingerprint}
            for name, one in worker.accounts.items()
        },
        "home": worker.home,
        "started_at": worker.started_at.isoformat(),
        "seen_seconds": round(worker.seen_seconds, 3),
    }
