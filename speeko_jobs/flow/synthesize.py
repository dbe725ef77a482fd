"""Synthesize: one engine at work for as long as one task may last, on as many chunks as it has permits for.

The message that woke it names one chunk; while it has permits to spare it takes the next ones itself, so
that the end of one chunk overlaps the start of another. It never waits for a text that somebody else
buys: whoever settles a text tells the chunks that need it. All on one event loop; what blocks (Postgres,
Redis, the store) runs in a few threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import random
import socket
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from speeko_jobs.adapters import crash
from speeko_jobs.adapters.postgres import chunks, claims, jobs, permits
from speeko_jobs.adapters.postgres.chunks import Chunk, Orders
from speeko_jobs.adapters.postgres.claims import Claim, Settled
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.adapters.providers import Provider
from speeko_jobs.core.backlog import Backlog, Want
from speeko_jobs.core.pacing import Breaker, RetryBudget, Window
from speeko_jobs.core.profiles import Profile
from speeko_jobs.core.speech import Failure, ProviderError, Speech, SpeechRequest
from speeko_jobs.core.states import JobState, UtteranceState
from speeko_jobs.errors import ConfigError, ServerError, SpeekoError, StoreError
from speeko_jobs.flow import enrol, settle, spool
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.dispatch import dispatch
from speeko_jobs.flow.settle import Answer
from speeko_jobs.settings import Settings

T = TypeVar("T")
OpenProvider = Callable[[Profile], Provider]

PERMIT_SECONDS = 10.0
BEAT_SECONDS = 1.0
STARVED_BEAT_SECONDS = 0.2  # while others hold all permits: they give some back at their next beat
CLAIM_AT_ONCE = 128
SETTLE_AT_ONCE = 64
SETTLE_AFTER_SECONDS = 0.05
SUSPECT_TRIES = 2  # a text that twice met the end of its process is called alone: it may be the cause
LEARNED_CALLS = 100  # of a voice, before its usual pace is known
SETTLE_TRIES = 6  # about 12 s in all
BACKLOG = 128  # answers waiting to be settled, beyond which no new call is made: a death loses them
UNREACHABLE_SECONDS = 30.0  # of nothing but refused connections, then the job pauses
MAX_DELAY_SECONDS = 30.0
log = logging.getLogger(__name__)


async def synthesize(
    context: Context,
    open_provider: OpenProvider,
    job: int,
    no: int,
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Work on a chunk, and on others of its provider while there is room; how many calls were made.

    Once `is_stopping` says so, nothing new is begun: what is in flight is finished, and all else given back.
    """
    orders = await asyncio.to_thread(chunks.orders, context.database, job)
    if orders is None or orders.state is not JobState.RUNNING:
        return 0
    try:
        provider = open_provider(orders.spec.profile)
    except ConfigError as error:
        await asyncio.to_thread(pause, context, job, str(error))
        return 0
    return await _Engine(context, provider, orders, is_stopping).run(no)


def pause(context: Context, job: int, reason: str) -> None:
    """Stop a job with a reason that a person can act on; what is under way is finished and kept."""
    context.database.run(
        lambda t: jobs.set_state(t, job, JobState.PAUSED, reason, expected=[JobState.RUNNING])
    )
    log.warning("job %d is paused: %s", job, reason)


def account_of(profile: Profile, settings: Settings) -> str:
    """Whose limit a call counts against: one key of one API; or, offline, this machine."""
    if profile.name == "espeak":
        return f"espeak:{socket.gethostname()}"
    secret = f"{settings.api_url}\n{settings.api_key}".encode()
    return f"{profile.name}:{hashlib.sha256(secret).hexdigest()[:12]}"


class _Engine:
    def __init__(
        self, context: Context, provider: Provider, first: Orders, is_stopping: Callable[[], bool]
    ) -> None:
        self.context, self.provider, self.first = context, provider, first
        self.is_stopping = is_stopping
        self.lease_seconds = context.settings.lease_seconds
        self.profile = provider.profile
        self.account = account_of(self.profile, context.settings)
        self.ceiling = first.spec.max_concurrency
        if self.profile.name == "espeak":
            self.ceiling = min(self.ceiling, 2 * (os.cpu_count() or 1))
        self.orders: dict[int, Orders] = {first.job: first}
        self.threads = ThreadPoolExecutor(4, "engine")
        self.changed = asyncio.Event()
        self.tasks: set[asyncio.Task[None]] = set()
        self.chunks: dict[tuple[int, int], Chunk] = {}
        self.backlog = Backlog()
        self.usual: dict[tuple[str, str, str], float] = {}  # seconds a character, by voice and language
        self.retries, self.breaker = RetryBudget(), Breaker()
        self.ended = self.throttled = self.server_limit = 0  # since the last lease
        self.saturated = False
        self.calls_left = self.chars_left = -1  # of the rates a minute; -1: there is none
        self.claimed: deque[tuple[int, Claim]] = deque()
        self.suspects: deque[tuple[int, Claim]] = deque()
        self.alone = False  # a suspect is under way, and nothing else
        self.answers: list[Answer] = []
        self.in_flight = self.allowed = self.calls = self.settling = self.unsettled = 0
        self.claimant = 0
        self.permits_until = self.alive_until = self.ends = self.blocked_until = self.flush_at = 0.0
        self.taking = self.claiming = self.exhausted = self.broken = False
        self.failing_since = 0.0
        self.fails = 0

    async def run(self, no: int) -> int:
        self.ends = time.monotonic() + self.context.settings.work_seconds
        await self._enter()
        beat = asyncio.create_task(self._beat())
        try:
            chunk = await self._in_thread(self.context.database.run, lambda t: self._take(t, no))
            if chunk is not None:
                await self._begin(chunk)
                await self._work()
        finally:
            beat.cancel()
            await asyncio.gather(beat, return_exceptions=True)
            await self._leave()
        return self.calls

    def _take(self, t: Transaction, no: int) -> Chunk | None:
        """The chunk that the message named; where that is in other hands, the next in line."""
        named = chunks.take(t, self.first.job, no, self.claimant)
        return named or chunks.take_next(t, self.profile.name, self.claimant)

    # the life of the engine

    async def _enter(self) -> None:
        host, pid = socket.gethostname(), os.getpid()
        spec, ceiling = self.first.spec, self.ceiling
        started = time.monotonic()

        def enter(t: Any) -> int:
            permits.open_account(t, self.account, ceiling, spec.calls_per_minute, spec.chars_per_minute)
            return claims.enter(t, host, pid, self.lease_seconds)

        self.claimant = await self._in_thread(self.context.database.run, enter)
        self.alive_until = started + self.lease_seconds
        paces = await self._in_thread(claims.paces, self.context.database, self.profile.name, LEARNED_CALLS)
        self.usual = {(p.model, p.voice, p.language): p.millis / 1000 / p.chars for p in paces}
        await self._lease()

    async def _beat(self) -> None:
        """Say that the engine lives and lease permits anew, about once a second."""
        while True:
            await asyncio.sleep(BEAT_SECONDS if self.allowed else STARVED_BEAT_SECONDS)
            try:
                await self._lease()
            except Exception as error:
                log.warning("no heartbeat: %s", error, exc_info=None if _expected(error) else error)
            if time.monotonic() > self.alive_until:
                self._give_up("its lease ran out")
            self.changed.set()

    async def _lease(self) -> None:
        busy = self.in_flight
        wants = busy + len(self.claimed) + len(self.suspects) + len(self.backlog)
        if not self.allowed and not self.calls:
            wants = self.ceiling  # at the start nothing is known yet; a chunk's worth is likely
        started = time.monotonic()
        asked = permits.Asked(
            wants,
            busy,
            Window(self.ended, self.throttled, self.saturated, self.server_limit),
            max(self.calls_left, 0),
            self.chars_left if self.chars_left != -1 else 0,
        )
        self.ended = self.throttled = self.server_limit = 0
        self.calls_left, self.chars_left = min(self.calls_left, 0), min(self.chars_left, 0)
        self.saturated = False

        def lease(t: Transaction) -> permits.Lease | None:
            if not claims.renew(t, self.claimant, self.lease_seconds):
                return None
            return permits.lease(t, self.account, self.claimant, asked, PERMIT_SECONDS)

        leased = await self._in_thread(self.context.database.run, lease)
        if leased is None:
            self._give_up("it was taken for dead")
            return
        self.alive_until = started + self.lease_seconds
        self.permits_until = started + PERMIT_SECONDS
        self.allowed = leased.allowed
        self.calls_left, self.chars_left = leased.calls, leased.chars
        self.blocked_until = time.monotonic() + leased.blocked_seconds
        await self._heed_pauses()

    async def _heed_pauses(self) -> None:
        """Give back what was claimed for jobs that do not run any more."""
        for job in {job for job, _ in (*self.claimed, *self.suspects)} | self.backlog.jobs():
            orders = await self._in_thread(chunks.orders, self.context.database, job)
            if orders is None or orders.state is not JobState.RUNNING:
                await self._drop(job, "the job was stopped before the call")

    async def _drop(self, job: int, reason: str) -> None:
        self.backlog.drop(job)
        mine = [claim for owner, claim in (*self.claimed, *self.suspects) if owner == job]
        self.claimed = deque(pair for pair in self.claimed if pair[0] != job)
        self.suspects = deque(pair for pair in self.suspects if pair[0] != job)
        await self._give_back(job, mine, reason)

    async def _give_back(self, job: int, unsent: list[Claim], reason: str) -> None:
        if unsent:
            outcomes = [settle.unsent(job, claim, reason) for claim in unsent]
            await self._in_thread(self.context.database.run, lambda t: claims.settle(t, outcomes))

    async def _shed(self) -> None:
        """Give back what is claimed and cannot be sent now; it is claimed again when calls succeed."""
        shed, self.claimed = list(self.claimed), deque[tuple[int, Claim]]()
        for job in {job for job, _ in shed}:
            mine = [claim for owner, claim in shed if owner == job]
            await self._give_back(job, mine, "given back before the call: the provider fails")
            for claim in mine:
                self._later(job, Want(claim.key, claim.row_no, claim.chunk_no), self._delay())

    def _give_up(self, why: str) -> None:
        """Begin nothing more. What is in flight is still settled: late audio is kept."""
        if not self.broken:
            log.warning("this engine (claimant %d) stops: %s", self.claimant, why)
        self.broken = True

    async def _leave(self) -> None:
        """Give everything back; what cannot be given back now lapses with the lease."""
        left = list(self.chunks.values())
        by_job: dict[int, list[Claim]] = {}
        for job, claim in (*self.claimed, *self.suspects):
            by_job.setdefault(job, []).append(claim)
        try:
            for job, unsent in by_job.items():
                await self._give_back(job, unsent, "given back before the call")

            def leave(t: Any) -> None:
                chunks.let_go(t, self.claimant, left)
                if not self.unsettled:  # else its open calls lapse with it, until they are replayed
                    claims.leave(t, self.claimant)

            await self._in_thread(self.context.database.run, leave)
        except SpeekoError as error:
            log.warning("claimant %d is left to lapse: %s", self.claimant, error)
        wanting = self.backlog.chunks() | {(j, c.chunk_no) for j, c in (*self.claimed, *self.suspects)}
        again = sorted(wanting & {(c.job, c.no) for c in left})
        await self._in_thread(self.context.queue.synthesize, again)
        self.threads.shutdown(wait=False)

    # the work

    async def _work(self) -> None:
        while True:
            self.changed.clear()
            now = time.monotonic()
            self.backlog.wake(now)
            self._flush(now)
            open_for_more = not (self.broken or self.is_stopping()) and now < self.ends
            self._send_claimed(now)
            if self.breaker.is_open and len(self.claimed) > 1:
                self._spawn(self._shed())
            if open_for_more and self._wants_chunk():
                self._spawn(self._take_next())
            if open_for_more and not self.claiming and (batch := self._claim_size()):
                self._spawn(self._claim(batch))
            if self._is_idle(open_for_more):
                break
            timeout = 0.25
            if self.answers:
                timeout = max(self.flush_at - time.monotonic(), 0.001)
            elif (wake := self.backlog.next_wake()) is not None:
                timeout = min(max(wake - now, 0.01), timeout)
            try:
                async with asyncio.timeout(timeout):
                    await self.changed.wait()
            except TimeoutError:
                pass
        for task in list(self.tasks):
            await task

    def _is_idle(self, open_for_more: bool) -> bool:
        if self.in_flight or self.answers or self.settling or self.claiming or self.taking:
            return False
        if not open_for_more:
            return True
        return not (self.claimed or self.suspects or self.backlog)

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        self.changed.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s: %s", type(error).__name__, error, exc_info=None if _expected(error) else error)
            self._give_up("a step of it failed")

    # chunks

    def _wants_chunk(self) -> bool:
        if self.taking or self.exhausted or self.breaker.is_open:
            return False
        return self.backlog.ready() < 2 * self.allowed

    async def _take_next(self) -> None:
        self.taking = True
        try:
            provider = self.profile.name
            chunk = await self._in_thread(
                self.context.database.run, lambda t: chunks.take_next(t, provider, self.claimant)
            )
            if chunk is None:
                self.exhausted = True
                return
            await self._begin(chunk)
        finally:
            self.taking = False

    async def _begin(self, chunk: Chunk) -> None:
        if chunk.job not in self.orders:
            orders = await self._in_thread(chunks.orders, self.context.database, chunk.job)
            assert orders is not None
            self.orders[chunk.job] = orders
        self.chunks[chunk.job, chunk.no] = chunk
        started = await self._in_thread(enrol.start, self.context, chunk)
        if started.wants:
            self.backlog.open(chunk.job, self.orders[chunk.job].priority)
            self.backlog.add(chunk.job, started.wants)
        else:
            self.chunks.pop((chunk.job, chunk.no), None)
            await self._ready([(chunk.job, chunk.no)])

    async def _ready(self, ready: list[tuple[int, int]]) -> None:
        """These chunks have all their audio: on to delivery, and the next ones into the broker."""
        for chunk in ready:
            self.chunks.pop(chunk, None)
        if ready:
            await self._in_thread(self.context.queue.deliver, ready)
            for job in {job for job, _ in ready}:
                await self._in_thread(dispatch, self.context, job)

    # claims

    def _claim_size(self) -> int:
        """How many keys to claim now: what may be sent at once, and a few more to bridge the next claim."""
        if len(self.answers) > BACKLOG or self.suspects or self.alone or not self.backlog.ready():
            return 0
        claimed = len(self.claimed) + len(self.suspects)
        if self.breaker.is_open:
            return int(not claimed)  # one to try with; the rest is for engines that fare better
        spare = self.allowed - self.in_flight + max(2, self.allowed // 4) - claimed
        enough = max(1, min(16, self.allowed // 4))
        return min(spare, CLAIM_AT_ONCE) if spare >= enough else 0

    async def _claim(self, size: int) -> None:
        self.claiming = True
        try:
            turn = self.backlog.take(size)
            if turn is None:
                return
            job, asked = turn
            got = await self._in_thread(self.context.database.run, lambda t: self._claims(t, job, asked))
            crash.point("after_claim")
            spec = self.orders[job].spec
            to_call, found = await self._in_thread(settle.recover, self.context, job, spec, got)
            await self._ready(found.ready)
            suspects = [claim for claim in to_call if claim.tries >= SUSPECT_TRIES]
            self.claimed.extend((job, claim) for claim in to_call if claim.tries < SUSPECT_TRIES)
            self.suspects.extend((job, claim) for claim in suspects[:1])
            # one at a time: what else is claimed when the process dies has lost a try, too
            await self._give_back(job, suspects[1:], "given back before the call: it is called alone")
            for claim in suspects[1:]:
                self._later(job, Want(claim.key, claim.row_no, claim.chunk_no), 0.1)
            if len(got) < len(asked):
                mine = {claim.key for claim in got}
                await self._look_at_left(job, [want for want in asked if want.key not in mine])
        finally:
            self.claiming = False

    def _claims(self, t: Transaction, job: int, asked: list[Want]) -> list[Claim]:
        got = claims.claim(t, job, self.claimant, asked)
        crash.point("before_claim")
        return got

    async def _look_at_left(self, job: int, not_mine: list[Want]) -> None:
        """Keys that others have are theirs; what is free but was locked is tried again; a cap pauses."""
        left = await self._in_thread(claims.left, self.context.database, job, [w.key for w in not_mine])
        if left.job_state is not JobState.RUNNING:
            await self._drop(job, "the job was stopped before the call")
            return
        free = set(left.free)
        if left.over:
            reason = f"budget: the next text would pass {left.over}"
            await self._in_thread(pause, self.context, job, reason)
            await self._drop(job, "the budget is used up")
            return
        for want in not_mine:
            if want.key in free:
                self._later(job, want, 0.1)

    def _later(self, job: int, want: Want, seconds: float) -> None:
        self.backlog.add_later(job, want, time.monotonic() + seconds)

    # calls

    def _send_claimed(self, now: float) -> None:
        if self.broken or now < self.blocked_until:
            return
        deadline = self.context.settings.request_timeout_seconds
        while (self.claimed or self.suspects) and len(self.answers) < BACKLOG:
            if self.alone or (not self.claimed and (self.in_flight or self.settling or self.answers)):
                return
            if self.in_flight >= self.allowed:
                self.saturated = True
                return
            if now > min(self.alive_until - min(deadline, self.lease_seconds / 3), self.permits_until):
                return  # not before the next heartbeat has said that we still live
            if self.calls_left == 0 or (self.chars_left <= 0 and self.chars_left != -1):
                return  # this second's share of the rates a minute is used up
            if not self.breaker.allows(now):
                return
            self.alone = not self.claimed
            job, claim = (self.claimed or self.suspects).popleft()
            self.in_flight += 1
            self.retries.called(now)
            if self.calls_left > 0:
                self.calls_left -= 1
            if self.chars_left != -1:  # a long text may overdraw it: the next share is smaller
                self.chars_left -= claim.chars
                self.chars_left -= self.chars_left == -1
            self._spawn(self._call(job, claim))

    async def _call(self, job: int, claim: Claim) -> None:
        spec = self.orders[job].spec
        request = SpeechRequest(
            claim.key, claim.text, claim.model, claim.voice, claim.language, claim.format, spec.speed
        )
        crash.point("before_send", claim.text)
        started = time.monotonic()
        result: Speech | ProviderError
        try:
            result = await self.provider.speak(request)
        except ProviderError as error:
            result = error
        except Exception as error:
            # whatever it was, the call may have been paid for
            log.exception("the %s provider failed", self.profile.name)
            result = ProviderError(Failure.UNKNOWN, f"{type(error).__name__} in the provider's driver")
        crash.point("after_response", claim.text)
        self.in_flight -= 1
        self.calls += 1
        self._note(result)
        if not self.answers:
            self.flush_at = time.monotonic() + SETTLE_AFTER_SECONDS
        usual = self.usual.get((claim.model, claim.voice, claim.language), 0.0) if spec.speed == 1 else 0.0
        self.answers.append(Answer(job, spec, claim, result, time.monotonic() - started, usual))

    def _note(self, result: Speech | ProviderError) -> None:
        """What a call tells about the provider, for the limit and the breaker."""
        self.ended += 1
        self.server_limit = result.server_limit or self.server_limit
        failed = False
        if isinstance(result, Speech):
            self.blocked_until = max(self.blocked_until, time.monotonic() + result.wait_seconds)
        else:
            busy = result.status == 503
            self.throttled += result.failure is Failure.THROTTLED and not busy
            failed = busy or result.failure in (Failure.UNKNOWN, Failure.NOT_SENT)
        if self.breaker.ended(time.monotonic(), failed=failed):
            log.warning("most calls to %s fail: waiting before the next", self.profile.name)

    # answers

    def _flush(self, now: float) -> None:
        full = len(self.answers) >= SETTLE_AT_ONCE
        if self.answers and self.settling < 2 and (full or now >= self.flush_at):
            batch, self.answers = self.answers[:CLAIM_AT_ONCE], self.answers[CLAIM_AT_ONCE:]
            self.settling += 1
            self._spawn(self._settle(batch))

    async def _settle(self, batch: list[Answer]) -> None:
        try:
            settled = await self._settled(batch)
            if settled is None:
                return
            await self._ready(settled.ready)
            await self._after(batch, settled)
        finally:
            self.settling -= 1
            self.alone = False

    async def _settled(self, batch: list[Answer]) -> Settled | None:
        """Settle what was paid for; what cannot be settled now goes to the spool, and this engine stops."""
        for tried in range(SETTLE_TRIES):
            try:
                return await self._in_thread(settle.settle, self.context, batch)
            except ServerError as error:
                log.warning("%s (%d calls wait to be booked)", error, len(batch))
                await asyncio.sleep(0.2 * 2**tried)
            except StoreError as error:
                log.warning("%s (%d calls wait to be stored)", error, len(batch))
                with contextlib.suppress(ServerError):
                    for job in {answer.job for answer in batch}:
                        await self._in_thread(pause, self.context, job, f"store: {error}")
                break
            except Exception:
                log.exception("%d calls cannot be settled", len(batch))
                break
        self.unsettled += len(batch)
        self._give_up(f"{len(batch)} paid answers go to the spool")
        await self._in_thread(spool.save, self.context, batch)
        return None

    async def _after(self, batch: list[Answer], settled: Settled) -> None:
        good = any(isinstance(answer.result, Speech) for answer in batch)
        if good:
            self.failing_since, self.fails = 0.0, 0
        for answer in batch:
            error = answer.result
            if isinstance(error, ProviderError):
                await self._heed(answer.job, error)
            if settled.states.get(answer.claim.key) is UtteranceState.MISSING:
                claim = answer.claim
                want = Want(claim.key, claim.row_no, claim.chunk_no)
                wait = self._delay()
                if not isinstance(error, ProviderError) or error.failure is Failure.UNKNOWN:
                    # this one may be paid for a second time: such calls are few on purpose
                    wait = max(wait, self.retries.wait(time.monotonic()))
                self._later(answer.job, want, wait)

    async def _heed(self, job: int, error: ProviderError) -> None:
        """What an error means for the calls to come."""
        if error.failure is Failure.ACCOUNT:
            await self._in_thread(pause, self.context, job, f"provider: {error.reason}")
            await self._drop(job, "the job was paused before the call")
        elif error.failure is Failure.THROTTLED:
            seconds = error.retry_after_seconds
            if seconds is None:
                seconds = self._delay()
            if time.monotonic() + seconds > self.blocked_until + 0.05:
                self.blocked_until = max(self.blocked_until, time.monotonic() + seconds)
                await self._in_thread(
                    self.context.database.run,
                    lambda t: permits.block(t, self.account, seconds, error.reason[:200]),
                )
        elif error.failure is Failure.NOT_SENT:
            now = time.monotonic()
            self.failing_since = self.failing_since or now
            self.fails += 1
            if now - self.failing_since > UNREACHABLE_SECONDS:
                await self._in_thread(pause, self.context, job, f"provider: {error.reason}")
                await self._drop(job, "the job was paused before the call")

    def _delay(self) -> float:
        """Full jitter over a bound that doubles with each failure in a row."""
        return random.uniform(0.05, min(MAX_DELAY_SECONDS, 0.5 * 2 ** min(self.fails // 8, 6)))  # noqa: S311

    async def _in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.threads, work, *arguments)


def _expected(error: BaseException) -> bool:
    return isinstance(error, SpeekoError)
