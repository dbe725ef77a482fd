"""Adopt what a dead engine had put in the store and did not live to book: it is paid for, and it is there.

Runs before the engine is buried, because its calls are still open then. Only for texts of which no other
call may have been paid: else nobody could say which call brought the audio.
"""

from __future__ import annotations

import logging

from speeko_jobs.adapters.postgres import claims
from speeko_jobs.adapters.postgres.claims import Claim
from speeko_jobs.core.naming import audio_path
from speeko_jobs.core.spec import JobSpec
from speeko_jobs.core.speech import Speech
from speeko_jobs.errors import SpeekoError
from speeko_jobs.flow import settle
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.settle import Answer

AT_ONCE = 64
log = logging.getLogger(__name__)


def adopt(context: Context) -> list[tuple[int, int]]:
    """Book the stored audio of dead engines' calls; the chunks that are ready because of it."""
    by_store: dict[str, list[tuple[int, JobSpec, Claim]]] = {}
    for found in claims.dead_open(context.database):
        by_store.setdefault(found[1].store, []).append(found)
    ready: list[tuple[int, int]] = []
    for url, calls in by_store.items():
        try:
            for start in range(0, len(calls), AT_ONCE):
                ready += _adopt(context, url, calls[start : start + AT_ONCE])
        except SpeekoError as error:  # the engine is buried, and what is there is replaced
            log.warning("%s (nothing can be adopted from it)", error)
    return ready


def _adopt(context: Context, url: str, calls: list[tuple[int, JobSpec, Claim]]) -> list[tuple[int, int]]:
    store = context.store_of(url)
    sizes = store.sizes([audio_path(claim.key, claim.format) for _, _, claim in calls])
    there = [call for call, size in zip(calls, sizes, strict=True) if size is not None]
    if not there:
        return []
    audio = store.get_many([audio_path(claim.key, claim.format) for _, _, claim in there])
    answers = [
        Answer(job, spec, claim, Speech(data, 0.0), 0.0)
        for (job, spec, claim), data in zip(there, audio, strict=True)
    ]
    return settle.settle(context, answers).ready
