"""What one worker process has open, made after its fork: connections, one event loop, providers.

A connection, a loop or an object store that was made before a fork must not be used after it.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import mmap
import os
import sys
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

import uvloop

from speeko_jobs import runtime
from speeko_jobs.adapters.celery_queue.queue import SYNTHESIZE
from speeko_jobs.adapters.providers.provider import Provider, open_provider
from speeko_jobs.core.providers.profiles import Profile
from speeko_jobs.flow.context import Context
from speeko_jobs.settings import Settings

T = TypeVar("T")
SWITCH_SECONDS = 0.001  # threads that settle hold up the loop, and so the next calls, for no longer
settings = Settings()  # speeko_workers.app sets the real ones
_opened: Process | None = None
_flags = mmap.mmap(-1, 1)  # made before the fork, shared with every child


@dataclass
class Process:
    """One worker process."""

    context: Context
    loop: asyncio.AbstractEventLoop
    providers: dict[str, Provider] = field(default_factory=dict)  # by account

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end on this process's loop."""
        return self.loop.run_until_complete(work)

    def provider(self, profile: Profile, account: Settings) -> Provider:
        """Return the provider of an account's settings, opened by the first use. Call it on the loop."""
        found = self.providers.get(account.account)
        if found is None:
            found = self.providers[account.account] = open_provider(profile, account)
        return found


def preload(queues: str) -> None:
    """Load before the fork what the first task of each child would: once, in memory that they share."""
    if SYNTHESIZE in queues.split(",") and (settings.provider != "espeak" or settings.accounts):
        importlib.import_module("speeko_jobs.adapters.providers.http_provider")


def begin_stop() -> None:
    """Tell all children of this worker to begin nothing new (Celery tells them nothing on a warm stop)."""
    _flags[0] = 1


def is_stopping() -> bool:
    return _flags[0] == 1


def open_process() -> Process:
    """Open what this process needs; again: the same."""
    global _opened
    if _opened is None:
        sys.setswitchinterval(SWITCH_SECONDS)
        gc.freeze()  # what is loaded stays: no collection has to go over it again
        # the command that supervises this worker has looked at Redis and said what is wrong with it
        is_told = bool(os.environ.get("SPEEKO_SUPERVISED"))
        context = runtime.open_context(settings, name="speeko-worker", is_told=is_told)
        _opened = Process(context, uvloop.new_event_loop())
    return _opened


def close_process() -> None:
    """Close everything in good order, as far as that still goes."""
    global _opened
    if _opened is None:
        return
    opened, _opened = _opened, None
    for provider in opened.providers.values():
        opened.run(provider.aclose())
    opened.loop.close()
    runtime.close(opened.context)
