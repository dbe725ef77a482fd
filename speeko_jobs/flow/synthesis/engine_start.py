"""Decide whether an engine may start for a chunk: pass it on, pause its job, probe its provider, or run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from speeko_jobs.adapters.postgres import chunks
from speeko_jobs.adapters.postgres.chunks import JobContext
from speeko_jobs.adapters.providers.provider import Provider
from speeko_jobs.core.model.pause_reasons import PauseKind, stored_reason
from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.providers.profiles import Profile
from speeko_jobs.errors import ConfigError
from speeko_jobs.flow import accounts
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.synthesis import outage_recovery, resource_reserve, spool
from speeko_jobs.flow.synthesis.engine import Engine
from speeko_jobs.flow.synthesis.job_pause import pause
from speeko_jobs.settings import Settings

OpenProvider = Callable[[Profile, Settings], Provider]  # settings: those of the account
PASS_ON_SECONDS = 0.2  # until a message that only another worker can serve is sent again


async def synthesize(
    context: Context,
    open_provider: OpenProvider,
    job: int,
    no: int,
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Work on a chunk, and on others of its provider while there is room. Return how many calls were made.

    Once `is_stopping` answers True nothing new begins: in-flight calls complete, and all else is given back.
    """
    first = await asyncio.to_thread(chunks.job_context, context.database, job)
    if first is None or (first.state is not JobState.RUNNING and not first.has_outage):
        return 0
    if not await asyncio.to_thread(spool.room, context):
        await asyncio.to_thread(pause, context, job, spool.no_room(context))
        return 0
    mine = accounts.settings_for(context.settings, first.spec)
    if mine is None:
        await _pass_on(context, first, no)
        return 0
    if await asyncio.to_thread(resource_reserve.shortage):
        await asyncio.sleep(resource_reserve.IDLE_SECONDS)
    if lacking := await asyncio.to_thread(resource_reserve.shortage):
        await asyncio.to_thread(pause, context, job, stored_reason(PauseKind.WORKER, lacking))
        return 0
    try:
        provider = open_provider(first.spec.profile, mine)
    except ConfigError as error:
        await asyncio.to_thread(pause, context, job, str(error))
        return 0
    probed = 0
    if first.has_outage:
        probed = await outage_recovery.probe(context, provider, first, mine)
        first = await asyncio.to_thread(chunks.job_context, context.database, job)
        if first is None or first.state is not JobState.RUNNING:
            return probed
    return probed + await Engine(context, provider, first, is_stopping, mine).run(no)


async def _pass_on(context: Context, first: JobContext, no: int) -> None:
    """Send a chunk again whose job's account is not held here, for a worker that holds it.

    Once an engine works on the job it takes the other chunks itself; where nobody holds the account, the
    sweeper asks again.
    """
    await asyncio.sleep(PASS_ON_SECONDS)
    waits = await asyncio.to_thread(chunks.waits_alone, context.database, first.job, no)
    if waits and not await asyncio.to_thread(accounts.no_worker_serves, context.database, first.spec):
        await asyncio.to_thread(context.queue.synthesize, [(first.job, no)])
