"""Decide whether a Redis (or Valkey) server fits: a single server of 6.2 or later that takes writes.

MIN_VERSION is the one place that names the least version. Cluster and Sentinel are refused: Celery and our
scripts use several keys in one command, and a Sentinel only knows where the primary is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import redis

from speeko_jobs.errors import ConfigError, ServerError, SpeekoError

MIN_VERSION = (6, 2)  # SET with EXAT
CLUSTER = (
    "is part of a Redis Cluster, which speeko does not support: give the URL of a single Redis (a managed"
    " service: with cluster mode disabled)"
)
SENTINEL = (
    "is a Sentinel, which speeko does not support: give the URL of the primary itself, or of a proxy that"
    " follows it"
)
REPLICA = "is a read-only replica: give the URL of the primary"
_LOADING = "is loading its data: try again in a moment"
_PASSWORD = "needs another user or password: correct them in the URL (redis://user:password@host:6379/0)"  # noqa: S105
# what Redis says, and what to say; the first that fits
_STATES: tuple[tuple[str, str], ...] = (
    (r"not allowed in cluster mode|MOVED|CLUSTERDOWN|CROSSSLOT|cluster support disabled", CLUSTER),
    (r"unknown command .?SELECT", SENTINEL),
    (r"READONLY|read only replica", REPLICA),
    (r"LOADING|loading the dataset", _LOADING),
    (r"NOAUTH|WRONGPASS|[Aa]uthentication|invalid username-password|[Ii]nvalid password|without any password",
     _PASSWORD),
    (r"NOPERM|no permissions", "denies a command to this user: allow it (ACL SETUSER user +@all ~speeko:*)"),
    (r"OOM|maxmemory", "is out of memory: raise its maxmemory, or lower SPEEKO_REDIS_AUDIO_BUDGET"),
    (r"MISCONF", "refuses writes, because it cannot save to its disk: see its log, free some room"),
    (r"DB index is out of range", "has no database of this number: give a lower one (redis://host:6379/0)"),
    (r"max number of clients", "has no connection left: raise its maxclients, or run fewer workers"),
    (r"MASTERDOWN|NOREPLICAS", "is a replica without its primary, or lacks replicas: wait for the failover"),
    (r"Protocol Error|invalid response", "is no Redis, or speaks TLS: correct host and port, or use rediss://"),
    (r"wrong version number|SSL|certificate", "fails at TLS: correct the scheme (rediss:// or redis://)"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RedisFacts:
    """What `speeko doctor` reports of a Redis. `max_bytes`: 0 for no limit."""

    version: str
    max_bytes: int
    policy: str
    clock_seconds: float

    @property
    def evicts_messages(self) -> bool:
        """Return whether it drops queued messages to make room: they have no time to live."""
        return self.max_bytes > 0 and self.policy.startswith("allkeys-")


def explained(error: BaseException) -> ServerError:
    """Return one line on what Redis refuses, with the remedy."""
    text = f"{type(error).__name__}: {error}"
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    for words, remedy in _STATES:
        if re.search(words, text):
            return ServerError(f"Redis {remedy} ({said})")
    return ServerError(f"Redis does not answer: {said}")


def check_info(info: Mapping[str, Any]) -> None:
    """Refuse a server of a wrong kind or version by what INFO answers. Raises ConfigError and ServerError."""
    version = version_of(info)
    mode, role = info.get("redis_mode", info.get("server_mode", "")), info.get("role", "")
    wrong = {"cluster": CLUSTER, "sentinel": SENTINEL}.get(str(mode), "")
    if not wrong and role == "slave":
        wrong = REPLICA
    if wrong:
        raise ConfigError(f"Redis {version} {wrong}")
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if numbers and numbers < MIN_VERSION:
        least = ".".join(map(str, MIN_VERSION))
        raise ServerError(f"Redis {version} is too old: speeko needs {least} or later, upgrade the server")


def version_of(info: Mapping[str, Any]) -> str:
    """Return the version that it names; Valkey names that of the Redis it stands in for, too."""
    return str(info.get("redis_version", "?"))


def unfit(error: BaseException) -> SpeekoError | None:
    """Return what to raise where an error says that this is a server of a wrong kind, else None."""
    found = explained(error) if isinstance(error, redis.RedisError) else None
    return (
        ConfigError(str(found))
        if found and any(w in str(found) for w in (CLUSTER, SENTINEL, REPLICA))
        else None
    )
