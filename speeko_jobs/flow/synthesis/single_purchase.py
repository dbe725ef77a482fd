"""Buy texts one at a time, for a command that waits for each: the money protocol without chunks.

Books on a job of its own, keeps to the permits, pauses and caps of the fleet, and tries nothing again that
may have been paid for: whoever asked decides that. Opens nothing before the first purchase.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from speeko_jobs.adapters import failpoints
from speeko_jobs.adapters.postgres import adhoc_jobs, claims, permits, plan_loading, tenant_caps
from speeko_jobs.adapters.postgres.breaker_windows import QUARANTINED
from speeko_jobs.adapters.postgres.claims import Claim
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.adapters.postgres.plan_loading import Text
from speeko_jobs.adapters.postgres.settlements import SettlementResult
from speeko_jobs.adapters.providers.provider import OnAudio
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.model.money import usd
from speeko_jobs.core.model.speech import Failure, ProviderError, Record
from speeko_jobs.core.model.states import AttemptState, JobState
from speeko_jobs.core.policies.fair_queue import PurchaseRequest
from speeko_jobs.errors import BudgetError, ServerError, SpeekoError, StoreError
from speeko_jobs.flow import accounts
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.dispatch import wake_waiters
from speeko_jobs.flow.synthesis import answer_outcome, resource_reserve, settlement, spool
from speeko_jobs.flow.synthesis.answer_outcome import Answer
from speeko_jobs.flow.synthesis.background_tasks import BackgroundTasks
from speeko_jobs.flow.synthesis.call_budget import account_of
from speeko_jobs.flow.synthesis.caller import Caller
from speeko_jobs.flow.synthesis.engine_start import OpenProvider
from speeko_jobs.flow.synthesis.lease import Lease
from speeko_jobs.flow.synthesis.settler import Settler, SettleRetries
from speeko_jobs.settings import Settings

SETTLE_RETRIES = SettleRetries(4, 0.4, is_logged=False)  # about 3 s in all, then the audio goes to the spool
GAP_SECONDS = 1.0  # without asking for a call: the wait for it is a new one
THROTTLED_SECONDS = 1.0  # of a provider that holds calls off and does not say for how long
log = logging.getLogger(__name__)


class SpeechError(SpeekoError):
    """A text was not spoken: the provider failed or refused, or the audio failed validation."""


@dataclass(frozen=True, slots=True)
class PurchasedAudio:
    """A text that was bought just now: its audio, gated and kept, and what is on record."""

    audio: bytes
    record: Record


class SinglePurchase:
    """One command's purchases. `job` is 0 until the first."""

    _lease: Lease  # from `open` on, like the caller
    _caller: Caller

    def __init__(
        self,
        context: Context,
        open_provider: OpenProvider,
        spec: JobSpec,
        *,
        tenant: str,
        budget_micros: int | None = None,
        name: str = "say",
    ) -> None:
        self.job = self.calls = self.spent_micros = 0
        self._context, self._open_provider, self._spec = context, open_provider, spec
        self._tenant, self._budget_micros, self._name = tenant, budget_micros, name
        self._profile = spec.profile
        self._patience_seconds = context.settings.request_timeout_seconds
        self._tasks = BackgroundTasks(lambda: None, _report)
        self._round_trip: asyncio.Task[float | None] | None = None
        self._wanted_since = self._wanted_at = 0.0
        self._settler = Settler(context, SETTLE_RETRIES)

    async def open(self, texts: Sequence[Text]) -> None:
        """Be ready to buy these. Raises SpeekoError, BudgetError among them, and nothing was begun then."""
        if not await asyncio.to_thread(spool.room, self._context):
            raise StoreError(spool.no_room(self._context))
        if lacking := await asyncio.to_thread(resource_reserve.shortage):
            raise StoreError(lacking)
        mine = await asyncio.to_thread(self._chosen)
        self._lease = Lease(
            self._context,
            account_of(self._profile, mine),
            lambda: (1, self._caller.in_flight),
            is_on_trial=not self._profile.is_deterministic,
            also=self._renew_job,
        )
        provider = self._open_provider(self._profile, mine)
        self._caller = Caller(self._context, provider, self._lease, self._tasks, lambda: THROTTLED_SECONDS)
        self._round_trip = asyncio.create_task(provider.round_trip_seconds())
        await asyncio.to_thread(self._enter, texts)
        await self._caller.load_speech_rates()
        await self._lease.renew_now()
        self._lease.start_heartbeat()

    def _chosen(self) -> Settings:
        """Return the settings of the account to call on. Raises ConfigError where there is none, or where a
        running worker holds another key under its name."""
        accounts.require_held(self._context.settings, self._spec)
        accounts.require_same(self._context, self._spec, with_defaults=True)
        mine = accounts.settings_for(self._context.settings, self._spec)
        assert mine is not None
        return mine

    def round_trip_seconds(self) -> float | None:
        """How far away the provider is, once that is known: it is found out beside the first call."""
        found = self._round_trip
        if found is None or not found.done() or found.cancelled() or found.exception() is not None:
            return None
        return found.result()

    async def buy(self, no: int, key: bytes, on_audio: OnAudio) -> PurchasedAudio | None:
        """Buy the text of `key`, the `no`-th of this command; None: not now, look again how it stands.

        `on_audio` gets the audio as it arrives, not yet validated. Raises SpeechError with one line,
        BudgetError where a cap is reached, StoreError or ServerError where paid audio went to the spool.
        """
        if not self._may_begin():
            return None
        claim = await asyncio.to_thread(self._claim, PurchaseRequest(key, no, 0))
        if claim is None:
            return None
        answer = await self._call(claim, on_audio)
        result = answer.result
        settled = await self._settle(answer)
        await asyncio.to_thread(self._tell, settled, key)
        if isinstance(result, ProviderError):
            self._handle_error(claim, result)
            return None
        verdict = await asyncio.to_thread(answer_outcome.validate, answer)
        self.calls += 1
        if verdict.outcome.state is not AttemptState.UNKNOWN:
            self.spent_micros += claim.cost_micros
        if key in settled.records:
            return PurchasedAudio(verdict.audio, settled.records[key])
        cost = f"${usd(claim.cost_micros)}"
        if verdict.outcome.state is AttemptState.UNKNOWN:
            raise SpeechError(f"{verdict.outcome.reason}; whether it was charged ({cost}) is not known")
        reason = settled.paused.get(self.job) or verdict.outcome.reason or QUARANTINED
        raise SpeechError(f"{reason}; it was paid ({cost}) and is not kept")

    async def close(self, reason: str = "") -> None:
        """Give everything back, and end the job; `reason`: why there is no audio."""
        if self.job:
            await self._lease.stop_heartbeat()
        if self._round_trip is not None:
            self._round_trip.cancel()
            await asyncio.gather(self._round_trip, return_exceptions=True)
            await self._caller.provider.aclose()
        if self.job:
            try:
                await asyncio.to_thread(self._context.database.run, lambda t: self._leave(t, reason))
            except SpeekoError as error:
                log.warning("the lease of holder %d is left to expire: %s", self._lease.holder, error)
        await self._tasks.join()

    def add(self, texts: Sequence[Text]) -> None:
        """Make texts known that nobody has asked for before."""
        self._context.database.run(lambda t: plan_loading.add_texts(t, self._spec, texts))

    # the lease

    def _enter(self, texts: Sequence[Text]) -> None:
        database, spec, settings = self._context.database, self._spec, self._context.settings
        spool.replay(self._context)
        database.run(adhoc_jobs.reap)
        # an account that is known keeps the ceiling that its jobs gave it
        known = any(account.name == self._lease.account for account in permits.accounts(database))

        def enter(t: Transaction) -> int:
            job = self._begin(t, sum(text.cost_micros for text in texts))
            if not known:
                rates = settings.calls_per_minute, settings.chars_per_minute
                permits.open_account(t, self._lease.account, spec.max_concurrency, *rates)
            self._lease.open(t)
            return job

        self.job = database.run(enter)
        self.add(texts)

    def _begin(self, t: Transaction, cost_micros: int) -> int:
        """A job for the ledger. Raises BudgetError where it would cost more than budget or caps allow now."""
        budget = self._budget_micros
        if budget is not None and cost_micros > budget:
            raise BudgetError(
                f"this costs ${usd(cost_micros)}, the budget is ${usd(budget)}: nothing was bought"
            )
        job = adhoc_jobs.begin(
            t,
            self._spec,
            tenant=self._tenant,
            budget_micros=budget,
            cost_micros=cost_micros,
            lease_seconds=self._lease.seconds,
            name=self._name,
        )
        cap = tenant_caps.cap(t, job)
        if cost_micros and cost_micros > cap.room_micros:
            raise BudgetError(
                f"this costs ${usd(cost_micros)}, {cap.why} leaves ${usd(max(cap.room_micros, 0))}: nothing"
                " was bought; raise it with `speeko budget set`"
            )
        return job

    def _renew_job(self, t: Transaction) -> None:
        adhoc_jobs.renew(t, self.job, self._lease.seconds)

    def _leave(self, t: Transaction, reason: str) -> None:
        adhoc_jobs.end(t, self.job, reason)
        self._lease.close(t, is_unsettled=bool(self._settler.unsettled))

    # one purchase

    def _may_begin(self) -> bool:
        """Whether a call may go now. Raises SpeechError where that takes longer than a call may take."""
        if self._lease.is_lost:
            raise SpeechError("this command stood still for too long and its lease expired: run it again")
        now, name = time.monotonic(), self._profile.name
        if now - self._wanted_at > GAP_SECONDS:
            self._wanted_since = now
        self._wanted_at = now
        held_seconds = self._lease.budget.blocked_until - now
        if held_seconds > self._patience_seconds:
            raise SpeechError(
                f"{name} takes no calls for another {held_seconds:.0f} s (see `speeko limits`): nothing was"
                " bought, try again then"
            )
        if now - self._wanted_since > self._patience_seconds:
            raise SpeechError(
                f"no call to {name} could begin for {self._patience_seconds:.0f} s (see `speeko limits`):"
                " nothing was bought, try again later"
            )
        return self._lease.may_begin(now, 0)

    def _claim(self, want: PurchaseRequest) -> Claim | None:
        database = self._context.database
        lease, retries = self._lease, max(self._lease.budget.retries, 0)
        got = database.run(
            lambda t: claims.claim(
                t, self.job, lease.holder, [want], retries, lease.account, on_trial=lease.is_on_trial
            )
        )
        failpoints.point("after_claim")
        if not got:
            left = claims.explain_unclaimed(database, self.job, [want.key], lease.account)
            if left.job_state is not JobState.RUNNING:
                raise SpeechError(f"job {self.job} was stopped: it is {left.job_state.value}")
            if left.free and left.stopped:
                raise SpeechError(
                    f"nothing is bought of this voice now: {left.stopped}; see `speeko jobs` for the job that"
                    " is paused for it, or try again in a minute"
                )
            if left.free and left.over and not left.reserved:
                raise BudgetError(f"the next text would pass {left.over}: it was not bought")
            return None
        to_call, found = settlement.recover(self._context, self.job, self._spec, got)
        self._context.queue.deliver(found.ready)
        return to_call[0] if to_call else None

    async def _call(self, claim: Claim, on_audio: OnAudio) -> Answer:
        self._caller.begin(claim)
        self._lease.budget.retries -= claim.again
        started = time.monotonic()
        try:
            return await self._caller.call(self.job, self._spec, claim, on_audio)
        except BaseException:  # left at once: the call may have been paid for
            seconds = time.monotonic() - started
            lost = ProviderError(Failure.UNKNOWN, "the command was ended during the call")
            with contextlib.suppress(SpeekoError):
                settlement.settle(self._context, [Answer(self.job, self._spec, claim, lost, seconds)])
            raise

    async def _settle(self, answer: Answer) -> SettlementResult:
        """Keep and book. What was paid and cannot be kept now goes to the spool, and the error is raised."""
        try:
            return await self._settler.settle([answer])
        except (ServerError, StoreError) as error:
            kept = await self._settler.spool([answer])
            where = f"; the paid audio is in {spool.folder(self._context)}, the next call takes it from there"
            raise type(error)(f"{error}{where if kept else ''}") from None

    def _tell(self, settled: SettlementResult, key: bytes) -> None:
        """Whoever waits for this text goes on: with it, or to buy it."""
        self._context.queue.deliver(settled.ready)
        if key not in settled.records:
            wake_waiters(self._context, [key])

    def _handle_error(self, claim: Claim, error: ProviderError) -> None:
        """Raises SpeechError, but not where waiting helps."""
        who = f"{self._profile.name}: {error.reason}"
        if error.failure is Failure.THROTTLED:
            log.info("%s: waiting", who)
            return
        if error.failure is Failure.UNKNOWN:
            raise SpeechError(f"{who}; whether it was charged (${usd(claim.cost_micros)}) is not known")
        raise SpeechError(f"{who}; nothing was charged")


def _report(error: BaseException) -> None:
    log.error("%s: %s", type(error).__name__, error, exc_info=error)
