"""What every provider keeps to, held against each of them."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
import uvloop

from speeko_jobs.adapters.providers.provider import Provider, check, list_voices, open_provider
from speeko_jobs.core.audio.validation import inspect
from speeko_jobs.core.model.speech import Failure, ProviderError, Speech, SpeechRequest
from speeko_jobs.core.providers.profiles import PROFILES, Profile
from speeko_jobs.settings import Settings
from tests.fixtures.metered import MeteredProvider
from tests.wait import wait_until

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
TEXT = "Eight small boats went out to sea."


@dataclass(frozen=True)
class Case:
    profile: Profile
    settings: Settings

    def request(self, text: str = TEXT, format: str = "mp3") -> SpeechRequest:
        profile = self.profile
        return SpeechRequest(
            os.urandom(32), text, profile.default_model, profile.default_voice, "en-US", format
        )

    def run(self, use: Callable[[Provider], Awaitable[T]], loop: str = "asyncio") -> T:
        """What `use` answers for a provider that lives in a loop of its own."""

        async def main() -> T:
            provider = open_provider(self.profile, self.settings)
            try:
                return await use(provider)
            finally:
                await provider.aclose()

        return uvloop.run(main()) if loop == "uvloop" else asyncio.run(main())


@pytest.fixture(scope="module", params=["espeak", "speeko"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    profile = PROFILES[request.param]
    if request.param == "espeak":
        yield Case(profile, Settings())
        return
    server = MeteredProvider(tmp_path_factory.mktemp("metered"))
    yield Case(profile, server.settings())
    server.stop()


def test_the_seam_loads_no_library_that_is_heavy() -> None:
    heavy = ["aiohttp", "requests", "numpy", "soundfile", "espeakng_loader"]
    core = "speeko_jobs.core.audio.validation, speeko_jobs.core.providers.profiles"
    names = f"speeko_jobs.adapters.providers.provider, {core}"
    program = f"import sys, {names}; print([name for name in {heavy} if name in sys.modules])"
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert said.stdout.strip() == "[]"


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("format", ["mp3", "wav", "flac", "ogg", "opus"])
def test_speech_in_every_format_passes_the_gate(case: Case, format: str, loop: str) -> None:
    speech = case.run(lambda provider: provider.speak(case.request(format=format)), loop)
    facts = inspect(speech.audio, format, len(TEXT))
    assert 0.5 < facts.seconds < 10
    assert speech.latency_seconds > 0


def test_equal_requests_bring_equal_bytes_and_others_do_not(case: Case) -> None:
    async def use(provider: Provider) -> list[bytes]:
        texts = [TEXT, "Something else.", TEXT]
        return [(await provider.speak(case.request(text))).audio for text in texts]

    first, other, again = case.run(use)
    assert first == again
    assert first != other


def test_what_is_heard_on_the_way_is_the_speech(case: Case) -> None:
    heard: list[bytes] = []
    speech = case.run(lambda provider: provider.speak(case.request(), heard.append))
    assert b"".join(heard) == speech.audio
    assert all(heard)


def test_how_far_away_it_is(case: Case) -> None:
    seconds = case.run(lambda provider: provider.round_trip_seconds())
    assert seconds is not None
    assert seconds >= 0
    if case.profile.needs_key:
        nowhere = dataclasses.replace(case.settings, api_url="http://127.0.0.1:1")
        away = dataclasses.replace(case, settings=nowhere)
        assert away.run(lambda provider: provider.round_trip_seconds()) is None


def test_answers_find_back_to_their_requests(case: Case) -> None:
    texts = [f"Row number {number}, " + "and on " * (number % 7) for number in range(24)]

    async def together(provider: Provider) -> list[bytes]:
        return [s.audio for s in await asyncio.gather(*(provider.speak(case.request(t)) for t in texts))]

    async def singly(provider: Provider) -> list[bytes]:
        return [(await provider.speak(case.request(text))).audio for text in texts]

    assert case.run(together) == case.run(singly)


def test_a_format_that_there_is_not_is_refused(case: Case) -> None:
    async def use(provider: Provider) -> None:
        with pytest.raises(ProviderError) as caught:
            await provider.speak(case.request(format="aiff"))
        assert caught.value.failure is Failure.REFUSED
        assert TEXT not in caught.value.reason
        assert (await provider.speak(case.request())).audio

    case.run(use)


def test_a_cancelled_call_leaves_the_provider_usable(case: Case) -> None:
    async def use(provider: Provider) -> None:
        await provider.speak(case.request())
        calls = [asyncio.ensure_future(provider.speak(case.request())) for _ in range(8)]
        await asyncio.sleep(0)
        for call in calls[::2]:
            call.cancel()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(o) for o in outcomes] == [asyncio.CancelledError, Speech] * 4
        assert (await provider.speak(case.request())).audio

    case.run(use)


def test_two_providers_in_one_process_do_not_meet(case: Case) -> None:
    async def use(first: Provider) -> None:
        second = open_provider(case.profile, case.settings)
        one, other = await asyncio.gather(first.speak(case.request()), second.speak(case.request()))
        assert one.audio == other.audio
        await second.aclose()
        assert (await first.speak(case.request())).audio == one.audio

    case.run(use)


def test_too_late_is_unknown(case: Case) -> None:
    hasty = dataclasses.replace(
        case, settings=dataclasses.replace(case.settings, request_timeout_seconds=1e-4)
    )

    async def use(provider: Provider) -> None:
        with pytest.raises(ProviderError) as caught:
            await provider.speak(case.request("A long text. " * 300))
        assert caught.value.failure in (Failure.UNKNOWN, Failure.NOT_SENT)

    hasty.run(use)


def test_closing_twice_and_closing_unused(case: Case) -> None:
    async def use(provider: Provider) -> None:
        await provider.aclose()

    case.run(use)


def test_doctor_and_voices(case: Case) -> None:
    line = check(case.profile, case.settings)
    assert line
    assert "\n" not in line
    voices = list_voices(case.profile, case.settings)
    assert voices == sorted(set(voices))
    assert len(voices) >= 3


def test_no_child_and_no_socket_stays_behind(case: Case) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("reads /proc")

    def sockets() -> set[str]:
        names = set()
        for link in Path("/proc/self/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed since, by another thread
                names.add(str(link.readlink()))
        return {name for name in names if name.startswith("socket:")}

    case.run(lambda provider: provider.speak(case.request()))
    before = sockets()
    for _ in range(2):
        case.run(lambda provider: provider.speak(case.request()))
    # other threads of these tests (a browser's, a dashboard's) may just have one for a moment
    wait_until(lambda: sockets() <= before, "no more sockets than before")
