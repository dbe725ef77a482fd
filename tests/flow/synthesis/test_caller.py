"""Calls to a real provider, and what they show about it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from speeko_jobs.adapters.postgres import permits, voice_rates
from speeko_jobs.adapters.postgres.voice_rates import SpeechRate
from speeko_jobs.adapters.providers.provider import open_provider
from speeko_jobs.core.model.speech import Failure, ProviderError, Speech
from speeko_jobs.core.policies.adaptive_limit import FAILING_CALLS
from speeko_jobs.flow.synthesis import lease
from speeko_jobs.flow.synthesis.answer_outcome import Answer
from speeko_jobs.flow.synthesis.background_tasks import BackgroundTasks
from speeko_jobs.flow.synthesis.caller import LEARNED_CALLS, PAUSING_SECONDS, Caller
from speeko_jobs.flow.synthesis.lease import Lease
from tests.fixtures.claimed import loose_claim
from tests.fixtures.inprocess import InProcess

ACCOUNT = "speeko"
UNSTATED_SECONDS = 450.0


class _Desk:
    """A caller on an account of the test's own, with what its background tasks reported."""

    def __init__(self, flow: InProcess) -> None:
        self.errors: list[BaseException] = []
        self.tasks = BackgroundTasks(lambda: None, self.errors.append)
        self.flow, self.spec = flow, flow.spec()
        self.lease = Lease(flow.context, ACCOUNT, lambda: (1, 0))
        self.provider = open_provider(self.spec.profile, flow.settings)
        self.caller = Caller(flow.context, self.provider, self.lease, self.tasks, lambda: UNSTATED_SECONDS)

    async def call(self, **changes: Any) -> Answer:
        claim = loose_claim(self.spec, **changes)
        self.caller.begin(claim)
        return await self.caller.call(1, self.spec, claim)


def at(flow: InProcess, work: Callable[[_Desk], Awaitable[Any]]) -> Any:
    """What `work` returns of a caller, after all that it began has ended."""

    async def run() -> Any:
        desk = _Desk(flow)
        try:
            found = await work(desk)
            await desk.tasks.join()
            assert not desk.errors
            return found
        finally:
            await desk.provider.aclose()

    return asyncio.run(asyncio.wait_for(run(), 60))


@pytest.fixture(autouse=True)
def account(flow: InProcess) -> None:
    flow.context.database.run(lambda t: permits.open_account(t, ACCOUNT, 10))


def blocked(flow: InProcess) -> tuple[float, str]:
    found = next(a for a in permits.accounts(flow.context.database) if a.name == ACCOUNT)
    return found.blocked_seconds, found.why


def test_brings_the_audio_of_a_claim_and_counts_the_call(flow: InProcess) -> None:
    async def work(desk: _Desk) -> tuple[Answer, list[int]]:
        claim = loose_claim(desk.spec)
        desk.caller.begin(claim)
        counts = [desk.caller.in_flight, desk.caller.calls]
        answer = await desk.caller.call(7, desk.spec, claim)
        assert answer.claim is claim
        return answer, [*counts, desk.caller.in_flight, desk.caller.calls]

    answer, counts = at(flow, work)
    assert counts == [1, 0, 0, 1]
    assert (answer.job, answer.account) == (7, ACCOUNT)
    assert isinstance(answer.result, Speech)
    assert answer.latency_seconds > 0
    assert flow.provider.calls == 1


def test_passes_audio_on_as_it_arrives(flow: InProcess) -> None:
    async def work(desk: _Desk) -> tuple[bytes, Answer]:
        parts: list[bytes] = []
        claim = loose_claim(desk.spec)
        desk.caller.begin(claim)
        answer = await desk.caller.call(1, desk.spec, claim, parts.append)
        return b"".join(parts), answer

    heard, answer = at(flow, work)
    assert isinstance(answer.result, Speech)
    assert heard == answer.result.audio


def test_knows_the_usual_rate_of_a_voice_once_it_has_spoken_often(flow: InProcess) -> None:
    spec = flow.spec()
    voice = (spec.model, spec.voice, spec.language)
    rates = [
        SpeechRate(*voice, LEARNED_CALLS, 1000, 60_000, 100),
        SpeechRate(spec.model, "shy", spec.language, LEARNED_CALLS - 1, 1000, 60_000, 100),
    ]
    flow.context.database.run(lambda t: voice_rates.add_speech_rates(t, spec.provider, rates))

    async def work(desk: _Desk) -> list[float]:
        await desk.caller.load_speech_rates()
        known, unknown = await desk.call(), await desk.call(voice="shy")
        desk.spec = flow.spec(speed=1.5)
        return [answer.usual_seconds_per_char for answer in (known, unknown, await desk.call())]

    assert at(flow, work) == [0.06, 0.0, 0.0]


def test_a_provider_that_holds_calls_off_is_blocked_for_the_fleet(flow: InProcess) -> None:
    flow.provider.script([{"match": "*", "status": 429, "headers": {"Retry-After": "500"}}])

    async def work(desk: _Desk) -> tuple[Answer, float]:
        return await desk.call(), desk.lease.budget.blocked_until - asyncio.get_running_loop().time()

    answer, held_seconds = at(flow, work)
    assert isinstance(answer.result, ProviderError)
    assert answer.result.failure is Failure.THROTTLED
    seconds, _ = blocked(flow)
    assert 100 < held_seconds <= 500
    assert 100 < seconds <= 500


def test_waits_as_long_as_its_owner_says_where_the_provider_states_no_time(flow: InProcess) -> None:
    flow.provider.script([{"match": "*", "status": 429}])

    async def work(desk: _Desk) -> None:
        await desk.call()

    at(flow, work)
    seconds, _ = blocked(flow)
    assert 100 < seconds <= UNSTATED_SECONDS


def test_writes_no_block_that_ends_before_the_one_it_knows(flow: InProcess) -> None:
    flow.provider.script([{"match": "*", "status": 429, "headers": {"Retry-After": "5"}}])

    async def work(desk: _Desk) -> None:
        desk.lease.budget.hold(500)
        await desk.call()

    at(flow, work)
    assert blocked(flow)[0] == 0


def test_makes_no_call_while_the_job_is_being_paused_for_its_account(flow: InProcess) -> None:
    flow.provider.script([{"match": "*", "status": 401}])

    async def work(desk: _Desk) -> tuple[Answer, float]:
        answer = await desk.call()
        return answer, desk.lease.budget.blocked_until - asyncio.get_running_loop().time()

    answer, held_seconds = at(flow, work)
    assert isinstance(answer.result, ProviderError)
    assert answer.result.failure is Failure.ACCOUNT
    assert 0 < held_seconds <= PAUSING_SECONDS


def test_says_once_that_most_calls_fail_and_renews_the_lease(
    flow: InProcess, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BEAT_SECONDS", "STARVED_BEAT_SECONDS"):  # only what is asked for renews
        monkeypatch.setattr(lease, name, 3600.0)
    flow.provider.script([{"match": "*", "status": 500, "bill": False, "times": -1}])

    async def work(desk: _Desk) -> None:
        beaten = asyncio.Event()
        await asyncio.to_thread(flow.context.database.run, desk.lease.open)
        for _ in range(2 * FAILING_CALLS):
            await desk.call()
        desk.lease.start_heartbeat(after_beat=beaten.set)
        await beaten.wait()
        await desk.lease.stop_heartbeat()

    with caplog.at_level(logging.WARNING):
        at(flow, work)
    assert caplog.messages == ["most calls to speeko fail: waiting before the next"]


def test_logs_that_the_fleet_does_not_know_of_a_block(
    flow: InProcess, caplog: pytest.LogCaptureFixture
) -> None:
    flow.provider.script([{"match": "*", "status": 429, "headers": {"Retry-After": "500"}}])

    async def work(desk: _Desk) -> float:
        await asyncio.to_thread(flow.books.execute, "ALTER TABLE speeko.account RENAME TO mislaid", [])
        try:
            await desk.call()
            await desk.tasks.join()
        finally:
            await asyncio.to_thread(flow.books.execute, "ALTER TABLE speeko.mislaid RENAME TO account", [])
        return desk.lease.budget.blocked_until - asyncio.get_running_loop().time()

    with caplog.at_level(logging.WARNING):
        assert at(flow, work) > 100
    assert any(m.startswith("other engines do not know that speeko holds us off") for m in caplog.messages)
