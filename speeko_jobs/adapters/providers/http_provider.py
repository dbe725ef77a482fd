"""A speech API over HTTP: POST /v1/audio/speech, sent once, answered whole or not at all.

Knows the request's shape and what each way to fail means for the money. Concurrency is the caller's
business: the session opens as many connections as there are calls.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiohttp
from yarl import URL

from speeko_jobs.adapters.providers.endpoint import endpoint
from speeko_jobs.adapters.providers.response_errors import error_of, limits_of, one_line
from speeko_jobs.core.model.speech import Failure, ProviderError, Speech, SpeechRequest
from speeko_jobs.core.providers.profiles import Profile
from speeko_jobs.settings import Settings

if TYPE_CHECKING:
    from speeko_jobs.adapters.providers.provider import OnAudio

# Below the idle time after which common servers hang up (2 s and more): a call on a connection that the
# server closes at that moment ends as UNKNOWN, which may cost money.
_KEEP_ALIVE_SECONDS = 1.5
_CONNECT_SECONDS = 10.0
_ERROR_BYTES = 64 * 1024
_ERROR_SECONDS = 5.0
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_ROUND_TRIP_SECONDS = 2.0  # longer than that is slow, however long it is


class SpeechApiProvider:
    """One aiohttp session with a speech API. Made within the event loop that uses it.

    aiohttp sends a request again when a kept connection turns out closed, but only for idempotent methods,
    which POST is not; a test holds that.
    """

    def __init__(self, profile: Profile, settings: Settings) -> None:
        where = endpoint(profile, settings)
        self.profile = profile
        self._key = where.api_key
        self._url, self._health_url = URL(where.speech_url), URL(where.health_url)
        self._timeout_seconds = settings.request_timeout_seconds
        self._max_bytes = settings.max_audio_mb * 1_000_000
        connect = min(_CONNECT_SECONDS, self._timeout_seconds / 2)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=connect),  # the total is kept in speak()
            headers={**where.headers, "Content-Type": "application/json"},
            trust_env=False,
            auto_decompress=False,
        )

    async def speak(self, request: SpeechRequest, on_audio: OnAudio | None = None) -> Speech:
        """The answer's whole body. Raises ProviderError; a cut, late or endless body is UNKNOWN."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                audio, limits = await self._post(request, on_audio)
        except TimeoutError:
            message = f"no whole answer within {self._timeout_seconds:g} s"
            raise ProviderError(Failure.UNKNOWN, message) from None
        except aiohttp.ClientError as error:
            raise self._lost(error, request) from None
        except (OSError, RuntimeError) as error:  # uvloop: RuntimeError on a transport that just closed
            raise ProviderError(Failure.UNKNOWN, self._line("connection lost", error, request)) from None
        return Speech(audio, time.monotonic() - started, *limits)

    async def round_trip_seconds(self) -> float | None:
        """The time of a request without work. One before it opens the connection and is not counted."""
        try:
            async with asyncio.timeout(_ROUND_TRIP_SECONDS):
                await self._ask_health()
                started = time.monotonic()
                await self._ask_health()
                return time.monotonic() - started
        except (TimeoutError, aiohttp.ClientError, OSError, RuntimeError):
            return None

    async def _ask_health(self) -> None:
        async with self._session.get(self._health_url, allow_redirects=False) as response:
            await self._read_start(response)

    async def aclose(self) -> None:
        await self._session.close()

    async def _post(
        self, request: SpeechRequest, on_audio: OnAudio | None
    ) -> tuple[bytes, tuple[int, float]]:
        headers = {"Idempotency-Key": request.key.hex()} if self.profile.honours_idempotency_key else None
        call = self._session.post(
            self._url, data=_body(self.profile, request), headers=headers, allow_redirects=False
        )
        try:
            response = await call
        except aiohttp.ConnectionTimeoutError as error:  # a TimeoutError too, but nothing was sent
            raise self._lost(error, request) from None
        async with response:
            if response.status // 100 == 2:
                return await self._read(response, on_audio), limits_of(response.headers)
            start = await self._read_start(response)
            secrets = (self._key, request.text)
            raise error_of(response.status, response.headers, start, datetime.now(UTC), secrets)

    async def _read(self, response: aiohttp.ClientResponse, on_audio: OnAudio | None) -> bytes:
        parts, size = [], 0
        plain = response.headers.get("Content-Encoding", "identity").lower() == "identity"
        async for part in response.content.iter_any():
            size += len(part)
            if size > self._max_bytes:
                raise self._too_long()
            parts.append(part)
            if on_audio is not None and plain:
                on_audio(part)
        audio = b"".join(parts)
        if plain:
            return audio
        audio = self._inflated(audio)
        if on_audio is not None:
            on_audio(audio)
        return audio

    def _inflated(self, audio: bytes) -> bytes:
        """The body of a server that compresses unasked; as it came where that cannot be undone."""
        inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
        try:
            plain = inflate.decompress(audio, self._max_bytes + 1)
        except zlib.error:
            return audio
        if len(plain) > self._max_bytes:
            raise self._too_long()
        return plain

    async def _read_start(self, response: aiohttp.ClientResponse) -> bytes:
        """The first bytes of an error; the status counts even where the rest never comes."""
        start = bytearray()
        with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
            async with asyncio.timeout(_ERROR_SECONDS):
                async for part in response.content.iter_any():
                    start += part
                    if len(start) >= _ERROR_BYTES:
                        break
        return bytes(start)

    def _too_long(self) -> ProviderError:
        return ProviderError(
            Failure.UNKNOWN, f"the answer is longer than {self._max_bytes // 1_000_000} MB (max_audio_mb)"
        )

    def _lost(self, error: aiohttp.ClientError, request: SpeechRequest) -> ProviderError:
        """Nothing was sent where no connection came about; after that nobody knows what was billed."""
        if isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)):
            return ProviderError(Failure.NOT_SENT, self._line("no connection", error, request))
        if isinstance(error, aiohttp.ClientPayloadError):
            return ProviderError(Failure.UNKNOWN, "the answer was cut before its end")
        return ProviderError(Failure.UNKNOWN, self._line("connection lost", error, request))

    def _line(self, what: str, error: Exception, request: SpeechRequest) -> str:
        detail = one_line(str(error), (self._key, request.text))[:200]
        return f"{what}: {detail or type(error).__name__}"


def _body(profile: Profile, request: SpeechRequest) -> bytes:
    """The JSON of a call: the fields that the profile's API accepts and no other."""
    body: dict[str, Any] = {
        "model": request.model,
        "input": request.text,
        "voice": request.voice,
        "response_format": request.format,
        **profile.extra_body,
    }
    if request.speed != 1.0:
        body["speed"] = request.speed
    if profile.language_field and request.language:
        code = profile.language_code(request.language)
        if code is None:
            reason = f"{profile.name} does not speak the language {request.language!r}"
            raise ProviderError(Failure.REFUSED, reason)
        body[profile.language_field] = code
    try:
        return _JSON.encode(body).encode()
    except UnicodeEncodeError:
        raise ProviderError(Failure.REFUSED, "the text is not valid Unicode") from None
