"""Call a provider for claimed texts, and pass on what each call shows about it.

What a call shows counts at once in the lease's budget, and a provider that holds calls off is blocked for
the whole fleet. Books nothing: the settler does.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from speeko_jobs.adapters.postgres import permits, voice_rates
from speeko_jobs.adapters.postgres.claims import Claim
from speeko_jobs.adapters.providers.provider import OnAudio, Provider
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.model.speech import Failure, ProviderError, Speech
from speeko_jobs.errors import SpeekoError
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.synthesis import provider_call
from speeko_jobs.flow.synthesis.answer_outcome import Answer
from speeko_jobs.flow.synthesis.background_tasks import BackgroundTasks
from speeko_jobs.flow.synthesis.engine_threads import RunInThread
from speeko_jobs.flow.synthesis.lease import Lease

LEARNED_CALLS = 100  # of a voice, before its usual speech rate is known
PAUSING_SECONDS = 2.0  # no calls from an answer that will pause the job until that is done
BLOCK_SLACK_SECONDS = 0.05  # a block that ends hardly later than the known one is not written
log = logging.getLogger(__name__)


class Caller:
    """Call one provider on the account of a lease; count the calls that are in flight and that have ended."""

    def __init__(
        self,
        context: Context,
        provider: Provider,
        lease: Lease,
        tasks: BackgroundTasks,
        throttled_seconds: Callable[[], float],
        *,
        run: RunInThread = asyncio.to_thread,
    ) -> None:
        """`throttled_seconds`: how long to wait for a provider that holds calls off and states no time."""
        self.provider = provider
        self.in_flight = self.calls = 0
        self._database, self._run = context.database, run
        self._lease, self._tasks, self._throttled_seconds = lease, tasks, throttled_seconds
        self._seconds_per_char: dict[tuple[str, str, str], float] = {}  # by model, voice and language

    async def load_speech_rates(self) -> None:
        """Read how fast each voice speaks, as far as enough calls were made with it."""
        name = self.provider.profile.name
        rates = await self._run(voice_rates.speech_rates, self._database, name, LEARNED_CALLS)
        self._seconds_per_char = {(r.model, r.voice, r.language): r.millis / 1000 / r.chars for r in rates}

    def begin(self, claim: Claim) -> None:
        """Count a call as in flight, before `call` is awaited or spawned."""
        self.in_flight += 1
        self._lease.budget.begun(claim.chars)

    async def call(self, job: int, spec: JobSpec, claim: Claim, on_audio: OnAudio | None = None) -> Answer:
        """Make the call that `begin` has counted. Return its answer, which must be settled."""
        started = time.monotonic()
        try:
            result = await provider_call.send(self.provider, claim, spec.speed, on_audio)
        finally:
            self.in_flight -= 1
        self.calls += 1
        self._note(result, is_new=not claim.tries)
        voice = (claim.model, claim.voice, claim.language)
        usual = self._seconds_per_char.get(voice, 0.0) if spec.speed == 1 else 0.0
        seconds = time.monotonic() - started
        return Answer(job, spec, claim, result, seconds, usual, self._lease.account)

    def _note(self, result: Speech | ProviderError, *, is_new: bool) -> None:
        """Count what a call shows about the provider, here and for the whole fleet."""
        budget = self._lease.budget
        known = budget.failing
        if budget.ended(result, is_new=is_new):
            self._lease.renew_soon()
            if not known:
                log.warning("most calls to %s fail: waiting before the next", self.provider.profile.name)
        if isinstance(result, ProviderError) and result.failure is Failure.ACCOUNT:
            budget.hold(PAUSING_SECONDS)
        if isinstance(result, ProviderError) and result.failure is Failure.THROTTLED:
            stated = result.retry_after_seconds
            seconds = self._throttled_seconds() if stated is None else stated
            if time.monotonic() + seconds > budget.blocked_until + BLOCK_SLACK_SECONDS:
                budget.hold(seconds)
                self._tasks.spawn(self._block(seconds, result.reason[:200]))

    async def _block(self, seconds: float, reason: str) -> None:
        """Hold the whole fleet's calls on this account."""
        account = self._lease.account
        try:
            await self._run(self._database.run, lambda t: permits.block(t, account, seconds, reason))
        except SpeekoError as error:
            log.warning(
                "other engines do not know that %s holds us off: %s", self.provider.profile.name, error
            )
