"""espeak-ng as a provider: real speech, offline and free, out of a process of its own.

This side starts the helper process, numbers the requests and hears when it dies; how espeak is made to
speak is the business of `espeak_helper`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import speeko_jobs
from speeko_jobs.adapters.providers.espeak_helper import ANSWER, LENGTH, OK, REFUSED, cores
from speeko_jobs.core.model.speech import Failure, ProviderError, Speech, SpeechRequest
from speeko_jobs.core.providers.espeak_voices import VOICES, espeak_voice
from speeko_jobs.core.providers.profiles import Profile
from speeko_jobs.core.text import ssml
from speeko_jobs.errors import ConfigError
from speeko_jobs.settings import Settings

if TYPE_CHECKING:
    from speeko_jobs.adapters.providers.provider import OnAudio

WORDS_A_MINUTE = 175  # espeak's own speed
_EXIT_SECONDS = 5.0


class EspeakProvider:
    """One helper process, started when the provider is opened and again after it died."""

    def __init__(self, profile: Profile, settings: Settings) -> None:
        self.profile = profile
        self._timeout_seconds = settings.request_timeout_seconds
        self._helper = _Helper()
        self._starting = asyncio.Lock()
        # One that speaks and one that waits for each core. Others wait here, where no deadline runs.
        self._turn = asyncio.Semaphore(2 * cores())

    @property
    def helper_pid(self) -> int:
        return self._helper.process.pid

    async def speak(self, request: SpeechRequest, on_audio: OnAudio | None = None) -> Speech:
        """Speech in the format asked for. A dead helper is NOT_SENT, a dead fork or no answer UNKNOWN.

        `on_audio` gets it in one part: espeak speaks minutes in the time of a round trip.
        """
        started = time.monotonic()
        voice = espeak_voice(request.voice, request.language)
        if voice is None:
            reason = self.profile.refusal(request.voice, request.language)
            raise ProviderError(Failure.REFUSED, reason or f"espeak has no voice {request.voice!r}")
        if request.format not in self.profile.formats:
            raise ProviderError(Failure.REFUSED, f"espeak does not write {request.format}")
        body = {
            "text": request.text,
            "ssml": ssml.is_canonical(request.text),
            "voice": voice,
            "wpm": round(WORDS_A_MINUTE * request.speed),
            "format": request.format,
            "cpu_seconds": self._timeout_seconds,
        }
        try:
            async with self._turn, asyncio.timeout(self._timeout_seconds):
                outcome, answer = await (await self._live_helper()).ask(body)
        except TimeoutError:
            reason = f"not spoken within {self._timeout_seconds:g} s"
            raise ProviderError(Failure.UNKNOWN, reason) from None
        if outcome != OK:
            failure = Failure.REFUSED if outcome == REFUSED else Failure.UNKNOWN
            raise ProviderError(failure, answer.decode("utf-8", "replace"))
        if on_audio is not None:
            on_audio(answer)
        return Speech(answer, time.monotonic() - started)

    async def round_trip_seconds(self) -> float | None:
        return 0.0

    async def aclose(self) -> None:
        await self._helper.aclose()

    async def _live_helper(self) -> _Helper:
        async with self._starting:
            if self._helper.dead:
                await self._helper.aclose()
                self._helper = _Helper()
            await self._helper.connect()
        return self._helper


class _Helper:
    """One life of the helper process: from its start to the end of the socket to it."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "speeko_jobs.adapters.providers.espeak_helper"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,  # a signal to the worker's group is not for the helper
            )
        self.dead = False
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._numbers = itertools.count(1)
        self._pending: dict[int, asyncio.Future[tuple[int, bytes]]] = {}

    async def connect(self) -> None:
        """Wait until espeak is there. ProviderError where it cannot start: a person must act."""
        if self._writer is not None:
            return
        reader, self._writer = await asyncio.open_unix_connection(sock=self._socket)
        ready: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()
        self._pending[0] = ready
        self._reading = asyncio.create_task(self._read(reader))
        try:
            outcome, reason = await ready
        except ProviderError as error:
            raise ProviderError(Failure.ACCOUNT, "espeak-ng does not start") from error
        if outcome != OK:
            self.dead = True
            raise ProviderError(Failure.ACCOUNT, f"espeak-ng does not start: {reason.decode()}")

    async def ask(self, body: dict[str, object]) -> tuple[int, bytes]:
        """Outcome and bytes of one request. NOT_SENT where the helper dies meanwhile: it costs nothing."""
        if self.dead or self._writer is None:
            raise _helper_died()
        number = next(self._numbers) & 0xFFFFFFFF
        raw = json.dumps({**body, "id": number}).encode()
        future: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()
        self._pending[number] = future
        try:
            self._writer.write(LENGTH.pack(len(raw)) + raw)
            return await future
        finally:
            self._pending.pop(number, None)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                length, number, outcome = ANSWER.unpack(await reader.readexactly(ANSWER.size))
                answer = await reader.readexactly(length)
                future = self._pending.pop(number, None)
                if future is not None and not future.done():  # whoever asked may have given up
                    future.set_result((outcome, answer))
        self.dead = True
        for future in self._pending.values():
            if not future.done():
                future.set_exception(_helper_died())

    async def aclose(self) -> None:
        """End the process by closing its socket; kill it where that is not enough."""
        self.dead = True
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
        else:
            self.process.kill()  # it may still be starting, and holds nothing
        self._socket.close()
        if self._reading is not None:
            await self._reading
        try:
            await asyncio.to_thread(self.process.wait, _EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            await asyncio.to_thread(self.process.wait)


def _helper_died() -> ProviderError:
    return ProviderError(Failure.NOT_SENT, "the espeak process died; the next call starts it again")


def _environment() -> dict[str, str]:
    """The helper's environment: this package importable, one thread, none of our settings and secrets."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SPEEKO_")}
    root = str(Path(speeko_jobs.__file__).parent.parent)
    path = os.pathsep.join(filter(None, [root, inherited.get("PYTHONPATH")]))
    return {**inherited, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def check(profile: Profile, settings: Settings) -> str:
    """Speaks one word and says so. ConfigError where espeak does not start or is silent."""

    async def speak() -> int:
        provider = EspeakProvider(profile, settings)
        try:
            speech = await provider.speak(SpeechRequest(bytes(32), "ready", "", "", "en", "wav"))
        finally:
            await provider.aclose()
        return len(speech.audio)

    try:
        asyncio.run(speak())
    except ProviderError as error:
        raise ConfigError(f"{error.reason}: reinstall the package espeakng-loader") from None
    return f"espeak-ng speaks on this machine, {len(VOICES)} voices, no key needed"
