"""Name workers of another version: they may not know what this one writes, and refuse its jobs."""

from __future__ import annotations

from collections.abc import Sequence

from speeko_jobs import __version__
from speeko_jobs.adapters.postgres.worker_registry import Worker


def differing(registered: Sequence[Worker], answering: Sequence[str] = ()) -> list[str]:
    """Return a line for each worker of another version.

    `answering`: names of workers that answer at the broker ("node-pid@host"). A worker that is not registered
    is of a version from before the registry.
    """
    others = [one for one in registered if one.version != __version__]
    lines = [f"{one.host} (pid {one.pid}) runs version {one.version}" for one in others]
    known = {(one.host, str(one.pid)) for one in registered}
    for name in answering:
        node, _, host = name.partition("@")
        if (host, node.rpartition("-")[2]) not in known:
            lines.append(f"{name} runs an older version")
    return lines


def warning(lines: Sequence[str]) -> str:
    """Return one line on workers of another version, "" where there are none."""
    return f"{', '.join(lines)}, this is {__version__}: restart it with this version" if lines else ""
