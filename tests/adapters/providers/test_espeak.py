"""espeak-ng in its helper process: its voices, its bytes, and what happens when parts of it are killed."""

from __future__ import annotations

import asyncio
import contextlib
import io
import itertools
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import psutil
import pytest
import soundfile

from speeko_jobs.adapters.providers import espeak_helper
from speeko_jobs.adapters.providers.espeak import EspeakProvider
from speeko_jobs.core.audio.validation import inspect
from speeko_jobs.core.model.speech import Failure, ProviderError, Speech, SpeechRequest
from speeko_jobs.core.providers.espeak_voices import VARIANTS, VOICES
from speeko_jobs.core.providers.profiles import PROFILES
from speeko_jobs.settings import Settings
from tests.wait import wait_until

T = TypeVar("T")
PROFILE = PROFILES["espeak"]
ROOT = Path(__file__).parents[3]
LONG = "One two three four five six seven eight nine ten. " * 90  # takes espeak a while


def request(
    text: str, format: str = "wav", voice: str = "", language: str = "", speed: float = 1.0
) -> SpeechRequest:
    return SpeechRequest(os.urandom(32), text, PROFILE.default_model, voice, language, format, speed)


def run(use: Callable[[EspeakProvider], Awaitable[T]]) -> T:
    async def main() -> T:
        provider = EspeakProvider(PROFILE, Settings())
        try:
            return await use(provider)
        finally:
            await provider.aclose()

    return asyncio.run(main())


def speak(text: str, **how: object) -> bytes:
    return run(lambda provider: provider.speak(request(text, **how))).audio  # type: ignore[arg-type]


async def forks(provider: EspeakProvider, at_least: int = 1) -> list[psutil.Process]:
    """The helper's forks, as soon as there are that many."""
    helper = psutil.Process(provider.helper_pid)
    return await asyncio.to_thread(
        wait_until,
        lambda: found if len(found := helper.children()) >= at_least else [],
        "a fork that speaks",
    )


# Speech


def test_every_voice_and_variant_that_is_listed_loads() -> None:
    async def use(provider: EspeakProvider) -> list[Speech]:
        names = [*sorted(VOICES), *(f"en-us+{variant}" for variant in VARIANTS)]
        return await asyncio.gather(*(provider.speak(request("a", voice=name)) for name in names))

    assert all(len(speech.audio) > 1_000 for speech in run(use))


def test_languages_sound_different() -> None:
    rows = [("", "de"), ("", "en"), ("", "fr"), ("", "zh-HK"), ("", "zh"), ("de+f3", "")]
    same = [("", "de-CH"), ("de", "fr"), ("+f3", "de")]

    async def use(provider: EspeakProvider) -> list[bytes]:
        asked = [request("12", voice=voice, language=language) for voice, language in rows + same]
        return [speech.audio for speech in await asyncio.gather(*map(provider.speak, asked))]

    spoken = run(use)
    assert len(set(spoken[:6])) == 6
    assert spoken[6:] == [spoken[0], spoken[0], spoken[5]]


def test_speed_is_words_a_minute() -> None:
    slow, normal, fast = (len(speak("A few words to speak", speed=speed)) for speed in (0.5, 1.0, 2.0))
    assert slow > 1.5 * normal
    assert fast < 0.7 * normal


def test_nothing_to_speak_is_refused() -> None:
    async def use(provider: EspeakProvider) -> None:
        for text in (".", "   ", "\u200b", "---", "\0", "…"):
            with pytest.raises(ProviderError, match="nothing to speak") as caught:
                await provider.speak(request(text))
            assert caught.value.failure is Failure.REFUSED

    run(use)


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"language": "ceb"}, "does not speak the language 'ceb'"),
        ({"voice": "nobody"}, "no voice 'nobody'"),
        ({"format": "aac"}, "does not write aac"),
    ],
)
def test_what_espeak_cannot_do_is_refused(how: dict[str, str], reason: str) -> None:
    with pytest.raises(ProviderError, match=reason) as caught:
        speak("Hello", **how)
    assert caught.value.failure is Failure.REFUSED


def test_tags_and_phoneme_marks_are_plain_text() -> None:
    assert len(speak("<audio src='x.wav'/> hello")) > len(speak("hello"))


def test_opus_holds_the_same_sound_as_wav() -> None:
    """Resampling keeps length and spectrum; opus is played at 48,000 Hz."""
    plain, rate = soundfile.read(io.BytesIO(speak("A sentence of some length.", format="wav")))
    coded, coded_rate = soundfile.read(io.BytesIO(speak("A sentence of some length.", format="opus")))
    assert len(coded) / coded_rate == pytest.approx(len(plain) / rate, abs=0.03)

    def bands(samples: np.ndarray, rate: int) -> np.ndarray:
        power = np.abs(np.fft.rfft(samples)) ** 2
        edges = [int(hertz * len(samples) / rate) for hertz in range(100, 6_000, 400)]
        found = np.array([power[a:b].sum() for a, b in itertools.pairwise(edges)])
        return np.asarray(found / found.sum())

    assert np.abs(bands(plain, rate) - bands(coded, coded_rate)).max() < 0.03


def test_resampling_a_tone_leaves_that_tone() -> None:
    at = np.arange(22_050) / 22_050
    tone = (10_000 * np.sin(2 * np.pi * 1_000 * at)).astype("<i2").tobytes()
    out = np.frombuffer(espeak_helper._resampled(tone, 22_050, 24_000), "<i2")
    assert len(out) == 24_000
    expected = 10_000 * np.sin(2 * np.pi * 1_000 * np.arange(24_000) / 24_000)
    assert np.abs(out - expected)[100:-100].max() < 20


@pytest.mark.parametrize("samples", [0, 1, 5, 146, 147, 148])
def test_resampling_a_few_samples(samples: int) -> None:
    out = espeak_helper._resampled(b"\x01\x02" * samples, 22_050, 24_000)
    assert len(out) == 2 * (samples * 160 // 147)


@pytest.mark.parametrize("format", PROFILE.formats)
def test_the_longest_text_that_the_profile_takes_is_spoken_whole(format: str) -> None:
    text = ("words of it " * 500)[: PROFILE.max_chars]
    speech = speak(text, format=format, speed=PROFILE.max_speed)
    facts = inspect(speech, format, len(text), PROFILE.max_speed)
    assert facts.seconds == pytest.approx(119, abs=2)


# The same bytes


@pytest.mark.parametrize("format", PROFILE.formats)
def test_the_same_text_is_the_same_bytes_alone_after_others_and_in_another_helper(format: str) -> None:
    text = "The same words, again and again: 12,345."

    async def after_others(provider: EspeakProvider) -> list[bytes]:
        others = [request(f"Other words {n}", format, voice="de+f3", speed=1.5) for n in range(6)]
        await asyncio.gather(*map(provider.speak, others))
        together = [request(text, format) for _ in range(3)]
        return [speech.audio for speech in await asyncio.gather(*map(provider.speak, together))]

    assert set(run(after_others)) == {speak(text, format=format)}


# What is killed


def test_a_killed_fork_fails_its_own_request_only() -> None:
    async def use(provider: EspeakProvider) -> None:
        await provider.speak(request("warm"))
        victim = asyncio.ensure_future(provider.speak(request(LONG, "opus")))
        (fork,) = await forks(provider)
        others = [asyncio.ensure_future(provider.speak(request(f"row {n}"))) for n in range(5)]
        fork.kill()
        with pytest.raises(ProviderError, match="signal 9") as caught:
            await victim
        assert caught.value.failure is Failure.UNKNOWN
        assert all(len(speech.audio) > 1_000 for speech in await asyncio.gather(*others))

    run(use)


def test_a_killed_helper_fails_what_is_pending_unsent_and_is_started_again() -> None:
    async def use(provider: EspeakProvider) -> None:
        await provider.speak(request("warm"))
        calls = [asyncio.ensure_future(provider.speak(request(LONG, "opus"))) for _ in range(4)]
        await forks(provider)
        killed = provider.helper_pid
        os.kill(killed, signal.SIGKILL)
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [o.failure for o in outcomes if isinstance(o, ProviderError)] == [Failure.NOT_SENT] * 4
        assert (await provider.speak(request("again"))).audio == speak_elsewhere
        assert provider.helper_pid != killed

    speak_elsewhere = speak("again")
    run(use)


def test_no_more_forks_than_cores_at_a_time() -> None:
    async def use(provider: EspeakProvider) -> None:
        await provider.speak(request("warm"))
        calls = [asyncio.ensure_future(provider.speak(request(LONG))) for _ in range(5)]
        helper, most = psutil.Process(provider.helper_pid), 0
        while not all(call.done() for call in calls):
            most = max(most, len(helper.children()))
            await asyncio.sleep(0.01)
        await asyncio.gather(*calls)
        assert 1 <= most <= espeak_helper.cores()

    run(use)


def test_closing_ends_the_helper_and_its_forks() -> None:
    async def use(provider: EspeakProvider) -> list[psutil.Process]:
        await provider.speak(request("warm"))
        call = asyncio.ensure_future(provider.speak(request(LONG, "opus")))
        family = [psutil.Process(provider.helper_pid), *await forks(provider)]
        await provider.aclose()
        with pytest.raises(ProviderError):
            await call
        return family

    for process in run(use):
        wait_until(lambda process=process: not process.is_running(), "the end of the helper")  # type: ignore[misc]


def test_the_helper_ends_with_a_parent_that_is_killed() -> None:
    program = textwrap.dedent(
        """
        import asyncio
        from speeko_jobs.adapters.providers.provider import open_provider
        from speeko_jobs.core.providers.profiles import PROFILES
        from speeko_jobs.core.model.speech import SpeechRequest
        from speeko_jobs.settings import Settings

        async def main():
            provider = open_provider(PROFILES["espeak"], Settings())
            await provider.speak(SpeechRequest(bytes(32), "warm", "", "", "", "wav"))
            print(provider.helper_pid, flush=True)
            while True:
                await provider.speak(SpeechRequest(bytes(32), "on and on " * 200, "", "", "", "mp3"))

        asyncio.run(main())
        """
    )
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE)
    with parent:
        assert parent.stdout is not None
        helper = psutil.Process(int(parent.stdout.readline()))
        family = [helper, *helper.children()]
        parent.kill()
    for process in family:
        wait_until(lambda process=process: not process.is_running(), "the end of the helper")  # type: ignore[misc]


def test_secrets_are_not_in_the_helper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEEKO_API_KEY", "sk-canary")

    async def use(provider: EspeakProvider) -> None:
        await provider.speak(request("warm"))
        helper = psutil.Process(provider.helper_pid)
        assert "sk-canary" not in " ".join([*helper.environ().values(), *helper.cmdline()])

    run(use)


def test_an_espeak_that_does_not_start_needs_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "espeakng_loader.py").write_text("raise OSError('no library\\n here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(ProviderError, match="espeak-ng does not start: no library here") as caught:
        speak("Hello")
    assert caught.value.failure is Failure.ACCOUNT


def test_a_data_folder_with_a_long_path_is_reached_by_a_short_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import espeakng_loader

    folder = tmp_path / ("long-" * 20) / ("longer-" * 12)
    folder.mkdir(parents=True)
    (folder / "espeak-ng-data").symlink_to(espeakng_loader.get_data_path())
    (tmp_path / "espeakng_loader.py").write_text(
        f"def get_library_path(): return {espeakng_loader.get_library_path()!r}\n"
        f"def get_data_path(): return {str(folder / 'espeak-ng-data')!r}\n"
    )
    (tmp_path / "tmp").mkdir()
    expected = speak("Hello")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    assert speak("Hello") == expected
    with contextlib.suppress(OSError):
        wait_until(lambda: not list((tmp_path / "tmp").iterdir()), "the end of the short path")
