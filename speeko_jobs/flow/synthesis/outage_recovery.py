"""Outages: pause jobs whose provider has failed for too long, probe it with one text, resume the jobs.

The sweeper decides, so that this survives the death of every engine. A probe is the purchase of one text that
a paused job needs anyway; one at a time over the whole fleet. Never pauses for a reason that needs a person.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time

from speeko_jobs.adapters import failpoints
from speeko_jobs.adapters.postgres import claims, jobs, outage_records
from speeko_jobs.adapters.postgres.chunks import JobContext
from speeko_jobs.adapters.postgres.claims import Claim
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.adapters.postgres.outage_records import Outage
from speeko_jobs.adapters.providers.provider import Provider
from speeko_jobs.core.model.pause_reasons import PauseKind, stored_reason
from speeko_jobs.core.model.speech import Failure, ProviderError, Speech
from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.output import formatting
from speeko_jobs.core.policies.outage_detection import NO_END, TroubleKind, TryLimits, trouble_of
from speeko_jobs.errors import ServerError, StoreError
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.synthesis import provider_call, settlement
from speeko_jobs.flow.synthesis.answer_outcome import Answer
from speeko_jobs.flow.synthesis.call_budget import account_of
from speeko_jobs.flow.synthesis.lease import LeaseRow
from speeko_jobs.flow.synthesis.settler import Settler, SettleRetries
from speeko_jobs.settings import Settings

MARGIN_SECONDS = 10.0  # beyond the longest call, before another worker may probe
ONCE = SettleRetries(1, is_logged=False)
WHAT = {
    TroubleKind.THROTTLED: "every call was held off",
    TroubleKind.UNREACHABLE: "no connection",
    TroubleKind.FAILING: "every call failed",
}
log = logging.getLogger(__name__)


def give_up(context: Context) -> list[int]:
    """Pause the jobs that have waited longer than their patience; their numbers."""
    paused = []
    for outage in outage_records.due(context.database):
        reason = stored_reason(PauseKind.OUTAGE, _detail(outage))

        def stop(t: Transaction, outage: Outage = outage, reason: str = reason) -> bool:
            if not jobs.set_state(t, outage.job, JobState.PAUSED, reason, expected=[JobState.RUNNING]):
                return False
            outage_records.schedule_probe(t, outage.account, context.settings.probe_seconds)
            return True

        if context.database.run(stop):
            log.warning("job %d is paused: %s", outage.job, reason)
            paused.append(outage.job)
    return paused


def _detail(outage: Outage) -> str:
    what = WHAT.get(TroubleKind(outage.kind), "no call was answered")
    return f"{what} for {formatting.duration(outage.seconds)}: {outage.why} ({outage.account})"


def resume(context: Context) -> list[int]:
    """Let the jobs go on whose provider answers again; their numbers."""
    resumed = context.database.run(outage_records.resume)
    for job in resumed:
        log.warning("job %d goes on: the provider answers again", job)
    return resumed


def probes(context: Context) -> list[tuple[int, int]]:
    """Return the (job, chunk) to which synthesizing workers are to be sent for a probe.

    A job that waits for no text yet cannot be probed for: it goes on, and its first calls tell.
    """
    out = []
    for job, chunk in outage_records.probes_due(context.database):
        if chunk:
            out.append((job, chunk))
        else:
            context.database.run(lambda t, job=job: outage_records.resume_one(t, job))  # type: ignore[misc]
    return out


async def probe(context: Context, provider: Provider, orders: JobContext, mine: Settings) -> int:
    """Call once for a text of a job that an outage has paused, where that is due; return the calls made.

    `mine`: the settings of the account that `provider` calls on.
    """
    return await _Probe(context, provider, orders, mine).run()


class _Probe:
    """One probe by one worker."""

    def __init__(self, context: Context, provider: Provider, orders: JobContext, mine: Settings) -> None:
        self._context, self._provider, self._orders = context, provider, orders
        self._account = account_of(provider.profile, mine)
        self._settler = Settler(context, ONCE, limits=lambda _: TryLimits(NO_END, NO_END))
        self._lease = LeaseRow(context.settings.lease_seconds)

    async def run(self) -> int:
        database = self._context.database
        claim = await asyncio.to_thread(database.run, self._begin)
        if claim is None:
            return 0
        failpoints.point("after_claim")
        alive = asyncio.create_task(self._keep_lease())
        try:
            return await self._bought(claim)
        finally:
            alive.cancel()
            await asyncio.to_thread(database.run, self._lease.close)

    def _begin(self, t: Transaction) -> Claim | None:
        settings, job = self._context.settings, self._orders.job
        longest = settings.request_timeout_seconds + MARGIN_SECONDS
        if not outage_records.take_probe(t, job, self._account, max(settings.probe_seconds, longest)):
            return None
        want = outage_records.wanted(t, job)
        if want is None:  # what it needs is being bought for others, or was
            outage_records.resume_one(t, job)
            return None
        self._lease.open(t)
        got = claims.claim(t, job, self._lease.holder, [want], account=self._account, is_probe=True)
        if not got:
            self._lease.close(t)
        return got[0] if got else None

    async def _keep_lease(self) -> None:
        """Renew the lease while the call is open. It is short, so that a death is known soon."""
        while True:
            await asyncio.sleep(self._lease.seconds / 3)
            with contextlib.suppress(ServerError):
                await asyncio.to_thread(self._context.database.run, self._lease.renew)

    async def _bought(self, claim: Claim) -> int:
        context, orders = self._context, self._orders
        if claim.may_be_stored:
            to_call, found = await asyncio.to_thread(
                settlement.recover, context, orders.job, orders.spec, [claim]
            )
            await asyncio.to_thread(context.queue.deliver, found.ready)
            if not to_call:
                return 0
        started = time.monotonic()
        result = await provider_call.send(self._provider, claim, orders.spec.speed)
        seconds = time.monotonic() - started
        answer = Answer(orders.job, orders.spec, claim, result, seconds, account=self._account)
        try:
            settled = await self._settler.settle([answer])
        except (ServerError, StoreError):
            await self._settler.spool([answer])
            raise
        await asyncio.to_thread(context.queue.deliver, settled.ready)
        await asyncio.to_thread(self._conclude, result)
        return 1

    def _conclude(self, result: Speech | ProviderError) -> None:
        """Resume the jobs, keep them paused, or say what a person must do."""
        database, account = self._context.database, self._account
        if isinstance(result, ProviderError) and result.failure is not Failure.REFUSED:
            if result.failure is Failure.ACCOUNT:
                reason = stored_reason(PauseKind.ACCOUNT, result.reason)
                database.run(lambda t: outage_records.change_reason(t, account, reason))
                return
            log.warning("a probe of %s failed: %s", account, result.reason)
            kind = trouble_of(result)
            database.run(lambda t: outage_records.note_failure(t, account, kind.value, result.reason))
            return
        database.run(lambda t: outage_records.note_answer(t, account))
        resume(self._context)
        self._context.queue.sweep()  # other workers go on with the resumed jobs, too
