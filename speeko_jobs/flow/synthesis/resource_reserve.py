"""How many calls this process can take to their booking: asked before money is spent.

An answer that was paid for needs files, threads and memory until it is stored and booked. They are kept
free beforehand, because a call whose answer cannot be kept is paid for twice.
"""

from __future__ import annotations

import functools
import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

from speeko_jobs import system_resources
from speeko_jobs.errors import ServerError

# Between answer and booking: connections to Postgres, Redis and the broker that are not open yet, two
# batches of files on their way into the store, the spool, name lookups.
RESERVED_FILES = 20
MIN_FILES = 6  # whatever was reserved at first: fewer than that, and something else has taken them
IDLE_SECONDS = 2.0  # after so long, connections that earlier calls left open are closed
RESERVED_MEMORY_BYTES = 32 << 20
CALL_MEMORY_BYTES = 1 << 20


def max_calls() -> int:
    """Return how many calls may be in flight in this process; 0 where not even one may."""
    memory = (system_resources.spare_memory_bytes() - RESERVED_MEMORY_BYTES) // CALL_MEMORY_BYTES
    return max(min(_files_at_first(os.getpid()) - RESERVED_FILES, memory), 0)


@functools.lru_cache(maxsize=1)
def _files_at_first(_: int) -> int:
    """Count once a process, before what is reserved is in use: later counts would reserve it again."""
    return system_resources.spare_files()


def shortage() -> str:
    """Return what this process lacks for even one call, and what to do; "" when it lacks nothing."""
    files, host = _files_at_first(os.getpid()), socket.gethostname()
    left = system_resources.spare_files()
    if files <= RESERVED_FILES or left < MIN_FILES:
        needed = RESERVED_FILES + 1 if files <= RESERVED_FILES else MIN_FILES
        return (
            f"{host}: {min(files, left)} more open files are possible, and one call needs {needed} (the limit"
            f" is {system_resources.max_open_files()}): raise `ulimit -n`, 1024 is plenty"
        )
    memory = system_resources.spare_memory_bytes()
    least = RESERVED_MEMORY_BYTES + CALL_MEMORY_BYTES
    if memory < least:
        return f"{host}: {memory >> 20} MB of memory are left, and {least >> 20} MB are needed: give it more"
    return ""


def start_threads(pool: ThreadPoolExecutor, count: int) -> None:
    """Start all threads of a pool now. ServerError where the system gives no more."""
    met = threading.Barrier(count + 1)
    try:
        for _ in range(count):
            pool.submit(met.wait)
    except RuntimeError:
        met.abort()
        raise ServerError(
            f"{socket.gethostname()}: no more threads can be started: raise the limit of processes"
            " (`ulimit -u`, or the container's pids) or give it more memory"
        ) from None
    met.wait()
